"""Ending a membership, at the end of what is paid or at once, keeping it after all, and giving money back."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from regulars.value.subscriptions.rules import money
from regulars.value.subscriptions.services import base, leaving, looking, running
from regulars.value.subscriptions.terms import (
    ClosedBy,
    EventKind,
    NotNow,
    OtherThanQuoted,
    PeriodKind,
    Quote,
    State,
    Subscription,
    TooMuchRefund,
    When,
)


def quote_cancel(*, program_id: int, subscription_id: UUID, when: When | None = None) -> Quote:
    """What cancelling today would give back and forfeit, and when it would end; nothing is changed.

    Raises: UnknownSubscription; NotNow.
    """
    return leaving.quote(looking.row_of(program_id=program_id, subscription_id=subscription_id), when)


@transaction.atomic
def cancel(
    *,
    program_id: int,
    subscription_id: UUID,
    reason: str,
    actor: str,
    when: When | None = None,
    refund_minor: int | None = None,
    agreed: str | None = None,
) -> Subscription:
    """End a membership. At once, what the refund rule owes goes back (`pursue` it after this commits).

    Args: when: None: as the plan says. refund_minor: another amount than the rule's, for staff, at once only.
    agreed: the digest of the quote that she has seen: exactly that is done, or nothing.
    What has no days left ends at once; what rests runs again first. A charge whose answer is not known keeps nobody:
    the membership ends, and what the charge came to is settled when the provider says it.
    Raises: UnknownSubscription; NotNow; OtherThanQuoted; TooMuchRefund; Busy.
    """
    row = base.held(program_id=program_id, subscription_id=subscription_id)
    told = leaving.quote(row, when)
    if agreed is not None and agreed != told.digest:
        raise OtherThanQuoted(
            when=told.when.value, refund_minor=told.refund_minor, forfeited_minor=told.forfeited_minor,
            quote=told.digest,
        )  # fmt: skip
    leaving.leave(row, told, cause="cancelled", reason=reason, actor=actor, refund_minor=refund_minor)
    return looking.subscription(program_id=program_id, subscription_id=row.id)


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
    if period is None or period.closed_on is not None:
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
