"""A member's timeline: orders, returns and journal entries, latest first, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from regulars.kernel import ids
from regulars.kernel.errors import Invalid
from regulars.value.orders.rules.answers import by_unit
from regulars.value.orders.services import asking
from regulars.value.orders.services.reading import everyone
from regulars.value.orders.terms import PREFIX, RETURN_PREFIX, Moment
from regulars.value.promotions import services as promotions

MOST_PER_PAGE = 200
_READ = "select at, what, id, kind, facts::text from orders_timeline(%s::uuid[], %s::timestamptz, %s::text, %s::int)"


def timeline(
    *, program_id: int, member_id: UUID, limit: int = 50, cursor: Sequence[Any] | None = None
) -> tuple[tuple[Moment, ...], tuple[Any, ...] | None]:
    """What happened between a member and the shops, latest first, with the cursor of the next page (None at the end).

    Journal entries of orders and returns are told by these, all others (spends, gifts, corrections) by themselves.
    `facts` hold amounts by unit, totals in minor units and states; nobody's name.

    Args: limit: 1 to 200. Raises: Invalid for a cursor of another list.
    """
    at, last = _place(cursor)
    size = max(1, min(MOST_PER_PAGE, limit))
    keys = asking.unit_keys(promotions.snapshot(program_id=program_id))
    with connection.cursor() as found:
        found.execute(_READ, [everyone(program_id, member_id), at, last, size + 1])
        rows = found.fetchall()
    after = (rows[size - 1][0].isoformat(), rows[size - 1][2]) if len(rows) > size else None
    return tuple(_moment(row, keys) for row in rows[:size]), after


def _place(cursor: Sequence[Any] | None) -> tuple[datetime | None, str | None]:
    if cursor is None:
        return None, None
    try:
        text, last = cursor
        at = datetime.fromisoformat(text)
    except (TypeError, ValueError) as no:
        raise Invalid(errors=[("cursor", "is not a cursor of this list; start again without one")]) from no
    if at.tzinfo is None or not isinstance(last, str) or "\x00" in last:
        raise Invalid(errors=[("cursor", "is not a cursor of this list; start again without one")])
    return at, last


def _moment(row: Sequence[Any], keys: dict[int, str]) -> Moment:
    at, what, key, kind, told = row
    facts = orjson.loads(told)
    for name in ("earned", "clawed", "moved"):
        if name in facts:
            facts[name] = by_unit(facts[name], keys)
    if what in ("order", "return"):
        key = ids.encode(PREFIX if what == "order" else RETURN_PREFIX, UUID(key))
    return Moment(at=at, what=what, id=key, kind=kind, facts=facts)
