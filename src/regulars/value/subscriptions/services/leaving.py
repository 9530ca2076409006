"""How a membership would end today, and ending it just so: what goes back, what is forfeited, what is not settled."""

from __future__ import annotations

from datetime import date

from regulars.kernel import clock
from regulars.value.subscriptions.models import PaymentRow, SubscriptionRow
from regulars.value.subscriptions.rules import leaving, money
from regulars.value.subscriptions.services import base, benefited, lasting, pausing, running
from regulars.value.subscriptions.terms import (
    ClosedBy,
    EventKind,
    Forfeit,
    NotNow,
    PaymentKind,
    Period,
    PeriodKind,
    Quote,
    State,
    SubscriptionCancelled,
    TooMuchRefund,
    Unsettled,
    When,
)

GOES_BACK, BY_RULE, RUNS = "goes_back", "by_rule", "runs"


def quote(row: SubscriptionRow, when: When | None) -> Quote:
    """What ending a membership comes to today. Args: when: None: as its plan says.

    What has no days left ends at once, whatever was asked for, unless a charge that is not settled may pay for some.
    Raises: NotNow when it has ended.
    """
    if row.state == State.ENDED:
        raise NotNow("A subscription that is ended cannot be cancelled.", state=row.state)
    at = when or running.plan_of(row).cancel
    payment = base.open_payment(row)
    if row.period_n and at is When.PERIOD_END:
        if payment is not None and payment.kind == PaymentKind.RENEWAL and base.is_covered(row):
            unsettled = Unsettled(
                amount_minor=payment.amount_minor,
                then=RUNS,
                until=date.fromisoformat(payment.terms["ends_on"]),
            )
            return leaving.named(Quote(when=at, unsettled=unsettled))
        lost: tuple[Forfeit, ...] = ()
        on, rest = lasting.paid_until(row)
        if on > base.today(row.program_id):
            if rest:
                lost = (Forfeit(what="credit", amount_minor=rest, why="less_than_a_day"),)
            return leaving.named(Quote(when=at, on=on, forfeits=lost, unsettled=_unsettled(row, payment)))
    owed, case, left, credit = _owed(row) if row.period_n else (0, "", 0, 0)
    lost = leaving.forfeited(
        rule=running.plan_of(row).refund, case=case, left_minor=left, refund_minor=owed, credit_minor=credit
    )
    day = base.today(row.program_id)
    told = Quote(
        when=When.AT_ONCE, on=day, refund_minor=owed, rule=case, forfeits=lost, unsettled=_unsettled(row, payment)
    )
    return leaving.named(told)


def _unsettled(row: SubscriptionRow, payment: PaymentRow | None) -> Unsettled | None:
    """What becomes of a charge that is not settled: of what was never given all goes back."""
    if payment is None:
        return None
    amount = payment.amount_minor
    if payment.kind != PaymentKind.RENEWAL or not base.is_covered(row):
        return Unsettled(amount_minor=amount, then=GOES_BACK, refund_minor=amount)
    bought = Period(
        n=payment.n,
        kind=PeriodKind.PAID,
        plan=payment.terms["plan"],
        version=payment.terms["version"],
        starts_on=date.fromisoformat(payment.terms["starts_on"]),
        ends_on=date.fromisoformat(payment.terms["ends_on"]),
        booked_on=base.today(row.program_id),
        amount_minor=amount,
        payment_id=payment.id,
    )
    return Unsettled(amount_minor=amount, then=BY_RULE, refund_minor=_by_rule(row, [bought])[0])


def _owed(row: SubscriptionRow) -> tuple[int, str, int, int]:
    """What the refund rule owes of the running period today (of one that rests: as if it ran), and by which case.

    A period that goes on with what another one left (after a pause, a kindness, a change of plan) opens no new time
    to have that back: the days are counted from when it was bought.
    Returns: also what its days left are worth, and the credit beside it.
    """
    found = [base.period_of(p) for p in base.periods(row)]
    day, credit = base.today(row.program_id), row.credit_minor
    if row.state == State.PAUSED and found[-1].closed_on is not None:
        credit -= found[-1].credited_minor
        found.append(money.going_on(found[-1], day))
    period = found[-1]
    if period.closed_on is not None or day >= period.ends_on:
        return 0, "after_days", 0, credit
    owed, case = _by_rule(row, found)
    return owed, case, money.left(period, day), credit


def _by_rule(row: SubscriptionRow, periods: list[Period]) -> tuple[int, str]:
    rule, day = running.plan_of(row).refund, base.today(row.program_id)
    whole, since = money.in_time(periods, rule=rule, on=day)
    if since is None:
        return 0, "after_days"
    times, cost = benefited.used_in(row, since=since)
    return money.refund_owed(rule=rule, period=periods[-1], on=day, whole=whole, is_used=times > 0, used_minor=cost)


def leave(
    row: SubscriptionRow, told: Quote, *, cause: str, reason: str, actor: str, refund_minor: int | None = None
) -> None:
    """End a membership under lock as it was quoted. Args: refund_minor: another amount than the rule's.

    It is taken at once, also while nobody knows whether a charge was paid: that is settled when its answer comes.
    Raises: TooMuchRefund.
    """
    payment = base.open_payment(row)
    if row.state == State.PAUSED and base.last_period(row).closed_on is not None:
        pausing.run_again(row, actor=actor)
    base.tell(row, EventKind.CANCELLED, actor, reason=reason, ends_on=told.on, when=told.when.value)
    running.told(
        row,
        SubscriptionCancelled(
            subscription_id=row.id, member_id=row.member_id, ends_on=told.on or base.today(row.program_id)
        ),
    )
    if payment is not None and told.unsettled is not None:
        _let_go(row, payment, told.unsettled, actor)
    if told.when is When.AT_ONCE:
        _end_now(row, told.refund_minor if refund_minor is None else refund_minor, cause, reason, actor)
        return
    row.next_plan = None
    last = base.last_period(row)
    if base.today(row.program_id) < last.ends_on:
        running.set_running(row, State.CANCELLED, last, actor=actor)
        row.save()
    elif told.unsettled is not None and told.unsettled.then == RUNS:
        row.state, row.notice_at, row.next_due_at = State.CANCELLED, None, row.next_due_at or clock.now()
        row.save()
    elif not lasting.run_on_credit(row, actor=actor):
        running.end(row, cause, actor=actor)


def _let_go(row: SubscriptionRow, payment: PaymentRow, what: Unsettled, actor: str) -> None:
    """Write what becomes of the charge when its answer comes; it is not sent any more (`base.bar`)."""
    if what.then == GOES_BACK:
        payment.withdrawn_at = clock.now()
        payment.save(update_fields=["withdrawn_at"])
        base.tell(row, EventKind.WITHDRAWN, actor, amount_minor=payment.amount_minor)
    elif what.then == BY_RULE:
        payment.terms = {**payment.terms, "back": what.refund_minor}
        payment.save(update_fields=["terms"])


def _end_now(row: SubscriptionRow, owed: int, cause: str, reason: str, actor: str) -> None:
    period, day = base.last_period(row) if row.period_n else None, base.today(row.program_id)
    if period is not None and period.closed_on is None and day < period.ends_on:
        if owed > period.amount_minor:
            raise TooMuchRefund(left_minor=period.amount_minor)
        running.give_back(row, owed, reason=reason, actor=actor)
        running.close_period(row, period, on=day, by=ClosedBy.CANCEL, refunded=owed)
    elif owed:
        raise TooMuchRefund(left_minor=0)
    running.end(row, cause, actor=actor)
