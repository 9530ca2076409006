"""Periods of quotas, celebrations, member days: as sql/periods.sql says them, which a test compares. Pure."""

from __future__ import annotations

from calendar import isleap, monthrange
from datetime import date, timedelta

from regulars.value.benefits.terms import Days, LeapDay, Period

LEAST_DAYS = 180  # between two gifts of the same sort, whatever happens to the date in between
_WEEK = timedelta(days=7)


def starts(period: Period, day: date, since: date) -> date | None:
    """The first day of the period that a day lies in; None for periods that have none.

    Args: since: the day that the membership began, from which its years are counted (29 February: on the 28th).
    """
    if period is Period.DAY:
        return day
    if period is Period.WEEK:
        return day - timedelta(days=day.isoweekday() - 1)
    if period is Period.MONTH:
        return day.replace(day=1)
    if period is Period.QUARTER:
        return day.replace(month=day.month - (day.month - 1) % 3, day=1)
    if period is Period.YEAR:
        return day.replace(month=1, day=1)
    if period is Period.MEMBERSHIP_YEAR:
        this = celebrated(since.month, since.day, day.year, LeapDay.FEB28)
        return this if this <= day else celebrated(since.month, since.day, day.year - 1, LeapDay.FEB28)
    return None


def ends(period: Period, first: date, since: date) -> date | None:
    """The first day after the period that begins on `first`; None for periods that have no end."""
    if period is Period.DAY:
        return first + timedelta(days=1)
    if period is Period.WEEK:
        return first + _WEEK
    if period is Period.MONTH:
        return months_later(first, 1)
    if period is Period.QUARTER:
        return months_later(first, 3)
    if period is Period.YEAR:
        return months_later(first, 12)
    if period is Period.MEMBERSHIP_YEAR:
        return celebrated(since.month, since.day, first.year + 1, LeapDay.FEB28)
    return None


def months_later(first: date, months: int) -> date:
    """The first of a month so many months later."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)


def celebrated(month: int, day: int, year: int, leap_day: LeapDay) -> date:
    """The day on which a month and day is celebrated in a year."""
    if (month, day) == (2, 29) and not isleap(year):
        return date(year, 3, 1) if leap_day is LeapDay.MAR1 else date(year, 2, 28)
    return date(year, month, day)


def occasion(month: int, day: int, *, before: int, after: int, leap_day: LeapDay, on: date) -> date | None:
    """The celebration whose window a day lies in, the later of two that overlap; None outside all of them.

    Args: before, after: how many days the window has on each side of the celebration.
    """
    found = [
        c
        for year in (on.year + 1, on.year, on.year - 1)
        for c in [celebrated(month, day, year, leap_day)]
        if c - timedelta(days=before) <= on <= c + timedelta(days=after)
    ]
    return found[0] if found else None


def is_member_day(days: Days | None, on: date) -> bool:
    """Whether a day is a member day."""
    if days is None or on in days.dates:
        return True
    if not days.of_month and not days.weekdays:
        return False
    is_last = on.day + 7 > monthrange(on.year, on.month)[1]
    return (
        (not days.of_month or on.day in days.of_month)
        and (not days.weekdays or on.isoweekday() in days.weekdays)
        and (not days.nth or (on.day + 6) // 7 in days.nth or (is_last and -1 in days.nth))
    )


def next_member_day(days: Days, after: date) -> date | None:
    """The next member day on or after a day, within two years."""
    return next((d for n in range(731) for d in [after + timedelta(days=n)] if is_member_day(days, d)), None)


def arrives(wanted: date, last: date | None) -> date:
    """When a yearly gift arrives: on its day, but never sooner after the one before than half a year."""
    return wanted if last is None else max(wanted, last + timedelta(days=LEAST_DAYS))
