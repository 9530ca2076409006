"""`regulars program`: going back, drift, schedules, what a change would have cost, the schema, faults offline."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from regulars.cli import common, program_lines
from regulars.governance.publishing import services as publishing
from regulars.governance.publishing.services import costing, scheduling, wholes
from regulars.governance.publishing.terms import Change, Estimate
from regulars.kernel.errors import Invalid

ACTOR = "system:cli"


def register(group: click.Group) -> None:
    """Hang these commands under `regulars program`."""
    for command in (schema, validate, diff, rollback, drift, schedules, withdraw, cost):
        group.add_command(command)


@click.command()
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file.")
def schema(output: Path | None) -> None:
    """The JSON Schema of a program document, for editors."""
    text = program_lines.json_text(publishing.schema())
    if output is None:
        click.echo(text)
    else:
        output.write_text(text + "\n", encoding="utf-8")


@click.command()
@click.argument("what")
def validate(what: str) -> None:
    """Check a document without any database: every fault with its path. A section that is left out is not checked."""
    text, name = program_lines.document(what)
    try:
        said = wholes.read(text)
        faults = wholes.faults(said)
    except Invalid as error:
        faults = list(error.errors)
    for path, message in faults:
        sys.stderr.write(f"{path or 'document'}: {message}\n")
    if faults:
        sys.stderr.write(f"invalid: {len(faults)} fault{'s' if len(faults) != 1 else ''}\n")
        sys.exit(1)
    click.echo(f"{name} is sound.")


@click.command()
@click.argument("key")
@click.argument("number", type=int)
@click.option("--with", "with_number", type=int, help="The version to compare with; else the one before.")
@common.as_json
def diff(key: str, number: int, with_number: int | None, as_json: bool) -> None:
    """What a version says otherwise than another."""
    program_id = program_lines.program_id(key)
    before = number - 1 if with_number is None else with_number
    found = publishing.compare(program_id=program_id, number=number, with_number=before)
    _show({"program": key, "number": number, "with": before}, found, as_json=as_json)


@click.command()
@click.argument("key")
@click.argument("number", type=int)
@click.option("--reason", required=True, help="Why; kept with the version.")
@click.option("--plan", "plan_only", is_flag=True, help="Only say what would change.")
@common.as_json
def rollback(key: str, number: int, reason: str, plan_only: bool, as_json: bool) -> None:
    """Apply the document of an earlier version again, as a new version."""
    program_id = program_lines.program_id(key)
    plan = publishing.plan(
        document=publishing.version(program_id=program_id, number=number).document, program_id=program_id
    )
    if not as_json:
        program_lines.show_plan(plan)
    if plan_only:
        if as_json:
            common.answer(asdict(plan), as_json=True, text=lambda _: [])
        return
    done = scheduling.roll_back(program_id=program_id, number=number, actor=ACTOR, reason=reason)
    common.answer({"program": key, "version": done.number}, as_json=as_json, text=_followed)


def _followed(value: dict[str, Any]) -> Iterator[str]:
    yield f"{value['program']} now follows version {value['version']}."


@click.command()
@click.argument("key")
@click.option("--take", is_flag=True, help="Take it in, as a new version.")
@click.option("--put-back", is_flag=True, help="Make the database say again what the version in force says.")
@click.option("--reason", default="", help="Why; needed with --take and --put-back.")
@common.as_json
def drift(key: str, take: bool, put_back: bool, reason: str, as_json: bool) -> None:
    """What the database says otherwise than the version in force. Status 1 when it does."""
    program_id = program_lines.program_id(key)
    if take and put_back:
        raise click.UsageError("--take or --put-back, not both")
    if take or put_back:
        act = scheduling.take_drift if take else scheduling.put_back
        done = act(program_id=program_id, actor=ACTOR, reason=reason)
        common.answer({"program": key, "version": done.number}, as_json=as_json, text=_followed)
        return
    found = publishing.drift(program_id=program_id)
    _show({"program": key}, found, as_json=as_json, nothing="The database says what the version in force says.")
    if found:
        sys.exit(1)


def _show(
    facts: dict[str, Any], found: tuple[Change, ...], *, as_json: bool, nothing: str = "No difference."
) -> None:
    if as_json:
        changes = [asdict(c) for c in found]
        common.answer({**facts, "changes": changes}, as_json=True, text=lambda _: [])
    elif not found:
        click.echo(nothing)
    else:
        program_lines.show(publishing.lines(found))


@click.command()
@click.argument("key")
@common.as_json
def schedules(key: str, as_json: bool) -> None:
    """Documents that were scheduled, made last first."""
    found = scheduling.schedules(program_id=program_lines.program_id(key))
    value = {"schedules": [{"id": s.public_id, **asdict(s)} for s in found]}
    common.answer(value, as_json=as_json, text=_scheduled)


def _scheduled(value: dict[str, Any]) -> Iterator[str]:
    if not value["schedules"]:
        yield "Nothing was scheduled."
    for s in value["schedules"]:
        end = f"  version {s['version']}" if s["version"] else f"  {s['refusal']['detail']}" if s["refusal"] else ""
        yield f"{s['id']}  {s['at']:%Y-%m-%d %H:%M} UTC  {s['state']:<9} {s['actor']}  {s['note']}{end}"


@click.command()
@click.argument("key")
@click.argument("schedule")
def withdraw(key: str, schedule: str) -> None:
    """Withdraw a scheduled document; members are told that it will not come."""
    scheduling.withdraw(
        program_id=program_lines.program_id(key),
        schedule_id=program_lines.schedule_id(schedule),
        actor=ACTOR,
    )
    click.echo(f"{schedule} was withdrawn.")


@click.command()
@click.argument("what")
@click.option("--program", "key", help="Key of the program; else the document says it.")
@click.option("--seed", default=1, show_default=True, help="Which sample; the same seed draws the same orders.")
@click.option("--most", default=costing.MOST_BASKETS, show_default=True, type=click.IntRange(1, costing.MOST_BASKETS))
@common.as_json
def cost(what: str, key: str | None, seed: int, most: int, as_json: bool) -> None:
    """What a document would have cost by the orders of last year, on a random sample of them."""
    text, _ = program_lines.document(what)
    program_id = program_lines.program_of(text, key)
    try:
        begun = costing.begin(program_id=program_id, document=text, actor=ACTOR, seed=seed, most=most)
    except Invalid as error:
        program_lines.faults(error)
        return
    done = _worked(begun, quiet=as_json)
    common.answer(asdict(done), as_json=as_json, text=lambda value: program_lines.estimate(value["report"]))
    if done.report.get("error"):
        sys.exit(1)


def estimated(program_id: int, text: str | bytes, *, seed: int, quiet: bool) -> Estimate:
    """The estimate of a document, done here and now."""
    return _worked(costing.begin(program_id=program_id, document=text, actor=ACTOR, seed=seed), quiet=quiet)


def _worked(begun: Estimate, *, quiet: bool) -> Estimate:
    if quiet or not sys.stderr.isatty():
        return costing.work(estimate_id=begun.estimate_id)
    with click.progressbar(length=100, label="deciding", file=sys.stderr) as bar:
        shown = [0]

        def progress(done: int, total: int) -> None:
            now = 100 * done // max(1, total)
            bar.update(now - shown[0])
            shown[0] = now

        return costing.work(estimate_id=begun.estimate_id, on_progress=progress)
