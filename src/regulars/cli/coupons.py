"""`regulars coupons`: make batches of codes, write them to files; and `regulars import coupons`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from regulars.cli import common
from regulars.kernel import ids
from regulars.kernel.errors import Invalid
from regulars.people.programs import services as programs
from regulars.value.coupons import services
from regulars.value.coupons.terms import BATCH_PREFIX, Batch

ACTOR = "system:command line"
_program = click.option("--program", "program_key", help="Which program; not needed where there is only one.")


@click.group("coupons")
def command() -> None:
    """Make batches of codes, and write them to files."""


@command.command("batch")
@click.argument("template")
@click.argument("size", type=click.IntRange(min=1))
@click.option("--key", required=True, help="Makes it repeatable: the same key goes on with the same batch.")
@click.option("--note", default="", help="What for; staff see it.")
@_program
@common.as_json
def batch(template: str, size: int, key: str, note: str, program_key: str | None, as_json: bool) -> None:
    """Make SIZE codes of TEMPLATE. Run again with the same key after any interruption: it goes on where it stood."""
    program_id = _chosen(program_key)
    begun = services.begin_batch(
        program_id=program_id, template=template, size=size, key=f"cli/{key}", note=note, actor=ACTOR
    )
    with _bar("codes", size, as_json) as told:
        done = services.make_batch(program_id=program_id, batch_id=begun.batch_id, told=told)
    common.answer(_told(done), as_json=as_json, text=lambda row: [f"{row['id']}: {row['made']:,} codes"])


@command.command("export")
@click.argument("batch_id")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@_program
def export(batch_id: str, file: Path, program_key: str | None) -> None:
    """Write the codes of a batch (cpb_…) to a CSV file, with their states."""
    rows = services.codes_of(program_id=_chosen(program_key), batch_id=ids.decode(BATCH_PREFIX, batch_id))
    with file.open("wb") as out:
        for part in rows:
            out.write(part)


@click.command("coupons")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--template", required=True, help="Of which template they are.")
@click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path), help="Where refused lines are written.")
@click.option("--key", default="", help="Makes it repeatable; the file's own digest if not given.")
@click.option("--note", default="", help="Where they come from; staff see it.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
@_program
@common.as_json
def pool(
    file: Path,
    template: str,
    rejects: Path | None,
    key: str,
    note: str,
    dry_run: bool,
    program_key: str | None,
    as_json: bool,
) -> None:
    """Bring in codes that others made, one a line or in the column `code`. Exit status 3: some were refused."""
    with _bar("lines", None, as_json) as told:
        done = services.import_pool(
            program_id=_chosen(program_key),
            template=template,
            path=file,
            rejects=rejects or file.with_suffix(".rejects.csv"),
            key=f"cli/{key}" if key else "",
            note=note,
            dry_run=dry_run,
            actor=ACTOR,
            told=told,
        )
    answer = {
        "batch": ids.encode(BATCH_PREFIX, done.batch_id),
        "lines": done.lines,
        "stored": done.stored,
        "rejected": done.rejected,
    }
    common.answer(
        answer, as_json=as_json, text=lambda row: [f"{row['stored']:,} codes stored, {row['rejected']:,} refused"]
    )
    if done.rejected:
        sys.exit(3)


def _chosen(key: str | None) -> int:
    found = common.chosen_programs(key)
    if len(found) != 1:
        raise Invalid(errors=[("--program", f"name one of {', '.join(p.key for p in programs.all_programs())}")])
    return int(found[0].id)


def _told(one: Batch) -> dict[str, Any]:
    return {
        "id": ids.encode(BATCH_PREFIX, one.batch_id),
        "template": one.template,
        "size": one.size,
        "made": one.made,
    }


@contextmanager
def _bar(what: str, total: int | None, is_quiet: bool) -> Any:
    """A progress bar on the standard error; nothing for programs."""
    with Progress(console=Console(stderr=True), disable=is_quiet or not sys.stderr.isatty()) as bar:
        line = bar.add_task(what, total=total)

        def told(done: int, size: int) -> None:
            bar.update(line, completed=done, total=size)

        shown: Callable[[int, int], None] = told
        yield shown
