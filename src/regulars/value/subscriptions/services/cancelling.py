"""Ending a membership, at the end of what is paid or at once, keeping it after all, and giving money back."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from regulars.value.subscriptions.models import SubscriptionRow
from regulars.value.subscriptions.rules import money
from regulars.value.subscriptions.services import base, benefited, lasting, looking, pausing, running
from regulars.value.subscriptions.terms import (
    ClosedBy,
    EventKind,
    NotNow,
    PeriodKind,
    Quote,
    State,
    Subscription,
    SubscriptionCancelled,
    TooMuchRefund,
    When,
)


def quote_cancel(*, program_id: int, subscription_id: UUID, when: When | None = None) -> Quote:
    """What cancelling today would give back, and when it would end; nothing is changed.

    Raises: UnknownSubscription; NotNow.
    """
    row = looking.row_of(program_id=program_id, subscription_id=subscription_id)
    if row.state in (State.ENDED, State.STARTING):
        raise NotNow(f"A subscription that is {row.state} cannot be cancelled.", state=row.state)
    at = when or running.plan_of(row).cancel
    if at is When.PERIOD_END and row.state != State.PAST_DUE:
        return Quote(when=at, on=lasting.paid_until(row))
    owed, rule = _owed(row)
    return Quote(when=When.AT_ONCE, on=base.today(program_id), refund_minor=owed, rule=rule)


@transaction.atomic
def cancel(
    *,
    program_id: int,
    subscription_id: UUID,
    reason: str,
    actor: str,
    when: When | None = None,
    refund_minor: int | None = None,
) -> Subscription:
    """End a membership. At once, what the refund rule owes goes back (`pursue` it after this commits).

    Args: when: None: as the plan says. refund_minor: another amount than the rule's, for staff, at once only.
    What is past due ends at once; what rests runs again first.
    Raises: UnknownSubscription; NotNow; TooMuchRefund; PaymentUnderWay; Busy.
    """
    row = base.held(program_id=program_id, subscription_id=subscription_id)
    base.must_be_quiet(row)
    if row.state in (State.ENDED, State.STARTING):
        raise NotNow(f"A subscription that is {row.state} cannot be cancelled.", state=row.state)
    at = when or running.plan_of(row).cancel
    if row.state == State.PAUSED:
        pausing.run_again(row, actor=actor)
    if row.state == State.PAST_DUE:
        at = When.AT_ONCE
    ends_on = base.today(program_id) if at is When.AT_ONCE else lasting.paid_until(row)
    base.tell(row, EventKind.CANCELLED, actor, reason=reason, ends_on=ends_on, when=at.value)
    running.told(row, SubscriptionCancelled(subscription_id=row.id, member_id=row.member_id, ends_on=ends_on))
    if at is When.AT_ONCE:
        _end_now(row, reason=reason, actor=actor, refund_minor=refund_minor)
    elif base.today(program_id) >= ends_on:
        running.end(row, "cancelled", actor=actor)
    else:
        running.set_running(row, State.CANCELLED, base.last_period(row), actor=actor)
        row.next_plan = None
        row.save()
    return looking.subscription(program_id=program_id, subscription_id=row.id)


def _end_now(row: SubscriptionRow, *, reason: str, actor: str, refund_minor: int | None) -> None:
    period, day = base.last_period(row), base.today(row.program_id)
    owed = _owed(row)[0] if refund_minor is None else refund_minor
    if period.closed_on is None and day < period.ends_on:
        if owed > period.amount_minor:
            raise TooMuchRefund(left_minor=period.amount_minor)
        running.give_back(row, owed, reason=reason, actor=actor)
        running.close_period(row, period, on=day, by=ClosedBy.CANCEL, refunded=owed)
    elif owed:
        raise TooMuchRefund(left_minor=0)
    running.end(row, "cancelled", actor=actor)


def _owed(row: SubscriptionRow) -> tuple[int, str]:
    """What the refund rule owes of the running period today (of one that rests: as if it ran), and by which case.

    A period that goes on with what another one left (after a pause, a kindness, a change of plan) opens no new time
    to have that back: the days are counted from when it was bought.
    """
    found = [base.period_of(p) for p in base.periods(row)]
    day, period = base.today(row.program_id), found[-1]
    if row.state == State.PAUSED and period.closed_on is not None:
        period = money.going_on(period, day)
        found.append(period)
    if row.state == State.PAST_DUE or period.closed_on is not None:
        return 0, "after_days"
    rule = running.plan_of(row).refund
    whole, since = money.in_time(found, rule=rule, on=day)
    if since is None:
        return 0, "after_days"
    times, cost = benefited.used_in(row, since=since)
    return money.refund_owed(rule=rule, period=period, on=day, whole=whole, is_used=times > 0, used_minor=cost)


@transaction.atomic
def keep(*, program_id: int, subscription_id: UUID, reason: str, actor: str) -> Subscription:
    """Take a cancellation back while it has not come to its end: it renews as before.

    Raises: UnknownSubscription; NotNow unless it is cancelled and still runs; Busy.
    """
    row = base.held(program_id=program_id, subscription_id=subscription_id)
    period = base.last_period(row) if row.period_n else None
    if row.state != State.CANCELLED or period is None or base.today(program_id) >= period.ends_on:
        raise NotNow(f"A subscription that is {row.state} is not cancelled.", state=row.state)
    state = State.TRIAL if period.kind == PeriodKind.TRIAL else State.ACTIVE
    running.set_running(row, state, period, actor=actor)
    row.save()
    base.tell(row, EventKind.KEPT, actor, reason=reason)
    return looking.subscription(program_id=program_id, subscription_id=row.id)


@transaction.atomic
def refund(*, program_id: int, subscription_id: UUID, amount_minor: int, reason: str, actor: str) -> Subscription:
    """Give back a part of the last period although it goes on, as a kindness (`pursue` it after this commits).

    The days that are left are worth so much less from today; what is more than they were worth is taken from what was
    earned.
    Raises: UnknownSubscription; NotNow when nothing is left to give back; TooMuchRefund; PaymentUnderWay; Busy.
    """
    row = base.held(program_id=program_id, subscription_id=subscription_id)
    base.must_be_quiet(row)
    period = base.last_period(row) if row.period_n else None
    if period is None or period.closed_on is not None or row.state == State.PAUSED:
        raise NotNow("Its last period has been settled; nothing of it can be given back.", state=row.state)
    if not 1 <= amount_minor <= period.amount_minor:
        raise TooMuchRefund(left_minor=period.amount_minor)
    day = base.today(program_id)
    left = money.left(base.period_of(period), day)
    rest = max(0, left - amount_minor)
    running.give_back(row, amount_minor, reason=reason, actor=actor)
    is_running = day < period.ends_on and row.state != State.ENDED
    credited = rest if is_running else 0
    running.close_period(row, period, on=day, by=ClosedBy.REFUND, refunded=amount_minor, credited=credited)
    if is_running:
        running.open_period(
            row,
            kind=PeriodKind(period.kind) if period.kind != PeriodKind.PAID else PeriodKind.CARRIED,
            plan=running.plan_of(row),
            starts_on=day,
            ends_on=period.ends_on,
            charged=0,
            carried=credited,
        )
    row.save()
    return looking.subscription(program_id=program_id, subscription_id=row.id)
