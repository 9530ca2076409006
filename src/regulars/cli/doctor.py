"""`regulars doctor`: what each setting says, what is wrong, and what production still lacks."""

from __future__ import annotations

import os
import smtplib
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any

import click
from django.conf import settings
from django.db import DatabaseError, connection

from regulars.cli.common import answer, as_json, open_house
from regulars.kernel import clock, home
from regulars.kernel.errors import Broken, Refusal

OLDEST_POSTGRES = 15
MOST_SKEW_SECONDS = 2

SETTINGS = {
    "DATABASE_URL": "postgresql://user:password@host/name; unset: an embedded PostgreSQL in REGULARS_HOME",
    "REGULARS_HOME": "folder of the embedded server, keys, uploads and static files",
    "REGULARS_MASTER_KEY": "64 hex digits that wrap every program's key; without it personal data cannot be read",
    "REGULARS_SECRET_KEY": "64 hex digits that sign sessions",
    "REGULARS_ALLOWED_HOSTS": "the names under which the server answers, comma separated",
    "REGULARS_EMAIL_URL": "smtp://user:password@host:587, smtps://host:465 or console:",
    "REGULARS_BEHIND_PROXY": "1 when a proxy that ends TLS sets X-Forwarded-Proto and appends to X-Forwarded-For",
    "REGULARS_REQUIRE_2FA": "1 asks staff for a second factor; 1 when DATABASE_URL is set",
    "REGULARS_POOL_MAX": "database connections of one server process",
    "REGULARS_LOG": "json or console",
    "REGULARS_LOG_LEVEL": "debug, info, warning or error",
    "REGULARS_LAKE_URL": "where the analytical files go; unset: REGULARS_HOME/lake",
}
SECRET = {"DATABASE_URL", "REGULARS_MASTER_KEY", "REGULARS_SECRET_KEY", "REGULARS_EMAIL_URL"}


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `state` is ok, warning (production needs more) or broken."""

    what: str
    state: str
    says: str


@click.command("doctor")
@as_json
def command(as_json: bool) -> None:
    """Look at settings, database, clock, keys and mail. Status 1 when anything is broken."""
    open_house()
    findings = list(examine())
    is_broken = any(f.state == "broken" for f in findings)
    answer(
        {
            "healthy": not is_broken,
            "ready_for_production": all(f.state == "ok" for f in findings),
            "findings": [asdict(f) for f in findings],
            "settings": [{"name": n, "set": bool(os.environ.get(n)), "means": m} for n, m in SETTINGS.items()],
        },
        as_json=as_json,
        text=_lines,
    )
    sys.exit(1 if is_broken else 0)


def _lines(report: dict[str, Any]) -> Iterator[str]:
    yield "Settings"
    for row in report["settings"]:
        shown = os.environ.get(row["name"], "")
        yield f"  {row['name']:<24}{'[set]' if shown and row['name'] in SECRET else shown or '-'}"
        yield f"  {'':<24}{row['means']}"
    yield "Findings"
    for f in report["findings"]:
        yield f"  {f['state']:<9}{f['what']}: {f['says']}"
    broken, lacking = (sum(f["state"] == s for f in report["findings"]) for s in ("broken", "warning"))
    yield f"{broken} broken, {lacking} lacking for production." if broken or lacking else "Ready for production."


def examine() -> Iterable[Finding]:
    """Every finding; a part that cannot be looked at is itself one."""
    for part in (_environment, _database, _keys, _outbox, _mail):
        try:
            yield from part()
        except (DatabaseError, Refusal, Broken, OSError) as error:
            yield Finding(part.__name__.strip("_"), "broken", str(error).strip().splitlines()[0])


def _environment() -> Iterator[Finding]:
    unknown = sorted(k for k in os.environ if k.startswith("REGULARS_") and k not in SETTINGS and k not in _INTERNAL)
    for name in unknown:
        yield Finding(name, "warning", "is no setting of ours; is it misspelt?")
    if home.is_embedded():
        yield Finding(
            "DATABASE_URL", "warning", "unset: the embedded PostgreSQL is for one machine and has no backup"
        )
    else:
        yield Finding("DATABASE_URL", "ok", "set")
    if settings.ALLOWED_HOSTS == ["localhost", "127.0.0.1", "[::1]"]:
        yield Finding("REGULARS_ALLOWED_HOSTS", "warning", "only this machine is answered; name your hosts")
    elif "*" in settings.ALLOWED_HOSTS:
        yield Finding("REGULARS_ALLOWED_HOSTS", "warning", "answers to any name; name your hosts")
    else:
        yield Finding("REGULARS_ALLOWED_HOSTS", "ok", ", ".join(settings.ALLOWED_HOSTS))
    if not settings.IS_BEHIND_PROXY:
        yield Finding(
            "REGULARS_BEHIND_PROXY", "warning", "unset: put a proxy that ends TLS in front, and set it to 1"
        )
    if not settings.REGULARS_REQUIRE_2FA:
        yield Finding("REGULARS_REQUIRE_2FA", "warning", "off: staff log in with a password only")


_INTERNAL = {"REGULARS_SERVER", "REGULARS_SERVING", "REGULARS_TALLY", "REGULARS_TEST_DB"}


def _database() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("select current_setting('server_version_num')::int / 10000, current_setting('server_version')")
        number, version = cursor.fetchone() or (0, "")
        is_old = number < OLDEST_POSTGRES
        says = f"PostgreSQL {version}" + (f"; {OLDEST_POSTGRES} or newer is needed" if is_old else "")
        yield Finding("database", "broken" if is_old else "ok", says)
        cursor.execute(
            "select has_schema_privilege(current_schema(), 'create'), rolsuper from pg_roles where rolname = user"
        )
        may_create, is_super = cursor.fetchone() or (False, False)
        if not may_create:
            yield Finding(
                "permissions", "broken", "this role may not create tables, so `regulars migrate` cannot work"
            )
        elif is_super and not home.is_embedded():
            yield Finding("permissions", "warning", "this role is a superuser; one that owns its database is enough")
        else:
            yield Finding("permissions", "ok", "tables can be created")
        cursor.execute("select extract(epoch from clock_timestamp())::float8, current_setting('server_encoding')")
        theirs, encoding = cursor.fetchone() or (0.0, "")
        skew = abs(clock.now().timestamp() - theirs)
        state = "ok" if skew <= MOST_SKEW_SECONDS else "broken"
        yield Finding("clock", state, f"{skew:.1f} s between this machine and the database")
        if encoding != "UTF8":
            yield Finding("encoding", "broken", f"the database is {encoding}; make one with encoding UTF8")
        for name, good in (("fsync", "on"), ("synchronous_commit", "on"), ("full_page_writes", "on")):
            cursor.execute("select current_setting(%s)", [name])
            (value,) = cursor.fetchone() or ("",)
            if value != good:
                yield Finding(name, "warning", f"is {value}: an acknowledged order may be lost in a crash")
    executor = import_module("django.db.migrations.executor").MigrationExecutor(connection)
    waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    says = f"{waiting} wait: run `regulars migrate`" if waiting else "all applied"
    yield Finding("migrations", "broken" if waiting else "ok", says)


def _keys() -> Iterator[Finding]:
    if home.is_embedded():
        folder = home.folder() / "keys"
        loose = [p.name for p in folder.glob("*") if p.stat().st_mode & 0o077]
        if loose:
            yield Finding("keys", "broken", f"others can read {', '.join(loose)} in {folder}: chmod 600")
        yield Finding("keys", "warning", f"kept in {folder}; set REGULARS_MASTER_KEY and keep a copy elsewhere")
    elif settings.MASTER_KEY.hex() == settings.SECRET_KEY:
        yield Finding("keys", "broken", "REGULARS_MASTER_KEY and REGULARS_SECRET_KEY are the same; make two")
    else:
        yield Finding("keys", "ok", "given by the environment; keep a copy of REGULARS_MASTER_KEY elsewhere")


def _outbox() -> Iterator[Finding]:
    health = import_module("regulars.kernel.outbox").health()
    dead, waiting = sum(health.dead.values()), sum(health.waiting.values())
    if dead:
        yield Finding("outbox", "warning", f"{dead} dead letters: look at them in the console")
    if health.oldest_seconds > 900:
        yield Finding("outbox", "warning", f"{waiting} wait, the oldest for {health.oldest_seconds} s: no worker?")
    elif not dead:
        yield Finding("outbox", "ok", f"{waiting} wait")


def _mail() -> Iterator[Finding]:
    if not settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        yield Finding("mail", "warning", "REGULARS_EMAIL_URL unset: mail is printed, not sent")
        return
    secure = smtplib.SMTP_SSL if settings.EMAIL_USE_SSL else smtplib.SMTP
    try:
        with secure(settings.EMAIL_HOST, settings.EMAIL_PORT, timeout=5) as server:
            code, _ = server.noop()
    except (OSError, smtplib.SMTPException) as error:
        yield Finding("mail", "broken", f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT} does not answer ({error})")
    else:
        yield Finding("mail", "ok" if code == 250 else "broken", f"{settings.EMAIL_HOST} answers {code}")
