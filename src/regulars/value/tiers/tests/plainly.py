"""The walk of a ladder as one would do it by hand, midnight by midnight: what the stored function must agree with."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from regulars.kernel import clock
from regulars.value.tiers.terms import Downgrade, Ladder, Match, Upgrade, ValidTo, WindowKind

Fact = tuple[datetime, str, int]  # when, which measure, how much


def later(day: date, months: int) -> date:
    """So many months later; a day that the month lacks is its last one."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def birthday(joined: date, day: date) -> date:
    """The last anniversary of joining that is not after a day."""
    years = day.year - joined.year
    found = later(joined, 12 * years)
    return found if found <= day else later(joined, 12 * (years - 1))


def next_birthday(joined: date, day: date, more: int = 1) -> date:
    last = birthday(joined, day)
    years = last.year - joined.year
    return later(joined, 12 * (years + more))


@dataclass
class Walk:
    """A member on her way; `step` takes her over one instant."""

    ladder: Ladder
    zone: str
    joined: date
    facts: list[Fact]
    place: int = 0
    anchor: date | None = None
    valid: date | None = None
    grace: date | None = None

    def day(self, at: datetime) -> date:
        return at.astimezone(ZoneInfo(self.zone)).date()

    def counts(self, fact_day: date, day: date) -> bool:
        """Whether a fact of one day still counts on another."""
        kind = self.ladder.window
        if kind is WindowKind.CALENDAR_YEAR:
            return fact_day.year == day.year
        if kind is WindowKind.ANNIVERSARY:
            return birthday(self.joined, fact_day) == birthday(self.joined, day)
        if kind is WindowKind.ROLLING:
            return later(fact_day, self.ladder.window_months) > day
        return True

    def amounts(self, day: date, upto: datetime, *, inclusive: bool, since: date | None = None) -> dict[str, int]:
        sums = dict.fromkeys(self.ladder.measures, 0)
        for at, unit, amount in self.facts:
            there = self.day(at)
            is_in = there >= since if since else self.counts(there, day)
            if is_in and (at <= upto if inclusive else at < upto):
                sums[unit] += amount
        return sums

    def reached(self, sums: dict[str, int], *, keep: bool = False, below: int | None = None) -> int:
        for place in range((below or len(self.ladder.levels)) - 1, 0, -1):
            level = self.ladder.levels[place]
            asked = level.keep if keep else level.enter
            met = [sums[u] >= asked[u] for u in asked]
            if met and (all(met) if self.ladder.match is Match.ALL else any(met)):
                return place
        return 0

    def end(self, judged: date, anchor: date, *, again: bool = False) -> date | None:
        v = self.ladder.validity
        if v is None or self.ladder.downgrade is Downgrade.NEVER:
            return None
        years = max(v.years, 1) if again else v.years
        if v.months:
            n = 1
            while later(anchor, n * v.months) <= judged + timedelta(days=1):
                n += 1
            return later(anchor, n * v.months)
        if v.to is ValidTo.YEAR_END:
            return date(judged.year + years + 1, 1, 1)
        return next_birthday(self.joined, judged, years + 1)

    def begins(self, day: date) -> bool:
        if self.ladder.window is WindowKind.CALENDAR_YEAR:
            return (day.month, day.day) == (1, 1)
        if self.ladder.window is WindowKind.ANNIVERSARY:
            return birthday(self.joined, day) == day
        return day.day == 1

    def rise(self, place: int, day: date) -> None:
        self.place, self.anchor, self.grace = place, day, None
        self.valid = self.end(day, day)

    def midnight(self, day: date) -> None:
        """What happens as a day begins."""
        at = clock.day_starts(day, self.zone)
        yesterday = day - timedelta(days=self.ladder.window is not WindowKind.ROLLING)
        continuous = self.ladder.validity is None
        never = self.ladder.downgrade is Downgrade.NEVER
        judged = (self.valid or day) - timedelta(days=1)
        since = None
        if self.grace and self.ladder.window in (WindowKind.CALENDAR_YEAR, WindowKind.ANNIVERSARY) and not continuous:
            since = date(judged.year, 1, 1) if self.ladder.window is WindowKind.CALENDAR_YEAR else None
            since = since or birthday(self.joined, judged)
        if continuous:
            sums = self.amounts(day, at, inclusive=True)
        else:
            sums = self.amounts(yesterday, at, inclusive=False, since=since)
        kept = max(self.reached(sums, keep=True), self.reached(sums)) >= self.place
        falls = False
        is_due = day == (self.grace or self.valid) or (continuous and not self.grace and not kept)
        if self.place and not never and is_due:
            if kept:
                self.grace = None
                self.valid = self.end(judged, self.anchor, again=True) if not continuous else None
            elif self.grace is None and self.ladder.grace_days:
                self.valid = self.valid or day
                self.grace = day + timedelta(days=self.ladder.grace_days)
            else:
                falls = True
        if self.ladder.upgrade is Upgrade.NEXT_PERIOD and self.begins(day):
            window = self.amounts(yesterday, at, inclusive=False) if not falls or continuous else sums
            if self.reached(window) > self.place:
                self.rise(self.reached(window), day)
                return
        if falls:
            was = self.place
            if self.ladder.downgrade is Downgrade.ONE_LEVEL:
                self.place -= 1
            elif self.ladder.downgrade is Downgrade.TO_BASE:
                self.place = 0
            else:
                self.place = max(self.reached(sums, keep=True, below=was), self.reached(sums, below=was))
            self.anchor, self.grace = judged + timedelta(days=1), None
            by_months = self.ladder.validity and self.ladder.validity.months
            self.valid = (
                self.end(self.anchor if by_months else judged, self.anchor, again=not by_months)
                if self.place
                else None
            )

    def fact(self, at: datetime) -> None:
        """What a purchase brings at once."""
        day = self.day(at)
        since = None
        if self.grace and self.ladder.window is WindowKind.CALENDAR_YEAR:
            since = date((self.valid - timedelta(days=1)).year, 1, 1)
        elif self.grace and self.ladder.window is WindowKind.ANNIVERSARY:
            since = birthday(self.joined, self.valid - timedelta(days=1))
        sums = self.amounts(day, at, inclusive=True, since=since)
        if self.ladder.upgrade is Upgrade.AT_ONCE and self.reached(sums) > self.place:
            self.rise(self.reached(sums), day)
        elif self.grace and max(self.reached(sums), self.reached(sums, keep=True)) >= self.place:
            judged = self.valid - timedelta(days=1)
            self.grace, self.valid = None, self.end(judged, self.anchor, again=True)

    def go(self, until: datetime) -> tuple[str, date | None, date | None]:
        """Level, last day's end of validity and of grace at an instant."""
        times = sorted({at for at, _, _ in self.facts if at <= until})
        if times:
            day = self.day(times[0])
            while clock.day_starts(day, self.zone) <= until:
                here = clock.day_starts(day, self.zone)
                if here >= times[0]:
                    self.midnight(day)
                following = clock.day_starts(day + timedelta(days=1), self.zone)
                for at in times:
                    if here <= at < following:
                        self.fact(at)
                day += timedelta(days=1)
        return self.ladder.levels[self.place].key, self.valid, self.grace
