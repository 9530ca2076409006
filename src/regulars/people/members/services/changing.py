"""Changing a member: what we know, what she may do, and forgetting her."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from regulars.kernel import clock, secrets
from regulars.kernel.errors import Invalid
from regulars.kernel.outbox import announce
from regulars.people.members.models import CodeRow, IdentifierRow, MemberRow, PersonRow
from regulars.people.members.rules import attributes as attribute_rules
from regulars.people.members.rules import masks, profiles
from regulars.people.members.services.attributes import attributes as declared_attributes
from regulars.people.members.services.claims import blind_name
from regulars.people.members.services.rows import (
    KEEP,
    Keep,
    facts_of,
    member_row,
    person_row,
    seal,
    seal_json,
    told,
    unseal_json,
    writable_row,
    zones,
)
from regulars.people.members.terms import (
    Birthday,
    Forgotten,
    MemberChanged,
    MemberFacts,
    MemberForgotten,
    MemberStatus,
    MemberStatusChanged,
    UnknownMember,
)


def hold(*, program_id: int, member_ids: Iterable[UUID]) -> dict[UUID, MemberFacts]:
    """Hold members until the transaction ends, locked in the order of their ids, and tell their facts.

    Raises: UnknownMember when one of them is not of this program; Busy.
    """
    wanted = set(member_ids)
    rows = MemberRow.objects.filter(program_id=program_id, pk__in=wanted).order_by("pk")
    with told():
        found = {row.id: facts_of(row) for row in rows.select_for_update(no_key=True)}
    if len(found) < len(wanted):
        raise UnknownMember
    return found


@transaction.atomic
def update(
    *,
    program_id: int,
    member_id: UUID,
    actor: str,
    name: str | Keep | None = KEEP,
    birthday: Birthday | Keep | None = KEEP,
    locale: str | Keep = KEEP,
    zone: str | Keep | None = KEEP,
    notes: str | Keep | None = KEEP,
    attributes: Mapping[str, Any] | Keep = KEEP,
) -> None:
    """Correct what we know of a member: what is not said stays, None takes away; attributes one by one likewise.

    Raises: UnknownMember; AlreadyMerged; Forgotten; Invalid with every fault.
    """
    member = writable_row(program_id=program_id, member_id=member_id)
    person = person_row(member)
    _check(program_id, name=name, birthday=birthday, locale=locale, zone=zone, notes=notes, attributes=attributes)
    changed: list[str] = []
    if name is not KEEP:
        text = " ".join((name or "").split()) or None
        person.name = seal(member, text, "name")
        person.name_blind = blind_name(program_id=program_id, name=text) if text else None
        member.masked_name = masks.name(text or "")
        changed.append("name")
    if birthday is not KEEP:
        member.birth_month, member.birth_day = (birthday.month, birthday.day) if birthday else (None, None)
        person.birth_year = seal(member, str(birthday.year), "birth_year") if birthday and birthday.year else None
        changed.append("birthday")
    if locale is not KEEP:
        member.locale = locale
        changed.append("locale")
    if zone is not KEEP:
        member.zone = zone or None
        changed.append("zone")
    if notes is not KEEP:
        person.notes = seal(member, notes or None, "notes")
        changed.append("notes")
    if attributes is not KEEP:
        plain, personal = attribute_rules.split(attributes, declared_attributes(program_id=program_id))
        member.attributes = attribute_rules.patched(member.attributes, plain)
        old = unseal_json(member, person.attributes, "attributes")
        person.attributes = seal_json(member, attribute_rules.patched(old, personal), "attributes")
        changed += [f"attributes.{key}" for key in sorted(attributes)]
    if not changed:
        return
    member.save(update_fields=["masked_name", "birth_month", "birth_day", "locale", "zone", "attributes"])
    person.save(update_fields=["name", "name_blind", "birth_year", "notes", "attributes"])
    announce(
        MemberChanged(member_id=member_id, fields=tuple(changed), actor=actor),
        program_id=program_id,
        member_id=member_id,
    )


def _check(
    program_id: int,
    *,
    name: str | Keep | None,
    birthday: Birthday | Keep | None,
    locale: str | Keep,
    zone: str | Keep | None,
    notes: str | Keep | None,
    attributes: Mapping[str, Any] | Keep,
) -> None:
    faults = profiles.faults(
        name=None if name is KEEP else name,
        birthday=None if birthday is KEEP else birthday,
        locale="" if locale is KEEP else locale,
        zone=None if zone is KEEP else zone,
        notes=None if notes is KEEP else notes,
        zones=zones(),
        this_year=clock.now().year,
    )
    if attributes is not KEEP:
        faults += attribute_rules.faults(attributes, declared_attributes(program_id=program_id))
    if faults:
        raise Invalid(errors=faults)


@transaction.atomic
def set_status(*, program_id: int, member_id: UUID, status: MemberStatus, reason: str, actor: str) -> MemberStatus:
    """Suspend, limit, close or open a member again; the same status again changes nothing. Returns the one before.

    Args: reason: a code such as `asked` or `fraud_suspected`; no personal data.
    Raises: UnknownMember; AlreadyMerged; Forgotten when a forgotten member would be opened.
    """
    member = writable_row(program_id=program_id, member_id=member_id, readable=False)
    was = MemberStatus(member.status)
    if was is status:
        return was
    if member.forgotten_at is not None:
        raise Forgotten
    member.status = status
    member.save(update_fields=["status"])
    announce(
        MemberStatusChanged(member_id=member_id, was=was.value, status=status.value, reason=reason, actor=actor),
        program_id=program_id,
        member_id=member_id,
    )
    return was


@transaction.atomic
def forget(*, program_id: int, member_id: UUID, actor: str) -> None:
    """Destroy the key, the sealed fields and every index that finds this person, and of all merged into her.

    The id and the number stay, so the books stay balanced. Doing it twice changes nothing; nothing brings it back.

    Raises: UnknownMember.
    """
    member_row(program_id=program_id, member_id=member_id, lock=True)
    merged = list(MemberRow.objects.filter(merged_into=member_id).order_by("pk").values_list("pk", flat=True))
    now = clock.now()
    everyone = MemberRow.objects.filter(pk__in=[member_id, *merged], forgotten_at=None)
    gone = list(everyone.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    CodeRow.objects.filter(identifier__member_id__in=gone).delete()
    PersonRow.objects.filter(pk__in=gone).update(
        name=None, name_blind=None, birth_year=None, notes=None, attributes=None
    )
    identifiers = IdentifierRow.objects.filter(member_id__in=gone)
    identifiers.filter(released_at=None).update(released_at=now)
    identifiers.update(blind=None, sealed=None, hint="", method="", attested_by="")
    MemberRow.objects.filter(pk__in=gone).update(
        wrapped_key=None, forgotten_at=now, status=MemberStatus.CLOSED, birth_month=None, birth_day=None,
        masked_name="", attributes={}, locale="", zone=None, repeat_key=None,
    )  # fmt: skip
    for one in gone:
        announce(MemberForgotten(member_id=one, actor=actor), program_id=program_id, member_id=one)


@transaction.atomic
def rewrap_keys(*, program_id: int, after: UUID | None = None, limit: int = 500) -> UUID | None:
    """After a rotation of the program's key, wrap a batch of members' keys anew, in order of id.

    Returns: the id to go on after, or None when all are done.
    """
    rows = MemberRow.objects.filter(program_id=program_id, wrapped_key__isnull=False).order_by("pk")
    if after is not None:
        rows = rows.filter(pk__gt=after)
    with told():
        found = list(rows.select_for_update(no_key=True)[:limit])
    by_id = {row.pk: row for row in found}
    held = [(row.pk, bytes(row.wrapped_key or b"")) for row in found]
    for pk, key in secrets.rewrap_many(program_id, held):
        by_id[pk].wrapped_key = key
        by_id[pk].save(update_fields=["wrapped_key"])
    return found[-1].pk if len(found) == limit else None
