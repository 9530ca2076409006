"""Periods opened and closed, dunning, and the end: what happens to a subscription that is under lock."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from regulars.kernel import clock, ids
from regulars.kernel.outbox import announce
from regulars.value.subscriptions.models import PaymentRow, PeriodRow, RefundRow, SeatRow, SubscriptionRow
from regulars.value.subscriptions.rules import money
from regulars.value.subscriptions.services import base, document, granting
from regulars.value.subscriptions.terms import (
    ClosedBy,
    EventKind,
    PaymentFailed,
    PaymentState,
    PeriodKind,
    Plan,
    RefundState,
    Renews,
    SeatState,
    State,
    SubscriptionEnded,
    TooMuchRefund,
)

SLACK = timedelta(days=1)  # a renewal that is a little late does not blink
SYSTEM = "system:subscriptions"


def plan_of(row: SubscriptionRow) -> Plan:
    """The plan whose terms hold for a subscription."""
    return document.plan(program_id=row.program_id, key=row.plan, version=row.version)


def next_plan(row: SubscriptionRow) -> Plan:
    """The plan of the next period: the one she asked for, the one as it is now, or the one agreed."""
    agreed = plan_of(row)
    if row.next_plan:
        return document.plan_or_none(program_id=row.program_id, key=row.next_plan) or agreed
    if agreed.renews is Renews.CURRENT:
        return document.plan_or_none(program_id=row.program_id, key=row.plan) or agreed
    return agreed


def open_period(
    row: SubscriptionRow,
    *,
    kind: PeriodKind,
    plan: Plan,
    starts_on: date,
    ends_on: date,
    charged: int,
    carried: int = 0,
    payment: PaymentRow | None = None,
) -> PeriodRow:
    """Begin the next period; what is carried comes out of the credit."""
    row.period_n += 1
    row.credit_minor -= carried
    return PeriodRow.objects.create(
        subscription_id=row.id,
        n=row.period_n,
        program_id=row.program_id,
        kind=kind,
        plan=plan.key,
        version=plan.version,
        starts_on=starts_on,
        ends_on=ends_on,
        booked_on=base.today(row.program_id),
        amount_minor=charged + carried,
        carried_minor=carried,
        payment=payment,
    )


def close_period(
    row: SubscriptionRow, period: PeriodRow, *, on: date, by: ClosedBy, refunded: int = 0, credited: int = 0
) -> None:
    """End a period on a day: what is left goes back, into the credit, or is booked at once as earned."""
    period.correction_minor = money.correction(base.period_of(period), on, refunded=refunded, credited=credited)
    period.closed_on, period.closed_by = on, by
    period.refunded_minor, period.credited_minor = refunded, credited
    period.save(update_fields=["correction_minor", "closed_on", "closed_by", "refunded_minor", "credited_minor"])
    row.credit_minor += credited


def set_running(row: SubscriptionRow, state: State, period: PeriodRow, *, actor: str) -> None:
    """The subscription runs in a period: what it gives reaches to its end, and a little further if it renews."""
    row.state = state
    row.paused_until = row.waits_since = None
    ends_at = base.midnight(row.program_id, period.ends_on)
    row.next_due_at = ends_at
    will_renew = row.renews and state is not State.CANCELLED
    row.notice_at = _notice_at(row, period) if state is not State.CANCELLED else None
    granting.cover(row, plan_of(row), ends_at + SLACK if will_renew else ends_at, actor=actor)


def _notice_at(row: SubscriptionRow, period: PeriodRow) -> datetime | None:
    """When she is told of the period's end: as many days ahead as the plan says, but at most half the period."""
    days = min(plan_of(row).notice_days, (period.ends_on - period.starts_on).days // 2)
    return base.midnight(row.program_id, period.ends_on - timedelta(days=days)) if days else None


def end(row: SubscriptionRow, cause: str, *, actor: str) -> None:
    """The subscription is over: nothing is given any more, and a credit that is left is booked as earned."""
    if row.period_n:
        granting.uncover(row, plan_of(row), actor=actor)
    now = clock.now()
    if row.credit_minor:
        day = base.today(row.program_id)
        rest = open_period(
            row,
            kind=PeriodKind.CARRIED,
            plan=plan_of(row),
            starts_on=day,
            ends_on=day,
            charged=0,
            carried=row.credit_minor,
        )
        close_period(row, rest, on=day, by=ClosedBy.END)
    SeatRow.objects.filter(subscription_id=row.id, state__in=(SeatState.JOINED, SeatState.INVITED)).update(
        state=SeatState.LEFT, since=now
    )
    row.state, row.ended_at, row.end_cause = State.ENDED, now, cause
    row.next_due_at = row.notice_at = row.paused_until = row.waits_since = row.covered_until = None
    row.seats, row.method = 0, None
    row.save()
    base.tell(row, EventKind.ENDED, actor, cause=cause)
    announce(
        SubscriptionEnded(subscription_id=row.id, member_id=row.member_id, plan=row.plan, cause=cause),
        program_id=row.program_id,
        member_id=row.member_id,
    )


def declined(row: SubscriptionRow, reason: str) -> None:
    """A renewal was declined: try again on the days of dunning, let the grace run, or end."""
    plan, period = plan_of(row), base.last_period(row)
    row.tries += 1
    due, day = period.ends_on, base.today(row.program_id)
    grace_ends = due + timedelta(days=plan.grace_days)
    has_more = row.tries <= len(plan.dunning)
    next_try = max(due + timedelta(days=plan.dunning[row.tries - 1]), day + timedelta(days=1)) if has_more else None
    base.tell(row, EventKind.DECLINED, SYSTEM, reason=reason, tries=row.tries, next_try_on=next_try)
    if next_try is None and day >= grace_ends:
        _announce_failure(row, reason, None, None)
        end(row, "unpaid", actor=SYSTEM)
        return
    _announce_failure(row, reason, next_try, grace_ends)
    _set_past_due(row, plan, grace_ends, next_try or grace_ends)
    row.save()


def unreachable(row: SubscriptionRow) -> None:
    """Nobody knows yet whether a renewal was paid: she keeps what she has through the grace."""
    plan, period = plan_of(row), base.last_period(row)
    grace_ends = period.ends_on + timedelta(days=plan.grace_days)
    _set_past_due(row, plan, grace_ends, grace_ends)
    row.save()


def _set_past_due(row: SubscriptionRow, plan: Plan, grace_ends: date, next_on: date) -> None:
    if row.state != State.PAST_DUE:
        row.state = State.PAST_DUE
        base.tell(row, EventKind.PAST_DUE, SYSTEM, until=grace_ends)
    row.next_due_at, row.notice_at = base.midnight(row.program_id, next_on), None
    granting.cover(row, plan, base.midnight(row.program_id, grace_ends), actor=SYSTEM)


def _announce_failure(row: SubscriptionRow, reason: str, next_try: date | None, until: date | None) -> None:
    news = PaymentFailed(
        subscription_id=row.id,
        member_id=row.member_id,
        plan=row.plan,
        reason=reason,
        tries=row.tries,
        next_try_on=next_try,
        benefits_until=until,
    )
    announce(news, program_id=row.program_id, member_id=row.member_id)


def give_back(row: SubscriptionRow, amount: int, *, reason: str, actor: str) -> list[RefundRow]:
    """Mean to give money back, from the latest payments that still have some; the provider is asked afterwards.

    Raises: TooMuchRefund.
    """
    made, left = [], amount
    for payment in base.payments_of(row):
        part = min(left, payment.amount_minor - payment.refunded_minor)
        if payment.state != PaymentState.PAID or part <= 0:
            continue
        made.append(refund_of(payment, part, reason=reason, actor=actor))
        left -= part
    if left:
        raise TooMuchRefund(left_minor=amount - left)
    if amount:
        base.tell(row, EventKind.REFUNDED, actor, amount_minor=amount, reason=reason)
    return made


def refund_of(payment: PaymentRow, amount: int, *, reason: str, actor: str) -> RefundRow:
    """Mean to give back a part of one payment; P6 keeps it within what was paid."""
    PaymentRow.objects.filter(pk=payment.pk).update(refunded_minor=payment.refunded_minor + amount)
    payment.refunded_minor += amount
    return refund_row(payment, amount, reason=reason, actor=actor)


def refund_row(payment: PaymentRow, amount: int, *, reason: str, actor: str) -> RefundRow:
    """Write that a part of a payment, which counts it as given back already, shall go back."""
    return RefundRow.objects.create(
        id=ids.new_id(),
        program_id=payment.program_id,
        payment=payment,
        amount_minor=amount,
        state=RefundState.INTENDED,
        reason=reason,
        actor=actor,
        created_at=clock.now(),
        booked_on=base.today(payment.program_id),
    )


def fit_seats(row: SubscriptionRow, plan: Plan, *, actor: str) -> None:
    """As many guests as the plan allows: who came last leaves first."""
    over = SeatRow.objects.filter(subscription_id=row.id, state__in=(SeatState.JOINED, SeatState.INVITED))
    for seat in over.order_by("-since", "-id")[: max(0, row.seats - plan.guests)]:
        if seat.state == SeatState.JOINED:
            granting.take(row, plan_of(row), seat.member_id, actor=actor, is_guest=True)
        seat.state, seat.since = SeatState.REMOVED, clock.now()
        seat.save(update_fields=["state", "since"])
        row.seats -= 1
        base.tell(row, EventKind.REMOVED, actor, member=str(seat.member_id))
    row.most_seats = plan.guests


def told(row: SubscriptionRow, news: Any) -> None:
    """Announce news of a subscription."""
    announce(news, program_id=row.program_id, member_id=row.member_id)
