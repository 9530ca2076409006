"""Limits and budgets beyond the member: what is left of them, and the proofs that they were never passed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import orjson
from django.db import connection

from regulars.kernel.postgres import call
from regulars.value.promotions.terms import Take
from regulars.value.promotions.terms.usage import Discrepancy

MOST = 1_000
KEPT_DAYS = 800  # a year, and a year in which its orders may still come back
_TAKE = "select promotions_take(%s::int, %s::text[], %s::bigint[], %s::bigint[], %s::boolean[], %s::boolean[])::text"


def take(*, program_id: int, takes: Sequence[Take]) -> None:
    """Take from limits and budgets, all or nothing. Part of the caller's transaction.

    Raises: LimitReached with the key and what is left of it; Busy after a lock wait.
    """
    if not takes:
        return
    keys, amounts, limits, hot, budgets = (list(column) for column in zip(*takes, strict=True))
    call(connection, _TAKE, (program_id, keys, amounts, limits, hot, budgets))


def give_back(*, program_id: int, taken: Mapping[str, int]) -> None:
    """Give back what was taken by key. Part of the caller's transaction.

    Raises: Broken when more comes back than was taken.
    """
    if taken:
        sql = "select promotions_give_back(%s::int, %s::text[], %s::bigint[])::text"
        call(connection, sql, (program_id, list(taken), list(taken.values())))


def left(*, program_id: int, limits: Mapping[str, int]) -> dict[str, int]:
    """What is left of limits, by key: only of those that were ever taken from (`Question.left`).

    Args: limits: key → how much it allows (`snapshot.limits`).
    """
    if not limits:
        return {}
    sql = "select promotions_left(%s::int, %s::text[], %s::bigint[])::text"
    row = call(connection, sql, (program_id, list(limits), list(limits.values())))
    return dict(orjson.loads(row[0])) if row else {}


def forget_old(*, program_id: int, today: date, days: int = KEPT_DAYS) -> int:
    """Take away what was used of limits whose day, week, month or year began long ago; returns how many.

    Lifetimes and budgets stay.

    Args: today: local day of the program's zone.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            r"delete from promotions_usage where program_id = %s and key ~ '/\d{4}-\d{2}-\d{2}(#\d\d)?$'"
            r" and substring(key from '/(\d{4}-\d{2}-\d{2})(?:#\d\d)?$') < %s",
            [program_id, (today - timedelta(days=days)).isoformat()],
        )
        return int(cursor.rowcount)


def discrepancies(*, program_id: int | None = None) -> list[Discrepancy]:
    """What does not agree within limits and budgets: the first thousand. Should be none."""
    with connection.cursor() as cursor:
        cursor.execute("select * from promotions_discrepancies(%s::int, %s::int)", [program_id, MOST])
        return [
            Discrepancy(promise=promise, what=what, expected=expected, found=found)
            for promise, what, expected, found in cursor.fetchall()
        ]
