"""A bounded, even sample of the orders recorded lately, as baskets: to try rules on what was really bought."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from regulars.people.programs import services as programs
from regulars.value.orders.models import LineRow, OrderRow, QuestionRow
from regulars.value.orders.services import asking
from regulars.value.orders.services.repeating import store_key
from regulars.value.promotions.terms import Basket, Line, MemberFacts, Snapshot, Tender

_MOST_READ_A_DAY = 3_000
_PART = 200
_PARTS = 1_000_000


class Sampled(NamedTuple):
    """An order as a basket before its discounts. `question`: what its own decision was asked, if there was one."""

    order_id: UUID
    member_id: UUID | None
    basket: Basket
    question: bytes | None


def sample_ids(*, program_id: int, since: datetime, until: datetime, most: int) -> tuple[int, list[UUID]]:
    """Orders recorded in a time, evenly over its days: how many were seen (3,000 a day at most), and whose ids.

    Ids carry the time of their making, so each day is one short walk along the primary key.
    """
    seen, found = 0, []
    days = max(1, -(-(until - since) // timedelta(days=1)))
    for n in range(days):
        begin, end = since + timedelta(days=n), min(until, since + timedelta(days=n + 1))
        rows = OrderRow.objects.filter(program_id=program_id, id__gte=_first_id(begin), id__lt=_first_id(end))
        of_day = list(rows.order_by("-id").values_list("id", flat=True)[:_MOST_READ_A_DAY])
        seen += len(of_day)
        found.append(of_day)
    return seen, _even(found, most)


def _even(found: list[list[UUID]], most: int) -> list[UUID]:
    total = sum(len(f) for f in found)
    if total <= most:
        return sorted(i for of_day in found for i in of_day)
    every = [i for of_day in found for i in of_day]
    return sorted(every[n * total // most] for n in range(most))


def _first_id(at: datetime) -> UUID:
    """The smallest id (UUID version 7) of an instant."""
    milliseconds = (at - datetime.fromtimestamp(0, at.tzinfo)) // timedelta(milliseconds=1)
    return UUID(int=milliseconds << 80)


def baskets(*, program_id: int, order_ids: Sequence[UUID]) -> list[Sampled]:
    """Orders as baskets before any discount, oldest purchase first. Args: order_ids: at most two hundred."""
    rows = {o.id: o for o in OrderRow.objects.filter(program_id=program_id, id__in=order_ids[:_PART])}
    lines: dict[UUID, list[Line]] = {}
    for row in LineRow.objects.filter(order_id__in=list(rows)).order_by("order_id", "n"):
        lines.setdefault(row.order_id, []).append(_line(row))
    rows_of = QuestionRow.objects.filter(order_id__in=list(rows)).values_list("order_id", "body")
    asked = {order_id: bytes(body) for order_id, body in rows_of}
    zone = programs.by_id(program_id=program_id).zone
    found = [_sampled(o, tuple(lines.get(o.id, ())), zone, asked.get(o.id)) for o in rows.values()]
    return sorted(found, key=lambda s: (s.basket.occurred_at, s.order_id))


def member_facts(*, program_id: int, member_id: UUID, snapshot: Snapshot, at: datetime) -> MemberFacts | None:
    """A member as rules see her now, with no limit used yet; None when she is no member any more."""
    ctx = asking.context(program_id=program_id, member_id=member_id, source="", ref="", key=None, now=at)
    if not ctx.is_member or ctx.joined_at is None:
        return None
    return asking.facts(member_id=member_id, ctx=ctx, snapshot=snapshot)._replace(counters={})


def _sampled(row: OrderRow, lines: tuple[Line, ...], program_zone: str, question: bytes | None) -> Sampled:
    store = store_key(row)
    return Sampled(
        order_id=row.id,
        member_id=row.member_id,
        basket=Basket(
            currency=row.currency,
            occurred_at=row.occurred_at,
            channel=row.channel,
            store=store,
            store_zone=programs.store(program_id=row.program_id, key=store).zone if store else program_zone,
            lines=lines,
            tenders=tuple(Tender(kind, amount) for kind, amount in row.tenders or ()),
        ),
        question=question,
    )


def _line(row: LineRow) -> Line:
    return Line(
        id=row.line_ref,
        n=row.n,
        sku=row.sku,
        quantity=row.quantity,
        amount_minor=row.amount_minor + row.discount_minor,
        uom=row.uom,
        tax_rate=row.tax_rate,
        tax_included=row.tax_included,
        kind=row.kind,
        category=row.category,
        brand=row.brand,
        attributes=row.attributes or {},
        categories=(row.category,) if row.category else (),
    )


def random_ids(*, program_id: int, since: datetime, until: datetime, most: int, seed: int) -> tuple[int, list[UUID]]:
    """A simple random sample of the orders bought in a time: how many there are, and whose ids; repeatable by seed.

    Every order has the same chance. One walk over the time's orders; nothing is locked.
    """
    bought = "from orders_order where program_id = %s and occurred_at >= %s and occurred_at < %s"
    scope: list[Any] = [program_id, since, until]
    with connection.cursor() as cursor:
        cursor.execute(f"select count(*) {bought}", scope)
        total = int(cursor.fetchone()[0])
        # all that may be drawn are few more than are wanted, so that sorting them stays small
        share = min(_PARTS, -(-(most * 5 + 256) * _PARTS // max(1, total * 4)) + 1)
        lot = "abs(hashtextextended(id::text, %s) %% %s)"
        cursor.execute(
            f"select id {bought} and {lot} < %s order by hashtextextended(id::text, %s), id limit %s",
            [*scope, seed, _PARTS, share, seed, most],
        )
        return total, [row[0] for row in cursor.fetchall()]
