"""`regulars worker`: the outbox in one thread, clocks and long jobs beside it."""

from __future__ import annotations

import asyncio
import signal
import threading
from typing import Any

import click
import structlog
from django.db import Error, close_old_connections, connection
from procrastinate.contrib.django import app

from regulars.kernel import outbox
from regulars.wiring import WIRING

IDLE_SECONDS = 0.3
SICK_SECONDS = 3.0

log = structlog.get_logger(__name__)


@click.command("worker")
@click.option("--once", is_flag=True, help="Deliver what waits now, then leave.")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1, 64), help="Long jobs at the same time.")
def command(once: bool, jobs: int) -> None:
    """Deliver news, work the nights and run long jobs until told to stop (Ctrl-C, SIGTERM).

    Run as many as you like, on any machines: they share the work by row locks.
    """
    if once:
        total = 0
        while done := outbox.deliver_batch(WIRING):
            total += done
        click.echo(f"{total} facts delivered.")
        return
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threads = [
        threading.Thread(target=deliver_until, args=(stop,), name="outbox"),
        threading.Thread(target=work_jobs_until, args=(stop, jobs), name="jobs"),
    ]
    for thread in threads:
        thread.start()
    click.echo("Regulars works. Ctrl-C stops it.")
    for thread in threads:
        while thread.is_alive():
            thread.join(0.5)  # in slices, so that signals are seen
    click.echo("Regulars has stopped working.")


def deliver_until(stop: threading.Event) -> None:
    """Deliver facts until told to stop; a database that went away is asked again every few seconds."""
    while not stop.is_set():
        try:
            if not outbox.deliver_batch(WIRING):
                stop.wait(IDLE_SECONDS)
        except Error as error:
            log.warning("the outbox cannot be read; trying again", error=str(error))
            connection.close()
            stop.wait(SICK_SECONDS)
        close_old_connections()
    connection.close()


def work_jobs_until(stop: threading.Event, jobs: int) -> None:
    """Run Procrastinate's jobs until told to stop, and begin again when the database went away."""
    while not stop.is_set():
        try:
            asyncio.run(_work_jobs(stop, jobs))
        except Exception as error:
            log.warning("jobs cannot be fetched; trying again", error=str(error))
            stop.wait(SICK_SECONDS)


async def _work_jobs(stop: threading.Event, jobs: int) -> None:
    connector: Any = app.connector  # Django's, which can make one for a worker
    runner = app.with_connector(connector.get_worker_connector())
    async with runner.open_async():
        work = asyncio.create_task(
            runner.run_worker_async(
                concurrency=jobs,
                install_signal_handlers=False,
                delete_jobs="successful",
                shutdown_graceful_timeout=20,
            )
        )
        told = asyncio.create_task(asyncio.to_thread(stop.wait))
        await asyncio.wait({work, told}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            work.cancel()
        await asyncio.gather(work, return_exceptions=stop.is_set())
