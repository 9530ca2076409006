"""`regulars serve`: Granian, WSGI, a few blocking threads in each worker process."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
from pathlib import Path

import click
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from regulars.kernel import home
from regulars.kernel.errors import Refusal

_SERVER = "REGULARS_SERVER"  # the process that has begun again as a server


class PortTaken(Refusal):
    """Another program listens there already."""


class MigrationsWait(Refusal):
    """The database is not at this version: run `regulars migrate` first."""


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes: one a core.")
@click.option("--threads", default=2, show_default=True, type=click.IntRange(1, 64), help="Threads in each process.")
def command(host: str, port: int, workers: int, threads: int) -> None:
    """Serve the API at /api/v1/ and the console at /console/ until it is told to stop (Ctrl-C, SIGTERM).

    A request that is being answered is finished first.
    """
    if os.environ.get(_SERVER) != str(os.getpid()):
        ensure_free(host, port)
        _ensure_migrated()
        call_command("collectstatic", interactive=False, verbosity=0)
        connection.close()
        _begin_again(threads)
    os.register_at_fork(after_in_child=_may_be_ended)
    shown = f"[{host}]" if ":" in host else host
    click.echo(f"Regulars serves http://{shown}:{port} with {workers} × {threads} threads. Ctrl-C stops it.")
    Granian(
        "regulars.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        respawn_failed_workers=True,
        workers_kill_timeout=30,
        websockets=False,
        log_level=LogLevels.warning,
        static_path_route=["/static"],
        static_path_mount=[Path(settings.STATIC_ROOT)],
        static_path_expires=3600,
    ).serve()


def _may_be_ended() -> None:
    """A worker that is told to stop before it has begun ends: what it has of its parent would swallow the signal."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def _begin_again(threads: int) -> None:
    """This same command from its beginning, as one that serves.

    Workers are forks of it, and go on with the settings that it has read: those of a command that serves nobody
    would keep no connection, and let the collector of garbage go through everything while tills wait.
    """
    os.environ[_SERVER] = str(os.getpid())  # which stays the same
    os.environ["REGULARS_SERVING"] = "1"
    os.environ["REGULARS_SERVING_THREADS"] = str(threads)
    os.environ.setdefault("REGULARS_POOL_MAX", str(threads + 1))
    os.environ["REGULARS_TALLY"] = str(_fresh_folder())
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - the very command that runs


def ensure_free(host: str, port: int) -> None:
    """Refuse at once, in one line, when somebody listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as no:
            raise PortTaken(
                f"{host}:{port} cannot be listened on: {no.strerror}. Choose another with --port."
            ) from no


def _ensure_migrated() -> None:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        raise MigrationsWait(f"{len(waiting)} migrations wait: run `regulars migrate` first.")


def _fresh_folder() -> Path:
    folder = home.folder() / "tally" / str(os.getpid())
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
