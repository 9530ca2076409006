"""Publishing's hooks: the sections `earn_rules` and `policies` of a program document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import orjson
from django.db import transaction

from regulars.kernel.errors import Invalid
from regulars.people.programs import services as programs
from regulars.people.programs.terms import Change
from regulars.value.promotions.models import RuleRow, VersionRow
from regulars.value.promotions.rules import document as documents
from regulars.value.promotions.rules import writing
from regulars.value.promotions.terms import Policies

SECTIONS = ("policies", "earn_rules")


def _plain(value: Any) -> Any:
    """A section as JSON holds it: exact decimals as text."""
    return orjson.loads(orjson.dumps(value, default=str))


def describe(program_id: int, version: int | None = None) -> dict[str, Any]:
    """Our sections of a version (None: the current one), canonical; empty rules where nothing was published.

    Raises: NoProgram.
    """
    program = programs.by_id(program_id=program_id)
    number = program.current_version if version is None else version
    row = VersionRow.objects.filter(program_id=program_id, version=number).first()
    if row is None:
        return writing.write((), Policies(), program.currency)
    bodies = [b.body for b in RuleRow.objects.filter(program_id=program_id, version=number).order_by("place")]
    return canonical({"program": {"currency": row.currency}, "policies": row.policies, "earn_rules": bodies})


def canonical(document: Mapping[str, Any]) -> dict[str, Any]:
    """Our sections of a sound document, written in the one canonical way."""
    rules, policies, _ = documents.read(document)
    return writing.write(rules, policies, documents.Known(document).currency)


def check(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every fault of our sections as (path, message); the others are only looked up for the keys we name."""
    return documents.read(document)[2]


def plan(program_id: int, document: Mapping[str, Any]) -> list[Change]:
    """What a document would change in rules and policies, beside the current version.

    Raises: Invalid with every fault; NoProgram.
    """
    _refuse(check(document))
    before, after = describe(program_id), canonical(document)
    changes = []
    if before["policies"] != after["policies"]:
        changes.append(Change(path="policies", action="change", before=before["policies"], after=after["policies"]))
    old, new = ({r["key"]: r for r in s["earn_rules"]} for s in (before, after))
    for key in [*new, *(k for k in old if k not in new)]:
        path, had, has = f"earn_rules.{key}", old.get(key), new.get(key)
        if had is None:
            changes.append(Change(path=path, action="add", after=has))
        elif has is None:
            changes.append(Change(path=path, action="retire", before=had, adverse=True))
        elif had != has:
            changes.append(Change(path=path, action="change", before=had, after=has))
    return changes


@transaction.atomic
def apply(program_id: int, version: int, document: Mapping[str, Any], actor: str) -> None:
    """Write the rules and policies of a new version, whole. Publishing records who did it and why.

    Raises: Invalid with every fault, nothing written.
    """
    _refuse(check(document))
    section = _plain(canonical(document))
    VersionRow.objects.create(
        program_id=program_id,
        version=version,
        currency=documents.Known(document).currency,
        policies=section["policies"],
    )
    RuleRow.objects.bulk_create(
        [
            RuleRow(program_id=program_id, version=version, key=body["key"], place=n, body=body)
            for n, body in enumerate(section["earn_rules"])
        ]
    )


def policies(*, program_id: int) -> dict[str, Any]:
    """The current policies, as values that JSON can hold."""
    return {name: str(v) if not isinstance(v, int) else v for name, v in asdict(_current(program_id)).items()}


def _current(program_id: int) -> Policies:
    section = describe(program_id)
    return documents.read({"policies": section["policies"]})[1]


def _refuse(faults: list[tuple[str, str]]) -> None:
    if faults:
        raise Invalid(errors=faults)
