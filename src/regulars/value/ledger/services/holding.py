"""Setting value aside for minutes: hold, capture, release."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from regulars.kernel import ids
from regulars.kernel.errors import NotFound
from regulars.value.ledger.models import HoldRow
from regulars.value.ledger.services.calls import ENTRY, NOWHERE, call, digest, entry, moved
from regulars.value.ledger.services.units import unit as unit_of
from regulars.value.ledger.services.units import units
from regulars.value.ledger.terms import Hold, HoldNotOpen, HoldState, MemberMerged, Moved, Source


def hold(
    *,
    program_id: int,
    member_id: UUID,
    key: str,
    unit: str,
    amount: int,
    expires_at: datetime,
    actor: str,
    source: Source = NOWHERE,
    occurred_at: datetime | None = None,
) -> Hold:
    """Set value aside, so that nothing else can spend it; let go by itself at `expires_at`.

    Args: amount: > 0. expires_at: aware, minutes from now.
    Raises: as `spend`.
    """
    slot = unit_of(program_id=program_id, key=unit).slot
    asked = digest("hold", unit, amount, source.type, source.ref, source.line)
    head = entry(
        program_id=program_id, key=key, kind="hold", actor=actor, source=source, occurred_at=occurred_at, asked=asked
    )
    sql = f"select * from ledger_hold(%s::uuid, {ENTRY}, %s::uuid, %s::smallint, %s::bigint, %s::timestamptz)"
    call(sql, member_id, *head, ids.new_id(), slot, amount, expires_at)
    same = HoldRow.objects.filter(program_id=program_id, key=key)
    row = same.filter(member_id=member_id).first()
    if row is None:  # told again after merges: the hold went over to whom this member went
        went = "select ledger_leads_to(%s::uuid, %s::uuid)"
        row = next((r for r in same.order_by("-id") if call(went, member_id, r.member_id)[0]), None)
    if row is None:
        raise NotFound("This hold is gone: it went over with a merge.")
    return _hold(row)


def hold_of(*, program_id: int, hold_id: UUID) -> Hold:
    """One hold. Raises: NotFound."""
    row = HoldRow.objects.filter(program_id=program_id, id=hold_id).first()
    if row is None:
        raise NotFound("There is no such hold.")
    return _hold(row)


def holds_of(*, program_id: int, hold_ids: Sequence[UUID]) -> list[Hold]:
    """Holds by their ids, in no order; unknown ones are left out."""
    return [_hold(row) for row in HoldRow.objects.filter(program_id=program_id, id__in=hold_ids)]


def holds(*, program_id: int, member_id: UUID) -> list[Hold]:
    """A member's open holds, the first to run out first."""
    found = HoldRow.objects.filter(program_id=program_id, member_id=member_id, state=HoldState.OPEN)
    return [_hold(row) for row in found.order_by("expires_at", "id")]


def _hold(row: HoldRow) -> Hold:
    keys = {u.slot: u.key for u in units(program_id=row.program_id)}
    return Hold(
        id=row.id,
        member_id=row.member_id,
        unit=keys[row.unit],
        amount=row.amount,
        captured=row.captured,
        released=row.released,
        state=HoldState(row.state),
        expires_at=row.expires_at,
        seq=row.seq,
    )


def capture(
    *,
    program_id: int,
    hold_id: UUID,
    key: str,
    amount: int,
    actor: str,
    release_rest: bool = True,
    party: str | None = None,
    source: Source = NOWHERE,
    occurred_at: datetime | None = None,
) -> Moved:
    """Spend what was held, or a part of it.

    Args: amount: > 0, at most what is still held. release_rest: let the rest go at once, else it stays held.
    Raises: NotFound, HoldNotOpen, NotEnoughPoints, KeyReused, MemberMerged.
    """
    found = hold_of(program_id=program_id, hold_id=hold_id)
    asked = digest("capture", str(hold_id), amount, release_rest, party)
    head = entry(
        program_id=program_id,
        key=key,
        kind="capture",
        actor=actor,
        source=source,
        occurred_at=occurred_at,
        asked=asked,
    )
    sql = f"select * from ledger_capture(%s::uuid, {ENTRY}, %s::uuid, %s::bigint, %s::bool, %s::text)"
    return _ended(found, lambda: moved(call(sql, found.member_id, *head, hold_id, amount, release_rest, party)))


def release(
    *,
    program_id: int,
    hold_id: UUID,
    key: str,
    actor: str,
    amount: int | None = None,
    source: Source = NOWHERE,
    occurred_at: datetime | None = None,
) -> Moved:
    """Let go of what was held (all, or a part); what has expired meanwhile expires now.

    Raises: NotFound, HoldNotOpen, NotEnoughPoints, KeyReused, MemberMerged.
    """
    found = hold_of(program_id=program_id, hold_id=hold_id)
    asked = digest("release", str(hold_id), amount)
    head = entry(
        program_id=program_id,
        key=key,
        kind="release",
        actor=actor,
        source=source,
        occurred_at=occurred_at,
        asked=asked,
    )
    sql = f"select * from ledger_release(%s::uuid, {ENTRY}, %s::uuid, %s::bigint)"
    return _ended(found, lambda: moved(call(sql, found.member_id, *head, hold_id, amount)))


def _ended(found: Hold, end: Callable[[], Moved]) -> Moved:
    """What is over stays with a member who is merged: then the answer is that it is over, not where she went."""
    try:
        return end()
    except MemberMerged:
        if found.state is not HoldState.OPEN:
            raise HoldNotOpen from None
        raise
