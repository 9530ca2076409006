"""`regulars program`: the document that is a program, from a file or a blueprint into the house and out again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from regulars.cli import common, program_changes, program_lines
from regulars.governance.publishing import services as publishing
from regulars.governance.publishing.services import scheduling
from regulars.governance.publishing.terms import SECTIONS
from regulars.kernel.errors import Invalid
from regulars.people.programs import services as programs

_SHOWN = 20


@click.group("program")
def command() -> None:
    """Show, plan, apply and export programs as YAML documents.

    WHAT is a file, `-` for standard input, or the key of a blueprint.
    """


@command.command("list")
@common.as_json
def list_(as_json: bool) -> None:
    """Programs of this installation, and blueprints to begin with."""
    here = [
        {"key": p.key, "name": p.name, "version": p.current_version, "zone": p.zone, "currency": p.currency}
        for p in programs.all_programs()
    ]
    found = [{"key": b.key, "name": b.name, "about": b.about} for b in publishing.blueprints()]
    common.answer({"programs": here, "blueprints": found}, as_json=as_json, text=_listed)


def _listed(value: dict[str, Any]) -> Iterator[str]:
    yield "Programs" if value["programs"] else "No programs yet. Begin with: regulars program apply BLUEPRINT"
    for p in value["programs"]:
        yield f"  {p['key']:<20} {p['name']}  version {p['version']}, {p['currency']}, {p['zone']}"
    yield "Blueprints"
    for b in value["blueprints"]:
        yield f"  {b['key']:<20} {b['about'] or b['name']}"


@command.command()
@click.argument("key")
@common.as_json
def show(key: str, as_json: bool) -> None:
    """What a program, or a blueprint, is made of."""
    blueprint = next((b for b in publishing.blueprints() if b.key == key), None)
    if blueprint is not None and key not in {p.key for p in programs.all_programs()}:
        common.answer(asdict(blueprint), as_json=as_json, text=_blueprint)
        return
    found = publishing.version(program_id=program_lines.program_id(key))
    common.answer(asdict(found), as_json=as_json, text=_shown)


def _blueprint(value: dict[str, Any]) -> Iterator[str]:
    yield value["text"].rstrip("\n")


def _shown(value: dict[str, Any]) -> Iterator[str]:
    document = value["document"]
    yield f"{document['program']['name']} ({value['program_key']}), version {value['number']}"
    for section in SECTIONS:
        entries = document.get(section)
        if isinstance(entries, list):
            keys = ", ".join(e["key"] for e in entries[:_SHOWN])
            more = f" and {len(entries) - _SHOWN} more" if len(entries) > _SHOWN else ""
            yield f"  {section:<12} {len(entries):>4}  {keys}{more}"


@command.command()
@click.argument("what")
@click.option("--program", "key", help="Key of the program; else the document says it.")
@click.option("--cost", is_flag=True, help="Also what it would have cost by the orders of last year.")
@click.option("--seed", default=1, show_default=True, help="Which sample of orders; the same seed draws the same.")
@common.as_json
def plan(what: str, key: str | None, cost: bool, seed: int, as_json: bool) -> None:
    """What a document would change, who would move, what members lose, what is refused. Changes nothing."""
    text, _ = program_lines.document(what)
    try:
        found = publishing.plan(document=text, program_id=program_lines.program_id(key) if key else None)
    except Invalid as error:
        program_lines.faults(error)
        return
    estimate = None
    if cost and found.base_version:
        program_id = program_lines.program_id(key or found.program_key)
        estimate = program_changes.estimated(program_id, text, seed=seed, quiet=as_json)
    if as_json:
        costs = {"cost": estimate.report} if estimate else {}
        common.answer({**asdict(found), **costs}, as_json=True, text=lambda _: [])
        return
    program_lines.show_plan(found)
    for line in program_lines.estimate(estimate.report) if estimate else ():
        click.echo(line)


@command.command()
@click.argument("what")
@click.option("--program", "key", help="Key of the program; else the document says it, and it is made if need be.")
@click.option("--note", default="", help="Why; kept with the version.")
@click.option("--expect", type=int, help="Refuse unless this version is in force.")
@click.option("--at", help="When: 2027-01-31T09:00 on the program's wall clock, or with an offset. Else at once.")
@common.as_json
def apply(what: str, key: str | None, note: str, expect: int | None, at: str | None, as_json: bool) -> None:
    """Make a program what a document says: all of it, under a new version number, or nothing."""
    text, name = program_lines.document(what)
    try:
        if at is not None:
            _later(text, key, note or f"from {name}", expect, at, as_json)
            return
        done = publishing.apply(
            document=text,
            actor="system:cli",
            note=note or f"from {name}",
            program_id=program_lines.program_id(key) if key else None,
            expected_version=expect,
        )
    except Invalid as error:
        program_lines.faults(error)
    else:
        common.answer(
            {"program": done.program_key, "version": done.number, "unchanged": done.unchanged, "digest": done.digest},
            as_json=as_json,
            text=_applied,
        )


def _later(text: str | bytes, key: str | None, note: str, expect: int | None, at: str, as_json: bool) -> None:
    program_id = program_lines.program_of(text, key)
    done = scheduling.schedule(
        program_id=program_id,
        document=text,
        at=program_lines.instant(at, program_id),
        actor="system:cli",
        note=note,
        expected_version=expect,
    )
    value = {"schedule": done.public_id, "at": done.at, "told": done.telling_id is not None}
    common.answer(value, as_json=as_json, text=_waiting)


def _waiting(value: dict[str, Any]) -> Iterator[str]:
    told = " Members are told from now on." if value["told"] else ""
    yield f"{value['schedule']} applies at {value['at']:%Y-%m-%d %H:%M %Z}.{told}"


def _applied(value: dict[str, Any]) -> Iterator[str]:
    if value["unchanged"]:
        yield f"{value['program']} says so already: version {value['version']} stays in force."
    else:
        yield f"{value['program']} now follows version {value['version']}."


@command.command()
@click.argument("key")
@click.option("--version", type=int, help="An earlier version, as it was applied.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file.")
def export(key: str, version: int | None, output: Path | None) -> None:
    """A program as YAML. Applying it to the same program changes nothing."""
    text = publishing.export(program_id=program_lines.program_id(key), version=version)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")


@command.command()
@click.argument("key")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1_000))
@common.as_json
def versions(key: str, limit: int, as_json: bool) -> None:
    """The versions of a program, newest first."""
    found = [asdict(v) for v in publishing.versions(program_id=program_lines.program_id(key), limit=limit)]
    common.answer({"versions": found}, as_json=as_json, text=_numbered)


def _numbered(value: dict[str, Any]) -> Iterator[str]:
    if not value["versions"]:
        yield "Never published."
    for v in value["versions"]:
        note = f"  {v['note']}" if v["note"] else ""
        yield f"{v['number']:>5}  {v['applied_at']:%Y-%m-%d %H:%M}  {v['digest'][:12]}  {v['actor']}{note}"


program_changes.register(command)
