"""What every test stands on: a real PostgreSQL, and an empty house after each test that commits.

A test that only needs a database: `pytestmark = pytest.mark.django_db` (rolled back at its end).
A race, with threads and real commits: `pytestmark = pytest.mark.django_db(transaction=True)`; every thread ends
with `connection.close()`. Afterwards all tables are emptied, although the ledger's triggers refuse to: the flush
runs as a replica, for which triggers are silent.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations
from hypothesis import settings

os.environ.setdefault("REGULARS_LOG", "console")
_flush = DatabaseOperations.sql_flush

settings.register_profile("short", derandomize=True, deadline=None, database=None)
settings.register_profile("deep", deadline=None)


def pytest_configure(config: pytest.Config) -> None:
    """The short form tries the same examples each time: a change is judged by itself. The deep one seeks new ones."""
    settings.load_profile("short" if config.getoption("markexpr") == "not deep" else "deep")


def _sql_flush(self: DatabaseOperations, style: Any, tables: list[str], **options: Any) -> list[str]:
    statements = _flush(self, style, tables, **{**options, "allow_cascade": True})
    return statements and [
        "set local session_replication_role = replica",
        *statements,
        "set local session_replication_role = origin",
    ]


@pytest.fixture(scope="session", autouse=True)
def _flush_past_triggers() -> Any:
    DatabaseOperations.sql_flush = _sql_flush  # type: ignore[method-assign]
    yield
    DatabaseOperations.sql_flush = _flush  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """The test database does not wait for the disk: a crash of the machine may lose it."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(f'alter database "{connection.settings_dict["NAME"]}" set synchronous_commit = off')
        connection.close()
