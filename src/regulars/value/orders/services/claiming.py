"""Claims: a guest's receipt becomes a member's order, once, and earns as it would have earned then."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from regulars.kernel import clock
from regulars.kernel.errors import Busy
from regulars.people.agreements import services as agreements
from regulars.people.members.terms import UnknownMember
from regulars.people.programs import services as programs
from regulars.value.ledger.terms import MemberClosed, MemberMerged, MemberSuspended, Stale
from regulars.value.orders.models import LineRow, OrderRow
from regulars.value.orders.rules import answers
from regulars.value.orders.services import asking
from regulars.value.orders.services.placing import decision_json, lines_json, text, text_of
from regulars.value.orders.services.reading import order_row
from regulars.value.orders.services.repeating import current_member, receipt_kept, store_key
from regulars.value.orders.terms import AlreadyClaimed, Applied, OrderTold, Receipt, Refused, TooLateToClaim
from regulars.value.promotions import services as promotions
from regulars.value.promotions.terms import Line, Tender

_TRIES = 5
_CLAIM = (
    "select orders_claim(%s::uuid, %s::int, %s::bigint, %s::uuid, %s::timestamptz, %s::text, %s::bytea, %s::jsonb,"
    " %s::jsonb, %s::smallint[], %s::bigint[], %s::timestamptz[], %s::text[], %s::timestamptz[], %s::timestamptz[],"
    " %s::text[], %s::bigint[], %s::jsonb)"
)


def claim(*, program_id: int, ref: str, member_id: UUID, actor: str, source: str | None = None) -> Receipt:
    """Give a guest's order to a member: once, and within the days that the program grants.

    It earns by the rules in force at the purchase, and by the terms that she keeps; what had come back before does
    not count. Claiming again for the same member is the same answer.

    Args: ref: `ord_…`, `source:ref`, or the teller's ref.
    Raises: NoOrder; UnknownMember; AlreadyClaimed; TooLateToClaim; Busy.
    """
    with transaction.atomic():
        for _ in range(_TRIES):
            holder = current_member(program_id=program_id, member_id=member_id)
            asking.lock(program_id=program_id, member_id=holder)
            row = order_row(program_id=program_id, ref=ref, source=source)
            if row.member_id is not None:
                if row.claimed_at is None or row.member_id not in (member_id, holder):
                    raise AlreadyClaimed
                return _answered(receipt_kept(row))
            try:
                _claim(row, holder, actor, clock.now())
            except (Stale, MemberMerged, MemberSuspended, MemberClosed, AlreadyClaimed):
                continue  # she was merged, or another member was faster: look again
            return _answered(receipt_kept(OrderRow.objects.get(id=row.id)))
    raise Busy("Somebody else is changing the same thing. Nothing was changed; try again.")


def _answered(receipt: Receipt) -> Receipt:
    object.__setattr__(receipt, "status", 200)  # not yet seen by anybody
    object.__setattr__(receipt, "body", answers.receipt_body(receipt))
    return receipt


def _claim(row: OrderRow, member_id: UUID, actor: str, now: datetime) -> None:
    snapshot = promotions.snapshot(
        program_id=row.program_id,
        version=row.rule_version,
        terms=agreements.kept_for(program_id=row.program_id, member_id=member_id),
    )
    days = snapshot.policies.claims_within_days
    if now > row.occurred_at + timedelta(days=days):
        raise TooLateToClaim(f"A receipt can be claimed within {days} days of the purchase.", days=days)
    ctx = asking.context(
        program_id=row.program_id, member_id=member_id, source=row.source, ref=row.ref, key=None, now=now
    )
    if not ctx.is_member:
        raise UnknownMember
    told = _told(row)
    decision = promotions.evaluate(
        basket=asking.basket_of(told, _zone(row)),
        member=asking.facts(member_id=member_id, ctx=ctx, snapshot=snapshot, bought_at=row.occurred_at),
        snapshot=snapshot,
        now=now,
    )
    keys = asking.unit_keys(snapshot)
    kept = decision_json(
        applied=[Applied(e.rule, e.unit, e.amount, e.wanted) for e in decision.earned],
        rejected=[Refused(*r) for r in decision.rejected],
        balances=asking.holdings_after(decision=decision, ctx=ctx, keys=keys, now=now),
        terms=snapshot.terms,
    )
    counters = decision.counters
    asking.call(
        _CLAIM,
        (
            member_id,
            row.program_id,
            ctx.version,
            row.id,
            now,
            actor,
            bytes(row.digest),
            text_of(kept),
            text_of(lines_json([{"n": line.n} for line in told.lines], decision)),
            *asking.lots_of(decision),
            asking.earned_of(decision.lots),
            text(dict(counters)) if counters is not None else None,
        ),
    )


def _zone(row: OrderRow) -> str:
    if row.store_id is None:
        return programs.by_id(program_id=row.program_id).zone
    return programs.store_by_id(program_id=row.program_id, store_id=row.store_id).zone


def _told(row: OrderRow) -> OrderTold:
    """The order as it was told, from what was kept of it."""
    lines = LineRow.objects.filter(order_id=row.id).order_by("n")
    return OrderTold(
        source=row.source,
        ref=row.ref,
        channel=row.channel,
        store=store_key(row),
        currency=row.currency,
        occurred_at=row.occurred_at,
        tenders=tuple(Tender(kind, amount) for kind, amount in row.tenders or ()),
        lines=tuple(
            Line(
                id=line.line_ref,
                n=line.n,
                sku=line.sku,
                quantity=line.quantity,
                amount_minor=line.amount_minor,
                uom=line.uom,
                tax_rate=line.tax_rate,
                tax_included=line.tax_included,
                kind=line.kind,
                category=line.category,
                brand=line.brand,
                attributes=line.attributes or {},
            )
            for line in lines
        ),
    )
