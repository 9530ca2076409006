"""`regulars import`: members, balances and orders from files; resumable, repeatable, with a report at the end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from regulars.cli import common, coupons
from regulars.interfaces.imports import services
from regulars.interfaces.imports.rules import read_mapping
from regulars.interfaces.imports.terms import BadMapping, Job, Progress, State
from regulars.kernel import ids
from regulars.kernel.errors import Invalid
from regulars.people.programs import services as programs

PLAIN_FORMATS = ("csv", "parquet")
_PLAIN_SECONDS = 5.0


@click.group("import")
def command() -> None:
    """Take in members, balances, orders, products, stock and audiences from files.

    Run again after any interruption: it goes on where it stood. A second run of the same file changes nothing.
    Exit status: 0 all rows came in, 1 refused, 3 done but some rows were rejected.
    """


def _options(found: Callable[..., None]) -> Callable[..., None]:
    for option in (
        common.as_json,
        click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing."),
        click.option(
            "--mapping", "mapping_path", type=click.Path(path_type=Path), help="What the columns mean (YAML)."
        ),
        click.option("--program", "program_key", help="Into which program; not needed where there is only one."),
        click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path)),
    ):
        found = option(found)
    return found


@command.command("orders")
@_options
@click.option("--format", "form", help="A ready mapping (see `import mappings`), or csv or parquet with --mapping.")
def orders(
    file: Path, program_key: str | None, form: str | None, mapping_path: Path | None, dry_run: bool, as_json: bool
) -> None:
    """Bring in sales and returns of the past; points are given as the program's rules would have given them."""
    _import("orders", file, program_key, form, mapping_path, dry_run, as_json)


@command.command("members")
@_options
def members(file: Path, program_key: str | None, mapping_path: Path | None, dry_run: bool, as_json: bool) -> None:
    """Bring in members; names, phones and e-mails are kept encrypted."""
    _import("members", file, program_key, None, mapping_path, dry_run, as_json)


@command.command("balances")
@_options
def balances(file: Path, program_key: str | None, mapping_path: Path | None, dry_run: bool, as_json: bool) -> None:
    """Bring in opening balances, each as a lot with its last day."""
    _import("balances", file, program_key, None, mapping_path, dry_run, as_json)


@command.command("products")
@_options
def products(file: Path, program_key: str | None, mapping_path: Path | None, dry_run: bool, as_json: bool) -> None:
    """Bring in products with their prices; rows of one sku are its prices in channels, stores and times."""
    _import("products", file, program_key, None, mapping_path, dry_run, as_json)


@command.command("stock")
@_options
def stock(file: Path, program_key: str | None, mapping_path: Path | None, dry_run: bool, as_json: bool) -> None:
    """Bring in counts of stock; a count that is older than the last one changes nothing."""
    _import("stock", file, program_key, None, mapping_path, dry_run, as_json)


@command.command("audience")
@_options
def audience(file: Path, program_key: str | None, mapping_path: Path | None, dry_run: bool, as_json: bool) -> None:
    """Put the members of a file on an audience that is declared."""
    _import("audience", file, program_key, None, mapping_path, dry_run, as_json)


command.add_command(coupons.pool)


@command.command("mappings")
def mappings() -> None:
    """List the ready mappings."""
    for name in services.ready_mappings():
        click.echo(name)


@command.command("jobs")
@click.option("--program", "program_key", help="Of which program; not needed where there is only one.")
@common.as_json
def jobs(program_key: str | None, as_json: bool) -> None:
    """List the newest imports."""
    found = services.jobs(program_id=_program(program_key).id)
    common.answer([_told(j) for j in found], as_json=as_json, text=lambda rows: [_line(row) for row in rows])


def _import(
    kind: str,
    file: Path,
    program_key: str | None,
    form: str | None,
    mapping_path: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    program = _program(program_key)
    try:
        document = _mapping(kind, form, mapping_path)
        with _shown(quiet=as_json) as show:
            if dry_run:
                read = read_mapping(document)
                report = services.dry_run(program_id=program.id, path=file, mapping=read, show=show)
            else:
                job = services.start(program_id=program.id, path=file, mapping=document, actor="system:command line")
                job = services.run(program_id=program.id, job_id=job.id, show=show, wait_seconds=3600)
                report = _told(job)
    except Invalid as no:
        for path, message in no.errors:
            click.echo(f"{path}: {message}", err=True)
        sys.exit(1)
    common.answer(report, as_json=as_json, text=_dry_lines if dry_run else _job_lines)
    rejected = report["rows_rejected"] if dry_run else report["rejected"]
    if rejected:
        sys.exit(3)


def _mapping(kind: str, form: str | None, path: Path | None) -> dict[str, Any]:
    """The mapping document that was asked for. Raises: BadMapping."""
    if path is not None:
        document = services.mapping_file(path)
        if isinstance(document, dict):
            document = {"kind": kind, **({"format": form} if form in PLAIN_FORMATS else {}), **document}
            if document["kind"] != kind:
                raise BadMapping(errors=[("kind", f"this mapping is for {document['kind']}, not for {kind}")])
        read_mapping(document)
        return dict(document)
    if form and form not in PLAIN_FORMATS:
        return services.ready_mapping(form)
    raise click.UsageError(
        "say what the columns mean: --mapping FILE"
        + (f", or --format {'|'.join(services.ready_mappings())}" if kind == "orders" else "")
    )


def _program(key: str | None) -> Any:
    found = [programs.get(key=key)] if key else list(programs.all_programs())
    if len(found) != 1:
        keys = ", ".join(p.key for p in found) or "none: `regulars program apply` makes one"
        raise click.UsageError(f"say the program with --program; there are {keys}")
    return found[0]


@contextmanager
def _shown(*, quiet: bool) -> Any:
    """A function that shows progress: a bar on a terminal, else a line every few seconds; nothing for programs."""
    console = Console(stderr=True)
    if quiet:
        yield lambda _: None
    elif console.is_terminal:
        with Bar(
            TextColumn("{task.description:10}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%  {task.fields[rate]}"),
            TimeRemainingColumn(),
            console=console,
        ) as bar:
            yield _Bars(bar)
    else:
        yield _Lines()


class _Rate:
    """How fast it goes, per phase."""

    def __init__(self) -> None:
        self.state: State | None = None
        self.since, self.first = 0.0, 0

    def of(self, now: Progress) -> float:
        """Units per second since the phase began."""
        if now.state != self.state:
            self.state, self.since, self.first = now.state, time.monotonic(), now.done
        spent = time.monotonic() - self.since
        return (now.done - self.first) / spent if spent > 0.05 else 0.0


class _Bars:
    def __init__(self, bar: Bar) -> None:
        self.bar, self.rate = bar, _Rate()
        self.tasks: dict[State, TaskID] = {}

    def __call__(self, now: Progress) -> None:
        if now.state not in self.tasks:
            self.tasks[now.state] = self.bar.add_task(now.state, total=now.total, rate="")
        rate = self.rate.of(now)
        told = f"{_short(rate)} {now.unit}/s" if rate else ""
        self.bar.update(self.tasks[now.state], completed=now.done, total=now.total, rate=told)


class _Lines:
    def __init__(self) -> None:
        self.rate, self.last = _Rate(), time.monotonic()

    def __call__(self, now: Progress) -> None:
        rate = self.rate.of(now)
        if time.monotonic() - self.last < _PLAIN_SECONDS:
            return
        self.last = time.monotonic()
        left = f", {int((now.total - now.done) / rate)} s left" if now.total and rate else ""
        of = f" of {_short(now.total)}" if now.total else ""
        click.echo(f"{now.state}: {_short(now.done)}{of} {now.unit}, {_short(rate)}/s{left}", err=True)


def _short(number: float) -> str:
    return f"{number:,.0f}" if number < 1e6 else f"{number / 1e6:,.1f} M"


def _told(job: Job) -> dict[str, Any]:
    return {
        "id": ids.encode(services.PREFIX, job.id),
        "kind": job.kind,
        "source": job.source,
        "file": job.file,
        "state": job.state,
        "done": job.done,
        "total": job.total,
        "rejected": job.rejected,
        "rejects_file": job.rejects_path,
        "error": job.error,
        "report": job.report,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
    }


def _line(row: dict[str, Any]) -> str:
    total = f"{row['done']}/{row['total']}" if row["total"] is not None else str(row["done"])
    return f"{row['id']}  {row['kind']:8}  {row['state']:9}  {total:>15}  rejected {row['rejected']}  {row['file']}"


def _job_lines(told: dict[str, Any]) -> Iterable[str]:
    report = told["report"]
    new = sum(report.get(name, 0) for name in ("orders", "returns", "recorded"))
    yield f"{told['file']}: {told['state']} in {report.get('seconds', 0)} s"
    yield from _flat({k: v for k, v in report.items() if k != "seconds"})
    if told["rejects_file"]:
        yield f"{told['rejected']} rows were rejected; they are in {told['rejects_file']}"
    if new == 0:
        yield "Nothing was changed: everything in this file was here already."


def _dry_lines(report: dict[str, Any]) -> Iterable[str]:
    yield "Dry run: nothing was changed."
    yield from _flat({k: v for k, v in report.items() if k != "first_rejects"})
    for line, reason in report["first_rejects"][:20]:
        yield f"line {line}: {reason}"


def _flat(report: dict[str, Any], head: str = "") -> Iterable[str]:
    for name, value in report.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{head}{name}.")
        elif value not in (0, "0", None):
            yield f"  {head}{name}: {value:,}" if isinstance(value, int) else f"  {head}{name}: {value}"
