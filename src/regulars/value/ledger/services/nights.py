"""What time does by itself: holds run out, value begins, value ends, the day closes, heads are signed."""

from __future__ import annotations

from datetime import datetime, timedelta

from regulars.kernel import clock
from regulars.kernel.nights import Work
from regulars.people.programs import services as programs
from regulars.value.ledger.services.calls import call
from regulars.value.ledger.services.statements import close_days, sign_heads

BATCH = 500  # members, about a second: a till never waits for longer


def release_at_night(work: Work) -> str | None:
    """Step of a night: holds whose time ran out are let go."""
    return _more(release_due_holds(program_id=work.program_id, before=work.at, limit=work.limit))


def activate_at_night(work: Work) -> str | None:
    """Step of a night: value whose day has come begins."""
    return _more(activate_due(program_id=work.program_id, before=work.at, limit=work.limit))


def expire_at_night(work: Work) -> str | None:
    """Step of a night: value whose life has ended is booked as expired."""
    return _more(expire_due(program_id=work.program_id, before=work.at, limit=work.limit))


def close_at_night(work: Work) -> str | None:
    """Step of a night: the day that has just ended is rolled up, and the hash heads are signed."""
    zone = programs.by_id(program_id=work.program_id).zone
    close_days(program_id=work.program_id, zone=zone, through=work.day - timedelta(days=1))
    sign_heads(program_id=work.program_id, day=work.day)
    return None


def _more(worked: int) -> str | None:
    return "more" if worked else None


def release_due_holds(*, program_id: int, before: datetime, limit: int = BATCH) -> int:
    """Let go of holds whose time ran out at or before an instant. Answers how many."""
    return _batch("ledger_release_due_holds", program_id, before, limit)


def activate_due(*, program_id: int, before: datetime, limit: int = BATCH) -> int:
    """Let value begin whose day has come, for at most `limit` members. Answers how many."""
    return _batch("ledger_activate_due", program_id, before, limit)


def expire_due(*, program_id: int, before: datetime, limit: int = BATCH) -> int:
    """Book the end of value that ended at or before an instant, for at most `limit` members. Answers how many."""
    return _batch("ledger_expire_due", program_id, before, limit)


def _batch(function: str, program_id: int, before: datetime, limit: int) -> int:
    sql = f"select {function}(%s::int, %s::timestamptz, %s::int, %s::timestamptz)"
    (count,) = call(sql, program_id, before, limit, clock.now())
    return int(count)
