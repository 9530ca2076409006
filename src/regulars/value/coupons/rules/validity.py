"""From when to when a coupon can be used: days of the program's zone, made into instants; ends exclude. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from regulars.kernel import clock
from regulars.value.coupons.terms import Validity


def span(validity: Validity, *, issued_at: datetime, zone: str) -> tuple[datetime, datetime | None]:
    """The first instant and the exclusive end of a coupon that is issued at an instant.

    A fixed validity that has ended already gives an end that has passed; so does one that begins late. A coupon is
    never valid before it is issued.

    Args: zone: the program's, IANA.
    """
    day = clock.local_day(issued_at, zone)
    if validity.days is not None or validity.months is not None:
        first = day + timedelta(days=validity.after_days)
        starts = clock.day_starts(first, zone) if validity.after_days else issued_at
        if validity.days is not None:
            return starts, clock.day_ends(first + timedelta(days=validity.days - 1), zone)
        return starts, clock.day_starts(_month_after(first, validity.months or 1), zone)
    starts = issued_at
    if validity.starts_on is not None:
        starts = max(issued_at, clock.day_starts(validity.starts_on, zone))
    return starts, clock.day_ends(validity.ends_on, zone) if validity.ends_on else None


def _month_after(day: date, months: int) -> date:
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)
