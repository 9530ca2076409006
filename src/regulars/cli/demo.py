"""`regulars demo`: everything on this machine, and gone again with Ctrl-C."""

from __future__ import annotations

import json
import logging
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import psutil
import psycopg
from django.db import connection

from regulars.cli.common import open_house
from regulars.kernel import home, postgres
from regulars.kernel.errors import Refusal

READY_SECONDS = 60
STOP_SECONDS = 25


class NotForDemo(Refusal):
    """`demo` uses the embedded database; unset DATABASE_URL."""


class DidNotStart(Refusal):
    """A part of the demo did not start; what it said is above."""


@click.command("demo")
@click.option("--reset", is_flag=True, help="Throw the demo's database away and begin again.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--host", default="127.0.0.1", show_default=True)
def command(reset: bool, port: int, host: str) -> None:
    """Start an embedded PostgreSQL, a town with a year of history, the server and the worker; print the log-ins.

    A second start uses the same data. Ctrl-C stops everything.
    """
    if not home.is_embedded():
        raise NotForDemo("`demo` uses the embedded database; unset DATABASE_URL.")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _interrupt(stop))
    try:
        _end_leftovers()
        if reset:
            _throw_away()
        open_house()
        click.echo(f"Data: {home.folder()}")
        import_module("regulars.cli.migrate").run(verbosity=0)
        import_module("regulars.cli.serve").ensure_free(host, port)
        logins = _town()
        connection.close()
        _play(stop, host, port, logins)
    except KeyboardInterrupt:
        click.echo("\nStopped.")


def _interrupt(stop: threading.Event) -> None:
    """The first signal while loading leaves at once; while running it asks the children to end."""
    if stop.is_set() or not _children:
        stop.set()
        raise KeyboardInterrupt
    stop.set()


_children: list[subprocess.Popen[bytes]] = []


def _throw_away() -> None:
    url = postgres.start_embedded().replace("/regulars?", "/postgres?")
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("drop database if exists regulars with (force)")
        admin.execute("create database regulars")
    _marker().unlink(missing_ok=True)
    shutil.rmtree(home.folder() / "town", ignore_errors=True)
    click.echo("The demo's data is gone; beginning again.")


def _marker() -> Path:
    return home.folder() / "town.json"


def _town() -> list[list[str]]:
    """Load the town unless this database holds it already; answers the log-ins to print."""
    with connection.cursor() as cursor:
        cursor.execute("select oid::bigint from pg_database where datname = current_database()")
        (database,) = cursor.fetchone() or (0,)
    if _marker().exists():
        kept = json.loads(_marker().read_text())
        if kept["database"] == database:
            return list(kept["logins"])
    town: Any = import_module("regulars.cli.town")  # once the house is open
    began = time.monotonic()
    click.echo("Loading the town, once; later starts use the same data.")
    logging.getLogger("regulars.kernel.nights").setLevel(logging.WARNING)  # a line for each of 365 nights
    logins = [[label, value] for label, value in town.load(click.echo)]
    town.write_secretly(_marker(), json.dumps({"database": database, "logins": logins}))
    click.echo(f"The town is loaded ({time.monotonic() - began:.0f} s).")
    return logins


def _play(stop: threading.Event, host: str, port: int, logins: list[list[str]]) -> None:
    me = [sys.executable, "-m", "regulars.cli"]
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104
    try:
        for words in (["serve", "--host", host, "--port", str(port)], ["worker"]):
            # in a session of its own: Ctrl-C reaches this process only, which then ends the children in order
            _children.append(subprocess.Popen([*me, *words], start_new_session=True))  # noqa: S603
        _remember_children()
        _wait_until_ready(stop, f"http://{shown}:{port}/readyz")
        _welcome(f"http://{shown}:{port}", logins)
        while not stop.wait(0.5):
            if any(child.poll() is not None for child in _children):
                raise DidNotStart("A part of the demo has ended by itself; what it said is above.")
        click.echo("\nStopping …")
    finally:
        _end([psutil.Process(c.pid) for c in _children if c.poll() is None])
        _remembered().unlink(missing_ok=True)
    click.echo("Stopped. `regulars demo` goes on with the same data; `regulars demo --reset` begins again.")


def _wait_until_ready(stop: threading.Event, url: str) -> None:
    for _ in range(READY_SECONDS * 5):
        if stop.is_set() or any(child.poll() is not None for child in _children):
            break
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own server
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            stop.wait(0.2)
    if not stop.is_set():
        raise DidNotStart("The server did not become ready; what it said is above.")


def _welcome(url: str, logins: list[list[str]]) -> None:
    rows = [["Console", f"{url}/console/"], ["API", f"{url}/api/v1/docs"], *logins]
    width = max(len(label) for label, _ in rows) + 2
    click.echo("\nRegulars is ready.\n")
    for label, value in rows:
        click.echo(f"  {label:<{width}}{value}")
    click.echo("\nCtrl-C stops everything.")


def _remembered() -> Path:
    return home.folder() / "demo.json"


def _remember_children() -> None:
    rows = [[c.pid, psutil.Process(c.pid).create_time()] for c in _children if c.poll() is None]
    _remembered().write_text(json.dumps(rows))


def _end_leftovers() -> None:
    """End the server and worker of a demo that was killed, so that its port and data are free. Only those."""
    if not _remembered().exists():
        return
    found = []
    for pid, created in json.loads(_remembered().read_text() or "[]"):
        if psutil.pid_exists(pid) and abs(psutil.Process(pid).create_time() - created) < 1:
            found.append(psutil.Process(pid))
    _end(found)
    _remembered().unlink(missing_ok=True)


def _end(processes: list[psutil.Process]) -> None:
    """Ask politely, wait, then insist; with everything that they started."""
    family = [p for parent in processes for p in [parent, *parent.children(recursive=True)]]
    for process in processes:
        process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=STOP_SECONDS)
    for process in {*alive, *(p for p in family if p.is_running() and p.name() != "postgres")}:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
