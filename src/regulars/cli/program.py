"""`regulars program`: the document that is a program, from a file or a blueprint into the house and out again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from regulars.cli import common
from regulars.governance.publishing import services as publishing
from regulars.governance.publishing.terms import SECTIONS, UnknownBlueprint
from regulars.kernel.errors import Invalid, NotFound
from regulars.people.programs import services as programs

_SHOWN = 20


@click.group("program")
def command() -> None:
    """Show, plan, apply and export programs as YAML documents.

    WHAT is a file, `-` for standard input, or the key of a blueprint.
    """


def _document(what: str) -> tuple[str | bytes, str]:
    """The text of a file, of standard input or of a blueprint, and what to call it in a note."""
    if what == "-":
        return sys.stdin.buffer.read(), "standard input"
    path = Path(what)
    if path.is_file():
        return path.read_bytes(), path.name
    try:
        return publishing.blueprint(key=what).text, f"blueprint {what}"
    except UnknownBlueprint as no:
        raise NotFound(f"{what!r} is no file and no blueprint. {no.detail}") from None


def _program_id(key: str) -> int:
    return programs.get(key=key).id


def _faults(error: Invalid) -> None:
    """Every fault on its line, and status 1."""
    for path, message in error.errors:
        sys.stderr.write(f"{path or 'document'}: {message}\n")
    sys.stderr.write(f"invalid: {len(error.errors)} fault{'s' if len(error.errors) != 1 else ''}; nothing changed\n")
    sys.exit(1)


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
    found = publishing.version(program_id=_program_id(key))
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
@common.as_json
def plan(what: str, key: str | None, as_json: bool) -> None:
    """What a document would change, and who would move. Changes nothing."""
    text, _ = _document(what)
    try:
        found = publishing.plan(document=text, program_id=_program_id(key) if key else None)
    except Invalid as error:
        _faults(error)
    else:
        common.answer(asdict(found), as_json=as_json, text=lambda p: [p["text"].rstrip("\n")])


@command.command()
@click.argument("what")
@click.option("--program", "key", help="Key of the program; else the document says it, and it is made if need be.")
@click.option("--note", default="", help="Why; kept with the version.")
@click.option("--expect", type=int, help="Refuse unless this version is in force.")
@common.as_json
def apply(what: str, key: str | None, note: str, expect: int | None, as_json: bool) -> None:
    """Make a program what a document says: all of it, under a new version number, or nothing."""
    text, name = _document(what)
    try:
        done = publishing.apply(
            document=text,
            actor="system:cli",
            note=note or f"from {name}",
            program_id=_program_id(key) if key else None,
            expected_version=expect,
        )
    except Invalid as error:
        _faults(error)
    else:
        common.answer(
            {"program": done.program_key, "version": done.number, "unchanged": done.unchanged, "digest": done.digest},
            as_json=as_json,
            text=_applied,
        )


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
    text = publishing.export(program_id=_program_id(key), version=version)
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
    found = [asdict(v) for v in publishing.versions(program_id=_program_id(key), limit=limit)]
    common.answer({"versions": found}, as_json=as_json, text=_numbered)


def _numbered(value: dict[str, Any]) -> Iterator[str]:
    if not value["versions"]:
        yield "Never published."
    for v in value["versions"]:
        note = f"  {v['note']}" if v["note"] else ""
        yield f"{v['number']:>5}  {v['applied_at']:%Y-%m-%d %H:%M}  {v['digest'][:12]}  {v['actor']}{note}"
