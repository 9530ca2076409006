"""Opening hours, keys, zones, and what a document asks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.people.programs import rules
from regulars.people.programs.terms import DAYS

WEEK = 7 * 24 * 60
MONDAY = datetime(2026, 6, 1, tzinfo=UTC)  # a Monday, in UTC


def wall(minutes):
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


@st.composite
def weeks(draw):
    """A faultless week: cuts of the ring of minutes, every second stretch open, none longer than a day."""
    cuts = sorted(draw(st.sets(st.integers(0, WEEK - 1), min_size=2, max_size=24)))
    stretches = []
    for begin, end in zip(cuts[::2], cuts[1::2], strict=False):
        end = min(end, begin + 24 * 60 - 1)
        stretches.append((begin, end))
    hours = {}
    for begin, end in stretches:
        day, minute = divmod(begin, 24 * 60)
        closes = minute + end - begin
        hours.setdefault(DAYS[day], []).append([wall(minute), wall(closes if closes <= 1440 else closes - 1440)])
    return stretches, hours


@given(weeks(), st.integers(-WEEK, 2 * WEEK), st.integers(0, 59))
def test_a_store_is_open_exactly_in_its_stretches_of_the_week(week, minute, second):
    stretches, hours = week
    assert rules.hours_faults(hours, "hours") == []
    at = minute % WEEK
    expected = any(begin <= at < end or begin <= at + WEEK < end for begin, end in stretches)
    instant = MONDAY + timedelta(minutes=minute, seconds=second)
    assert rules.is_open(rules.tidy_hours(hours), "UTC", instant) == expected
    # the same wall clock elsewhere gives the same answer
    shifted = instant.replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    assert rules.is_open(rules.tidy_hours(hours), "Asia/Shanghai", shifted) == expected


@given(weeks())
def test_tidying_hours_twice_is_tidying_once_and_keeps_them_faultless(week):
    tidy = rules.tidy_hours(week[1])
    assert rules.tidy_hours(tidy) == tidy
    assert rules.hours_faults(tidy, "hours") == []
    assert list(tidy) == [day for day in DAYS if day in tidy]


@settings(max_examples=60)
@given(
    st.sampled_from(["Europe/London", "America/New_York", "Australia/Lord_Howe", "America/St_Johns", "Asia/Tehran"]),
    st.integers(0, 1439),
    st.integers(1, 1439),
    st.integers(0, 364),
)
def test_a_day_with_one_span_is_one_unbroken_stretch_whatever_the_clock_does(zone, opens, length, day):
    date = datetime(2026, 1, 1) + timedelta(days=day)
    closes = opens + length
    hours = {DAYS[date.weekday()]: ((wall(opens), wall(closes if closes <= 1440 else closes - 1440)),)}
    start = date.replace(tzinfo=UTC) - timedelta(hours=14)
    states = [rules.is_open(hours, zone, start + timedelta(minutes=5 * n)) for n in range(12 * 76)]
    changes = sum(a != b for a, b in pairwise(states))
    assert changes in (0, 2), "closed, then open once, then closed"


@pytest.mark.parametrize(
    ("hours", "instant", "expected"),
    [
        # the night of 25 October 2026 in London has 01:00-02:00 twice; a bar open 22:00-01:30 on Saturday
        ({"sat": (("22:00", "01:30"),)}, "2026-10-25T00:29:00+00:00", True),  # 01:29, the first time
        ({"sat": (("22:00", "01:30"),)}, "2026-10-25T00:45:00+00:00", True),  # 01:45, the first time
        ({"sat": (("22:00", "01:30"),)}, "2026-10-25T01:29:59+00:00", True),  # 01:29, the second time
        ({"sat": (("22:00", "01:30"),)}, "2026-10-25T01:30:00+00:00", False),
        # 29 March 2026 has no 01:00-02:00: what opens at 01:30 opens when the clock jumps
        ({"sun": (("01:30", "05:00"),)}, "2026-03-29T00:59:59+00:00", False),
        ({"sun": (("01:30", "05:00"),)}, "2026-03-29T01:00:00+00:00", True),
        ({"sun": (("01:30", "05:00"),)}, "2026-03-29T03:59:59+00:00", True),
        ({"sun": (("01:30", "05:00"),)}, "2026-03-29T04:00:00+00:00", False),
        ({"sat": (("22:00", "01:30"),)}, "2026-03-29T00:59:59+00:00", True),
        ({"sat": (("22:00", "01:30"),)}, "2026-03-29T01:00:00+00:00", False),
        ({"sun": (("01:10", "01:50"),)}, "2026-03-29T01:00:00+00:00", False),  # a span that does not exist
        # and the plain days
        ({"mon": (("09:00", "21:00"),)}, "2026-06-01T08:00:00+00:00", True),
        ({"mon": (("09:00", "21:00"),)}, "2026-06-01T20:00:00+00:00", False),
        ({"mon": (("00:00", "24:00"),)}, "2026-06-01T22:59:59+00:00", True),
        ({"mon": (("00:00", "24:00"),)}, "2026-06-01T23:00:00+00:00", False),
        ({"sun": (("20:00", "02:00"),)}, "2026-06-01T00:30:00+00:00", True),  # over midnight into Monday
        ({}, "2026-06-01T00:30:00+00:00", True),  # never told
        ({"mon": ()}, "2026-06-01T12:00:00+00:00", False),  # told: never open
    ],
)
def test_a_store_in_london(hours, instant, expected):
    assert rules.is_open(hours, "Europe/London", datetime.fromisoformat(instant)) is expected


@pytest.mark.parametrize(
    ("hours", "paths"),
    [
        ([], ["h"]),
        ({"monday": []}, ["h.monday"]),
        ({"mon": "09:00-21:00"}, ["h.mon"]),
        ({"mon": ["09:00", "21:00"]}, ["h.mon.0", "h.mon.1"]),
        ({"mon": [["9:00", "25:00"]]}, ["h.mon.0", "h.mon.0"]),
        ({"mon": [["09:00", "09:00"]]}, ["h.mon.0"]),
        ({"mon": [["24:00", "09:00"]]}, ["h.mon.0"]),
        ({"mon": [["09:00", None]]}, ["h.mon.0"]),
        ({"mon": [["09:00", "12:00"], ["11:59", "13:00"]]}, ["h.mon"]),
        ({"mon": [["20:00", "03:00"]], "tue": [["02:00", "05:00"]]}, ["h.tue"]),
        ({"sun": [["20:00", "03:00"]], "mon": [["02:00", "05:00"]]}, ["h.mon"]),
        ({"mon": [["20:00", "03:00"]], "tue": [["03:00", "05:00"]]}, []),  # touching is allowed
        ({day: [["00:00", "24:00"]] for day in DAYS}, []),
        ({}, []),
    ],
)
def test_faults_of_opening_hours_say_where(hours, paths):
    assert [path for path, _ in rules.hours_faults(hours, "h")] == paths


@given(st.one_of(st.none(), st.integers(), st.text(), st.lists(st.text())))
def test_no_rubbish_breaks_the_checks(rubbish):
    for check in (
        rules.key_faults,
        rules.name_faults,
        rules.zone_faults,
        rules.currency_faults,
        rules.hours_faults,
        rules.locale_faults,
        rules.address_faults,
    ):
        assert isinstance(check(rubbish, "x"), list)
    for document in (
        {"stores": rubbish},
        {"stores": [rubbish]},
        {"program": rubbish},
        {"stores": [{"key": rubbish}]},
        {"channels": [{"key": "a", "name": "a", "kind": rubbish}]},
        {"stores": [{"key": "a", "name": "A", "parent": rubbish, "brand": rubbish}], "brands": [rubbish]},
    ):
        rules.faults(document)


def test_faults_of_a_document_are_all_listed_with_their_paths():
    document = {
        "program": {"key": "town", "name": "Town", "zone": "Europe/Lundon", "currency": "GBP", "colour": "red"},
        "brands": [{"key": "tea"}, {"key": "tea", "name": "Tea"}],
        "stores": [
            {"key": "a", "name": "A", "kind": "region", "parent": "b"},
            {"key": "b", "name": "B", "kind": "region", "parent": "a"},
            {"key": "c", "name": "C", "parent": "d", "brand": "coffee"},
            {"key": "e", "name": "E", "parent": "c"},
            {"key": "f", "name": "F", "active": "yes", "hours": {"mon": [["1", "2"]]}},
        ],
        "channels": {"web": {}},
    }
    assert [path for path, _ in rules.faults(document)] == [
        "program.colour",
        "program.zone",
        "brands.0.name",
        "brands.1.key",
        "stores.4.hours.mon.0",
        "stores.4.hours.mon.0",
        "stores.4.active",
        "channels",
        "stores.0.parent",
        "stores.1.parent",
        "stores.2.parent",
        "stores.3.parent",
        "stores.2.brand",
    ]


def test_another_contexts_sections_are_not_looked_at():
    assert rules.faults({"units": 7, "ladders": None}) == []
