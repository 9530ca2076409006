"""How the services call the stored functions: one statement, one answer, one retry when a key was raced for."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import orjson
import psycopg
from django.db import connection, transaction

from regulars.kernel import clock, postgres
from regulars.kernel.errors import Invalid, sure
from regulars.value.ledger.terms import Moved, Source

ENTRY = (
    "ledger_entry(%s::int, %s::text, %s::text, %s::text, %s::text, %s::text, %s::int, %s::timestamptz,"
    " %s::timestamptz, %s::text, %s::text, %s::bytea)"
)
NOWHERE = Source()
FUTURE_TOLERANCE = timedelta(days=1)


def digest(*content: Any) -> bytes:
    """16 bytes that stand for what was asked: the same key with other content is refused (L1)."""
    try:
        told = orjson.dumps(content, default=str, option=orjson.OPT_SORT_KEYS)
    except TypeError as no:
        raise Invalid("A number is too large, or a text has characters that cannot be kept.") from no
    return hashlib.sha256(told).digest()[:16]


def happened(occurred_at: datetime | None, now: datetime) -> datetime:
    """When a movement happened: as said, or now.

    Raises: Invalid for a time that has not come: clocks differ by minutes, not by a day.
    """
    if occurred_at is not None and occurred_at - now > FUTURE_TOLERANCE:
        raise Invalid(errors=[("occurred_at", "must not lie in the future")])
    return occurred_at or now


def entry(
    *,
    program_id: int,
    key: str,
    kind: str,
    actor: str,
    asked: bytes,
    source: Source = NOWHERE,
    rule_version: int | None = None,
    occurred_at: datetime | None = None,
    reason: str | None = None,
) -> tuple[Any, ...]:
    """The head of a journal as the parameters of `ENTRY`. Recorded now; occurred now unless said."""
    now = clock.now()
    if not key or len(key) > 300:
        raise Invalid(errors=[("key", "has 1 to 300 characters")])
    return (
        program_id,
        key,
        kind,
        source.type,
        source.ref,
        source.line,
        rule_version,
        happened(occurred_at, now),
        now,
        actor,
        reason,
        asked,
    )


def call(sql: str, *params: Any) -> tuple[Any, ...]:
    """Call one stored function and return its row.

    Two calls with one new key at the same time: one writes, the other meets the constraint and asks again, which
    then finds the first answer.
    """
    try:
        with transaction.atomic():
            row = postgres.call(connection, sql, params)
    except psycopg.errors.UniqueViolation as error:
        if error.diag.constraint_name != "L1_a_key_moves_value_once":
            raise
        with transaction.atomic():
            row = postgres.call(connection, sql, params)
    sure(row is not None, "a stored function answers with a row")
    return row or ()


def moved(row: tuple[Any, ...]) -> Moved:
    """The answer of a verb: (seq, version, active, debt)."""
    seq, version, active, debt = row
    return Moved(seq=seq, version=version, active=tuple(active), debt=tuple(debt))


def rows(sql: str, *params: Any) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found
