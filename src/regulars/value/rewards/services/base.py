"""Small things that the verbs share: calls of stored functions, rows as words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from regulars.kernel import clock, ids, postgres
from regulars.kernel.outbox import announce
from regulars.value.ledger.terms import Source
from regulars.value.rewards.models import ChapterRow, RedemptionRow
from regulars.value.rewards.terms import PREFIX, Kind, Redemption, RedemptionMoved, Spend, State

DELIVERY = "reward delivery"


def source_of(row: RedemptionRow) -> Source:
    """How the ledger names a redemption."""
    return Source(type="reward", ref=ids.encode(PREFIX, row.id), line=row.reward)


def put(row: RedemptionRow) -> None:
    """Put a redemption's pieces back on their shelf; whoever waits is offered them."""
    postgres.ask(
        "select rewards_put(%s::int, %s::text, %s::text, %s::bigint, %s::timestamptz)",
        (row.program_id, row.reward, row.session, row.count, clock.now()),
    )


def tell(row: RedemptionRow, kind: str, *, actor: str, reason: str = "", **facts: Any) -> None:
    """Write a chapter of a redemption's story."""
    ChapterRow.objects.create(
        program_id=row.program_id,
        redemption_id=row.id,
        kind=kind,
        at=clock.now(),
        actor=actor,
        reason=reason,
        facts=facts,
    )


def moved(row: RedemptionRow, to: State, *, actor: str, reason: str = "", **facts: Any) -> None:
    """Bring a redemption into another state, with its chapter and the news. The caller holds the row."""
    before, now = row.state, clock.now()
    row.state, row.changed_at = to, now
    row.pay_until = None
    if to is not State.READY:
        row.fetch_until = None
    if to in (State.FULFILLED, State.CANCELLED, State.FAILED, State.EXPIRED):
        row.closed_at = now
    row.save()
    tell(row, to.value, actor=actor, reason=reason, **facts)
    announce(
        RedemptionMoved(
            redemption_id=row.id,
            member_id=row.member_id,
            reward=row.reward,
            from_state=str(before),
            to_state=to.value,
        ),
        program_id=row.program_id,
        member_id=row.member_id,
    )


def spends(row: RedemptionRow) -> tuple[Spend, ...]:
    """What paid for a redemption."""
    return tuple(
        [
            Spend(
                unit=s["unit"],
                amount=s["amount"],
                member_id=UUID(s["member"]),
                seq=s.get("seq"),
                hold_id=UUID(s["hold"]) if s.get("hold") else None,
            )
            for s in row.spends
        ]
    )


def stored(paid: Sequence[Spend]) -> list[dict[str, Any]]:
    """What paid for a redemption, as its row keeps it."""
    return [
        {
            "unit": s.unit,
            "amount": s.amount,
            "member": str(s.member_id),
            "seq": s.seq,
            "hold": str(s.hold_id) if s.hold_id else None,
        }
        for s in paid
    ]


def redemption(row: RedemptionRow, names: dict[str, str]) -> Redemption:
    """A row as words. Args: names: of its reward in its version."""
    return Redemption(
        redemption_id=row.id,
        program_id=row.program_id,
        member_id=row.member_id,
        reward=row.reward,
        version=row.version,
        names=names,
        kind=Kind(row.kind),
        session=row.session,
        count=row.count,
        state=State(row.state),
        code=row.code,
        store=row.store,
        source=row.source,
        spends=spends(row),
        due_minor=row.due_minor,
        currency=row.currency,
        payment_ref=row.payment_ref,
        pay_until=row.pay_until,
        due_at=row.due_at,
        fetch_until=row.fetch_until,
        tracking=row.tracking,
        requested_at=row.requested_at,
        changed_at=row.changed_at,
        closed_at=row.closed_at,
        gave_back=row.gave_back,
        has_delivery=row.delivery is not None,
    )
