"""Small things that the verbs share: calls of stored functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import connection

from regulars.kernel import postgres


def ask(sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Every row of a statement.

    Raises: the Refusal that a stored function raised; Busy when a lock was waited for too long.
    """
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:
        try:
            cursor.execute(sql, params)
            return cursor.fetchall() if cursor.pgresult is not None and cursor.pgresult.nfields else []
        except psycopg.Error as error:
            raise postgres.translated(error) from error
