"""Corrections by hand, with a reason, and above a limit with a second person."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from regulars.kernel import clock, postgres
from regulars.kernel.errors import Forbidden, Invalid, NotFound
from regulars.value.ledger.models import AdjustmentRow
from regulars.value.ledger.services.calls import ENTRY, call, digest, entry, moved
from regulars.value.ledger.services.units import unit as unit_of
from regulars.value.ledger.services.units import units
from regulars.value.ledger.terms import Adjustment, AdjustmentState, AlreadyDecided, KeyReused, Moved

KINDS = ("adjust", "earn", "goodwill")
TOGETHER = timedelta(hours=24)  # what one actor corrects alone within this time counts together


@transaction.atomic
def adjust(
    *,
    program_id: int,
    member_id: UUID,
    key: str,
    unit: str,
    amount: int,
    reason: str,
    actor: str,
    limit: int | None = None,
    kind: str = "adjust",
    expires_at: datetime | None = None,
) -> Moved | Adjustment:
    """Correct a balance by hand; beyond the limit, and for `kind=earn` by hand, it waits for a second person.

    Many small corrections are one large one: what this actor did alone to this member's unit within the last 24
    hours, up or down, counts with it.

    Args: amount: ± whole number. reason: a code, never a person's words. limit: what this actor may do alone, None
    for no limit of its own; the unit's `adjust_limit` counts too, and the smaller one decides. expires_at: the end
    of a new lot.
    Raises: NotEnoughPoints, KeyReused, UnknownUnit, Invalid, MemberMerged, MemberSuspended.
    """
    if amount == 0 or not reason or kind not in KINDS:
        raise Invalid(errors=[("amount", "is not nothing"), ("reason", "is needed"), ("kind", f"is one of {KINDS}")])
    found = unit_of(program_id=program_id, key=unit)
    asked_before = AdjustmentRow.objects.filter(program_id=program_id, member_id=member_id, key=key).first()
    if asked_before is not None:
        same = (asked_before.unit, asked_before.amount, asked_before.kind, asked_before.reason)
        if same != (found.slot, amount, kind, reason):
            raise KeyReused("This key already named another correction.", key=key)
        return _adjustment(asked_before)
    limits = [x for x in (limit, found.adjust_limit) if x is not None]
    if kind != "earn" and (
        not limits or _is_small(program_id, member_id, key, found.slot, amount, actor, min(limits))
    ):
        return _post(program_id, member_id, key, found.slot, amount, reason, actor, kind, expires_at)
    row = AdjustmentRow.objects.create(
        program_id=program_id,
        member_id=member_id,
        unit=found.slot,
        amount=amount,
        kind=kind,
        key=key,
        reason=reason,
        expires_at=expires_at,
        asked_by=actor,
        asked_at=clock.now(),
    )
    return _adjustment(row)


def _is_small(program_id: int, member_id: UUID, key: str, slot: int, amount: int, actor: str, limit: int) -> bool:
    """Is this, with what the actor did alone of late, within the limit; or was it done before and is told again?"""
    if abs(amount) > limit:
        return _is_done(member_id, key)
    postgres.ask("select ledger_open(%s::uuid, %s::int)", [member_id, program_id])
    # nobody else corrects between the question and the correction
    postgres.ask("select 1 from ledger_account where member_id = %s::uuid for update", [member_id])
    alone = _alone(program_id, member_id, slot, actor)
    return alone + abs(amount) <= limit or _is_done(member_id, key)


def corrected_alone(*, program_id: int, member_id: UUID, unit: str, actor: str) -> int:
    """How much this actor corrected this member's unit within the last 24 hours without a second person, up and down.

    Raises: UnknownUnit.
    """
    return _alone(program_id, member_id, unit_of(program_id=program_id, key=unit).slot, actor)


def _alone(program_id: int, member_id: UUID, slot: int, actor: str) -> int:
    asked = """select coalesce(sum(p.amount), 0)::bigint
                 from ledger_journal j join ledger_posting p on p.member_id = j.member_id and p.seq = j.seq
                where j.member_id = %s::uuid and j.program_id = %s::int and j.recorded_at > %s::timestamptz
                  and j.kind in ('adjust', 'goodwill') and j.actor = %s::text and p.unit = %s::smallint"""
    [(total,)] = postgres.ask(asked, [member_id, program_id, clock.now() - TOGETHER, actor, slot])
    return int(total)


def _is_done(member_id: UUID, key: str) -> bool:
    asked = "select 1 from ledger_journal where member_id = %s::uuid and key = %s::text"
    return bool(postgres.ask(asked, [member_id, key]))


def _post(
    program_id: int,
    member_id: UUID,
    key: str,
    slot: int,
    amount: int,
    reason: str,
    actor: str,
    kind: str,
    expires_at: datetime | None,
) -> Moved:
    asked = digest("adjust", kind, slot, amount, reason)
    head = entry(program_id=program_id, key=key, kind=kind, actor=actor, reason=reason, asked=asked)
    sql = f"select * from ledger_adjust(%s::uuid, {ENTRY}, %s::smallint, %s::bigint, %s::timestamptz)"
    return moved(call(sql, member_id, *head, slot, amount, expires_at))


@transaction.atomic
def approve(*, program_id: int, adjustment_id: int, actor: str) -> Moved:
    """Let a waiting correction happen. Nobody approves their own (A1).

    Raises: NotFound, Forbidden, AlreadyDecided, and whatever the correction itself meets (then it goes on waiting).
    """
    row = _decide(program_id, adjustment_id, actor, AdjustmentState.APPROVED)
    return _post(
        program_id,
        row.member_id,
        row.key,
        row.unit,
        row.amount,
        row.reason,
        f"{row.asked_by}+{actor}",
        row.kind,
        row.expires_at,
    )


@transaction.atomic
def reject(*, program_id: int, adjustment_id: int, actor: str) -> Adjustment:
    """Refuse a waiting correction. Raises: NotFound, Forbidden, AlreadyDecided."""
    return _adjustment(_decide(program_id, adjustment_id, actor, AdjustmentState.REJECTED))


def _decide(program_id: int, adjustment_id: int, actor: str, state: AdjustmentState) -> AdjustmentRow:
    row = AdjustmentRow.objects.select_for_update().filter(program_id=program_id, id=adjustment_id).first()
    if row is None:
        raise NotFound("There is no such correction.")
    if row.state != AdjustmentState.ASKED:
        raise AlreadyDecided("Somebody has already decided this.", state=row.state)
    if row.asked_by == actor:
        raise Forbidden("Nobody decides about their own request.")
    row.state, row.decided_by, row.decided_at = state, actor, clock.now()
    row.save(update_fields=["state", "decided_by", "decided_at"])
    return row


def adjustments(
    *, program_id: int, waiting: bool = True, before: int | None = None, limit: int = 50
) -> list[Adjustment]:
    """Corrections that wait (or all), newest first, after the id `before`."""
    found = AdjustmentRow.objects.filter(program_id=program_id)
    found = found.filter(state=AdjustmentState.ASKED) if waiting else found
    found = found.filter(id__lt=before) if before is not None else found
    return [_adjustment(row) for row in found.order_by("-id")[:limit]]


def _adjustment(row: AdjustmentRow) -> Adjustment:
    keys = {u.slot: u.key for u in units(program_id=row.program_id)}
    return Adjustment(
        id=row.id,
        member_id=row.member_id,
        unit=keys[row.unit],
        amount=row.amount,
        kind=row.kind,
        reason=row.reason,
        state=AdjustmentState(row.state),
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )
