"""When value begins and when it ends. Ends are exclusive local midnights, computed once from local days."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from regulars.kernel.clock import day_ends, day_starts, local_day
from regulars.kernel.errors import sure

PERIOD_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, kw_only=True)
class Life:
    """When a lot begins: at an instant (None: at once), or on an event that must come before a deadline."""

    activates_at: datetime | None = None
    event: str | None = None
    deadline: datetime | None = None


def month_later(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day when it has none.

    >>> month_later(date(2024, 1, 31), 1), month_later(date(2024, 2, 29), 12)
    (datetime.date(2024, 2, 29), datetime.date(2025, 2, 28))
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def expires_at(
    *, policy: Mapping[str, Any], earned_at: datetime, active_from: datetime, zone: str, tier: str | None = None
) -> datetime | None:
    """The exclusive instant at which value earned now ends; None when only inactivity, or nothing, ends it.

    Args: policy: checked by `unit_faults`. earned_at, active_from: aware. zone: the program's IANA zone, whose
    midnights count. tier: the member's level, for `by_tier`.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
    >>> expires_at(policy={"kind": "rolling", "months": 1}, earned_at=noon, active_from=noon, zone="UTC").isoformat()
    '2026-03-01T00:00:00+00:00'
    """
    kind = policy.get("kind", "never")
    if kind == "by_tier":
        chosen = policy["tiers"].get(tier, policy["otherwise"])
        return expires_at(policy=chosen, earned_at=earned_at, active_from=active_from, zone=zone)
    if kind in ("never", "inactivity"):
        return None
    if kind == "fixed":
        return day_ends(date.fromisoformat(policy["on"]), zone)
    if kind == "rolling":
        return day_ends(_rolled(local_day(active_from, zone), policy), zone)
    sure(kind == "end_of", f"an expiry policy of an unknown kind: {kind}")
    return day_starts(_period_ends(local_day(earned_at, zone), policy["period"], policy.get("after", 0)), zone)


def dated(*, policy: Mapping[str, Any], beside: Mapping[str, Any]) -> Mapping[str, Any]:
    """A policy of before as one that ends lots by a day, where its unit has no inactivity clock any more.

    Without activity value would have ended so many months after it began: so long it lasts at least.

    >>> dated(policy={"kind": "inactivity", "months": 6}, beside={"kind": "rolling", "months": 3})
    {'kind': 'rolling', 'months': 6}
    """
    if policy.get("kind") == "inactivity" and beside.get("kind") != "inactivity":
        return {"kind": "rolling", "months": policy["months"]}
    return policy


def sooner(one: Life, other: Life) -> Life:
    """Of two beginnings the one that makes no member wait longer: a day before an event, then the earlier, of two
    events the later deadline.
    """
    if one.event is not None and other.event is not None:
        return one if ends_later(one.deadline, other.deadline) else other
    if one.event is not None or other.event is not None:
        return other if one.event is not None else one
    if one.activates_at is None or other.activates_at is None:
        return one if one.activates_at is None else other
    return one if one.activates_at < other.activates_at else other


def ends_later(one: datetime | None, other: datetime | None) -> bool:
    """Whether one end of a life lies behind another; None: it never ends."""
    return other is not None and (one is None or one > other)


def _rolled(day: date, policy: Mapping[str, Any]) -> date:
    return month_later(day, policy.get("months", 0)) + timedelta(days=policy.get("days", 0))


def _period_ends(day: date, period: str, after: int) -> date:
    """The first day after the period of `day` and `after` further ones."""
    months = PERIOD_MONTHS[period]
    first = date(day.year, (day.month - 1) // months * months + 1, 1)
    return month_later(first, months * (after + 1))


def activation(*, policy: Mapping[str, Any], earned_at: datetime, zone: str) -> Life:
    """When value earned now may first be spent.

    Args: policy: checked by `unit_faults`. earned_at: aware. zone: the program's, whose midnights count.
    """
    kind = policy.get("kind", "at_once")
    if kind == "at_once":
        return Life()
    day = local_day(earned_at, zone)
    if kind == "after":
        return Life(activates_at=day_starts(day + timedelta(days=policy["days"]), zone))
    if kind == "fixed":
        starts = day_starts(date.fromisoformat(policy["on"]), zone)
        return Life(activates_at=starts if starts > earned_at else None)
    sure(kind == "event", f"an activation policy of an unknown kind: {kind}")
    days = policy.get("deadline_days")
    return Life(event=policy["event"], deadline=day_ends(day + timedelta(days=days), zone) if days else None)
