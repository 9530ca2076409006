"""A family: the owner of a membership invites members, who have what it gives while they stay."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from regulars.kernel import clock
from regulars.value.subscriptions.models import SeatRow, SubscriptionRow
from regulars.value.subscriptions.services import base, beginning, granting, looking, running
from regulars.value.subscriptions.terms import (
    EventKind,
    NoSeat,
    NotInvited,
    NotNow,
    Seat,
    SeatState,
    State,
)

RUNNING = (State.TRIAL, State.ACTIVE, State.PAST_DUE, State.CANCELLED)
SITTING = (SeatState.INVITED, SeatState.JOINED)


@transaction.atomic
def invite(*, program_id: int, subscription_id: UUID, member_id: UUID, actor: str) -> Seat:
    """Keep a place in the family for a member; she joins when she says so.

    Raises: UnknownSubscription; NotNow; NoSeat when all are taken (P8); UnknownMember; MemberMerged …; Busy.
    """
    row = base.held(program_id=program_id, subscription_id=subscription_id, others=[member_id])
    base.living(program_id=program_id, member_id=member_id)
    if row.state not in RUNNING or member_id == row.member_id:
        raise NotNow("Nobody can be invited to this subscription now.", state=row.state)
    seat = SeatRow.objects.filter(subscription_id=row.id, member_id=member_id).first()
    if seat is not None and seat.state in SITTING:
        return _seat(seat)
    if row.seats >= row.most_seats:
        raise NoSeat(most=row.most_seats)
    row.seats += 1
    row.save(update_fields=["seats"])
    seat = seat or SeatRow(program_id=program_id, subscription=row, member_id=member_id, family=row.family)
    seat.state, seat.since = SeatState.INVITED, clock.now()
    seat.save()
    base.tell(row, EventKind.INVITED, actor, member=str(member_id))
    return _seat(seat)


@transaction.atomic
def join(*, program_id: int, subscription_id: UUID, member_id: UUID, actor: str) -> Seat:
    """Take the place that was kept: from now on she has what the plan gives.

    Raises: UnknownSubscription; NotInvited; NotNow; AlreadySubscribed; UnknownMember; MemberMerged …; Busy.
    """
    row = base.held(program_id=program_id, subscription_id=subscription_id, others=[member_id])
    seat = _hers(row, member_id)
    if seat.state == SeatState.JOINED:
        return _seat(seat)
    base.living(program_id=program_id, member_id=member_id)
    if row.state not in RUNNING:
        raise NotNow("This subscription does not run now.", state=row.state)
    beginning.must_be_free(program_id=program_id, member_id=member_id, family=row.family)
    seat.state, seat.since = SeatState.JOINED, clock.now()
    seat.save(update_fields=["state", "since"])
    if row.covered_until is not None:
        granting.give(row, running.plan_of(row), row.covered_until, member_id, actor=actor, is_guest=True)
    base.tell(row, EventKind.JOINED, actor, member=str(member_id))
    return _seat(seat)


@transaction.atomic
def leave(*, program_id: int, subscription_id: UUID, member_id: UUID, actor: str, is_removed: bool = False) -> Seat:
    """Give a place up, or (`is_removed`) take it from a guest: what the plan gave her ends now.

    Raises: UnknownSubscription; NotInvited; Busy.
    """
    row = base.held(program_id=program_id, subscription_id=subscription_id, others=[member_id])
    seat = _hers(row, member_id)
    if seat.state == SeatState.JOINED:
        granting.take(row, running.plan_of(row), member_id, actor=actor, is_guest=True)
    seat.state, seat.since = SeatState.REMOVED if is_removed else SeatState.LEFT, clock.now()
    seat.save(update_fields=["state", "since"])
    row.seats -= 1
    row.save(update_fields=["seats"])
    base.tell(row, EventKind.REMOVED if is_removed else EventKind.LEFT, actor, member=str(member_id))
    return _seat(seat)


def family(*, program_id: int, subscription_id: UUID) -> tuple[Seat, ...]:
    """The guests of a family who are invited or have joined.

    Raises: UnknownSubscription.
    """
    row = looking.row_of(program_id=program_id, subscription_id=subscription_id)
    rows = SeatRow.objects.filter(subscription_id=row.id, state__in=SITTING).order_by("since", "id")
    return tuple([_seat(s) for s in rows])


def _hers(row: SubscriptionRow, member_id: UUID) -> SeatRow:
    seat = SeatRow.objects.filter(subscription_id=row.id, member_id=member_id, state__in=SITTING).first()
    if seat is None:
        raise NotInvited
    return seat


def _seat(row: SeatRow) -> Seat:
    return Seat(member_id=row.member_id, state=SeatState(row.state), since=row.since)
