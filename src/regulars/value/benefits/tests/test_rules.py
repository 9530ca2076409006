"""Rules of periods and of the document: in Python and in the database the same, without gap and overlap."""

from __future__ import annotations

import json
from calendar import isleap
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.value.benefits.rules import document, periods
from regulars.value.benefits.terms import Days, LeapDay, Period

days = st.dates(date(2019, 12, 1), date(2033, 2, 1))
PERIODS = [p for p in Period if p is not Period.OCCASION]


@given(day=days, since=st.dates(date(2010, 1, 1), date(2019, 11, 30)), period=st.sampled_from(PERIODS))
def test_every_day_lies_in_one_period_and_the_next_begins_where_it_ends(
    day: date, since: date, period: Period
) -> None:
    first = periods.starts(period, day, since)
    if first is None:
        assert period is Period.LIFETIME
        return
    end = periods.ends(period, first, since)
    assert end is not None and first <= day < end
    assert periods.starts(period, first, since) == first
    assert periods.starts(period, end - timedelta(days=1), since) == first
    assert periods.starts(period, end, since) == end


@given(month=st.integers(1, 12), day=st.integers(1, 28), year=st.integers(2000, 2040))
def test_a_date_is_celebrated_on_its_day_and_leap_day_by_the_policy(month: int, day: int, year: int) -> None:
    assert periods.celebrated(month, day, year, LeapDay.MAR1) == date(year, month, day)
    expected = (2, 29) if isleap(year) else (2, 28)
    found = periods.celebrated(2, 29, year, LeapDay.FEB28)
    assert (found.month, found.day) == expected


@given(
    month=st.integers(1, 12),
    day=st.integers(1, 28),
    before=st.integers(0, 90),
    after=st.integers(0, 90),
    on=days,
)
def test_an_occasion_is_found_just_inside_its_window(month: int, day: int, before: int, after: int, on: date) -> None:
    found = periods.occasion(month, day, before=before, after=after, leap_day=LeapDay.FEB28, on=on)
    near = [date(y, month, day) for y in (on.year - 1, on.year, on.year + 1)]
    inside = [c for c in near if c - timedelta(days=before) <= on <= c + timedelta(days=after)]
    assert found == (max(inside) if inside else None)


@given(wanted=days, last=st.none() | days)
def test_yearly_gifts_are_never_closer_than_half_a_year(wanted: date, last: date | None) -> None:
    found = periods.arrives(wanted, last)
    assert found >= wanted
    assert last is None or found - last >= timedelta(days=periods.LEAST_DAYS)


@pytest.mark.django_db
def test_the_database_and_python_agree_about_periods() -> None:
    """Over all days of nine years, and beginnings that are hard: leap day, ends of months and of the year."""
    for since in (date(2016, 2, 29), date(2019, 12, 31), date(2018, 3, 1), date(2019, 1, 31)):
        with connection.cursor() as cursor:
            cursor.execute(
                "select p, d::date, benefits_period_starts(p, d::date, %s),"
                " benefits_period_ends(p, benefits_period_starts(p, d::date, %s), %s)"
                " from unnest(%s::text[]) p cross join generate_series(date '2020-01-01', date '2028-12-31', '1 day') d",
                [since, since, since, [p.value for p in PERIODS]],
            )
            for name, day, first, end in cursor.fetchall():
                period = Period(name)
                mine = periods.starts(period, day, since)
                assert (first, end) == (mine, periods.ends(period, mine, since) if mine else None), (name, day, since)


@pytest.mark.django_db
@settings(max_examples=60)
@given(
    month=st.integers(1, 12),
    day=st.integers(1, 28) | st.just(29),
    window=st.tuples(st.integers(0, 180), st.integers(0, 180)),
    on=days,
    policy=st.sampled_from(list(LeapDay)),
)
def test_the_database_and_python_agree_about_occasions(
    month: int, day: int, window: tuple[int, int], on: date, policy: LeapDay
) -> None:
    month = 2 if day == 29 else month
    with connection.cursor() as cursor:
        cursor.execute(
            "select benefits_occasion(%s, %s, %s, %s, %s, %s)", [month, day, *window, policy is LeapDay.MAR1, on]
        )
        (found,) = cursor.fetchone()
    assert found == periods.occasion(month, day, before=window[0], after=window[1], leap_day=policy, on=on)


@pytest.mark.django_db
@settings(max_examples=60)
@given(
    of_month=st.sets(st.integers(1, 31), max_size=3),
    weekdays=st.sets(st.integers(1, 7), max_size=2),
    nth=st.sets(st.sampled_from([1, 2, 3, 4, 5, -1]), max_size=2),
    dates=st.sets(days, max_size=2),
    on=days,
)
def test_the_database_and_python_agree_about_member_days(
    of_month: set[int], weekdays: set[int], nth: set[int], dates: set[date], on: date
) -> None:
    said = Days(
        of_month=tuple(sorted(of_month)),
        weekdays=tuple(sorted(weekdays)),
        nth=tuple(sorted(nth)) if weekdays else (),
        dates=tuple(sorted(dates)),
    )
    told: dict[str, Any] = {
        "of_month": list(said.of_month),
        "weekdays": list(said.weekdays),
        "nth": list(said.nth),
        "dates": [d.isoformat() for d in said.dates],
    }

    with connection.cursor() as cursor:
        cursor.execute(
            "select benefits_is_member_day(%s::jsonb, %s)", [json.dumps({k: v for k, v in told.items() if v}), on]
        )
        (found,) = cursor.fetchone()
    assert found == periods.is_member_day(said, on)


ENTRIES: list[dict[str, Any]] = [
    {"key": "a", "kind": "lounge", "for": {"levels": ["main/silver+"]}, "quota": {"times": 2, "period": "month"}},
    {"key": "b", "kind": "birthday", "gives": [{"points": {"unit": "points", "amount": 5}}], "leap_day": "mar1"},
    {"key": "c", "kind": "member_day", "day": {"weekdays": [2], "nth": [-1]}, "cost": "1.50", "funder": "brand"},
    {"key": "d", "kind": "choice", "choose": {"pick": 1, "of": ["a", "c"]}, "quota": {"period": "year"}},
    {"key": "e", "kind": "birthday", "window": {"before_days": 3}, "quota": {"times": 2}, "leap_day": "mar1"},
]
WHOLE: dict[str, Any] = {
    "program": {"currency": "GBP"},
    "units": [{"key": "points"}],
    "ladders": [{"key": "main", "levels": [{"key": "base"}, {"key": "silver"}, {"key": "gold"}]}],
    "benefits": ENTRIES,
    "packs": [{"key": "vip", "name": "Vip", "benefits": ["a"], "note": "for guests"}],
}


def test_what_is_written_reads_back_the_same() -> None:
    found, packs, faults = document.read(WHOLE)
    assert faults == []
    assert found[0].whose.levels == ("main/silver", "main/gold")
    written = document.write(found, packs, "GBP")
    again = document.read({**WHOLE, **written})
    assert again == (found, packs, [])
    assert document.write(*again[:2], "GBP") == written


@pytest.mark.parametrize(
    ("entry", "path"),
    [
        ({"kind": "spa"}, "benefits.0.kind"),
        ({"kind": "lounge", "for": {"levels": ["main/iron"]}}, "benefits.0.for.levels.0"),
        ({"kind": "lounge", "for": {"levels": ["silver"]}}, "benefits.0.for.levels.0"),
        ({"kind": "lounge", "for": {"packs": ["no"]}}, "benefits.0.for.packs.0"),
        ({"kind": "lounge", "quota": {"period": "month"}}, "benefits.0.quota.times"),
        ({"kind": "lounge", "quota": {"times": 1, "period": "occasion"}}, "benefits.0.quota.period"),
        ({"kind": "upgrade", "for": {"levels": ["main/gold"]}}, "benefits.0.gives"),
        ({"kind": "upgrade", "gives": [{"points": {"unit": "points", "amount": 1}}]}, "benefits.0.for.levels"),
        ({"kind": "gift", "gives": [{"points": {"unit": "stars", "amount": 1}}]}, "benefits.0.gives.0.points.unit"),
        ({"kind": "gift", "gives": [{}]}, "benefits.0.gives.0"),
        ({"kind": "choice"}, "benefits.0.choose"),
        ({"kind": "choice", "choose": {"pick": 1, "of": ["x"]}}, "benefits.0.choose.pick"),
        ({"kind": "member_day"}, "benefits.0.day"),
        ({"kind": "member_day", "day": {"nth": [1]}}, "benefits.0.day"),
        ({"kind": "lounge", "cost": "1.005"}, "benefits.0.cost"),
        ({"kind": "lounge", "window": {"after_days": 1}}, "benefits.0.window"),
        ({"kind": "lounge", "colour": "red"}, "benefits.0.colour"),
    ],
)
def test_every_fault_is_named_with_its_path(entry: dict[str, Any], path: str) -> None:
    faults = document.read({**WHOLE, "benefits": [{"key": "x", **entry}], "packs": []})[2]
    assert path in [p for p, _ in faults], faults
