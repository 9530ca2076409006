"""The whole document of a program: what is so now, filled up with what somebody tells, and what that would change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from regulars.governance.publishing import rules
from regulars.governance.publishing.models import VersionRow
from regulars.governance.publishing.rules import noting
from regulars.governance.publishing.rules.telling import change, noted_change
from regulars.governance.publishing.services import hooks
from regulars.governance.publishing.terms import SECTIONS, Change
from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.people.programs import services as programs
from regulars.people.programs.terms import NoProgram, Program

Document = Mapping[str, Any] | str | bytes


class Whole(NamedTuple):
    """A whole document. `bare` is what contexts read: without the notes that publishing keeps for them."""

    bare: dict[str, Any]
    notes: dict[str, str]

    @property
    def noted(self) -> dict[str, Any]:
        """As people read it, sections in the order they are written."""
        found = noting.put_in(self.bare, self.notes)
        return {section: found[section] for section in SECTIONS if section in found}


def read(document: Document) -> dict[str, Any]:
    """A document from text or values, sections in order.

    Raises: Invalid for what cannot be read and for sections that do not exist.
    """
    told = rules.tidy(rules.read_text(document) if isinstance(document, str | bytes) else document)
    unknown = [s for s in told if s not in SECTIONS]
    if unknown:
        raise Invalid(
            errors=[(s[:64], f"there is no such section; known are {', '.join(SECTIONS)}") for s in unknown]
        )
    return {section: told[section] for section in SECTIONS if told.get(section) is not None}


def program_of(told: Mapping[str, Any], program_id: int | None) -> Program | None:
    """The program that a document is about; None when it names one that does not exist yet.

    Raises: Invalid when it names none; NoProgram for an unknown `program_id`.
    """
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


def faults(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every fault that contexts find in a document that is whole, without looking at any program."""
    bare, _, found = noting.taken_out(document)
    return found + [fault for hook in hooks.HOOKS for fault in hook.check(bare)]


def refuse(document: Mapping[str, Any]) -> None:
    """Go on only if no context finds a fault.

    Raises: Invalid with every fault.
    """
    if found := faults(document):
        raise Invalid(errors=found)


def described(program_id: int) -> Whole:
    """The program as the tables say it now, with the notes of the version in force.

    Raises: NoProgram.
    """
    found = {section: value for hook in hooks.HOOKS for section, value in hook.describe(program_id).items()}
    bare = {section: found[section] for section in SECTIONS if section in found}  # `offline` may be unsaid
    number = programs.by_id(program_id=program_id).current_version
    notes = VersionRow.objects.filter(program_id=program_id, number=number).values_list("notes", flat=True).first()
    return Whole(bare, notes or {})


def filled(told: Mapping[str, Any], now: Whole) -> Whole:
    """The document with the sections it leaves out as they are now.

    Raises: Invalid when the whole has faults.
    """
    document = {**now.noted, **told}
    refuse(document)
    bare, notes, _ = noting.taken_out(document)
    return Whole(bare, notes)


def changes(program_id: int, now: Whole, wanted: Whole) -> tuple[Change, ...]:
    """What every context would change, and the notes that would.

    Raises: Invalid with the first context's faults.
    """
    today = clock.local_day(clock.now(), programs.by_id(program_id=program_id).zone).isoformat()
    found = [
        change(path=c.path, action=c.action, before=c.before, after=c.after, adverse=c.adverse, today=today)
        for hook in hooks.HOOKS
        for c in hook.plan(program_id, wanted.bare)
    ]
    return noted_change(found, now.notes, wanted.notes)
