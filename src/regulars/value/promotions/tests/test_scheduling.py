"""Schedules on wall clocks: days that recur, windows past midnight, clocks that change, birthdays on 29 February."""

import itertools
import random
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from regulars.value.promotions.rules import recurring, scheduling
from regulars.value.promotions.rules.scheduling import Calendar, Moment
from regulars.value.promotions.terms import Birthday, Hours, Schedule, Zone

dateutil = pytest.importorskip("dateutil.rrule", reason="the oracle of recurring days is not installed")


def at(*parts: int, zone: str = "Europe/London", **more) -> Moment:
    return Moment(datetime(*parts, tzinfo=UTC), zone, more.pop("program", "Europe/London"), **more)


def some(strategy, most=3):
    return st.lists(strategy, max_size=most, unique=True)


def any_recurrence(chance: random.Random) -> str:
    """A rule by chance. (Plain and n-th weekdays are not mixed: the oracle takes both as required, not as either.)"""
    frequency = chance.choice(recurring.FREQUENCIES)

    def few(of):
        return chance.sample(of, chance.choice([0, 0, 1, 1, 2, 3]))

    nth = chance.choice([[""], ["1", "2", "-1", "-2", "5"]]) if frequency in ("MONTHLY", "YEARLY") else [""]
    lists = {
        "BYDAY": [chance.choice(nth) + day for day in few(recurring.DAYS)],
        "BYMONTH": few(range(1, 13)),
        "BYMONTHDAY": few([1, 2, 15, 28, 29, 30, 31, -1, -2]),
        "BYYEARDAY": few([1, 100, 200, 366, -1, -100]) if frequency == "YEARLY" and chance.random() < 0.2 else [],
    }
    parts = [f"FREQ={frequency}", *(f"{name}={','.join(map(str, said))}" for name, said in lists.items() if said)]
    parts += chance.choice([[], ["INTERVAL=2"], ["INTERVAL=3"]])
    parts += chance.choice([[], ["COUNT=5"], ["COUNT=40"], ["UNTIL=20240615"]])
    parts += chance.choice([[], ["WKST=SU"]])
    if any(lists.values()) and frequency != "WEEKLY":  # the oracle begins its first week on the start
        parts += chance.choice([[], [], ["BYSETPOS=1"], ["BYSETPOS=-1,2"]])
    return ";".join(parts)


def test_recurring_days_are_those_of_the_calendar_standard():
    chance, compared = random.Random(5545), 0
    for _ in range(300):
        text, start = any_recurrence(chance), date(2019, 1, 1) + timedelta(days=chance.randrange(2_000))
        rule, end = recurring.parse(text), start + timedelta(days=800)
        endless = rule._replace(times=None, until=None)
        if not any(recurring.occurs(endless, start, end + timedelta(days=n)) for n in range(1, 1_500)):
            continue  # the oracle would look for the next day until the year 9999
        days = dateutil.rrulestr(text, dtstart=datetime.combine(start, datetime.min.time()))
        expected = [d.date() for d in itertools.takewhile(datetime.combine(end, time.max).__gt__, days)]
        assert [d for n in range(801) if recurring.occurs(rule, start, d := start + timedelta(days=n))] == expected, (
            text
        )
        compared += 1
    assert compared > 80


def test_a_rule_whose_day_never_comes_is_answered_at_once():
    rule = recurring.parse("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=3")
    assert not recurring.occurs(rule, date(2026, 1, 1), date(2026, 2, 28))
    calendar = Calendar(Schedule(starts=date(2026, 1, 1), rrule="FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"))
    assert calendar.next_opening(at(2026, 1, 1)) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("weekly", "NAME=VALUE"),
        ("FREQ=HOURLY", "FREQ must be"),
        ("FREQ=DAILY;BYHOUR=3", "BYHOUR"),
        ("FREQ=DAILY;FREQ=DAILY", "twice"),
        ("FREQ=DAILY;COUNT=0", "COUNT=0"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20260101", "exclude"),
        ("FREQ=DAILY;UNTIL=20261301", "month"),
        ("FREQ=WEEKLY;BYDAY=1MO", "n-th"),
        ("FREQ=WEEKLY;BYDAY=XX", "MO to SU"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY=32"),
        ("FREQ=WEEKLY;WKST=XX", "WKST"),
    ],
)
def test_a_rule_that_is_wrong_says_what_is(text, says):
    with pytest.raises(ValueError, match=says):
        recurring.parse(text)


def test_first_and_last_day_are_whole_days_on_the_stores_clock():
    calendar = Calendar(Schedule(starts=date(2026, 11, 1), ends=date(2026, 11, 11)))
    told = [
        (at(2026, 10, 31, 15, 59, 59, zone="Asia/Shanghai"), "not_started"),
        (at(2026, 10, 31, 16, zone="Asia/Shanghai"), ""),
        (at(2026, 11, 11, 15, 59, 59, zone="Asia/Shanghai"), ""),
        (at(2026, 11, 11, 16, zone="Asia/Shanghai"), "ended"),
    ]
    assert [calendar.answer(m).code for m, _ in told] == [code for _, code in told]
    assert calendar.next_opening(told[0][0]) == datetime(2026, 10, 31, 16, tzinfo=UTC)
    assert calendar.next_opening(told[3][0]) is None


def test_a_moment_as_the_end_is_exclusive_and_local_unless_it_has_an_offset():
    local = Calendar(Schedule(starts=datetime(2026, 7, 1, 9), ends=datetime(2026, 7, 1, 17)))
    assert [local.answer(at(2026, 7, 1, h)).code for h in (7, 8, 15, 16)] == ["not_started", "", "", "ended"]
    fixed = Calendar(Schedule(ends=datetime(2026, 7, 1, 17, tzinfo=UTC)))
    assert [fixed.answer(at(2026, 7, 1, h)).code for h in (16, 17)] == ["", "ended"]


def test_a_window_past_midnight_belongs_to_the_day_it_began_on():
    friday = Calendar(Schedule(weekdays=(5,), hours=(Hours(start=22 * 60, to=2 * 60),)))
    told = {
        (2026, 3, 6, 21, 59): "hours",
        (2026, 3, 6, 22): "",
        (2026, 3, 7, 1, 59): "",
        (2026, 3, 7, 2): "weekday",
        (2026, 3, 6, 1): "weekday",
        (2026, 3, 7, 22): "weekday",
    }
    assert {m: friday.answer(at(*m)).code for m in told} == told
    assert friday.next_opening(at(2026, 3, 7, 3)) == datetime(2026, 3, 13, 22, tzinfo=UTC)
    assert friday.may_open(date(2026, 3, 7))
    assert not friday.may_open(date(2026, 3, 8))


def test_an_hour_that_the_clocks_skip_opens_right_after_the_gap():
    night = Calendar(Schedule(hours=(Hours(start=90, to=150),)))  # 01:30 to 02:30; London skips 01:00–02:00
    assert night.next_opening(at(2026, 3, 29, 0)) == datetime(2026, 3, 29, 1, tzinfo=UTC)  # 02:00 on the wall
    assert night.answer(at(2026, 3, 29, 1)).is_open
    assert not night.answer(at(2026, 3, 29, 1, 30)).is_open


def test_an_hour_that_comes_twice_is_open_both_times():
    night = Calendar(Schedule(hours=(Hours(start=75, to=105),)))  # 01:15 to 01:45, twice on 25 October
    opened = [m for m in range(0, 180) if night.answer(at(2026, 10, 25, m // 60, m % 60)).is_open]
    assert opened == [*range(15, 45), *range(75, 105)]
    assert night.next_opening(at(2026, 10, 25, 0, 50)) == datetime(2026, 10, 25, 1, 15, tzinfo=UTC)


def test_a_day_without_midnight_still_begins():
    """Where clocks are put forward at midnight (Beirut, 29 March 2026), the day begins at one."""
    calendar = Calendar(Schedule(starts=date(2026, 3, 29)))
    opening = calendar.next_opening(at(2026, 3, 20, zone="Asia/Beirut"))
    assert opening == datetime(2026, 3, 28, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "is_open"), [((2026, 1, 31), True), ((2026, 2, 28), True), ((2026, 2, 27), False), ((2026, 4, 30), True)]
)
def test_the_31st_as_member_day_is_the_last_day_of_short_months(day, is_open):
    assert Calendar(Schedule(member_day=31)).answer(at(*day, 12)).is_open is is_open


@pytest.mark.parametrize(
    ("day", "birth", "is_open"),
    [
        ((2026, 2, 28), (2, 29), True),
        ((2026, 2, 27), (2, 29), False),
        ((2026, 3, 2), (2, 29), True),
        ((2026, 3, 3), (2, 29), False),
        ((2028, 2, 28), (2, 29), False),
        ((2028, 2, 29), (2, 29), True),
        ((2028, 3, 2), (2, 29), True),
        ((2026, 1, 1), (12, 31), True),
        ((2026, 12, 31), (1, 1), False),
    ],
)
def test_a_birthday_window_knows_leap_years_and_the_turn_of_the_year(day, birth, is_open):
    calendar = Calendar(Schedule(birthday=Birthday(before=0, after=2), zone=Zone.MEMBER))
    assert calendar.answer(at(*day, 12, member_zone="Europe/London", birth=birth)).is_open is is_open


def test_a_birthday_nobody_told_is_a_reason_of_its_own():
    calendar = Calendar(Schedule(birthday=Birthday(is_month=True)))
    assert calendar.answer(at(2026, 1, 1)).code == "birthday_unknown"
    assert calendar.next_opening(at(2026, 1, 1)) is None
    opening = calendar.next_opening(at(2026, 1, 1, birth=(2, 29)))
    assert opening == datetime(2026, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(("zone", "hour"), [(Zone.STORE, 0), (Zone.PROGRAM, 16), (Zone.MEMBER, 8)])
def test_each_clock_has_its_own_day(zone, hour):
    calendar = Calendar(Schedule(starts=date(2026, 1, 15), zone=zone))
    asked = at(2026, 1, 1, zone="Europe/London", program="Asia/Shanghai", member_zone="America/Los_Angeles")
    expected = datetime(2026, 1, 15 - (zone is Zone.PROGRAM), hour, tzinfo=UTC)
    assert calendar.next_opening(asked) == expected


@settings(max_examples=150)
@given(
    some(st.integers(1, 7)).map(lambda d: tuple(sorted(d))),
    some(
        st.tuples(st.integers(0, 95), st.integers(0, 96))
        .filter(lambda h: h[0] != h[1])
        .map(lambda h: Hours(start=h[0] * 15, to=h[1] * 15)),
        most=2,
    ).map(tuple),
    st.sampled_from([None, "FREQ=WEEKLY;BYDAY=SU,MO", "FREQ=MONTHLY;BYMONTHDAY=-3,1", "FREQ=DAILY;INTERVAL=2"]),
    st.sampled_from(["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Shanghai", "Asia/Beirut"]),
    st.integers(0, 4 * 24 * 3),
    st.sampled_from([datetime(2026, 3, 27), datetime(2026, 10, 23), datetime(2026, 4, 3), datetime(2026, 11, 1)]),
)
def test_the_next_opening_is_the_first_quarter_hour_at_which_it_opens(weekdays, hours, rrule, zone, skip, day):
    calendar = Calendar(Schedule(starts=date(2026, 1, 1), weekdays=weekdays, hours=hours, rrule=rrule))
    quarter = timedelta(minutes=15)
    first = day.replace(tzinfo=UTC) + skip * quarter
    asked = Moment(first, zone, zone)
    assume(not calendar.answer(asked).is_open)
    steps = (first + n * quarter for n in range(1, 4 * 24 * 20))
    expected = next((t for t in steps if calendar.answer(asked._replace(at=t)).is_open), None)
    found = calendar.next_opening(asked)
    assert expected is None or found == expected
    assert found is None or scheduling.Calendar.may_open(calendar, found.astimezone(scheduling.ZoneInfo(zone)).date())
