"""Registration: a verified identifier or an attesting key matches; all else makes a member that waits for codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from regulars.kernel import clock, ids, secrets
from regulars.kernel.errors import Busy, Invalid
from regulars.kernel.outbox import announce
from regulars.people.members.models import IdentifierRow, MemberRow, PersonRow
from regulars.people.members.rules import attributes as attribute_rules
from regulars.people.members.rules import masks, profiles
from regulars.people.members.services.attributes import attributes as declared_attributes
from regulars.people.members.services.claims import Prepared, blind_name, holders, prepare, region_of, row_for
from regulars.people.members.services.rows import (
    broken_constraint,
    live_identifiers,
    numbers_for,
    pending_of,
    person_row,
    seal,
    seal_json,
    told,
    unseal_json,
    writable_row,
    zones,
)
from regulars.people.members.terms import (
    PREFIX,
    Birthday,
    Claim,
    IdentifierVerified,
    MemberRegistered,
    MemberStatus,
    Registered,
    TwoMembers,
)

_TURNS = 5
_RACES = (
    "M1_one_member_per_number",
    "M2_one_member_per_repeat_key",
    "M8_one_verified_holder",
    "M9_one_claim_per_member",
)


@dataclass(frozen=True, kw_only=True)
class _Wish:
    program_id: int
    claims: list[Prepared]
    name: str | None
    birthday: Birthday | None
    locale: str
    zone: str | None
    channel: str
    store: str
    plain: dict[str, Any]
    personal: dict[str, Any]
    repeat_key: str | None
    actor: str


def register(
    *,
    program_id: int,
    actor: str,
    identifiers: Sequence[Claim] = (),
    name: str | None = None,
    birthday: Birthday | None = None,
    locale: str = "",
    zone: str | None = None,
    channel: str = "",
    store: str = "",
    attributes: Mapping[str, Any] | None = None,
    attested: bool = False,
    key_for_repeat: str | None = None,
) -> Registered:
    """Welcome a person, or find the member she is already. Typing an identifier never hands over an account.

    A verified identifier (or any, when `attested`) that a member holds matches that member: new identifiers are
    attached, and what we did not know yet is filled in; nothing known is overwritten. Otherwise a member is created,
    and unverified identifiers wait as pending claims. The same `key_for_repeat` gives the same member.

    Args: channel, store: keys, as told. zone: IANA, None for the program's. attested: the caller's key may vouch.
    Raises: Invalid with every fault; TwoMembers when the identifiers belong to two; Busy.
    """
    wish = _checked(
        program_id=program_id, actor=actor, identifiers=identifiers, name=name, birthday=birthday, locale=locale,
        zone=zone, channel=channel, store=store, attributes=attributes or {}, attested=attested,
        repeat_key=key_for_repeat,
    )  # fmt: skip
    for _ in range(_TURNS):
        try:
            with told(), transaction.atomic():
                return _register_once(wish)
        except IntegrityError as error:  # another till was first: look again, and find what it made
            if broken_constraint(error) not in _RACES:
                raise
    raise Busy


def _checked(
    *,
    program_id: int,
    actor: str,
    identifiers: Sequence[Claim],
    name: str | None,
    birthday: Birthday | None,
    locale: str,
    zone: str | None,
    channel: str,
    store: str,
    attributes: Mapping[str, Any],
    attested: bool,
    repeat_key: str | None,
) -> _Wish:
    declared = declared_attributes(program_id=program_id)
    faults = profiles.faults(
        name=name, birthday=birthday, locale=locale, zone=zone, channel=channel, store=store, zones=zones(),
        this_year=clock.now().year,
    )  # fmt: skip
    faults += attribute_rules.faults(attributes, declared)
    claims: list[Prepared] = []
    try:
        region = region_of(program_id=program_id)
        claims = prepare(program_id=program_id, claims=identifiers, attested=attested, actor=actor, region=region)
    except Invalid as no:
        faults += no.errors
    if faults:
        raise Invalid(errors=faults)
    plain, personal = attribute_rules.split(attributes, declared)
    return _Wish(
        program_id=program_id, claims=claims, name=" ".join((name or "").split()) or None, birthday=birthday,
        locale=locale, zone=zone, channel=channel, store=store, plain=plain, personal=personal,
        repeat_key=repeat_key, actor=actor,
    )  # fmt: skip


def _register_once(wish: _Wish) -> Registered:
    if wish.repeat_key is not None:
        row = MemberRow.objects.filter(program_id=wish.program_id, repeat_key=wish.repeat_key).first()
        if row is not None:
            return _answer(row, created=False, matched_by="key")
    verified = [one.key for one in wish.claims if one.verified_at is not None]
    held = holders(program_id=wish.program_id, keys=verified)
    found = sorted(set(held.values()))
    if len(found) > 1:
        raise TwoMembers(members=[ids.encode(PREFIX, one) for one in found], suggestion="merge")
    if found:
        return _match(wish, member_id=found[0], matched_by=min(kind for kind, _ in held))
    return _create(wish)


def _create(wish: _Wish) -> Registered:
    now, program_id, birthday = clock.now(), wish.program_id, wish.birthday
    member = MemberRow(
        id=ids.new_id(),
        program_id=program_id,
        number=numbers_for(program_id=program_id, count=1)[0],
        status=MemberStatus.ACTIVE,
        joined_at=now,
        joined_channel=wish.channel,
        joined_store=wish.store,
        locale=wish.locale,
        zone=wish.zone,
        birth_month=birthday.month if birthday else None,
        birth_day=birthday.day if birthday else None,
        masked_name=masks.name(wish.name or ""),
        attributes={k: v for k, v in wish.plain.items() if v is not None},
        wrapped_key=secrets.new_data_key(program_id),
        repeat_key=wish.repeat_key,
    )
    member.save(force_insert=True)
    PersonRow(
        member=member,
        program_id=program_id,
        name=seal(member, wish.name, "name"),
        name_blind=blind_name(program_id=program_id, name=wish.name) if wish.name else None,
        birth_year=seal(member, str(birthday.year), "birth_year") if birthday and birthday.year else None,
        attributes=seal_json(member, {k: v for k, v in wish.personal.items() if v is not None}, "attributes"),
    ).save(force_insert=True)
    IdentifierRow.objects.bulk_create([row_for(one, member=member) for one in wish.claims])
    announce(
        MemberRegistered(
            member_id=member.id, joined_at=now, channel=wish.channel, store=wish.store, actor=wish.actor
        ),
        program_id=program_id,
        member_id=member.id,
    )
    return _answer(member, created=True, matched_by=None)


def _match(wish: _Wish, *, member_id: UUID, matched_by: str) -> Registered:
    member = writable_row(program_id=wish.program_id, member_id=member_id)
    own = {(row.type, bytes(row.blind)): row for row in live_identifiers(member.id) if row.blind is not None}
    for one in wish.claims:
        row = own.get(one.key)
        if row is None:
            row = row_for(one, member=member)
            row.save(force_insert=True)
        elif row.verified_at is None and one.verified_at is not None:
            row.verified_at, row.method, row.attested_by = one.verified_at, one.method, one.attested_by
            row.save(update_fields=["verified_at", "method", "attested_by"])
        else:
            continue
        if row.verified_at is not None:
            announce(
                IdentifierVerified(
                    member_id=member.id, identifier_id=row.id, type=row.type, method=row.method,
                    moved_from=None, actor=wish.actor,
                ),
                program_id=wish.program_id,
                member_id=member.id,
            )  # fmt: skip
    _fill_blanks(wish, member)
    return _answer(member, created=False, matched_by=matched_by)


def _fill_blanks(wish: _Wish, member: MemberRow) -> None:
    """Keep what we know and add what we did not; somebody who knows a phone may not rename its owner."""
    person, birthday = person_row(member), wish.birthday
    if person.name is None and wish.name:
        person.name = seal(member, wish.name, "name")
        person.name_blind = blind_name(program_id=wish.program_id, name=wish.name)
        member.masked_name = masks.name(wish.name)
    if member.birth_month is None and birthday:
        member.birth_month, member.birth_day = birthday.month, birthday.day
        person.birth_year = seal(member, str(birthday.year), "birth_year") if birthday.year else None
    member.locale = member.locale or wish.locale
    member.zone = member.zone or wish.zone
    member.attributes = attribute_rules.patched(wish.plain, member.attributes)
    old = unseal_json(member, person.attributes, "attributes")
    if new := attribute_rules.patched(wish.personal, old):
        person.attributes = seal_json(member, new, "attributes")
    member.save(update_fields=["masked_name", "birth_month", "birth_day", "locale", "zone", "attributes"])
    person.save(update_fields=["name", "name_blind", "birth_year", "attributes"])


def _answer(member: MemberRow, *, created: bool, matched_by: str | None) -> Registered:
    return Registered(
        member_id=member.id,
        number=member.number,
        status=MemberStatus(member.status),
        created=created,
        matched_by=matched_by,
        pending=pending_of(live_identifiers(member.id)),
    )
