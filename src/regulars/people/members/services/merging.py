"""The hooks of a merge: identifiers and blanks move, the old id redirects, and the record says how to undo it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.people.members.models import IdentifierRow, MemberRow
from regulars.people.members.services.changing import hold
from regulars.people.members.services.rows import (
    live_identifiers,
    member_row,
    person_row,
    seal,
    seal_json,
    told,
    unseal,
    unseal_json,
)
from regulars.people.members.terms import AlreadyMerged

_SEALED = ("name", "birth_year", "notes")
_PLAIN = ("birth_month", "birth_day", "locale", "zone", "masked_name")

Record = dict[str, Any]


def merged_from(*, program_id: int, member_id: UUID) -> list[UUID]:
    """The members that were merged into this one, by id."""
    rows = MemberRow.objects.filter(program_id=program_id, merged_into=member_id)
    return list(rows.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def redirect(*, program_id: int, from_id: UUID, into_id: UUID) -> Record:
    """Make one member's id mean another's. Redirects stay flat: whatever led to the first leads to the second now.

    Returns: the record that `unredirect` needs.
    Raises: UnknownMember; AlreadyMerged; Invalid when both are the same.
    """
    if from_id == into_id:
        raise Invalid(errors=[("from", "must be another member")])
    facts = hold(program_id=program_id, member_ids=[from_id, into_id])
    if facts[from_id].merged_into or facts[into_id].merged_into:
        raise AlreadyMerged
    flattened = merged_from(program_id=program_id, member_id=from_id)
    MemberRow.objects.filter(program_id=program_id, pk__in=[from_id, *flattened]).update(merged_into=into_id)
    return {"from": str(from_id), "into": str(into_id), "flattened": [str(one) for one in flattened]}


@transaction.atomic
def unredirect(*, program_id: int, record: Record) -> None:
    """Undo a redirect: the old id means the old member again, and so do the ids that led to it."""
    from_id, into_id = UUID(record["from"]), UUID(record["into"])
    hold(program_id=program_id, member_ids=[from_id, into_id])
    target = MemberRow.objects.values_list("merged_into", flat=True).get(pk=from_id)
    rows = MemberRow.objects.filter(program_id=program_id, merged_into=target)
    rows.filter(pk__in=[UUID(one) for one in record["flattened"]]).update(merged_into=from_id)
    MemberRow.objects.filter(program_id=program_id, pk=from_id).update(merged_into=None)


@transaction.atomic
def absorb(*, program_id: int, from_id: UUID, into_id: UUID) -> Record:
    """Take one member into another: identifiers move (sealed anew), blanks are filled, the earlier join date stays.

    What the remaining member already has is never overwritten. Events and journals stay where they are.

    Returns: a JSON record with ids and field names only, which `separate` needs.
    Raises: UnknownMember; Forgotten; AlreadyMerged; Invalid.
    """
    record = redirect(program_id=program_id, from_id=from_id, into_id=into_id)
    source = member_row(program_id=program_id, member_id=from_id, lock=True, readable=True)
    target = member_row(program_id=program_id, member_id=into_id, lock=True, readable=True)
    moved, swapped = [], []
    own = {(row.type, bytes(row.blind or b"")): row for row in live_identifiers(target.id)}
    for row in live_identifiers(source.id):
        twin = own.get((row.type, bytes(row.blind or b"")))
        if twin is None:
            _move(row, source, target)
            moved.append(str(row.id))
        elif row.verified_at is not None:
            _swap(row, twin, source, target)
            swapped.append([str(row.id), str(twin.id)])
    return {
        "redirect": record,
        "moved": moved,
        "swapped": swapped,
        "joined_at": target.joined_at.isoformat(),
        **_fill(source, target),
    }


def _move(row: IdentifierRow, source: MemberRow, target: MemberRow) -> None:
    row.sealed = seal(target, unseal(source, row.sealed, row.type), row.type)
    row.member = target
    row.save(update_fields=["member", "sealed"])


def _swap(row: IdentifierRow, twin: IdentifierRow, source: MemberRow, target: MemberRow) -> None:
    """Exchange a verified identifier and the other member's mere claim to it; M9 holds at every step."""
    IdentifierRow.objects.filter(pk=twin.pk).update(released_at=clock.now())
    _move(row, source, target)
    _move(twin, target, source)
    IdentifierRow.objects.filter(pk=twin.pk).update(released_at=None)


def _fill(source: MemberRow, target: MemberRow) -> Record:
    theirs, ours = person_row(source), person_row(target)
    filled: list[str] = []
    for field in _SEALED:
        if getattr(ours, field) is None and getattr(theirs, field) is not None and _may_fill(field, target):
            setattr(ours, field, seal(target, unseal(source, getattr(theirs, field), field), field))
            filled.append(field)
    if "name" in filled:
        ours.name_blind = theirs.name_blind
    for field in _PLAIN:
        if getattr(target, field) in (None, "") and getattr(source, field) not in (None, ""):
            setattr(target, field, getattr(source, field))
            filled.append(field)
    plain = [key for key in source.attributes if key not in target.attributes]
    target.attributes = {**source.attributes, **target.attributes}
    other = unseal_json(source, theirs.attributes, "attributes")
    old = unseal_json(target, ours.attributes, "attributes")
    personal = [key for key in other if key not in old]
    ours.attributes = seal_json(target, {**other, **old}, "attributes")
    target.joined_at = min(target.joined_at, source.joined_at)
    target.save(update_fields=[*_PLAIN, "attributes", "joined_at"])
    ours.save(update_fields=[*_SEALED, "name_blind", "attributes"])
    return {"filled": filled, "attributes": plain, "personal": personal}


def _may_fill(field: str, target: MemberRow) -> bool:
    """A year of birth belongs to the day it came with."""
    return field != "birth_year" or target.birth_month is None


@transaction.atomic
def separate(*, program_id: int, record: Record) -> Record:
    """Undo an absorption as far as it still stands.

    Identifiers go back unless they were released or moved on since; filled fields are emptied unless somebody
    changed them since.

    Returns: `{"kept": [identifier ids that did not go back]}`.
    Raises: UnknownMember; Forgotten.
    """
    from_id, into_id = UUID(record["redirect"]["from"]), UUID(record["redirect"]["into"])
    now_at = MemberRow.objects.filter(pk=from_id).values_list("merged_into", flat=True).first()
    hold(program_id=program_id, member_ids={from_id, into_id, now_at or into_id})
    source = member_row(program_id=program_id, member_id=from_id, lock=True, readable=True)
    target = member_row(program_id=program_id, member_id=now_at or into_id, lock=True, readable=True)
    kept: list[str] = []
    with told():
        for identifier_id in record["moved"]:
            row = _still_at(target, identifier_id)
            if row is None or _has_twin(source, row):
                kept.append(identifier_id)
            else:
                _move(row, target, source)
        for verified_id, claim_id in record["swapped"]:
            row, twin = _still_at(target, verified_id), _still_at(source, claim_id)
            if row is None or twin is None:
                kept.append(verified_id)
            else:
                _swap(row, twin, target, source)
    _empty(record, source, target)
    unredirect(program_id=program_id, record=record["redirect"])
    return {"kept": kept}


def _still_at(member: MemberRow, identifier_id: str) -> IdentifierRow | None:
    return IdentifierRow.objects.filter(pk=UUID(identifier_id), member_id=member.id, released_at=None).first()


def _has_twin(member: MemberRow, row: IdentifierRow) -> bool:
    return IdentifierRow.objects.filter(
        member_id=member.id, type=row.type, blind=row.blind, released_at=None
    ).exists()


def _empty(record: Record, source: MemberRow, target: MemberRow) -> None:
    theirs, ours = person_row(source), person_row(target)
    for field in record["filled"]:
        if field in _SEALED:
            if unseal(target, getattr(ours, field), field) == unseal(source, getattr(theirs, field), field):
                setattr(ours, field, None)
        elif getattr(target, field) == getattr(source, field):
            setattr(target, field, "" if field in ("locale", "masked_name") else None)
    if ours.name is None:
        ours.name_blind = None
    if target.birth_month is None or target.birth_day is None:
        target.birth_month = target.birth_day = None
    target.attributes = {
        key: value
        for key, value in target.attributes.items()
        if key not in record["attributes"] or value != source.attributes.get(key)
    }
    other = unseal_json(source, theirs.attributes, "attributes")
    held = unseal_json(target, ours.attributes, "attributes")
    left = {k: v for k, v in held.items() if k not in record["personal"] or v != other.get(k)}
    ours.attributes = seal_json(target, left, "attributes")
    target.joined_at = datetime.fromisoformat(record["joined_at"])
    target.save(update_fields=[*_PLAIN, "attributes", "joined_at"])
    ours.save(update_fields=[*_SEALED, "name_blind", "attributes"])
