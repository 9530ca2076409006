"""The preferences that a program declares, and their section of its document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection, transaction

from regulars.kernel.errors import Invalid
from regulars.people.care import rules
from regulars.people.care.models import PreferenceRow
from regulars.people.care.terms import (
    MOST_PREFERENCES,
    Choice,
    Preference,
    PreferenceType,
    TooManyPreferences,
)
from regulars.people.programs.terms import Change

_LOCK = 0x0CA8  # who declares preferences of one program does so one after another


def preferences(*, program_id: int, active: bool | None = True) -> list[Preference]:
    """The preferences of a program in the order of its document; None: retired ones too, after the others."""
    rows = PreferenceRow.objects.filter(program_id=program_id)
    if active is not None:
        rows = rows.filter(active=active)
    return [_preference(row) for row in rows.order_by("-active", "place", "key")]


def describe(program_id: int) -> dict[str, Any]:
    """Our section of the document as it is now."""
    return {rules.SECTION: rules.write(preferences(program_id=program_id, active=None))}


def check(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every fault of our section as (path, message)."""
    return rules.read(document)[1]


def plan(program_id: int, document: Mapping[str, Any]) -> list[Change]:
    """What a document would change; an absent section is left alone.

    Raises: Invalid with every fault.
    """
    wanted, faults = rules.read(document)
    now = preferences(program_id=program_id, active=None)
    if wanted is not None:
        faults = [*faults, *rules.type_faults(now=now, wanted=wanted)]
    if faults:
        raise Invalid(errors=faults)
    return [] if wanted is None else rules.changes(now=now, wanted=wanted)


@transaction.atomic
def apply(program_id: int, document: Mapping[str, Any]) -> list[Change]:
    """Declare the preferences of a document; what members said stays. Answers what was changed.

    Raises: Invalid with every fault; TooManyPreferences; nothing is written then.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s::int, %s::int)", [_LOCK, program_id])
    found = plan(program_id, document)
    wanted = rules.read(document)[0]
    if wanted is None:
        return found
    keys = {one.key for one in wanted}
    others = PreferenceRow.objects.filter(program_id=program_id).exclude(key__in=keys)
    if len(keys) + others.count() > MOST_PREFERENCES:
        raise TooManyPreferences
    others.update(active=False)
    for place, one in enumerate(wanted):
        PreferenceRow.objects.update_or_create(
            program_id=program_id,
            key=one.key,
            defaults={
                "place": place,
                "names": dict(one.names),
                "type": one.type.value,
                "choices": rules.choices_json(one.choices),
                "till": one.till,
                "note": one.note,
                "active": one.active,
            },
        )
    return found


def _preference(row: PreferenceRow) -> Preference:
    return Preference(
        key=row.key,
        names=row.names,
        type=PreferenceType(row.type),
        choices=tuple(Choice(key=c["key"], names=c.get("name", {})) for c in row.choices),
        till=row.till,
        note=row.note,
        active=row.active,
    )
