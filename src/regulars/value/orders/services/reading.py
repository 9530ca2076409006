"""Reading orders: one whole, and lists a page at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from regulars.kernel import ids
from regulars.kernel.errors import Invalid, NotFound
from regulars.people.members import services as members
from regulars.value.orders.models import LineRow, OrderRow, ReturnLineRow, ReturnRow
from regulars.value.orders.rules.answers import by_unit
from regulars.value.orders.services import asking
from regulars.value.orders.services.repeating import store_key
from regulars.value.orders.terms import (
    DEFAULT_SOURCE,
    PREFIX,
    Applied,
    NoOrder,
    Order,
    OrderLine,
    OrderState,
    OrderSummary,
    Page,
    Refused,
    ReturnSummary,
)

MOST_PER_PAGE = 200


def order_row(*, program_id: int, ref: str, source: str | None = None) -> OrderRow:
    """The order that a reference means: `ord_…`, `source:ref`, or a ref of `source` (or of the usual source).

    Raises: NoOrder.
    """
    if "\x00" in ref or "\x00" in (source or ""):
        raise NoOrder  # no text in PostgreSQL holds it, not even to be compared
    rows = OrderRow.objects.filter(program_id=program_id)
    if source is not None:
        row = rows.filter(source=source, ref=ref).first()
    elif ref.startswith(f"{PREFIX}_"):
        row = _by_id(rows, ref)
    else:
        head, colon, rest = ref.partition(":")
        row = rows.filter(source=head, ref=rest).first() if colon else None
    if row is None and source is None:
        row = rows.filter(source=DEFAULT_SOURCE, ref=ref).first()
    if row is None:
        raise NoOrder
    return row


def _by_id(rows: QuerySet[OrderRow], ref: str) -> OrderRow | None:
    try:
        return rows.filter(id=ids.decode(PREFIX, ref)).first()
    except NotFound:
        return None


def get(*, program_id: int, ref: str, source: str | None = None) -> Order:
    """An order whole, with its lines, reasons and returns.

    Args: ref: `ord_…`, `source:ref`, or the teller's ref. Raises: NoOrder.
    """
    row = order_row(program_id=program_id, ref=ref, source=source)
    keys = keys_of(row)
    decision: dict[str, Any] = row.decision or {}
    returned = ReturnLineRow.objects.filter(order_id=row.id).values_list("parent_id", flat=True)
    returns = ReturnRow.objects.filter(id__in=returned).order_by("occurred_at", "id")
    return Order(
        summary=_summary(row, keys),
        lines=tuple(_line(line, keys) for line in LineRow.objects.filter(order_id=row.id).order_by("n")),
        tenders=tuple((kind, amount) for kind, amount in row.tenders or ()),
        rule_version=row.rule_version,
        terms_version=row.terms_version,
        seq=row.seq,
        claimed_at=row.claimed_at,
        attributes=row.attributes or {},
        applied=tuple(Applied(*a) for a in decision.get("applied", ())),
        rejected=tuple(Refused(*r) for r in decision.get("rejected", ())),
        returns=tuple(map(_return, returns)),
    )


def keys_of(row: OrderRow) -> dict[int, str]:
    """The units by slot, as the order's rules knew them."""
    return asking.unit_keys(asking.rules_of(row))


def _summary(row: OrderRow, keys: dict[int, str]) -> OrderSummary:
    return OrderSummary(
        order_id=row.id,
        source=row.source,
        ref=row.ref,
        member_id=row.member_id,
        store=store_key(row),
        channel=row.channel,
        currency=row.currency,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        state=OrderState(row.state),
        total_minor=row.total_minor,
        earned=by_unit(row.earned, keys),
    )


def _line(row: LineRow, keys: dict[int, str]) -> OrderLine:
    return OrderLine(
        n=row.n,
        id=row.line_ref,
        sku=row.sku,
        quantity=row.quantity,
        uom=row.uom,
        amount_minor=row.amount_minor,
        tax_rate=row.tax_rate,
        tax_included=row.tax_included,
        kind=row.kind,
        category=row.category,
        brand=row.brand,
        description=row.description,
        attributes=row.attributes or {},
        earned=by_unit(row.earned, keys),
        returned=row.returned,
        returned_minor=row.returned_minor,
        reversed=by_unit(row.reversed, keys),
    )


def _return(row: ReturnRow) -> ReturnSummary:
    return ReturnSummary(
        return_id=row.id,
        source=row.source,
        ref=row.ref,
        member_id=row.member_id,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        refund_minor=row.refund_minor,
    )


def recent(*, program_id: int, limit: int = 50, cursor: Sequence[Any] | None = None) -> Page:
    """The orders of a program, last recorded first.

    Args: limit: 1 to 200. cursor: the page's before. Raises: Invalid for a cursor of another list.
    """
    rows = OrderRow.objects.filter(program_id=program_id)
    if cursor is not None:
        (last,) = _place(cursor, 1)
        rows = rows.filter(id__lt=_uuid(last))
    found = _page(rows.order_by("-id"), limit)
    return Page(items=_summaries(found[0]), cursor=(str(found[0][-1].id),) if found[1] else None)


def of_member(*, program_id: int, member_id: UUID, limit: int = 50, cursor: Sequence[Any] | None = None) -> Page:
    """A member's orders, latest purchase first; those of members merged into her are hers.

    Args: limit: 1 to 200. cursor: the page's before. Raises: Invalid for a cursor of another list.
    """
    rows = OrderRow.objects.filter(program_id=program_id, member_id__in=everyone(program_id, member_id))
    if cursor is not None:
        rows = rows.filter(before(cursor))
    found, more = _page(rows.order_by("-occurred_at", "-id"), limit)
    last = found[-1] if more else None
    return Page(items=_summaries(found), cursor=(last.occurred_at.isoformat(), str(last.id)) if last else None)


def returns_of_member(*, program_id: int, member_id: UUID, limit: int = 50) -> tuple[ReturnSummary, ...]:
    """A member's last returns, latest first."""
    rows = ReturnRow.objects.filter(program_id=program_id, member_id__in=everyone(program_id, member_id))
    return tuple(map(_return, rows.order_by("-occurred_at", "-id")[: _limit(limit)]))


def everyone(program_id: int, member_id: UUID) -> list[UUID]:
    """A member, and all who were merged into her: rows stay where they were written."""
    return [member_id, *members.merged_from(program_id=program_id, member_id=member_id)]


def before(cursor: Sequence[Any]) -> Q:
    """What comes after a place in a list that goes back in time.

    Raises: Invalid for a cursor of another list.
    """
    at, last = _place(cursor, 2)
    try:
        instant = datetime.fromisoformat(at)
    except (TypeError, ValueError) as no:
        raise _no_cursor() from no
    if instant.tzinfo is None:
        raise _no_cursor()
    return Q(occurred_at__lt=instant) | Q(occurred_at=instant, id__lt=_uuid(last))


def _place(cursor: Sequence[Any], size: int) -> Sequence[Any]:
    if len(cursor) != size:
        raise _no_cursor()
    return cursor


def _uuid(value: Any) -> UUID:
    try:
        return UUID(value)
    except (TypeError, ValueError, AttributeError) as no:
        raise _no_cursor() from no


def _no_cursor() -> Invalid:
    return Invalid(errors=[("cursor", "is not a cursor of this list; start again without one")])


def _limit(limit: int) -> int:
    return max(1, min(MOST_PER_PAGE, limit))


def _page(rows: QuerySet[OrderRow], limit: int) -> tuple[list[OrderRow], bool]:
    size = _limit(limit)
    found = list(rows.defer("decision", "tenders", "attributes", "digest")[: size + 1])
    return found[:size], len(found) > size


def _summaries(rows: Iterable[OrderRow]) -> tuple[OrderSummary, ...]:
    return tuple(_summary(row, keys_of(row)) for row in rows)
