"""Documents applied as numbered versions: all of a document or nothing, one after another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from django.db import OperationalError, connection, transaction
from django.db.models import Max

from regulars.governance.publishing import rules
from regulars.governance.publishing.models import VersionRow
from regulars.governance.publishing.services import drifting, honest, numbered, wholes
from regulars.governance.publishing.services.blueprints import blueprint
from regulars.governance.publishing.services.hooks import HOOKS
from regulars.governance.publishing.services.wholes import Document, Whole
from regulars.governance.publishing.terms import (
    Change,
    NeedsApproval,
    Notice,
    NoticeNeeded,
    Plan,
    ProgramPublished,
    Refused,
    Version,
    VersionConflict,
)
from regulars.kernel import clock, outbox, postgres
from regulars.kernel.errors import Invalid, Refusal
from regulars.people.agreements import services as agreements
from regulars.people.programs import services as programs
from regulars.people.programs.terms import KeyTaken, Program

_LOCK = "select pg_advisory_xact_lock(hashtextextended('publishing', %s))"
_MOST_FAULTS = 20


@dataclass(frozen=True, kw_only=True)
class Told:
    """What members were told of a document before: the telling, and when."""

    telling_id: UUID
    told_at: datetime


def apply(
    *,
    document: Document,
    actor: str,
    note: str = "",
    program_id: int | None = None,
    expected_version: int | None = None,
    told: Told | None = None,
    is_taking: bool = False,
    may_harm: bool = True,
) -> Version:
    """Make a program what a document says: every section or none, under one new number.

    A section that the document leaves out stays as it is; within a section, what is left out is retired. A document
    that changes nothing gives no new number and answers the version in force, `unchanged`.

    Args: document: YAML or JSON text, or values. program_id: None to go by `program.key` and make the program if
    there is none. expected_version: refuse unless this is the version in force. told: what members were told of it.
    is_taking: a new number also where only the version in force says otherwise than the tables. may_harm: False for
    who may not take anything from members without a second person.
    Raises: Invalid with every fault and its path; VersionConflict; NoProgram; NeedsApproval; NoticeNeeded; Busy.
    """
    said = wholes.read(document)
    asked = _Asked(actor, note[:2_000], program_id, expected_version, told, is_taking, may_harm)
    try:
        with transaction.atomic():
            return _apply(said, asked)
    except KeyTaken:  # somebody made the program in this moment: now it is there
        with transaction.atomic():
            return _apply(said, asked)
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg.Error):
            raise postgres.translated(error.__cause__) from error
        raise


@dataclass(frozen=True)
class _Asked:
    actor: str
    note: str
    program_id: int | None
    expected_version: int | None
    told: Told | None
    is_taking: bool
    may_harm: bool


def _apply(said: dict[str, Any], asked: _Asked) -> Version:
    program = wholes.program_of(said, asked.program_id) or _made(said, asked.actor)
    hold(program_id=program.id)
    program = programs.by_id(program_id=program.id)
    in_force = program.current_version
    if asked.expected_version is not None and asked.expected_version != in_force:
        raise VersionConflict(
            f"Version {in_force} is in force, not {asked.expected_version}.", current_version=in_force
        )
    was = wholes.described(program.id)
    wanted = wholes.filled(said, was)
    changes = wholes.changes(program.id, was, wanted)
    if not changes and in_force and not asked.is_taking:
        return replace(numbered.version(program_id=program.id, number=in_force), unchanged=True)
    number = _next(program.id)
    judged = drifting.judged(program_id=program.id, was=was, wanted=wanted, changes=changes, number=number)
    if not asked.may_harm and any(c.needs_notice for c in judged):
        raise NeedsApproval
    if unfair := honest.faults(program_id=program.id, wanted=wanted, changes=changes):
        raise Invalid(errors=unfair)
    _need_notice(program.id, judged, asked.told)
    for hook in HOOKS:
        hook.apply(program.id, number, wanted.bare, asked.actor)
    program = programs.set_current_version(program_id=program.id, version=number)
    row = _kept(program, number, wanted, asked)
    _tell(program.id, number, in_force, was, judged, asked)
    changed = tuple(dict.fromkeys(c.section for c in changes))
    outbox.announce(ProgramPublished(program_id=program.id, version=number, sections=changed), program_id=program.id)
    return numbered.told(program, row)


def _next(program_id: int) -> int:
    return 1 + (VersionRow.objects.filter(program_id=program_id).aggregate(last=Max("number"))["last"] or 0)


def _kept(program: Program, number: int, wanted: Whole, asked: _Asked) -> VersionRow:
    now = Whole(wholes.described(program.id).bare, wanted.notes).noted
    return VersionRow.objects.create(
        program_id=program.id,
        number=number,
        document=rules.plain(now),
        text=rules.write_text(now),
        digest=rules.digest(now),
        notes=wanted.notes,
        note=asked.note,
        actor=asked.actor,
        applied_at=clock.now(),
    )


def notice_of(program_id: int, changes: tuple[Change, ...]) -> Notice | None:
    """What members are to be told of these changes before; None where nothing needs it or no policy asks for it."""
    if not any(c.needs_notice for c in changes):
        return None
    days = policies_of(program_id).get("notice_days", 0)
    return Notice(days=days, earliest_at=clock.now() + timedelta(days=days)) if days else None


def policies_of(program_id: int) -> Mapping[str, Any]:
    """The policies of the version in force, as its document says them; none of a program never published."""
    number = programs.by_id(program_id=program_id).current_version
    rows = VersionRow.objects.filter(program_id=program_id, number=number)
    found = rows.values_list("document__policies", flat=True).first()
    return found if isinstance(found, Mapping) else {}


def _need_notice(program_id: int, changes: tuple[Change, ...], told: Told | None) -> None:
    notice = notice_of(program_id, changes)
    if notice is None or (told is not None and told.told_at + timedelta(days=notice.days) <= clock.now()):
        return
    taken = [f"{c.section}.{c.key}" for c in changes if c.needs_notice]
    raise NoticeNeeded(
        f"{', '.join(taken[:5])}: members must be told {notice.days} days before. Schedule it from"
        f" {notice.earliest_at:%Y-%m-%d %H:%M} UTC on.",
        notice_days=notice.days,
        earliest_at=notice.earliest_at.isoformat(),
        changes=taken[:_MOST_FAULTS],
    )


def _tell(program_id: int, number: int, before: int, was: Whole, changes: tuple[Change, ...], asked: _Asked) -> None:
    """The old terms are kept for who has not confirmed, where the policies that were in force say so."""
    if not before or not any(c.needs_notice for c in changes):
        return
    kept = was.bare.get("policies", {}).get("old_terms") or {}
    agreements.take_effect(
        program_id=program_id,
        telling_id=asked.told.telling_id if asked.told else None,
        version=number,
        before_version=before,
        changes=summary(changes),
        most_days=kept.get("most_days") or 0 if kept.get("keep") == "until_confirmed" else 0,
        actor=asked.actor,
    )


def summary(changes: tuple[Change, ...]) -> list[dict[str, Any]]:
    """What changes take from members, as apps show it: section, key, reasons and the values that differ."""
    return [
        {
            "section": c.section,
            "key": c.key,
            "change": c.change,
            "reasons": list(c.reasons),
            "fields": [{"path": f.path, "before": f.before, "after": f.after} for f in c.fields[:_MOST_FAULTS]],
        }
        for c in changes
        if c.needs_notice
    ]


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
    """What a document would change, whom it would move, what members lose, and why apply would refuse it.

    Nothing is changed: it is applied and taken back, so that every context says what it would refuse.

    Raises: Invalid with every fault and its path; NoProgram for an unknown `program_id`.
    """
    said = wholes.read(document)
    with transaction.atomic():
        program = wholes.program_of(said, program_id)
        is_new = program is None
        program = program or _made(said, "system:plan")  # what would be new is learnt by making it and taking it back
        was = wholes.described(program.id)
        wanted = wholes.filled(said, was)
        changes = wholes.changes(program.id, was, wanted)
        drift = numbered.drift(program_id=program.id) if not is_new else ()
        judged = drifting.judged(
            program_id=program.id, was=was, wanted=wanted, changes=changes, number=_next(program.id)
        )
        notice = notice_of(program.id, judged)
        refused = _tried(program.id, wanted) if changes else ()
        unfair = honest.faults(program_id=program.id, wanted=wanted, changes=changes)
        refused += tuple(Refused(path=path, message=message) for path, message in unfair)
        transaction.set_rollback(True)
    return Plan(
        program_key=program.key,
        base_version=0 if is_new else program.current_version,
        changes=changes,
        text=rules.told(changes, refused=refused, notice=notice, drift=drift),
        refused=refused,
        notice=notice,
        drift=drift,
    )


def _tried(program_id: int, wanted: Whole) -> tuple[Refused, ...]:
    """Apply each context's part and take it back: what it refuses then, apply would refuse."""
    found: list[Refused] = []
    number = _next(program_id)
    for hook in HOOKS:
        try:
            with transaction.atomic():
                hook.apply(program_id, number, wanted.bare, "system:plan")
        except Invalid as no:
            found += [Refused(path=path, message=message) for path, message in no.errors]
        except Refusal as no:
            found.append(Refused(path=hook.sections[0], message=no.detail))
    return tuple(found[:_MOST_FAULTS])


def _made(said: Mapping[str, Any], actor: str) -> Program:
    """The program that a document describes, made empty: its sections are applied like any others."""
    wholes.refuse(said)
    program = said["program"]
    return programs.create(
        key=program["key"],
        name=program["name"],
        zone=program["zone"],
        currency=program["currency"],
        locale=program.get("locale") or "en",
        actor=actor,
    )
