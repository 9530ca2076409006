"""What members prefer: choices plain, words sealed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from regulars.kernel import clock, ids
from regulars.kernel.errors import Invalid
from regulars.people.care import rules
from regulars.people.care.models import LikingRow
from regulars.people.care.services.preferences import preferences
from regulars.people.care.services.words import hold, seal
from regulars.people.care.terms import Liking, PreferenceType
from regulars.people.members import services as members
from regulars.people.staff import services as staff

PURPOSE = "care preference"


@transaction.atomic
def set_likings(
    *, program_id: int, member_id: UUID, values: Mapping[str, Any], actor: str, source: str = "told"
) -> list[Liking]:
    """Keep what a member prefers, by key; null takes a preference back. Answers all that stands then.

    Raises: Invalid with every fault; UnknownMember; AlreadyMerged; Forgotten; Busy.
    """
    known = {one.key: one for one in preferences(program_id=program_id)}
    faults = []
    for key, value in values.items():
        if key not in known:
            faults.append((f"values.{key}"[:80], "there is no such preference in this program"))
        elif value is not None and (fault := rules.value_fault(known[key], value)):
            faults.append((f"values.{key}", fault))
    if faults:
        raise Invalid(errors=faults)
    hold(program_id, member_id)
    LikingRow.objects.filter(member_id=member_id, key__in=[k for k, v in values.items() if v is None]).delete()
    for key, value in values.items():
        if value is None:
            continue
        is_text = known[key].type is PreferenceType.TEXT
        words = seal(program_id, member_id, value.strip(), PURPOSE) if is_text else None
        LikingRow.objects.update_or_create(
            program_id=program_id,
            member_id=member_id,
            key=key,
            defaults={
                "value": None if is_text else value,
                "words": words,
                "source": source,
                "actor": actor,
                "set_at": clock.now(),
            },
        )
    if values:
        staff.record(
            actor=actor,
            action="care.set_preferences",
            object=ids.encode("mem", member_id),
            program_id=program_id,
            facts={"keys": sorted(values)},
        )
    return likings(program_id=program_id, member_id=member_id)


def likings(*, program_id: int, member_id: UUID, till: bool = False) -> list[Liking]:
    """What a member prefers, in the order of the document; retired preferences are left out.

    Args: till: only what the till shows.
    """
    rows = {row.key: row for row in LikingRow.objects.filter(program_id=program_id, member_id=member_id)}
    if not rows:
        return []
    shown = [p for p in preferences(program_id=program_id) if p.key in rows and (p.till or not till)]
    sealed = {n: bytes(rows[p.key].words or b"") for n, p in enumerate(shown) if rows[p.key].words is not None}
    words = (
        members.open_words(program_id=program_id, member_id=member_id, sealed=sealed, purpose=PURPOSE)
        if sealed
        else {}
    )
    found = []
    for n, one in enumerate(shown):
        row = rows[one.key]
        value = words.get(n) if row.words is not None else _live(one.type, row.value, {c.key for c in one.choices})
        if value is not None:
            found.append(Liking(preference=one, value=value, set_at=row.set_at, actor=row.actor))
    return found


def _live(type_: PreferenceType, value: Any, choices: set[str]) -> Any:
    """What of a value the preference still offers; a choice that was taken out of the document is not shown."""
    if type_ is PreferenceType.CHOICE:
        return value if value in choices else None
    if type_ is PreferenceType.CHOICES:
        return [v for v in value if v in choices] or None
    return value
