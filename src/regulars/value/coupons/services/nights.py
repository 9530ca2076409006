"""The nights of coupons: reservations let go, reminders, the end; each in batches that may be repeated."""

from __future__ import annotations

from datetime import datetime

from regulars.kernel import postgres


def release_due(*, program_id: int, before: datetime, limit: int) -> int:
    """Let go one batch of reservations that ended before an instant; returns how many."""
    return _batch("coupons_release_due", program_id, before, limit)


def remind_due(*, program_id: int, before: datetime, limit: int) -> int:
    """Announce `CouponExpiring` for one batch of coupons that end soon, once for each of the template's reminders."""
    return _batch("coupons_remind", program_id, before, limit)


def expire_due(*, program_id: int, before: datetime, limit: int) -> int:
    """Expire one batch of members' coupons that ended before an instant; announces `CouponExpired`."""
    return _batch("coupons_expire", program_id, before, limit)


def _batch(function: str, program_id: int, at: datetime, limit: int) -> int:
    return int(postgres.ask(f"select {function}(%s::int, %s::timestamptz, %s::int)", (program_id, at, limit))[0][0])
