"""When periods end: by months from an anchor day that is never forgotten, or by days. Pure."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

from regulars.value.subscriptions.terms import Every

LONGEST_DAYS = 3_660


def months_later(day: date, months: int) -> date:
    """The same day of a later month; its last day when it has no such day.

    >>> months_later(date(2026, 1, 31), 1).isoformat(), months_later(date(2026, 1, 31), 2).isoformat()
    ('2026-02-28', '2026-03-31')
    """
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def period_end(anchor: date, n: int, every: Every) -> date:
    """The end (exclusive) of the n-th period after the anchor day, n from 1.

    Counted from the anchor and not from the period before, so that 31 Jan is followed by 28 Feb and then 31 Mar.

    >>> [period_end(date(2024, 2, 29), n, Every(months=12)).isoformat() for n in (1, 4)]
    ['2025-02-28', '2028-02-29']
    """
    if every.months is not None:
        return months_later(anchor, n * every.months)
    return anchor + timedelta(days=n * (every.days or 1))


def usual_days(every: Every) -> int:
    """About how long a period is, for comparing prices of plans: a month counts 30.4375 days.

    Returns: ten-thousandths of a day.
    """
    return every.months * 304_375 if every.months is not None else (every.days or 1) * 10_000
