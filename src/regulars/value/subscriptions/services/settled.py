"""Charges that nobody wants any more, or not now: which are not sent, and what follows if one was paid after all."""

from __future__ import annotations

from regulars.value.subscriptions.models import PaymentRow, SubscriptionRow
from regulars.value.subscriptions.services import base, lasting, running
from regulars.value.subscriptions.terms import ClosedBy, EventKind, PaymentState, PeriodKind


def bar(payment: PaymentRow) -> str:
    """Why a payment is not asked for although it was meant: it was cancelled, she has left, she is suspended."""
    if payment.withdrawn_at is not None:
        return "cancelled"
    if payment.method is None:  # she who would pay was forgotten
        return "no_method"
    row = payment.subscription
    return base.bar(row) if row is not None else ""


def withdrawn(row: SubscriptionRow, payment: PaymentRow) -> None:
    """A charge that was withdrawn is settled: if it was paid, all of it goes back. It opens no period.

    Args: payment: settled already, and counted as given back by who settled it.
    """
    if payment.state != PaymentState.PAID:
        base.tell(row, EventKind.DECLINED, running.SYSTEM, reason=payment.reason)
        return
    running.refund_row(payment, payment.amount_minor, reason="withdrawn", actor=running.SYSTEM)
    base.tell(row, EventKind.REFUNDED, running.SYSTEM, amount_minor=payment.amount_minor, reason="withdrawn")


def after_the_end(row: SubscriptionRow, payment: PaymentRow) -> None:
    """A renewal is settled whose membership was ended at once meanwhile: if it was paid, what was told goes back.

    The books have it on the day on which it became known: a period without days, of which the rest is earned.
    """
    if payment.state != PaymentState.PAID:
        return
    day, back = base.today(row.program_id), int(payment.terms.get("back", payment.amount_minor))
    period = running.open_period(
        row,
        kind=PeriodKind.PAID,
        plan=running.plan_of(row),
        starts_on=day,
        ends_on=day,
        charged=payment.amount_minor,
        payment=payment,
    )
    running.give_back(row, back, reason="cancelled", actor=running.SYSTEM)
    running.close_period(row, period, on=day, by=ClosedBy.CANCEL, refunded=back)
    row.save()


def not_paid(row: SubscriptionRow) -> None:
    """A renewal was not paid whose membership was cancelled meanwhile: it runs on its credit, or it is over."""
    if not lasting.run_on_credit(row, actor=running.SYSTEM):
        running.end(row, "cancelled", actor=running.SYSTEM)
