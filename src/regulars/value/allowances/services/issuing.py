"""Issuing allowances: value is set aside first, then signed; what was signed can always be paid."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from regulars.kernel import clock, ids
from regulars.kernel.errors import Invalid
from regulars.people.members import services as members
from regulars.people.programs import services as programs
from regulars.people.programs.terms import NoStore
from regulars.value.allowances.models import AllowanceRow, OptInRow
from regulars.value.allowances.services import keys, tills
from regulars.value.allowances.services.document import policy as policy_of
from regulars.value.allowances.services.locking import lock_account, lock_device_room, locked
from regulars.value.allowances.services.rows import allowance_of, store_key
from regulars.value.allowances.terms import (
    PREFIX,
    Allowance,
    AllowanceClosed,
    AllowanceState,
    Bound,
    DeviceRevoked,
    DeviceState,
    NoAllowance,
    OfflineOff,
    OptIn,
    Policy,
    Token,
    TooManyOpen,
)
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import (
    HoldState,
    MemberClosed,
    MemberEarnOnly,
    MemberMerged,
    MemberSuspended,
    NotEnoughPoints,
    Source,
    UnknownMember,
)

_PASSED_OVER = (
    NotEnoughPoints,
    TooManyOpen,
    MemberMerged,
    MemberSuspended,
    MemberEarnOnly,
    MemberClosed,
    UnknownMember,
)


@transaction.atomic
def issue(
    *,
    program_id: int,
    member_id: UUID,
    unit: str,
    amount: int,
    bound: Bound,
    bound_to: str,
    key: str,
    actor: str,
    hours: int | None = None,
) -> Allowance:
    """Set value aside for a member and sign that a till, or any till of a store, may let it pay. Once per key.

    Args: amount: > 0 of the unit. bound_to: the key of the till or store. hours: at most as the program says.
    Raises: Invalid; OfflineOff; TooManyOpen; NoDevice; DeviceRevoked; UnknownMember; NotEnoughPoints and what else a
    hold refuses.
    """
    lock_account(program_id=program_id, member_id=member_id)
    again = AllowanceRow.objects.filter(program_id=program_id, key=key).first()
    if again is not None:
        return allowance_of(again)
    allowed = policy_of(program_id=program_id)
    _check(program_id, allowed, unit, amount, hours)
    _check_place(program_id, bound, bound_to)
    allowance_id, now = ids.new_id(), clock.now().replace(microsecond=0)
    expires_at = now + timedelta(hours=hours or allowed.hours)
    hold_until = expires_at + timedelta(hours=allowed.grace_hours)
    _check_room(program_id, member_id, allowed, bound, bound_to)
    hold = ledger.hold(
        program_id=program_id,
        member_id=member_id,
        key=f"allowance/{ids.encode(PREFIX, allowance_id)}",
        unit=unit,
        amount=amount,
        expires_at=hold_until,
        actor=actor,
        source=Source(type="allowance", ref=ids.encode(PREFIX, allowance_id)),
    )
    token = Token(
        kid=keys.live_key(program_id=program_id).kid,
        program_id=program_id,
        allowance_id=allowance_id,
        member_id=member_id,
        amount=amount,
        issued_at=now,
        expires_at=expires_at,
        bound=bound,
        bound_to=bound_to,
        unit=unit,
    )
    return _written(token, hold_id=hold.id, hold_until=hold_until, key=key, actor=actor)


def _written(token: Token, *, hold_id: UUID, hold_until: datetime, key: str, actor: str) -> Allowance:
    """Sign what was set aside, and keep it."""
    _, text = keys.sign(token=token)
    row = AllowanceRow.objects.create(
        id=token.allowance_id,
        program_id=token.program_id,
        member_id=token.member_id,
        hold_id=hold_id,
        key=key,
        unit=token.unit,
        amount=token.amount,
        left=token.amount,
        bound=token.bound,
        bound_to=token.bound_to,
        issued_at=token.issued_at,
        issued_by=actor,
        expires_at=token.expires_at,
        hold_until=hold_until,
        signed_member_id=token.member_id,
        kid=token.kid,
        text=text,
    )
    return allowance_of(row)


def _check(program_id: int, allowed: Policy, unit: str, amount: int, hours: int | None) -> None:
    limit = allowed.of_unit(unit)
    if limit is None:
        raise OfflineOff(f"The program does not let {unit!r} be spent offline.", unit=unit)
    faults = []
    if not 0 < amount <= limit.max_amount:
        faults.append(("amount", f"must be between 1 and {limit.max_amount}"))
    if hours is not None and not 0 < hours <= allowed.hours:
        faults.append(("hours", f"must be between 1 and {allowed.hours}"))
    if faults:
        raise Invalid(errors=faults)


def _check_place(program_id: int, bound: Bound, bound_to: str) -> None:
    if bound is Bound.DEVICE:
        if tills.device(program_id=program_id, key=bound_to).state is DeviceState.REVOKED:
            raise DeviceRevoked
        return
    try:
        programs.store(program_id=program_id, key=bound_to)
    except NoStore:
        raise Invalid(errors=[("store", f"{bound_to!r} is not a store of this program")]) from None


def _check_room(program_id: int, member_id: UUID, allowed: Policy, bound: Bound, bound_to: str) -> None:
    """Limits are counted by one caller after another: of a member under her account's lock, of a till under ours."""
    now = clock.now()
    open_ones = AllowanceRow.objects.filter(program_id=program_id, state=AllowanceState.OPEN, expires_at__gt=now)
    if open_ones.filter(member_id=member_id).count() >= allowed.max_open_member:
        raise TooManyOpen(f"{allowed.max_open_member} allowances of this member are open.")
    if bound is Bound.DEVICE:
        lock_device_room(program_id=program_id, device=bound_to)
        if open_ones.filter(bound=bound, bound_to=bound_to).count() >= allowed.max_open_device:
            raise TooManyOpen(f"{allowed.max_open_device} allowances of this till are open.")


@transaction.atomic
def cancel(*, program_id: int, allowance_id: UUID, actor: str) -> Allowance:
    """Take an allowance back: what is left of it is hers again. A till that has it may not know for a while.

    Raises: NoAllowance; AllowanceClosed.
    """
    row = locked(program_id=program_id, allowance_id=allowance_id)
    if row.state == AllowanceState.CANCELLED:
        return allowance_of(row)
    if row.state != AllowanceState.OPEN:
        raise AllowanceClosed
    end(row, AllowanceState.CANCELLED, actor)
    return allowance_of(row)


def end(row: AllowanceRow, state: AllowanceState, actor: str) -> None:
    """Close a locked allowance; what its hold still holds goes back."""
    if ledger.hold_of(program_id=row.program_id, hold_id=row.hold_id).state is HoldState.OPEN:
        ledger.release(
            program_id=row.program_id,
            hold_id=row.hold_id,
            key=f"allowance/{ids.encode(PREFIX, row.id)}/{state}",
            actor=actor,
        )
    row.state, row.left, row.closed_at = state, 0, clock.now()
    row.save(update_fields=["state", "left", "closed_at"])


def allowance(*, program_id: int, allowance_id: UUID) -> Allowance:
    """One allowance. Raises: NoAllowance."""
    row = AllowanceRow.objects.filter(program_id=program_id, id=allowance_id).first()
    if row is None:
        raise NoAllowance
    return allowance_of(row)


def of_member(*, program_id: int, member_id: UUID, open_only: bool = False, limit: int = 200) -> list[Allowance]:
    """A member's allowances, newest first."""
    rows = AllowanceRow.objects.filter(program_id=program_id, member_id=member_id)
    if open_only:
        rows = rows.filter(state=AllowanceState.OPEN)
    return [allowance_of(row) for row in rows.order_by("-id")[:limit]]


def recent(*, program_id: int, open_only: bool = True, limit: int = 200) -> list[Allowance]:
    """The program's allowances, newest first."""
    rows = AllowanceRow.objects.filter(program_id=program_id)
    if open_only:
        rows = rows.filter(state=AllowanceState.OPEN)
    return [allowance_of(row) for row in rows.order_by("-id")[:limit]]


def opt_in(*, program_id: int, member_id: UUID, store: str, unit: str, amount: int, actor: str) -> OptIn | None:
    """Let the tills of a store hold an allowance for a member, or, with nothing as amount, no longer.

    Returns: the wish as it stands now; None when it was ended.
    Raises: Invalid; OfflineOff; UnknownMember.
    """
    members.fact(program_id=program_id, member_id=member_id)
    _check_place(program_id, Bound.STORE, store)
    place = programs.store(program_id=program_id, key=store)
    mine = OptInRow.objects.filter(program_id=program_id, member_id=member_id, store_id=place.id, unit=unit)
    if amount == 0:
        mine.delete()
        return None
    _check(program_id, policy_of(program_id=program_id), unit, amount, None)
    row, _ = OptInRow.objects.update_or_create(
        member_id=member_id,
        store_id=place.id,
        unit=unit,
        defaults={"program_id": program_id, "amount": amount, "actor": actor},
        create_defaults={"program_id": program_id, "amount": amount, "actor": actor, "since": clock.now()},
    )
    return _opted(row)


def opt_ins(*, program_id: int, member_id: UUID) -> list[OptIn]:
    """A member's wishes."""
    rows = OptInRow.objects.filter(program_id=program_id, member_id=member_id)
    return [_opted(row) for row in rows.order_by("id")]


def _opted(row: OptInRow) -> OptIn:
    store = store_key(row.program_id, row.store_id)
    return OptIn(member_id=row.member_id, store=store, unit=row.unit, amount=row.amount, since=row.since)


def renew_wishes(*, program_id: int, device: str, store_id: int, actor: str) -> int:
    """Issue to a till what members of its store wish for and do not have open there. Answers how many.

    Whoever has too little, or may not spend, is passed over.
    """
    allowed, made = policy_of(program_id=program_id), 0
    if not allowed.units:
        return 0
    now = clock.now()
    wishes = OptInRow.objects.filter(program_id=program_id, store_id=store_id).order_by("id")
    for wish in wishes[: allowed.max_open_device]:
        open_ones = AllowanceRow.objects.filter(
            program_id=program_id, member_id=wish.member_id, unit=wish.unit, state=AllowanceState.OPEN
        )
        limit = allowed.of_unit(wish.unit)
        if limit is None or open_ones.filter(expires_at__gt=now, bound=Bound.DEVICE, bound_to=device).exists():
            continue
        try:
            issue(
                program_id=program_id,
                member_id=wish.member_id,
                unit=wish.unit,
                amount=min(wish.amount, limit.max_amount),
                bound=Bound.DEVICE,
                bound_to=device,
                key=f"wish/{wish.pk}/{ids.new_id()}",
                actor=actor,
            )
            made += 1
        except _PASSED_OVER:
            continue
    return made
