"""Audiences: made, read, changed; and their section of a program document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection, transaction

from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.people.audiences import rules
from regulars.people.audiences.models import AudienceRow
from regulars.people.audiences.terms import MOST_AUDIENCES, Audience, TooManyAudiences, UnknownAudience
from regulars.people.programs.terms import Change

SECTIONS = (rules.SECTION,)
_LOCK = 0x6A0D  # who makes audiences of one program does so one after another


@transaction.atomic
def declare(*, program_id: int, key: str, names: Mapping[str, str], note: str = "") -> tuple[Audience, bool]:
    """Make an audience, or rename one (a retired one lives again). Answers it, and whether it is new.

    Raises: Invalid with every fault; TooManyAudiences.
    """
    faults = rules.faults_of(key=key, names=names, note=note)
    if faults:
        raise Invalid(errors=faults)
    _alone(program_id)
    row = AudienceRow.objects.filter(program_id=program_id, key=key).first()
    is_new = row is None
    if row is None:
        _check_room(program_id, 1)
        row = AudienceRow(program_id=program_id, key=key, created_at=clock.now())
    _write(row, Audience(key=key, names=names, note=note))
    return audience_of(row), is_new


def get(*, program_id: int, key: str) -> Audience:
    """The audience with this key.

    Raises: UnknownAudience.
    """
    return audience_of(row_of(program_id, key))


def audiences(*, program_id: int, after: str = "", limit: int = 200, active: bool | None = None) -> list[Audience]:
    """The audiences of a program by key, after a key, at most `limit`."""
    rows = AudienceRow.objects.filter(program_id=program_id, key__gt=after)
    if active is not None:
        rows = rows.filter(active=active)
    return [audience_of(row) for row in rows.order_by("key")[:limit]]


def row_of(program_id: int, key: str) -> AudienceRow:
    """The row of an audience.

    Raises: UnknownAudience.
    """
    row = AudienceRow.objects.filter(program_id=program_id, key=key).first()
    if row is None:
        raise UnknownAudience(f"There is no audience {key!r}."[:200])
    return row


def audience_of(row: AudienceRow) -> Audience:
    """A row as others see it."""
    return Audience(key=row.key, names=row.names, note=row.note, active=row.active, members=row.members)


def _alone(program_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s::int, %s::int)", [_LOCK, program_id])


def _check_room(program_id: int, more: int) -> None:
    if AudienceRow.objects.filter(program_id=program_id).count() + more > MOST_AUDIENCES:
        raise TooManyAudiences


def _write(row: AudienceRow, told: Audience) -> None:
    wanted: dict[str, Any] = {"names": dict(told.names), "note": told.note, "active": told.active}
    if row.pk is None:
        for name, value in wanted.items():
            setattr(row, name, value)
        row.save(force_insert=True)
    elif any(getattr(row, name) != value for name, value in wanted.items()):
        for name, value in wanted.items():
            setattr(row, name, value)
        row.save(update_fields=list(wanted))  # never the counter, which others change


def _all(program_id: int) -> list[Audience]:
    return audiences(program_id=program_id, limit=MOST_AUDIENCES)


def describe(program_id: int) -> dict[str, Any]:
    """Our section of the document as it is now."""
    return {rules.SECTION: rules.write(_all(program_id))}


def check(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every fault of our section as (path, message)."""
    return rules.read(document)[1]


def plan(program_id: int, document: Mapping[str, Any]) -> list[Change]:
    """What a document would change; an absent section is left alone.

    Raises: Invalid with every fault.
    """
    wanted, faults = rules.read(document)
    if faults:
        raise Invalid(errors=faults)
    return [] if wanted is None else rules.changes(now=_all(program_id), wanted=wanted)


@transaction.atomic
def apply(program_id: int, document: Mapping[str, Any]) -> list[Change]:
    """Declare the audiences of a document; who is on them stays. Answers what was changed.

    Raises: Invalid with every fault; TooManyAudiences; nothing is written then.
    """
    _alone(program_id)
    found = plan(program_id, document)
    rows = {row.key: row for row in AudienceRow.objects.filter(program_id=program_id)}
    _check_room(program_id, sum(change.action == "add" for change in found))
    wanted = {one.key: one for one in rules.read(document)[0] or ()}
    for change in found:
        key = change.path.removeprefix(f"{rules.SECTION}.")
        row = rows.get(key) or AudienceRow(program_id=program_id, key=key, created_at=clock.now())
        retired = Audience(key=key, names=row.names, note=row.note, active=False)
        _write(row, wanted.get(key, retired))
    return found
