"""Versions as they were applied; how one differs from another, and the tables from the one in force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regulars.governance.publishing import rules
from regulars.governance.publishing.models import VersionRow
from regulars.governance.publishing.rules import comparing_documents
from regulars.governance.publishing.services import wholes
from regulars.governance.publishing.terms import Change, Listed, UnknownVersion, Version
from regulars.people.programs import services as programs
from regulars.people.programs.terms import Program


def export(*, program_id: int, version: int | None = None) -> str:
    """A program as YAML; applying it to the same program changes nothing.

    Args: version: None for the program as it is now, else the document of that number, byte for byte.
    Raises: NoProgram; UnknownVersion.
    """
    if version is None:
        return rules.write_text(wholes.described(program_id).noted)
    return _row(program_id, version).text


def version(*, program_id: int, number: int | None = None) -> Version:
    """One version with its document; None: the one in force, or number 0 for a program that was never published.

    Raises: NoProgram; UnknownVersion.
    """
    program = programs.by_id(program_id=program_id)
    wanted = program.current_version if number is None else number
    if wanted == 0 and number is None:
        now = wholes.described(program_id).noted
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
    return told(program, _row(program_id, wanted))


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


def compare(*, program_id: int, number: int, with_number: int) -> tuple[Change, ...]:
    """What version `number` says otherwise than version `with_number`: as though the former followed the latter.

    Raises: NoProgram; UnknownVersion.
    """
    before, after = _row(program_id, with_number).document, _row(program_id, number).document
    return comparing_documents.changes(before, after)


def drift(*, program_id: int) -> tuple[Change, ...]:
    """How the tables differ from the version in force: a store that was edited by form. Nothing when they agree.

    Raises: NoProgram.
    """
    number = programs.by_id(program_id=program_id).current_version
    if number == 0:
        return ()
    row = _row(program_id, number)
    now: Mapping[str, Any] = rules.plain(wholes.described(program_id).noted)
    return comparing_documents.changes(row.document, now) if rules.digest(now) != row.digest else ()


def _row(program_id: int, number: int) -> VersionRow:
    row = VersionRow.objects.filter(program_id=program_id, number=number).first()
    if row is None:
        raise UnknownVersion(f"There is no version {number} of this program.")
    return row


def told(program: Program, row: VersionRow) -> Version:
    """A row as callers see it."""
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
