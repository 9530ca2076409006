"""Publishing's hooks: the section `offline` of a program document; and which version held when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.people.programs import services as programs
from regulars.people.programs.terms import Change
from regulars.value.allowances.models import PolicyRow
from regulars.value.allowances.rules import document as documents
from regulars.value.allowances.terms import Policy

SECTIONS = (documents.SECTION,)


def policy(*, program_id: int) -> Policy:
    """What the program allows offline now; without the section, nothing."""
    return _said(program_id, None) or Policy()


def version_at(*, program_id: int, at: datetime) -> int | None:
    """The version of the program that was in force at an instant; None when that is not known."""
    rows = PolicyRow.objects.filter(program_id=program_id, applied_at__lte=at)
    return rows.order_by("-version").values_list("version", flat=True).first()


def describe(program_id: int, version: int | None = None) -> dict[str, Any]:
    """Our section of a version (None: the current one), canonical; nothing where nothing was said.

    Raises: NoProgram.
    """
    return documents.write(_said(program_id, version))


def check(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every fault of our section as (path, message)."""
    return documents.read(document)[1]


def plan(program_id: int, document: Mapping[str, Any]) -> list[Change]:
    """What a document would change in what is allowed offline. Allowances that are out stay good.

    Raises: Invalid with every fault; NoProgram.
    """
    before, after = describe(program_id), documents.write(_sound(document))
    if before == after:
        return []
    section = documents.SECTION
    action = "change" if before and after else "add" if after else "retire"
    return [Change(path=section, action=action, before=before.get(section), after=after.get(section))]


@transaction.atomic
def apply(program_id: int, version: int, document: Mapping[str, Any], actor: str) -> None:
    """Write the section of a new version, and since when it holds.

    Raises: Invalid with every fault, nothing written.
    """
    body = documents.write(_sound(document)).get(documents.SECTION)
    PolicyRow.objects.create(program_id=program_id, version=version, body=body, applied_at=clock.now())


def _sound(document: Mapping[str, Any]) -> Policy | None:
    policy, faults = documents.read(document)
    if faults:
        raise Invalid(errors=faults)
    return policy


def _said(program_id: int, version: int | None) -> Policy | None:
    number = programs.by_id(program_id=program_id).current_version if version is None else version
    row = PolicyRow.objects.filter(program_id=program_id, version=number).first()
    return documents.read({documents.SECTION: row.body})[0] if row is not None and row.body else None
