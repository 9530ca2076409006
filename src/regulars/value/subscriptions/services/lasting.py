"""How long what is paid lasts: a credit too is paid, and a membership that was cancelled runs until it is used up."""

from __future__ import annotations

from datetime import date

from regulars.value.subscriptions.models import SubscriptionRow
from regulars.value.subscriptions.rules import calendar, money
from regulars.value.subscriptions.services import base, running
from regulars.value.subscriptions.terms import EventKind, PeriodKind, State


def paid_until(row: SubscriptionRow) -> tuple[date, int]:
    """The day (exclusive) to which a membership runs that takes no more money: its period, then what its credit pays.

    Of one that rests: as if it ran from today. Returns: the day, and what is left of the credit and pays for no day.
    """
    plan, last, day = running.plan_of(row), base.last_period(row), base.today(row.program_id)
    ends_on, credit = last.ends_on, row.credit_minor
    if row.state == State.PAUSED and last.closed_on is not None:
        ends_on, credit = day + (ends_on - last.closed_on), credit - last.credited_minor
    elif day > ends_on and not base.is_covered(row):
        ends_on = day
    while credit > 0 and plan.price_minor > 0:
        until = money.affordable(ends_on, calendar.period_end(ends_on, 1, plan.every), plan.price_minor, credit)
        if until == ends_on:
            break
        ends_on, credit = until, max(0, credit - plan.price_minor)
    return ends_on, credit


def run_on_credit(row: SubscriptionRow, *, actor: str) -> bool:
    """Let a cancelled membership under lock run on with what its credit pays for; False when that pays for no day."""
    plan, day = running.plan_of(row), base.today(row.program_id)
    starts_on = base.last_period(row).ends_on
    if day > starts_on and not base.is_covered(row):
        starts_on = day
    if not row.credit_minor or not plan.price_minor:
        return False
    whole = calendar.period_end(starts_on, 1, plan.every)
    ends_on = money.affordable(starts_on, whole, plan.price_minor, row.credit_minor)
    if ends_on == starts_on:
        return False
    period = running.open_period(
        row,
        kind=PeriodKind.CARRIED,
        plan=plan,
        starts_on=starts_on,
        ends_on=ends_on,
        charged=0,
        carried=min(row.credit_minor, plan.price_minor),
    )
    row.anchor_on, row.anchor_n = ends_on, 0
    running.set_running(row, State.CANCELLED, period, actor=actor)
    row.save()
    base.tell(row, EventKind.RENEWED, actor, plan=plan.key, until=ends_on, amount_minor=0)
    return True
