"""Where a published promotion stands at a moment: planned, live, paused, ended, or its budget used up. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Body = Mapping[str, Any]
STANDINGS = ("live", "used_up", "planned", "paused", "ended")  # what one looks for first stands first


def standing(body: Body, *, at: datetime, zone: str, budget: tuple[int, int] = (0, 0)) -> str:
    """`paused`, `ended`, `planned`, `used_up` or `live`; the clock is the program's.

    Args: budget: what was taken of it, and its limit; 0 without one.

    >>> standing({"schedule": {"starts": "2030-01-01"}}, at=datetime(2026, 1, 1, tzinfo=ZoneInfo("UTC")), zone="UTC")
    'planned'
    """
    begins, ends = window(body, zone)
    if body.get("state") == "paused":
        return "paused"
    if ends is not None and at >= ends:
        return "ended"
    if begins is not None and at < begins:
        return "planned"
    taken, limit = budget
    return "used_up" if limit and taken >= limit else "live"


def window(body: Body, zone: str) -> tuple[datetime | None, datetime | None]:
    """From when (inclusive) to when (exclusive) its schedule lets it run at all; None: without bound."""
    schedule = body.get("schedule")
    if not isinstance(schedule, Mapping):
        return None, None
    return _instant(schedule.get("starts"), zone, 0), _instant(schedule.get("ends"), zone, 1)


def _instant(value: Any, zone: str, days_after: int) -> datetime | None:
    local = ZoneInfo(zone)
    try:
        if isinstance(value, str) and len(value) == 10:
            return datetime.combine(date.fromisoformat(value) + timedelta(days=days_after), time(0), local)
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if found is not None and found.tzinfo is None:
        return found.replace(tzinfo=local)
    return found
