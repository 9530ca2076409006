"""When a promotion is open: days, weekdays, hours (past midnight too), recurring days, member day and birthday.

Everything is read off a wall clock: the store's, the program's or the member's. A window that begins on a day belongs
to that day to its end, past midnight too: Friday from 22:00 to 02:00 is still Friday's on Saturday at one. Where
clocks are put forward, a window that would begin in the hour that does not exist begins right after it; where they
are put back, what is open at half past one is open at both.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from regulars.value.promotions.rules import recurring
from regulars.value.promotions.terms import Hours, Schedule, Zone

_WHOLE_DAY = (Hours(start=0, to=24 * 60),)
_DAY = timedelta(days=1)
_ANCHOR = date(2000, 1, 1)  # recurring days that do not depend on a start count from here
_MOST_KEPT = 2_048
_NAMES = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


class Moment(NamedTuple):
    """An instant, and what reading it off a wall clock needs. `birth` is (month, day); None: a guest, or not told."""

    at: datetime
    store_zone: str
    program_zone: str
    member_zone: str | None = None
    birth: tuple[int, int] | None = None


class Answer(NamedTuple):
    """Open, or why not. Codes: not_started, ended, day, weekday, hours, birthday, birthday_unknown."""

    is_open: bool
    code: str = ""
    detail: str = ""


_OPEN = Answer(True)


class Calendar:
    """A schedule made ready to be asked for many baskets."""

    __slots__ = ("_days", "_has_moments", "_hours", "_past_midnight", "_rule", "_since", "schedule")

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self._hours = schedule.hours or _WHOLE_DAY
        self._past_midnight = any(h.to <= h.start for h in self._hours)
        self._rule = recurring.parse(schedule.rrule) if schedule.rrule else None
        starts = schedule.starts
        self._has_moments = isinstance(starts, datetime) or isinstance(schedule.ends, datetime)
        self._since = starts.date() if isinstance(starts, datetime) else starts or _ANCHOR
        self._days: dict[tuple[date, tuple[int, int] | None], Answer] = {}

    def may_open(self, day: date) -> bool:
        """Whether it can be open at any moment of a local day of the store; for an index, with a day to spare."""
        around = (day,) if self.schedule.zone is Zone.STORE else (day - _DAY, day, day + _DAY)
        if self._past_midnight:
            around = (min(around) - _DAY, *around)
        starts, ends = self.schedule.starts, self.schedule.ends
        if isinstance(starts, datetime) and day < starts.date() - _DAY:
            return False
        if isinstance(ends, datetime) and day > ends.date() + _DAY:
            return False
        return any(self._of_day(d, None).code in ("", "birthday_unknown") for d in around)

    def answer(self, moment: Moment) -> Answer:
        """Whether it is open at a moment, or the first reason why not."""
        zone = self._zone(moment)
        local = moment.at.astimezone(zone)
        if self._has_moments:
            told = self._within(moment.at, zone)
            if told is not None:
                return told
        minute, today = local.hour * 60 + local.minute, local.date()
        told = None
        for hours in self._hours:
            day = today
            if hours.to <= hours.start:  # past midnight
                if minute < hours.to:
                    day = today - _DAY
                elif minute < hours.start:
                    continue
            elif not hours.start <= minute < hours.to:
                continue
            told = self._of_day(day, moment.birth)
            if told.is_open:
                return _OPEN
        if told is not None:
            return told
        of_day = self._of_day(today, moment.birth)
        return of_day if not of_day.is_open else Answer(False, "hours", f"Only {_shown(self._hours)}.")

    def next_opening(self, moment: Moment, *, days: int = 400) -> datetime | None:
        """The first later instant at which a window opens; None if none comes in so many days."""
        zone = self._zone(moment)
        today = moment.at.astimezone(zone).date()
        first = max(today - _DAY, self._since - _DAY) if self.schedule.starts is not None else today - _DAY
        for n in range(days + 2):
            try:
                day = first + n * _DAY
            except OverflowError:
                return None
            if not self._of_day(day, moment.birth).is_open:
                continue
            found = [
                at
                for at in self._beginnings(day, zone)
                if at > moment.at and self.answer(moment._replace(at=at)).is_open
            ]
            if found:
                return min(found)
        return None

    def _zone(self, moment: Moment) -> ZoneInfo:
        whose = self.schedule.zone
        if whose is Zone.STORE:
            return ZoneInfo(moment.store_zone)
        if whose is Zone.MEMBER and moment.member_zone:
            return ZoneInfo(moment.member_zone)
        return ZoneInfo(moment.program_zone)

    def _within(self, at: datetime, zone: ZoneInfo) -> Answer | None:
        """Bounds that are moments; bounds that are days are asked of the day to which a window belongs."""
        starts, ends = self.schedule.starts, self.schedule.ends
        if isinstance(starts, datetime) and at < _instant(starts, zone):
            return Answer(False, "not_started", f"Starts on {starts.isoformat(' ', 'minutes')}.")
        if isinstance(ends, datetime) and at >= _instant(ends, zone):
            return Answer(False, "ended", f"Ended on {ends.isoformat(' ', 'minutes')}.")
        return None

    def _of_day(self, day: date, birth: tuple[int, int] | None) -> Answer:
        """Whether windows may begin on a local day."""
        asked = (day, birth if self.schedule.birthday is not None else None)
        found = self._days.get(asked)
        if found is None:
            if len(self._days) >= _MOST_KEPT:
                self._days.clear()
            found = self._days[asked] = self._ask(day, birth)
        return found

    def _ask(self, day: date, birth: tuple[int, int] | None) -> Answer:
        said = self.schedule
        if said.starts is not None and not isinstance(said.starts, datetime) and day < said.starts:
            return Answer(False, "not_started", f"Starts on {said.starts.isoformat()}.")
        if said.ends is not None and not isinstance(said.ends, datetime) and day > said.ends:
            return Answer(False, "ended", f"Ended on {said.ends.isoformat()}.")
        if said.weekdays and day.isoweekday() not in said.weekdays:
            return Answer(False, "weekday", f"Only {', '.join(_NAMES[d - 1] for d in said.weekdays)}.")
        if self._rule is not None and not recurring.occurs(self._rule, self._since, day):
            return Answer(False, "day", f"Only on days of {said.rrule}.")
        if said.member_day is not None and day.day != min(said.member_day, _length_of_month(day)):
            return Answer(False, "day", f"Only on day {said.member_day} of a month.")
        if said.birthday is not None:
            if birth is None:
                return Answer(False, "birthday_unknown", "Only around a birthday, and none is known.")
            if not is_in_window(
                day, birth, said.birthday.before, said.birthday.after, is_month=said.birthday.is_month
            ):
                return Answer(False, "birthday", "Only around the member's birthday.")
        return _OPEN

    def _beginnings(self, day: date, zone: ZoneInfo) -> Iterator[datetime]:
        """The instants at which a window of a day may open: its hours, midnight, and bounds that are moments."""
        for hours in self._hours:
            yield from instants(datetime.combine(day, time(hours.start // 60, hours.start % 60)), zone)
        starts = self.schedule.starts
        if isinstance(starts, datetime):
            yield _instant(starts, zone)


def instants(wall: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The instants at which a wall clock shows a time: one, two where clocks are put back, and the end of the gap
    where they are put forward past it.
    """
    early = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    late = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if early <= late:
        yield early
        if late != early:
            yield late
        return
    low, high = late, early  # a gap: find the first second at which the clock shows more
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(zone).replace(tzinfo=None) >= wall:
            high = middle
        else:
            low = middle
    yield high


def birthday_in(year: int, birth: tuple[int, int]) -> date:
    """The birthday in a year; who was born on 29 February has it on the 28th in other years."""
    month, day = birth
    if (month, day) == (2, 29) and _length_of_month(date(year, 2, 1)) < 29:
        day = 28
    return date(year, month, day)


def is_in_window(day: date, birth: tuple[int, int], before: int, after: int, *, is_month: bool = False) -> bool:
    """Whether a day lies in the window around a birthday, across the turn of a year too, or in its month."""
    if is_month:
        return day.month == birth[0]
    return any(
        birthday_in(year, birth) - before * _DAY <= day <= birthday_in(year, birth) + after * _DAY
        for year in (day.year - 1, day.year, day.year + 1)
        if 1 < year < 9_999
    )


@lru_cache(maxsize=4_096)
def _instant(bound: datetime, zone: ZoneInfo) -> datetime:
    """A bound with its own offset, or the first instant at which the wall clock shows it."""
    return bound.astimezone(UTC) if bound.tzinfo is not None else next(instants(bound, zone))


def _length_of_month(day: date) -> int:
    return (date(day.year + day.month // 12, day.month % 12 + 1, 1) - _DAY).day


def _shown(hours: tuple[Hours, ...]) -> str:
    return ", ".join(f"{h.start // 60:02}:{h.start % 60:02}–{h.to // 60:02}:{h.to % 60:02}" for h in hours)
