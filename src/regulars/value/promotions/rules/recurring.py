"""Days that recur: the recurrence rules of RFC 5545, by day. No rule, however strange, takes long to ask."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_BY_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)\Z", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,5}\Z", re.ASCII)
_UNTIL = re.compile(r"(\d{4})(\d{2})(\d{2})(T\d{6}Z?)?\Z", re.ASCII)
_BOUNDS = {"BYMONTH": (1, 12), "BYMONTHDAY": (-31, 31), "BYYEARDAY": (-366, 366), "BYSETPOS": (-366, 366)}
_MOST_PERIODS = 40_000  # a century of days
_DAY = timedelta(days=1)


class Recurrence(NamedTuple):
    """A rule taken apart. `by_day` has (n, weekday): the n-th such day of its period, or every one for n = 0."""

    frequency: str
    interval: int = 1
    times: int | None = None
    until: date | None = None
    by_month: tuple[int, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_year_day: tuple[int, ...] = ()
    by_day: tuple[tuple[int, int], ...] = ()
    by_set_pos: tuple[int, ...] = ()
    week_start: int = 0

    @property
    def needs_start(self) -> bool:
        """Whether its days depend on the day that it starts on."""
        if self.interval > 1 or self.times is not None:
            return True
        fixed = self.by_month_day or self.by_year_day or self.by_day
        return self.frequency != "DAILY" and not fixed


@lru_cache(maxsize=4_096)
def parse(text: str) -> Recurrence:
    """Take a rule apart: `FREQ=MONTHLY;BYDAY=1FR`. Days only: what speaks of hours, and BYWEEKNO, is refused.

    Raises: ValueError with what is wrong.

    >>> parse("FREQ=WEEKLY;BYDAY=MO,WE").by_day
    ((0, 0), (0, 2))
    """
    said: dict[str, str] = {}
    for part in text.removeprefix("RRULE:").split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value:
            raise ValueError(f"{part!r} is not NAME=VALUE")
        if name in said:
            raise ValueError(f"{name} is said twice")
        said[name] = value
    frequency = said.pop("FREQ", "")
    if frequency not in FREQUENCIES:
        raise ValueError(f"FREQ must be one of {', '.join(FREQUENCIES)}")
    count = said.pop("COUNT", None)
    until = said.pop("UNTIL", None)
    if count and until:
        raise ValueError("COUNT and UNTIL exclude each other")
    week_start = said.pop("WKST", "MO")
    if week_start not in DAYS:
        raise ValueError(f"WKST must be one of {', '.join(DAYS)}")
    found = Recurrence(
        frequency=frequency,
        interval=_numbers(said.pop("INTERVAL", "1"), "INTERVAL", 1, 1_000)[0],
        times=_numbers(count, "COUNT", 1, 10_000)[0] if count else None,
        until=_until(until) if until else None,
        by_month=_list(said, "BYMONTH"),
        by_month_day=_list(said, "BYMONTHDAY"),
        by_year_day=_list(said, "BYYEARDAY"),
        by_day=_by_day(said.pop("BYDAY", ""), frequency),
        by_set_pos=_list(said, "BYSETPOS"),
        week_start=DAYS.index(week_start),
    )
    if said:
        raise ValueError(f"{', '.join(sorted(said))}: not known here; days recur, hours have a field of their own")
    return found


def occurs(rule: Recurrence, start: date, day: date) -> bool:
    """Whether a day is one of the rule's, which begins to count on `start`."""
    if day < start or (rule.until is not None and day > rule.until):
        return False
    if day not in _days_of(rule, start, _period_of(rule, day)):
        return False
    if rule.times is None:
        return True
    last = _last(rule, start)
    return last is None or day <= last


def _numbers(text: str, name: str, least: int, most: int) -> tuple[int, ...]:
    values = []
    for part in text.split(","):
        if not _NUMBER.match(part) or not least <= int(part) <= most or int(part) == 0:
            raise ValueError(f"{name}={part} must be a number from {least} to {most}, not 0")
        values.append(int(part))
    return tuple(values)


def _list(said: dict[str, str], name: str) -> tuple[int, ...]:
    text = said.pop(name, None)
    return _numbers(text, name, *_BOUNDS[name]) if text else ()


def _by_day(text: str, frequency: str) -> tuple[tuple[int, int], ...]:
    found = []
    for part in text.split(",") if text else ():
        match = _BY_DAY.match(part)
        if match is None:
            raise ValueError(f"BYDAY={part} must be MO to SU, or the n-th of a month: 1FR, -1SU")
        n = int(match.group(1) or 0)
        if n and (frequency not in ("MONTHLY", "YEARLY") or abs(n) > 53):
            raise ValueError(f"BYDAY={part}: the n-th weekday is of a month or a year")
        found.append((n, DAYS.index(match.group(2))))
    return tuple(found)


def _until(text: str) -> date:
    match = _UNTIL.match(text)
    if match is None:
        raise ValueError("UNTIL must be a day as 20261231")
    return date(int(match.group(1)), int(match.group(2)), int(match.group(3)))


def _period_of(rule: Recurrence, day: date) -> int:
    """The number of the day's period, counted from the beginning of the calendar."""
    if rule.frequency == "YEARLY":
        return day.year
    if rule.frequency == "MONTHLY":
        return day.year * 12 + day.month - 1
    if rule.frequency == "WEEKLY":
        return (day.toordinal() - 1 - rule.week_start) // 7
    return day.toordinal()


def _every_day(rule: Recurrence, period: int) -> list[date]:
    if rule.frequency == "YEARLY":
        first, after = date(period, 1, 1), date(period + 1, 1, 1)
    elif rule.frequency == "MONTHLY":
        first, after = date(period // 12, period % 12 + 1, 1), date((period + 1) // 12, (period + 1) % 12 + 1, 1)
    elif rule.frequency == "WEEKLY":
        first = date.fromordinal(max(1, period * 7 + 1 + rule.week_start))
        after = first + 7 * _DAY
    else:
        return [date.fromordinal(period)]
    return [date.fromordinal(n) for n in range(first.toordinal(), after.toordinal())]


@lru_cache(maxsize=16_384)
def _days_of(rule: Recurrence, start: date, period: int) -> frozenset[date]:
    """The rule's days within a period (a year, month, week or day), before COUNT, UNTIL and start."""
    if (period - _period_of(rule, start)) % rule.interval:
        return frozenset()
    months, month_days, week_days = rule.by_month, rule.by_month_day, rule.by_day
    if not (rule.by_year_day or month_days or week_days):
        if rule.frequency == "YEARLY":
            months, month_days = months or (start.month,), (start.day,)
        elif rule.frequency == "MONTHLY":
            month_days = (start.day,)
        elif rule.frequency == "WEEKLY":
            week_days = ((0, start.weekday()),)
    is_of_year = rule.frequency == "YEARLY" and not months
    found = [
        day
        for day in _every_day(rule, period)
        if (not months or day.month in months)
        and (not month_days or _is_nth(day.day, _month_length(day), month_days))
        and (not rule.by_year_day or _is_nth(day.timetuple().tm_yday, _year_length(day), rule.by_year_day))
        and (not week_days or any(_is_week_day(day, n, weekday, is_of_year) for n, weekday in week_days))
    ]
    if rule.by_set_pos:
        size = len(found)
        wanted = {p - 1 if p > 0 else size + p for p in rule.by_set_pos}
        found = [day for n, day in enumerate(found) if n in wanted]
    return frozenset(found)


def _is_nth(n: int, length: int, wanted: tuple[int, ...]) -> bool:
    return n in wanted or n - length - 1 in wanted


def _month_length(day: date) -> int:
    return (date(day.year + day.month // 12, day.month % 12 + 1, 1) - _DAY).day


def _year_length(day: date) -> int:
    return date(day.year, 12, 31).timetuple().tm_yday


def _is_week_day(day: date, n: int, weekday: int, is_of_year: bool) -> bool:
    if day.weekday() != weekday:
        return False
    if n == 0:
        return True
    place, length = day.day, _month_length(day)
    if is_of_year:
        place, length = day.timetuple().tm_yday, _year_length(day)
    return (place - 1) // 7 + 1 == n or -((length - place) // 7 + 1) == n


@lru_cache(maxsize=1_024)
def _last(rule: Recurrence, start: date) -> date | None:
    """The day of the last occurrence that COUNT allows; None when a century does not reach it."""
    left = rule.times or 0
    first = _period_of(rule, start)
    for period in range(first, first + _MOST_PERIODS, rule.interval):
        if rule.frequency == "YEARLY" and period > start.year + 120:
            return None
        days = sorted(d for d in _days_of.__wrapped__(rule, start, period) if d >= start)
        if len(days) >= left:
            return days[left - 1]
        left -= len(days)
    return None
