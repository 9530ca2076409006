"""Documents applied as numbered versions: all of a document or nothing, one after another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import psycopg
from django.db import OperationalError, connection, transaction
from django.db.models import Max

from regulars.governance.publishing import rules
from regulars.governance.publishing.models import VersionRow
from regulars.governance.publishing.rules.telling import change
from regulars.governance.publishing.services.blueprints import blueprint
from regulars.governance.publishing.services.hooks import HOOKS
from regulars.governance.publishing.terms import (
    SECTIONS,
    Change,
    Listed,
    Plan,
    ProgramPublished,
    UnknownVersion,
    Version,
    VersionConflict,
)
from regulars.kernel import clock, outbox, postgres
from regulars.kernel.errors import Invalid
from regulars.people.programs import services as programs
from regulars.people.programs.terms import KeyTaken, NoProgram, Program

Document = Mapping[str, Any] | str | bytes
_LOCK = "select pg_advisory_xact_lock(hashtextextended('publishing', %s))"


def apply(
    *,
    document: Document,
    actor: str,
    note: str = "",
    program_id: int | None = None,
    expected_version: int | None = None,
) -> Version:
    """Make a program what a document says: every section or none, under one new number.

    A section that the document leaves out stays as it is; within a section, what is left out is retired. A document
    that changes nothing gives no new number and answers the version in force, `unchanged`.

    Args: document: YAML or JSON text, or values. program_id: None to go by `program.key` and make the program if
    there is none. expected_version: refuse unless this is the version in force.
    Raises: Invalid with every fault and its path; VersionConflict; NoProgram; Busy.
    """
    told = _read(document)
    try:
        with transaction.atomic():
            return _apply(told, actor, note[:2_000], program_id, expected_version)
    except KeyTaken:  # somebody made the program in this moment: now it is there
        with transaction.atomic():
            return _apply(told, actor, note[:2_000], program_id, expected_version)
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg.Error):
            raise postgres.translated(error.__cause__) from error
        raise


def _apply(
    told: dict[str, Any], actor: str, note: str, program_id: int | None, expected_version: int | None
) -> Version:
    program = _program(told, program_id) or _made(told, actor)
    hold(program_id=program.id)
    program = programs.by_id(program_id=program.id)
    if expected_version is not None and expected_version != program.current_version:
        raise VersionConflict(
            f"Version {program.current_version} is in force, not {expected_version}.",
            current_version=program.current_version,
        )
    wanted = _whole(told, program.id)
    changes = _changes(program.id, wanted)
    if not changes and program.current_version:
        return replace(_version(program, program.current_version), unchanged=True)
    number = 1 + (VersionRow.objects.filter(program_id=program.id).aggregate(last=Max("number"))["last"] or 0)
    for hook in HOOKS:
        hook.apply(program.id, number, wanted, actor)
    program = programs.set_current_version(program_id=program.id, version=number)
    now = _described(program.id)
    row = VersionRow.objects.create(
        program_id=program.id,
        number=number,
        document=rules.plain(now),
        text=rules.write_text(now),
        digest=rules.digest(now),
        note=note,
        actor=actor,
        applied_at=clock.now(),
    )
    changed = tuple(dict.fromkeys(c.section for c in changes))
    outbox.announce(ProgramPublished(program_id=program.id, version=number, sections=changed), program_id=program.id)
    return _told(program, row)


def hold(*, program_id: int) -> None:
    """Until the transaction ends nobody else applies anything to this program; who reads it now may build on it."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [program_id])


def apply_blueprint(*, key: str, actor: str) -> Version:
    """Apply a program that comes with the house; see `apply`.

    Raises: UnknownBlueprint.
    """
    return apply(document=blueprint(key=key).text, actor=actor, note=f"blueprint {key}")


def plan(*, document: Document, program_id: int | None = None) -> Plan:
    """What a document would change, and who would move, without changing anything.

    Raises: Invalid with every fault and its path; NoProgram for an unknown `program_id`.
    """
    told = _read(document)
    with transaction.atomic():
        program = _program(told, program_id)
        if program is None:  # what would be new is learnt by making it and taking it back
            made = _made(told, "system:plan")
            changes = _changes(made.id, _whole(told, made.id))
            transaction.set_rollback(True)
            return Plan(program_key=made.key, base_version=0, changes=changes, text=rules.told(changes))
        changes = _changes(program.id, _whole(told, program.id))
        return Plan(
            program_key=program.key,
            base_version=program.current_version,
            changes=changes,
            text=rules.told(changes),
        )


def export(*, program_id: int, version: int | None = None) -> str:
    """A program as YAML; applying it to the same program changes nothing.

    Args: version: None for the program as it is now, else the document of that number, byte for byte.
    Raises: NoProgram; UnknownVersion.
    """
    if version is None:
        return rules.write_text(_described(program_id))
    return _row(program_id, version).text


def version(*, program_id: int, number: int | None = None) -> Version:
    """One version with its document; None: the one in force, or number 0 for a program that was never published.

    Raises: NoProgram; UnknownVersion.
    """
    program = programs.by_id(program_id=program_id)
    wanted = program.current_version if number is None else number
    if wanted == 0 and number is None:
        now = _described(program_id)
        return Version(
            program_id=program_id,
            program_key=program.key,
            number=0,
            digest=rules.digest(now),
            document=rules.plain(now),
            note="",
            actor="",
            applied_at=None,
        )
    return _version(program, wanted)


def current(*, program_id: int) -> Version:
    """The version in force.

    Raises: NoProgram.
    """
    return version(program_id=program_id)


def versions(*, program_id: int, before: int | None = None, limit: int = 50) -> list[Listed]:
    """The versions of a program, newest first; `before` is the last number of the page before."""
    rows = VersionRow.objects.filter(program_id=program_id)
    if before is not None:
        rows = rows.filter(number__lt=before)
    found = rows.order_by("-number").values_list("number", "digest", "note", "actor", "applied_at")[:limit]
    return [Listed(number=n, digest=d, note=t, actor=a, applied_at=at) for n, d, t, a, at in found]


def _read(document: Document) -> dict[str, Any]:
    told = rules.tidy(rules.read_text(document) if isinstance(document, str | bytes) else document)
    unknown = [s for s in told if s not in SECTIONS]
    if unknown:
        raise Invalid(
            errors=[(s[:64], f"there is no such section; known are {', '.join(SECTIONS)}") for s in unknown]
        )
    return {section: told[section] for section in SECTIONS if told.get(section) is not None}


def _program(told: Mapping[str, Any], program_id: int | None) -> Program | None:
    if program_id is not None:
        return programs.by_id(program_id=program_id)
    said = told.get("program")
    key = said.get("key") if isinstance(said, Mapping) else None
    if not isinstance(key, str):
        raise Invalid(errors=[("program.key", "is missing: which program is this?")])
    try:
        return programs.get(key=key)
    except NoProgram:
        return None


def _made(told: Mapping[str, Any], actor: str) -> Program:
    """The program that a document describes, made empty: its sections are applied like any others."""
    _refuse(told)
    said = told["program"]
    return programs.create(
        key=said["key"],
        name=said["name"],
        zone=said["zone"],
        currency=said["currency"],
        locale=said.get("locale") or "en",
        actor=actor,
    )


def _refuse(document: Mapping[str, Any]) -> None:
    faults = [fault for hook in HOOKS for fault in hook.check(document)]
    if faults:
        raise Invalid(errors=faults)


def _described(program_id: int) -> dict[str, Any]:
    found = {section: value for hook in HOOKS for section, value in hook.describe(program_id).items()}
    return {section: found[section] for section in SECTIONS if section in found}  # `offline` may be unsaid


def _whole(told: Mapping[str, Any], program_id: int) -> dict[str, Any]:
    """The document with the sections it leaves out as they are now.

    Raises: Invalid when the whole has faults.
    """
    whole = {**_described(program_id), **told}
    _refuse(whole)
    return whole


def _changes(program_id: int, whole: Mapping[str, Any]) -> tuple[Change, ...]:
    return tuple(
        [
            change(path=c.path, action=c.action, before=c.before, after=c.after, adverse=c.adverse)
            for hook in HOOKS
            for c in hook.plan(program_id, whole)
        ]
    )


def _row(program_id: int, number: int) -> VersionRow:
    row = VersionRow.objects.filter(program_id=program_id, number=number).first()
    if row is None:
        raise UnknownVersion(f"There is no version {number} of this program.")
    return row


def _version(program: Program, number: int) -> Version:
    return _told(program, _row(program.id, number))


def _told(program: Program, row: VersionRow) -> Version:
    return Version(
        program_id=program.id,
        program_key=program.key,
        number=row.number,
        digest=row.digest,
        document=row.document,
        note=row.note,
        actor=row.actor,
        applied_at=row.applied_at,
    )
