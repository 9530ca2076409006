"""`regulars catch-up`."""

from __future__ import annotations

from datetime import date, datetime
from time import sleep

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from regulars.cli.common import answer, as_json, chosen_programs
from regulars.kernel import clock, nights
from regulars.wiring import NIGHTS


@click.command("catch-up")
@click.option("--program", "key", help="Only the program with this key.")
@click.option("--from", "since", type=click.DateTime(["%Y-%m-%d"]), help="Work all nights from this local day again.")
@as_json
def command(key: str | None, since: datetime | None, as_json: bool) -> None:
    """Work the nights that an import or a stopped worker has left out, in order, dated as they fell.

    Nights are harmless when repeated: what was done stays done. It can be stopped and continues where it was.
    """
    done = {p.key: run(p, since=since.date() if since else None, quiet=as_json) for p in chosen_programs(key)}
    answer(
        done, as_json=as_json, text=lambda d: [f"{k}: {n} nights" for k, n in d.items()] or ["There is no program."]
    )


def run(program: object, *, since: date | None = None, quiet: bool = False) -> int:
    """Work a program's missed nights; returns how many.

    Args: since: work all nights from this local day again; else continue after the last one.
    """
    program_id, zone, now = program.id, program.zone, clock.now()  # type: ignore[attr-defined]
    if since:
        nights.reopen(program_id=program_id, from_day=since)
    first = since or clock.local_day(now, zone)
    total = len(nights.due_days(program_id=program_id, zone=zone, upto=now, first_day=first))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    done = 0
    with Progress(*columns, disable=quiet or total < 2) as bar:
        task = bar.add_task("nights", total=total)
        while True:
            progress = nights.run_due(
                NIGHTS,
                program_id=program_id,
                zone=zone,
                upto=now,
                first_day=first,
                told=lambda _: bar.advance(task),
            )
            done += progress.nights
            if not progress.is_left_to_another:
                return done
            sleep(0.2)  # a worker has one of the nights; it is done soon
