"""Money by the day: what of a period is earned, what is left, what a refund or a change is worth. Pure.

A period's amount is shared over its days by largest remainder: of 1000 over 31 days, the first 8 days earn 33, the
others 32. Sums over any cut are exact, because what is left is always the whole without what was earned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from regulars.kernel.errors import sure
from regulars.value.subscriptions.rules import calendar
from regulars.value.subscriptions.terms import Period, Plan, RefundRule, When, WhenUsed


def earned(amount: int, days: int, passed: int) -> int:
    """How much of a period's amount the first `passed` of its `days` days have earned.

    Equals the sum of the first parts of `money.spread(amount, [1] * days)`.

    >>> [earned(1000, 31, k) for k in (0, 1, 8, 9, 31, 40)]
    [0, 33, 264, 296, 1000, 1000]
    """
    sure(amount >= 0 and days >= 0 and passed >= 0, "amounts and days are not negative")
    if days == 0:
        return 0
    each, rest = divmod(amount, days)
    done = min(passed, days)
    return each * done + min(done, rest)


def left(period: Period, on: date) -> int:
    """What the days from `on` to the end of an open period are worth, minor units."""
    days = (period.ends_on - period.starts_on).days
    passed = max(0, (on - period.starts_on).days)
    return period.amount_minor - earned(period.amount_minor, days, passed)


def earned_before(period: Period, day: date) -> int:
    """What a period has earned before a day, with the correction of its closing. Minor units; may be negative.

    Nothing is earned before the day on which it was booked: a day that is over is not restated.
    """
    if day <= period.booked_on:
        return 0
    until = min(day, period.closed_on) if period.closed_on is not None else day
    days = (period.ends_on - period.starts_on).days
    total = earned(period.amount_minor, days, max(0, (until - period.starts_on).days))
    if period.closed_on is not None and period.closed_on < day:
        total += period.correction_minor
    return total


def correction(period: Period, on: date, *, refunded: int, credited: int) -> int:
    """What closing a period on a day books at once: what is left and goes nowhere; negative if more goes back."""
    return left(period, on) - refunded - credited


def affordable(starts_on: date, ends_on: date, price: int, credit: int) -> date:
    """The end (exclusive) of the whole days of a period that a credit pays for; at most the period's own.

    >>> affordable(date(2026, 6, 1), date(2026, 7, 1), 1500, 700).isoformat()
    '2026-06-15'
    """
    days = (ends_on - starts_on).days
    return starts_on + timedelta(days=min(days, days * credit // price))


def is_up(old: Plan, new: Plan) -> bool:
    """Whether a change of plan goes up: to a dearer day, or to more days at once."""
    days, more = calendar.usual_days(old.every), calendar.usual_days(new.every)
    return more > days or new.price_minor * days > old.price_minor * more


def change_when(old: Plan, new: Plan) -> When:
    """When a change takes effect, by the rules of the plan she has."""
    return old.up if is_up(old, new) else old.down


def going_on(period: Period, day: date) -> Period:
    """A period that rests, as it would go on from a day with what it left: as long as it had days, for its credit."""
    days = period.ends_on - (period.closed_on or period.ends_on)
    return replace(
        period,
        n=period.n + 1,
        starts_on=day,
        ends_on=day + days,
        amount_minor=period.credited_minor,
        carried_minor=period.credited_minor,
        payment_id=None,
        closed_on=None,
        closed_by=None,
        refunded_minor=0,
        credited_minor=0,
        correction_minor=0,
    )


def in_time(periods: Sequence[Period], *, rule: RefundRule, on: date) -> tuple[int, date | None]:
    """How much of the last period can still go back by the days of a rule, and since when it was bought.

    Args: periods: all of a subscription, by number.

    What a period carries over from another was bought when that one was: it goes back as long as it would have there.
    Returns: the amount, minor units, and the first day of its earliest part; None: the time is over for all of it.
    """
    last = periods[-1]
    parts = [(last.amount_minor - last.carried_minor, last.starts_on)] if last.payment_id is not None else []
    if last.carried_minor or not parts:
        parts.append((last.carried_minor, _bought_on(periods[:-1]) or last.starts_on))
    open_parts = [(amount, since) for amount, since in parts if (on - since).days < rule.within_days]
    if not open_parts:
        return 0, None
    return sum(amount for amount, _ in open_parts), min(since for _, since in open_parts)


def _bought_on(periods: Sequence[Period]) -> date | None:
    """The first day of the latest of these periods that was paid for; what only went on after it was no purchase."""
    return next((p.starts_on for p in reversed(periods) if p.amount_minor > p.carried_minor), None)


def refund_owed(
    *, rule: RefundRule, period: Period, on: date, whole: int, is_used: bool, used_minor: int
) -> tuple[int, str]:
    """What cancelling at once owes back of the running period in time, and by which rule (for the story).

    Args: whole: how much of it can go back at all (`in_time`). is_used, used_minor: whether benefits were used since
    it was bought, and what they cost.

    All of it, unless benefits were used: then nothing, or what they did not cost, or at most the days left.
    """
    if not is_used:
        return whole, "within_days"
    if rule.when_used is WhenUsed.DEDUCT:
        return max(0, whole - used_minor), "deduct"
    if rule.when_used is WhenUsed.PRORATED:
        return min(left(period, on), whole), "prorated"
    return 0, "used"
