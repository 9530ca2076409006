"""The only source of time."""

from __future__ import annotations

import time as machine
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from regulars.kernel.errors import sure

_set: list[datetime] = []


def now() -> datetime:
    """This instant, aware, in UTC; or the instant that a test or a catch-up has set."""
    return _set[-1] if _set else datetime.now(UTC)


def machine_ms() -> int:
    """Milliseconds since 1970 by the machine's own clock, whatever a test has set: ids must not go back."""
    return machine.time_ns() // 1_000_000


@contextmanager
def at(instant: datetime) -> Iterator[None]:
    """Make `now()` answer `instant` (aware) inside the block; for tests and for running missed nights."""
    sure(instant.tzinfo is not None, "an instant carries its offset")
    _set.append(instant.astimezone(UTC))
    try:
        yield
    finally:
        _set.pop()


def local_day(instant: datetime, zone: str) -> date:
    """The calendar day of an instant in an IANA zone."""
    return instant.astimezone(ZoneInfo(zone)).date()


def day_starts(day: date, zone: str) -> datetime:
    """The instant (UTC) at which a local day begins; the exclusive end of the day before.

    >>> day_starts(date(2026, 1, 1), "Asia/Shanghai").isoformat()
    '2025-12-31T16:00:00+00:00'
    """
    return datetime.combine(day, time(0), ZoneInfo(zone)).astimezone(UTC)


def day_ends(day: date, zone: str) -> datetime:
    """The exclusive instant (UTC) at which a local day ends: "expires 31 Dec" means this for 31 Dec."""
    return day_starts(day + timedelta(days=1), zone)
