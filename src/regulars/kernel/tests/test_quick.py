"""Statements without a cursor: the same rows, the same errors, and whatever is not plain is left alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection

from regulars.kernel import postgres, quick

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 3, 4, 12, 0, 0, 123456, tzinfo=UTC)


def _raw() -> Any:
    connection.ensure_connection()
    return connection.connection


def _by_cursor(sql: str, params: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    with psycopg.Cursor(_raw()) as cursor:
        return cursor.execute(sql, params).fetchall()


@pytest.mark.parametrize(
    ("cast", "value"),
    [
        ("int", 7),
        ("bigint", -(2**62)),
        ("smallint", 0),
        ("text", ""),
        ("text", 'quote " and \\ and , and 中文'),
        ("text", 5),
        ("text", True),
        ("boolean", True),
        ("boolean", False),
        ("uuid", UUID(int=2**127 + 5)),
        ("timestamptz", NOON),
        ("timestamptz", NOON.astimezone(timezone(timedelta(hours=8)))),
        ("date", datetime(2026, 3, 4, 23, tzinfo=timezone(-timedelta(hours=8)))),
        ("date", date(2026, 2, 28)),
        ("bytea", b"\x00\xff'\\"),
        ("jsonb", '{"a": [1, null]}'),
        ("bigint[]", [1, None, -3]),
        ("smallint[]", []),
        ("text[]", ['a"b', "c\\d", "e,f", "", "NULL", None, "{x}"]),
        ("boolean[]", [True, False, None]),
        ("uuid[]", [UUID(int=1), None]),
        ("timestamptz[]", [NOON, None]),
        ("timestamptz", datetime(1, 1, 1, tzinfo=UTC)),
        ("timestamptz", datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
        ("timestamptz", NOON.replace(microsecond=120_000)),
        ("text", None),
        ("bytea", None),
    ],
)
def test_a_value_goes_and_comes_as_with_a_cursor(cast: str, value: Any) -> None:
    sql = f"select %s::{cast}, %s::int"
    assert [quick.rows(_raw(), sql, (value, n)) for n in (1, 2)] == [_by_cursor(sql, (value, n)) for n in (1, 2)]


def test_every_row_comes_and_none_where_there_is_none() -> None:
    sql = "select n, n::text from generate_series(1, %s::int) n"
    assert quick.rows(_raw(), sql, (3,)) == [(1, "1"), (2, "2"), (3, "3")]
    assert quick.rows(_raw(), sql, (0,)) == []


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("select %s", "no cast"),
        ("select %s::text || '%%'", "a sign that is doubled"),
        ("insert into nothing values (%s::int)", 1),
        ("select %s::text", "U+0000: \x00"),
        ("select %s::timestamptz", datetime(2026, 1, 1)),
        ("select %s::text[]", ["\x00"]),
        ("select %s::text[]", [["nested"]]),
        ("select %s::numeric", 1.5),
        ("select %s::text", b"bytes"),
        ("select %s::bytea", "text"),
    ],
)
def test_what_is_not_plain_is_left_to_a_cursor(sql: str, value: Any) -> None:
    with pytest.raises(quick.Unsuited):
        quick.rows(_raw(), sql, (value,))


@pytest.mark.parametrize(
    ("sql", "value"), [("select %s::int", 2**40), ("select 1 / %s::int", 0), ("select %s::uuid", "none")]
)
def test_an_error_is_the_one_of_a_cursor_and_the_connection_goes_on(sql: str, value: Any) -> None:
    with pytest.raises(psycopg.Error) as ours:
        quick.rows(_raw(), sql, (value,))
    with pytest.raises(psycopg.Error) as theirs:
        _by_cursor(sql, (value,))
    assert (ours.type, ours.value.sqlstate) == (theirs.type, theirs.value.sqlstate)
    assert postgres.call(connection, "select %s::int", (1,)) == (1,)


def test_a_function_that_answers_something_else_by_now_is_asked_anew() -> None:
    raw, sql = _raw(), "select * from quick_test(%s::int)"
    with connection.cursor() as cursor:
        cursor.execute("create function quick_test(n int, out a int) language sql as 'select n'")
    try:
        assert postgres.call(connection, sql, (1,)) == (1,)
        with connection.cursor() as cursor:
            cursor.execute("drop function quick_test")
            cursor.execute(
                "create function quick_test(n int, out a int, out b text) language sql as 'select n, n::text'"
            )
        assert [postgres.call(connection, sql, (n,)) for n in (1, 2)] == [(1, "1"), (2, "2")]
        assert raw is connection.connection
    finally:
        with connection.cursor() as cursor:
            cursor.execute("drop function quick_test")


def test_what_is_part_of_a_transaction_is_left_to_a_cursor() -> None:
    raw, sql = _raw(), "select set_config('regulars.test', %s::text, true)"
    connection.set_autocommit(False)
    try:
        for _ in range(2):  # before it begins, and in it
            with pytest.raises(quick.Unsuited):
                quick.rows(raw, sql, ("told",))
            postgres.call(connection, sql, ("told",))
        connection.rollback()
    finally:
        connection.set_autocommit(True)
    assert quick.rows(raw, "select current_setting(%s::text, true)", ("regulars.test",)) == [("",)]


def test_what_cursors_let_go_is_prepared_again() -> None:
    sql = "select %s::int + 1"
    assert postgres.call(connection, sql, (1,)) == (2,)
    with connection.cursor() as cursor:
        cursor.execute("deallocate all")
    assert [postgres.call(connection, sql, (n,)) for n in (1, 2)] == [(2,), (3,)]
    assert quick.rows(_raw(), sql, (3,)) == [(4,)]


def test_a_connection_that_the_server_ended_is_looked_at_before_it_is_used_again() -> None:
    raw, sql = _raw(), "select %s::int + 2"
    assert postgres.call(connection, sql, (1,)) == (3,)
    with psycopg.connect(raw.info.dsn, password=raw.info.password or None, autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s)", (raw.info.backend_pid,))
    with pytest.raises(psycopg.OperationalError):
        postgres.call(connection, sql, (1,))
    connection.close_if_unusable_or_obsolete()  # as at the end of a request
    assert postgres.call(connection, sql, (1,)) == (3,)
    assert connection.connection is not raw
