"""The address of a database on the server that the tests use, for processes that a test starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from django.db import connection


def address(name: str | None = None, *, said: Mapping[str, Any] | None = None) -> str:
    """The `DATABASE_URL` of a database: user, password, host or socket, and port as in Django's settings.

    Args: name: another database than the test's own. said: other settings than the connection's.
    """
    told = said or connection.settings_dict
    password = f":{quote(told['PASSWORD'], safe='')}" if told["PASSWORD"] else ""
    who = quote(told["USER"] or "postgres", safe="") + password
    port = f":{told['PORT']}" if told["PORT"] else ""
    place = told["HOST"] if not told["HOST"].startswith("/") else ""
    socket = f"?{urlencode({'host': told['HOST']}, safe='/')}" if told["HOST"].startswith("/") else ""
    return f"postgresql://{who}@{place}{port}/{quote(name or told['NAME'], safe='')}{socket}"
