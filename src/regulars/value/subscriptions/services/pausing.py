"""Resting and running again: paid days wait, and nothing is given meanwhile."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from django.db import transaction

from regulars.value.subscriptions.models import EventRow, SubscriptionRow
from regulars.value.subscriptions.rules import money
from regulars.value.subscriptions.services import base, granting, looking, running
from regulars.value.subscriptions.terms import (
    ClosedBy,
    EventKind,
    NotNow,
    PauseNotAllowed,
    PeriodKind,
    State,
    Subscription,
    SubscriptionPaused,
    SubscriptionResumed,
)


@transaction.atomic
def pause(*, program_id: int, subscription_id: UUID, days: int, reason: str, actor: str) -> Subscription:
    """Let a membership rest for some days; the days that are paid wait for her.

    Args: days: from today, at most what the plan allows.
    Raises: UnknownSubscription; NotNow unless it is active; PauseNotAllowed by length or times; PaymentUnderWay.
    """
    row = base.held(program_id=program_id, subscription_id=subscription_id)
    base.must_be_quiet(row)
    plan, day = running.plan_of(row), base.today(program_id)
    period = base.last_period(row) if row.period_n else None
    if row.state != State.ACTIVE or period is None or day >= period.ends_on:
        raise NotNow(f"A subscription that is {row.state} cannot be paused.", state=row.state)
    if not 1 <= days <= plan.pause_days:
        raise PauseNotAllowed(f"The plan allows pauses of 1 to {plan.pause_days} days.", most_days=plan.pause_days)
    if _pauses_in(row, day) >= plan.pauses_a_year:
        raise PauseNotAllowed(f"The plan allows {plan.pauses_a_year} pauses a year.", times=plan.pauses_a_year)
    until = day + timedelta(days=days)
    left = money.left(base.period_of(period), day)
    running.close_period(row, period, on=day, by=ClosedBy.PAUSE, credited=left)
    granting.uncover(row, plan, actor=actor)
    row.state, row.paused_until = State.PAUSED, until
    row.next_due_at, row.notice_at = base.midnight(program_id, until), None
    row.save()
    base.tell(row, EventKind.PAUSED, actor, until=until, reason=reason)
    running.told(row, SubscriptionPaused(subscription_id=row.id, member_id=row.member_id, until=until))
    return looking.subscription(program_id=program_id, subscription_id=row.id)


def _pauses_in(row: SubscriptionRow, day: date) -> int:
    events = EventRow.objects.filter(subscription_id=row.id, kind=EventKind.PAUSED, day__year=day.year)
    return events.count()


@transaction.atomic
def resume(*, program_id: int, subscription_id: UUID, reason: str, actor: str) -> Subscription:
    """Let a membership that rests run again today, with the days that were left.

    Raises: UnknownSubscription; NotNow unless it rests; MemberSuspended, MemberEarnOnly; Busy.
    """
    row = base.held(program_id=program_id, subscription_id=subscription_id)
    if row.state != State.PAUSED:
        raise NotNow(f"A subscription that is {row.state} does not rest.", state=row.state)
    base.able(program_id=program_id, member_id=row.member_id)
    if base.last_period(row).closed_on is None:
        raise NotNow("It goes on by itself now that its member is let in again.", state=row.state)
    run_again(row, actor=actor, reason=reason)
    return looking.subscription(program_id=program_id, subscription_id=row.id)


def run_again(row: SubscriptionRow, *, actor: str, reason: str = "") -> None:
    """The rest of the period that was paused begins today; its end is the new anchor of months."""
    old, day = base.last_period(row), base.today(row.program_id)
    ends_on = day + (old.ends_on - (old.closed_on or old.ends_on))
    period = running.open_period(
        row,
        kind=PeriodKind.GIFT if old.kind == PeriodKind.GIFT else PeriodKind.CARRIED,
        plan=running.plan_of(row),
        starts_on=day,
        ends_on=ends_on,
        charged=0,
        carried=old.credited_minor,
    )
    row.anchor_on, row.anchor_n = ends_on, 0
    running.set_running(row, State.ACTIVE, period, actor=actor)
    row.save()
    base.tell(row, EventKind.RESUMED, actor, until=ends_on, reason=reason or None)
    running.told(row, SubscriptionResumed(subscription_id=row.id, member_id=row.member_id, until=ends_on))
