"""Statements that are asked again and again: prepared once a connection, sent without what a cursor does around them.

A cursor finds out anew, for each call, how each value is written and each column read. A statement whose every
parameter is cast tells the server its types itself, so that plain text does; the columns of a prepared statement do
not change. What is not plain, and what is part of a transaction, is left to a cursor.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import psycopg
from psycopg import abc, errors, postgres
from psycopg.adapt import AdaptersMap, Transformer
from psycopg.pq import ConnStatus, ExecStatus, Format, PipelineStatus, TransactionStatus

MOST_STATEMENTS = 200  # prepared on one connection; what comes after them is asked by cursors
_PARAMETER = re.compile(r"%s(::[a-z]+(?:\[\])?)?")
# the statement's answer has other columns by now; or a cursor, which lets all statements go when something was undone
# or dropped, has let go of ours too
_FORGOTTEN = ("0A000", "26000")
_ATTRIBUTE = "_regulars_statements"
_OK = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


class Unsuited(Exception):
    """This is for a cursor."""


class _Parsed(NamedTuple):
    """A statement as the server takes it. `formats`: 1 where a parameter is sent as bytes."""

    sql: bytes
    formats: list[int]


class _Prepared(NamedTuple):
    """A statement of one connection, with what reads its columns."""

    name: bytes
    reader: abc.Transformer


_parsed: dict[str, _Parsed | None] = {}


def rows(connection: psycopg.Connection[Any], sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Every row of a statement; none for one that answers nothing.

    Args: sql: one statement with psycopg placeholders, every one cast.
    Raises: Unsuited, with nothing done, for what is not plain enough; psycopg.Error.
    """
    parsed = _parsed[sql] if sql in _parsed else _parse(sql)
    if parsed is None or len(params) != len(parsed.formats):
        raise Unsuited
    told = _told(params, parsed.formats)
    gate = connection.pgconn
    is_free = gate.transaction_status == TransactionStatus.IDLE and connection.autocommit
    if not is_free or gate.pipeline_status != PipelineStatus.OFF:  # transactions are the cursors' business
        raise Unsuited
    statements: dict[str, _Prepared] = connection.__dict__.setdefault(_ATTRIBUTE, {})
    prepared = statements.get(sql) or _prepare(connection, statements, sql, parsed)
    result = gate.exec_prepared(prepared.name, told, parsed.formats)  # type: ignore[arg-type]
    if result.status not in _OK:
        error = errors.error_from_result(result, encoding="utf-8")
        if gate.status == ConnStatus.BAD and not isinstance(error, psycopg.OperationalError):
            raise psycopg.OperationalError(str(error))  # as a cursor says it: the server went away without a word
        if error.sqlstate in _FORGOTTEN:  # all that it did is undone
            statements.pop(sql, None)
            raise Unsuited
        raise error
    if not result.nfields:
        return []
    prepared.reader.set_pgresult(result)  # which finds out how its columns are read: without that it crashes
    return prepared.reader.load_rows(0, result.ntuples, tuple)


def _parse(sql: str) -> _Parsed | None:
    formats: list[int] = []

    def numbered(found: re.Match[str]) -> str:
        formats.append(1 if found[1] == "::bytea" else 0)
        return f"${len(formats)}{found[1] or '%'}"  # one without a cast leaves its mark

    text = _PARAMETER.sub(numbered, sql)
    is_plain = formats and "%" not in text and sql.startswith("select ")
    if len(_parsed) > 10 * MOST_STATEMENTS:
        _parsed.clear()
    _parsed[sql] = _Parsed(text.encode(), formats) if is_plain else None
    return _parsed[sql]


def _prepare(
    connection: psycopg.Connection[Any], statements: dict[str, _Prepared], sql: str, parsed: _Parsed
) -> _Prepared:
    if len(statements) >= MOST_STATEMENTS:
        raise Unsuited
    name = b"regulars_%d" % connection.__dict__.setdefault(f"{_ATTRIBUTE}_made", 0)
    connection.__dict__[f"{_ATTRIBUTE}_made"] += 1
    result = connection.pgconn.prepare(name, parsed.sql)
    if result.status not in _OK:
        raise errors.error_from_result(result, encoding="utf-8")
    statements[sql] = _Prepared(name, Transformer(_reading(connection)))
    return statements[sql]


class _Reading(NamedTuple):
    """A connection whose instants are read at once."""

    connection: psycopg.Connection[Any]
    adapters: AdaptersMap


def _reading(connection: psycopg.Connection[Any]) -> Any:
    found = connection.__dict__.get(f"{_ATTRIBUTE}_reading")
    if found is None:
        adapters = AdaptersMap(connection.adapters)
        oid = postgres.types["timestamptz"].oid
        usual: Any = adapters.get_loader(oid, Format.TEXT)

        class Instant(usual):  # type: ignore[misc]
            """As usual, which takes the text apart piece by piece, in Python."""

            def load(self, data: abc.Buffer) -> Any:
                text = str(data, "ascii")
                if text[4:5] == "-" and text.endswith(
                    "+00"
                ):  # neither infinity, nor a year of five digits or before Christ
                    return datetime.fromisoformat(text).replace(tzinfo=self.timezone)
                return super().load(data)

        adapters.register_loader(oid, Instant)
        found = connection.__dict__[f"{_ATTRIBUTE}_reading"] = _Reading(connection, adapters)
    return found


def _told(params: Sequence[Any], formats: Sequence[int]) -> list[bytes | None]:
    """The values as the server reads them. Raises: Unsuited."""
    told: list[bytes | None] = []
    for value, form in zip(params, formats, strict=True):
        if value is None:
            told.append(None)
        elif form:
            if type(value) is not bytes:
                raise Unsuited
            told.append(value)
        else:
            write = _WRITERS.get(type(value))
            if write is None:
                raise Unsuited
            told.append(write(value).encode())
    return told


def _text(value: str) -> str:
    if "\0" in value:
        raise Unsuited  # which says what is wrong with it
    return value


def _instant(value: datetime) -> str:
    if value.tzinfo is None:
        raise Unsuited
    return (value if value.tzinfo is UTC else value.astimezone(UTC)).isoformat(" ")


def _list(values: list[Any]) -> str:
    return "{" + ",".join([_element(v) for v in values]) + "}"


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    kind = type(value)
    if kind is int:
        return str(value)
    if kind is str:
        escaped = _text(value).replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    write = _WRITERS.get(kind)
    if write is None or kind is list:
        raise Unsuited
    return f'"{write(value)}"'


_WRITERS: Final[Mapping[type[Any], Callable[[Any], str]]] = {
    str: _text,
    int: str,
    bool: lambda value: "true" if value else "false",
    UUID: str,
    datetime: _instant,
    date: str,
    list: _list,
}
