"""How a redemption goes on: paid, accepted, shipped, ready, fulfilled; or ended, with the value back where it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from regulars.kernel import clock, ids, postgres
from regulars.kernel.errors import Busy, Invalid
from regulars.people.members import services as members
from regulars.people.programs import services as programs
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import HoldState
from regulars.value.rewards.models import RedemptionRow
from regulars.value.rewards.rules import judging
from regulars.value.rewards.services import base, delivering, document
from regulars.value.rewards.terms import (
    PREFIX,
    NotCancellable,
    Redemption,
    Reward,
    Spend,
    State,
    UnknownRedemption,
    WrongState,
)

LONGEST = 200


def accept(*, program_id: int, redemption_id: UUID, actor: str) -> Redemption:
    """Say that it will be handed over. Told again it changes nothing.

    Raises: UnknownRedemption; WrongState, also while money is due.
    """
    return _advance(program_id, redemption_id, State.ACCEPTED, actor)


def ship(*, program_id: int, redemption_id: UUID, actor: str, tracking: str = "") -> Redemption:
    """Say that it is on its way. Raises: as `accept`; Invalid for a tracking number that is too long."""
    return _advance(program_id, redemption_id, State.SHIPPED, actor, tracking=tracking)


def make_ready(*, program_id: int, redemption_id: UUID, actor: str, store: str = "") -> Redemption:
    """Say that it waits for her in a store, from now for as long as the reward says. Raises: as `accept`; NoStore."""
    return _advance(program_id, redemption_id, State.READY, actor, store=store)


def fulfil(*, program_id: int, redemption_id: UUID, actor: str, store: str = "") -> Redemption:
    """Say that she has it. Raises: as `accept`; NoStore."""
    return _advance(program_id, redemption_id, State.FULFILLED, actor, store=store)


@transaction.atomic
def _advance(
    program_id: int, redemption_id: UUID, to: State, actor: str, *, tracking: str = "", store: str = ""
) -> Redemption:
    if len(tracking) > LONGEST:
        raise Invalid(errors=[("tracking", f"is longer than {LONGEST} characters")])
    row = _row(program_id, redemption_id)
    reward = document.reward_of(row)
    if row.state != to:
        if row.pay_until is not None or not judging.may_follow(reward, State(row.state), to):
            raise WrongState(state=row.state, due_minor=row.due_minor if row.pay_until else 0)
        if store:
            row.store = _store_of(program_id, reward, store)
        row.tracking = tracking or row.tracking
        if to is State.READY and reward.fulfilment.fetch_days:
            zone = programs.by_id(program_id=program_id).zone
            last = clock.local_day(clock.now(), zone) + timedelta(days=reward.fulfilment.fetch_days)
            row.fetch_until = clock.day_ends(last, zone)
        base.moved(row, to, actor=actor, **({"store": row.store} if row.store else {}))
    return _told(row)


def _store_of(program_id: int, reward: Reward, store: str) -> str:
    """A store that has this reward. Raises: NoStore; Invalid."""
    found = programs.store(program_id=program_id, key=store)
    if reward.stores and not any(f"/{key}/" in found.path for key in reward.stores):
        raise Invalid(errors=[("store", "is none of the stores that have this reward")])
    return found.key


@transaction.atomic
def pay(*, program_id: int, redemption_id: UUID, payment_ref: str, actor: str) -> Redemption:
    """The money that was due has been taken, under this reference. Told again with it, it changes nothing.

    What was set aside is spent now, and what needs nobody's hands is handed over.
    Raises: UnknownRedemption; WrongState, also when the time to pay has run out; Invalid; CouponLimit; Busy.
    """
    if not 1 <= len(payment_ref) <= LONGEST:
        raise Invalid(errors=[("payment_ref", f"has 1 to {LONGEST} characters")])
    row = held(program_id, redemption_id)
    if row.due_minor and row.payment_ref == payment_ref:
        return _told(row)
    if row.pay_until is None or row.pay_until <= clock.now():
        raise WrongState("No money is due for this redemption.", state=row.state, due_minor=0)
    reward = document.reward_of(row)
    row.spends = base.stored([_captured(row, reward, s, actor) for s in base.spends(row)])
    row.payment_ref, row.pay_until = payment_ref, None
    if reward.is_at_once:
        delivering.before_stock(row, reward, actor=actor)
        delivering.after_stock(row, reward)
    base.tell(row, "paid", actor=actor, payment_ref=payment_ref)
    base.moved(row, State.FULFILLED if reward.is_at_once else State.ACCEPTED, actor=actor)
    return _told(row)


def _captured(row: RedemptionRow, reward: Reward, paid: Spend, actor: str) -> Spend:
    if paid.hold_id is None:
        return paid
    done = ledger.capture(
        program_id=row.program_id,
        hold_id=paid.hold_id,
        key=f"reward/{row.id}/spend/{paid.unit}",
        amount=paid.amount,
        actor=actor,
        party=reward.cause.key if reward.cause else None,
        source=base.source_of(row),
    )
    return replace(paid, member_id=row.member_id, seq=done.seq)


@transaction.atomic
def cancel(
    *,
    program_id: int,
    redemption_id: UUID,
    actor: str,
    reason: str = "",
    as_member: bool = False,
    restock: bool = True,
) -> Redemption:
    """Take a redemption back: the very lots, the seat or the piece, the code, and its count in her limit.

    Told again it changes nothing. Staff may also undo what was fulfilled, once it was brought back; not a donation.

    Args: as_member: by the reward's own rule. restock: False when the pieces are not to be had again.
    Raises: UnknownRedemption; NotCancellable; Invalid; Busy; whatever the ledger refuses.
    """
    _check(reason)
    row = held(program_id, redemption_id)
    reward, now = document.reward_of(row), clock.now()
    if row.state == State.CANCELLED:
        return _told(row)
    is_allowed = (
        judging.may_cancel(reward, State(row.state), requested_at=row.requested_at, at=now)
        if as_member
        else judging.may_undo(reward, State(row.state))
    )
    if not is_allowed:
        raise NotCancellable(state=row.state)
    delivering.take_back(row, actor=actor, reason=reason or "cancelled")
    end(row, State.CANCELLED, actor=actor, reason=reason, restock=restock)
    return _told(row)


@transaction.atomic
def fail(*, program_id: int, redemption_id: UUID, actor: str, reason: str, restock: bool = False) -> Redemption:
    """It cannot be handed over, or what was handed over does not work: her value comes back.

    Codes that were shown stay with her and are no longer anybody's. Told again it changes nothing.

    Args: restock: True when the pieces can be had again.
    Raises: UnknownRedemption; NotCancellable; Invalid without a reason; Busy.
    """
    _check(reason, needed=True)
    row = held(program_id, redemption_id)
    if row.state == State.FAILED:
        return _told(row)
    if not judging.may_undo(document.reward_of(row), State(row.state)):
        raise NotCancellable(state=row.state)
    end(row, State.FAILED, actor=actor, reason=reason, restock=restock)
    return _told(row)


def end(row: RedemptionRow, to: State, *, actor: str, reason: str, restock: bool, give_back: bool = True) -> None:
    """End a redemption that is held: value, limit and pieces go back where they were."""
    if give_back:
        for paid in base.spends(row):
            _restored(row, paid, actor)
        if row.period is not None:
            postgres.ask(
                "select rewards_uncount(%s::uuid, %s::text, %s::text, %s::int)",
                (row.member_id, row.reward, row.period, row.count),
            )
    row.gave_back = give_back
    pieces = row.holds_stock and restock
    if pieces:
        row.holds_stock = False
    told = {s.unit: s.amount for s in base.spends(row)} if give_back else {}
    base.moved(row, to, actor=actor, reason=reason, gave_back=told, restocked=pieces)
    if pieces:  # the shelf comes last: everybody wants its lock
        base.put(row)


def _restored(row: RedemptionRow, paid: Spend, actor: str) -> None:
    """What one unit paid goes back: to its very lots, or out of what was set aside."""
    if paid.seq is not None:
        ledger.restore(
            program_id=row.program_id,
            member_id=row.member_id,
            key=f"reward/{row.id}/back/{paid.unit}",
            spend_seq=paid.seq,
            amount=paid.amount,
            actor=actor,
            source=base.source_of(row),
            of=paid.member_id if paid.member_id != row.member_id else None,
        )
    elif paid.hold_id is not None:
        held = ledger.hold_of(program_id=row.program_id, hold_id=paid.hold_id)
        if held.state is HoldState.OPEN:  # a night may have let it go by itself
            ledger.release(
                program_id=row.program_id,
                hold_id=paid.hold_id,
                key=f"reward/{row.id}/back/{paid.unit}",
                actor=actor,
                source=base.source_of(row),
            )


def _check(reason: str, *, needed: bool = False) -> None:
    if len(reason) > LONGEST or (needed and not reason.strip()):
        raise Invalid(errors=[("reason", f"has 1 to {LONGEST} characters")])


def _row(program_id: int, redemption_id: UUID) -> RedemptionRow:
    row = RedemptionRow.objects.select_for_update().filter(program_id=program_id, pk=redemption_id).first()
    if row is None:
        raise UnknownRedemption(f"There is no redemption {ids.encode(PREFIX, redemption_id)}.")
    return row


def held(program_id: int, redemption_id: UUID) -> RedemptionRow:
    """A redemption with its member held first, as merges do.

    Raises: UnknownRedemption; Busy when it changed hands in this moment.
    """
    seen = RedemptionRow.objects.filter(program_id=program_id, pk=redemption_id).values_list("member_id", flat=True)
    member_id = seen.first()
    if member_id is None:
        raise UnknownRedemption(f"There is no redemption {ids.encode(PREFIX, redemption_id)}.")
    members.hold(program_id=program_id, member_ids=[member_id])
    row = _row(program_id, redemption_id)
    if row.member_id != member_id:
        raise Busy
    return row


def _told(row: RedemptionRow) -> Redemption:
    return base.redemption(row, dict(document.reward_of(row).names))
