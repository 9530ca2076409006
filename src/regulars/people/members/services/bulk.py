"""Members by the thousand, for imports: one look for who is there already, three COPYs for who is new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson
from django.db import IntegrityError, connection, transaction

from regulars.kernel import clock, ids, secrets
from regulars.kernel.errors import Busy, Invalid
from regulars.kernel.outbox import announce
from regulars.people.members.models import IdentifierRow, MemberRow
from regulars.people.members.rules import attributes as attribute_rules
from regulars.people.members.rules import masks, profiles
from regulars.people.members.services.attributes import attributes as declared_attributes
from regulars.people.members.services.claims import Prepared, blind_name, holders, prepare, region_of, row_for
from regulars.people.members.services.rows import broken_constraint, numbers_for, seal, seal_json, told, zones
from regulars.people.members.terms import Attribute, Claim, IdentifierType, MembersImported, Newcomer

MOST_ROWS = 5_000
_TURNS = 5
_MEMBER = (
    "id", "program_id", "number", "status", "joined_at", "joined_channel", "joined_store", "locale", "zone",
    "birth_month", "birth_day", "masked_name", "attributes", "wrapped_key",
)  # fmt: skip
_PERSON = ("member_id", "program_id", "name", "name_blind", "birth_year", "attributes")
_IDENTIFIER = (
    "id", "program_id", "member_id", "type", "blind", "sealed", "hint", "verified_at", "method", "attested_by",
    "created_at",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Ready:
    row: Newcomer
    external: Prepared
    claims: list[Prepared]


def register_many(*, program_id: int, rows: Sequence[Newcomer], actor: str) -> dict[str, UUID]:
    """Bring in members of an older system, at most 5,000 a call; whose external id is known stays as she is.

    A second call changes nothing. A phone that somebody holds already (or an earlier row brought) is noted as a claim
    that waits for a code. One piece of news tells the count: no welcome is due to old friends.

    Returns: the member of each external id.
    Raises: Invalid with the path `rows.<n>…` of every fault (nothing was changed); Busy.
    """
    if len(rows) > MOST_ROWS:
        raise Invalid(errors=[("rows", f"must be at most {MOST_ROWS}")])
    secrets.make_keys(program_id=program_id)  # before the transaction, because keys it made itself are not cached
    declared = declared_attributes(program_id=program_id)
    ready = _checked(program_id=program_id, rows=rows, actor=actor, declared=declared)
    for _ in range(_TURNS):
        try:
            with told(), transaction.atomic():
                return _bring_in(program_id=program_id, ready=ready, actor=actor, declared=declared)
        except IntegrityError as error:  # a till registered one of them meanwhile: look again
            if broken_constraint(error) not in ("M1_one_member_per_number", "M8_one_verified_holder"):
                raise
    raise Busy


def _checked(
    *, program_id: int, rows: Sequence[Newcomer], actor: str, declared: dict[str, Attribute]
) -> list[_Ready]:
    region, year, known_zones = region_of(program_id=program_id), clock.now().year, zones()
    faults: list[tuple[str, str]] = []
    ready: dict[bytes, _Ready] = {}
    for place, row in enumerate(rows):
        wrong = profiles.faults(
            name=row.name, birthday=row.birthday, locale=row.locale, zone=row.zone, zones=known_zones, this_year=year
        ) + attribute_rules.faults(row.attributes, declared)
        if row.joined_at is not None and row.joined_at.tzinfo is None:
            wrong.append(("joined_at", "must be an instant with its offset"))
        faults += [(f"rows.{place}.{path}", message) for path, message in wrong]
        own = Claim(type=IdentifierType.EXTERNAL, value=row.external, verified_at=clock.now(), method="import")
        try:
            (external,) = prepare(
                program_id=program_id,
                claims=[own],
                attested=True,
                actor=actor,
                region="",
                path=f"rows.{place}.external",
            )
            claims = prepare(
                program_id=program_id, claims=row.claims, attested=row.attested, actor=actor, region=region,
                path=f"rows.{place}.identifiers",
            )  # fmt: skip
        except Invalid as no:
            faults += [(path.replace("external.0.value", "external"), message) for path, message in no.errors]
            continue
        claims = [one for one in claims if one.key != external.key]
        ready.setdefault(external.blind, _Ready(row=row, external=external, claims=claims))
    if faults:
        raise Invalid(errors=faults)
    return list(ready.values())


def _bring_in(
    *, program_id: int, ready: Sequence[_Ready], actor: str, declared: dict[str, Attribute]
) -> dict[str, UUID]:
    known = holders(program_id=program_id, keys=[one.external.key for one in ready])
    found = {one.row.external: known[one.external.key] for one in ready if one.external.key in known}
    new = [one for one in ready if one.external.key not in known]
    if not new:
        return found
    taken = set(holders(program_id=program_id, keys=[c.key for one in new for c in one.claims if c.verified_at]))
    numbers = numbers_for(program_id=program_id, count=len(new))
    keys = secrets.new_data_keys(program_id, len(new))
    members, persons, identifiers = [], [], []
    for one, number, key in zip(new, numbers, keys, strict=True):
        member, personal = _member(program_id=program_id, row=one.row, number=number, key=key, declared=declared)
        members.append(_member_values(member))
        persons.append(_person_values(member, one.row, personal))
        for claim in (one.external, *one.claims):
            if claim.verified_at is not None and claim.key in taken:
                claim = replace(claim, verified_at=None, method="", attested_by="")
            elif claim.verified_at is not None:
                taken.add(claim.key)
            identifiers.append(_identifier_values(row_for(claim, member=member)))
        found[one.row.external] = member.id
    _copy("members_member", _MEMBER, members)
    _copy("members_person", _PERSON, persons)
    # In the order in which every other caller inserts them, so that two of them never wait for each other.
    _copy("members_identifier", _IDENTIFIER, sorted(identifiers, key=lambda values: (values[3], values[4])))
    announce(MembersImported(count=len(new), actor=actor), program_id=program_id)
    return found


def _member(
    *, program_id: int, row: Newcomer, number: str, key: bytes, declared: dict[str, Attribute]
) -> tuple[MemberRow, dict[str, Any]]:
    plain, personal = attribute_rules.split(row.attributes, declared)
    member = MemberRow(
        id=ids.new_id(),
        program_id=program_id,
        number=number,
        status=row.status,
        joined_at=row.joined_at or clock.now(),
        joined_channel=row.channel,
        joined_store=row.store,
        locale=row.locale,
        zone=row.zone,
        birth_month=row.birthday.month if row.birthday else None,
        birth_day=row.birthday.day if row.birthday else None,
        masked_name=masks.name(row.name or ""),
        attributes={k: v for k, v in plain.items() if v is not None},
        wrapped_key=key,
    )
    return member, {k: v for k, v in personal.items() if v is not None}


def _member_values(member: MemberRow) -> tuple[Any, ...]:
    values = {name: getattr(member, name) for name in _MEMBER}
    return tuple(
        {**values, "status": str(member.status), "attributes": orjson.dumps(member.attributes).decode()}.values()
    )


def _person_values(member: MemberRow, row: Newcomer, personal: dict[str, Any]) -> tuple[Any, ...]:
    name = " ".join((row.name or "").split()) or None
    year = str(row.birthday.year) if row.birthday and row.birthday.year else None
    return (
        member.id,
        member.program_id,
        seal(member, name, "name"),
        blind_name(program_id=member.program_id, name=name) if name else None,
        seal(member, year, "birth_year"),
        seal_json(member, personal, "attributes"),
    )


def _identifier_values(row: IdentifierRow) -> tuple[Any, ...]:
    values = {name: getattr(row, name) for name in _IDENTIFIER}
    return tuple({**values, "type": str(row.type)}.values())


def _copy(table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"copy {table} ({', '.join(columns)}) from stdin") as copy,
    ):
        for row in rows:
            copy.write_row(row)
