"""When value begins and ends: month ends, leap days, and days that zones make longer or shorter."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.kernel import clock
from regulars.value.ledger import rules
from regulars.value.ledger.rules import Life

ROLL = {"kind": "rolling", "months": 1}
BY_TIER = {"kind": "by_tier", "tiers": {"gold": {"kind": "never"}}, "otherwise": ROLL}


@pytest.mark.parametrize(
    ("policy", "earned", "zone", "ends"),
    [
        (ROLL, "2026-01-31T12:00Z", "UTC", "2026-03-01T00:00Z"),  # a month later has no 31st: its last day
        (ROLL, "2024-01-31T12:00Z", "UTC", "2024-03-01T00:00Z"),  # … of a leap February
        ({"kind": "rolling", "months": 12}, "2024-02-29T12:00Z", "UTC", "2025-03-01T00:00Z"),
        (
            {"kind": "rolling", "days": 1},
            "2026-03-28T12:00Z",
            "Europe/London",
            "2026-03-29T23:00Z",
        ),  # a day of 23 hours
        (
            {"kind": "rolling", "days": 1},
            "2026-10-24T12:00Z",
            "Europe/London",
            "2026-10-26T00:00Z",
        ),  # a day of 25 hours
        (
            {"kind": "rolling", "days": 1},
            "2026-01-01T16:30Z",
            "Asia/Shanghai",
            "2026-01-03T16:00Z",
        ),  # already the 2nd there
        (
            {"kind": "rolling", "days": 1},
            "2026-09-04T12:00Z",
            "America/Santiago",
            "2026-09-06T04:00Z",
        ),  # no midnight on the 6th
        (
            {"kind": "rolling", "days": 1},
            "2026-10-30T12:00Z",
            "America/Havana",
            "2026-11-01T04:00Z",
        ),  # two midnights on the 1st
        ({"kind": "end_of", "period": "month"}, "2026-02-28T23:59Z", "UTC", "2026-03-01T00:00Z"),
        (
            {"kind": "end_of", "period": "month"},
            "2026-03-31T23:30Z",
            "Europe/London",
            "2026-04-30T23:00Z",
        ),  # April there
        ({"kind": "end_of", "period": "quarter"}, "2026-05-01T00:00Z", "UTC", "2026-07-01T00:00Z"),
        ({"kind": "end_of", "period": "quarter", "after": 1}, "2026-11-30T00:00Z", "UTC", "2027-04-01T00:00Z"),
        ({"kind": "end_of", "period": "year"}, "2026-12-31T16:00Z", "Asia/Shanghai", "2027-12-31T16:00Z"),
        ({"kind": "end_of", "period": "year", "after": 1}, "2026-01-01T00:00Z", "UTC", "2028-01-01T00:00Z"),
        ({"kind": "fixed", "on": "2026-12-31"}, "2026-01-01T00:00Z", "America/New_York", "2027-01-01T05:00Z"),
        ({"kind": "never"}, "2026-01-01T00:00Z", "UTC", None),
        ({"kind": "inactivity", "months": 12}, "2026-01-01T00:00Z", "UTC", None),
        (BY_TIER, "2026-01-31T12:00Z", "UTC", "2026-03-01T00:00Z"),
    ],
)
def test_value_ends_with_a_local_midnight(policy: dict[str, Any], earned: str, zone: str, ends: str | None) -> None:
    at = datetime.fromisoformat(earned)
    found = rules.expires_at(policy=policy, earned_at=at, active_from=at, zone=zone)
    assert found == (None if ends is None else datetime.fromisoformat(ends))


def test_a_level_may_have_its_own_end() -> None:
    at = datetime(2026, 1, 31, tzinfo=UTC)
    assert rules.expires_at(policy=BY_TIER, earned_at=at, active_from=at, zone="UTC", tier="gold") is None


def test_a_rolling_life_counts_from_activation() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    later = at + timedelta(days=14)
    assert rules.expires_at(policy=ROLL, earned_at=at, active_from=later, zone="UTC") == datetime(
        2026, 2, 16, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("policy", "life"),
    [
        ({"kind": "at_once"}, Life()),
        ({"kind": "after", "days": 14}, Life(activates_at=datetime(2026, 3, 29, tzinfo=UTC))),
        ({"kind": "after", "days": 15}, Life(activates_at=datetime(2026, 3, 29, 23, tzinfo=UTC))),
        ({"kind": "fixed", "on": "2026-07-01"}, Life(activates_at=datetime(2026, 6, 30, 23, tzinfo=UTC))),
        ({"kind": "fixed", "on": "2026-01-01"}, Life()),
        ({"kind": "event", "event": "shipped"}, Life(event="shipped")),
        (
            {"kind": "event", "event": "shipped", "deadline_days": 14},
            Life(event="shipped", deadline=datetime(2026, 3, 29, 23, tzinfo=UTC)),
        ),
    ],
)
def test_value_begins_as_its_policy_says(policy: dict[str, Any], life: Life) -> None:
    at = datetime(2026, 3, 15, 12, tzinfo=UTC)
    assert rules.activation(policy=policy, earned_at=at, zone="Europe/London") == life


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["UTC", "Europe/London", "Asia/Shanghai", "America/Havana", "Pacific/Apia", "Asia/Kathmandu"]),
    st.integers(0, 40),
)
def test_a_longer_life_never_ends_earlier_and_every_end_is_a_day_s_beginning(
    at: datetime, zone: str, months: int
) -> None:
    policies = [{"kind": "rolling", "months": m} for m in (months, months + 1)]
    first, second = (rules.expires_at(policy=p, earned_at=at, active_from=at, zone=zone) for p in policies)
    assert first is not None and second is not None
    assert at < first < second
    assert first == clock.day_starts(first.astimezone(ZoneInfo(zone)).date(), zone)


@pytest.mark.parametrize(
    ("units", "path"),
    [
        ("points", "units"),
        (["points"], "units.0"),
        ([{"key": "P"}], "units.0.key"),
        ([{"key": "p"}, {"key": "p"}], "units.1.key"),
        ([{"key": "p", "kind": "money"}], "units.0.kind"),
        ([{"key": "p", "kind": "measure", "debt": "owe"}], "units.0.debt"),
        ([{"key": "p", "colour": 1}], "units.0.colour"),
        ([{"key": "p", "expiry": {"kind": "soon"}}], "units.0.expiry.kind"),
        ([{"key": "p", "expiry": {"kind": "rolling"}}], "units.0.expiry"),
        ([{"key": "p", "expiry": {"kind": "end_of", "period": "week"}}], "units.0.expiry.period"),
        ([{"key": "p", "expiry": {"kind": "fixed", "on": "2026-02-30"}}], "units.0.expiry.on"),
        ([{"key": "p", "expiry": {"kind": "inactivity", "months": 0}}], "units.0.expiry.months"),
        (
            [{"key": "p", "expiry": {"kind": "by_tier", "tiers": {}, "otherwise": None}}],
            "units.0.expiry.otherwise.kind",
        ),
        ([{"key": "p", "activation": {"kind": "after", "days": True}}], "units.0.activation.days"),
        ([{"key": "p", "activation": {"kind": "event"}}], "units.0.activation.event"),
        ([{"key": "p", "adjust_limit": -1}], "units.0.adjust_limit"),
        ([{"key": "p", "transferable": "yes"}], "units.0.transferable"),
        ([{"key": "p", "renewed_by": "earn"}], "units.0.renewed_by"),
    ],
)
def test_a_fault_of_a_unit_is_told_with_its_path(units: Any, path: str) -> None:
    assert [p for p, _ in rules.unit_faults({"units": units})] == [path]


def test_a_bare_day_of_yaml_is_kept_as_text() -> None:
    unit = {"key": "p", "expiry": {"kind": "fixed", "on": date(2026, 12, 31)}}
    assert rules.unit_faults({"units": [unit]}) == []
    assert rules.complete(unit)["expiry"]["on"] == "2026-12-31"
