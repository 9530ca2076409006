"""Reading members: by reference, by identifier, as facts for rules, as a profile for people, as a dossier for her."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import segno
from django.db import connection
from django.db.models import Q

from regulars.kernel import ids
from regulars.kernel.errors import Invalid, NotFound
from regulars.people.members.models import AttributeRow, IdentifierRow, MemberRow, PersonRow
from regulars.people.members.rules import normal, pages
from regulars.people.members.services.claims import blind, blind_name, region_of
from regulars.people.members.services.rows import (
    facts_of,
    live_identifiers,
    member_row,
    person_row,
    unseal,
    unseal_json,
    view_of,
)
from regulars.people.members.terms import (
    PREFIX,
    IdentifierType,
    IdentifierView,
    MemberFacts,
    MemberStatus,
    Page,
    Profile,
    UnknownMember,
)

MOST_FOUND = 20
_BY_IDENTIFIER = {"external": IdentifierType.EXTERNAL, "card": IdentifierType.CARD}


def resolve(*, program_id: int, ref: str) -> UUID:
    """The member that a reference means: `mem_…`, `number:…`, `external:…` or `card:…`; of a merged one, the other.

    Raises: UnknownMember, the same for an unknown reference, a malformed one, and another program's.
    """
    found = resolve_many(program_id=program_id, refs=[ref]).get(ref)
    if found is None:
        raise UnknownMember
    return found


def resolve_many(*, program_id: int, refs: Iterable[str]) -> dict[str, UUID]:
    """The members that references mean, in at most two queries; unknown references are left out."""
    by_id: dict[UUID, list[str]] = {}
    by_number: dict[str, list[str]] = {}
    by_blind: dict[tuple[str, bytes], list[str]] = {}
    for ref in dict.fromkeys(refs):
        head, colon, rest = ref.partition(":")
        if not colon:
            try:
                by_id.setdefault(ids.decode(PREFIX, ref), []).append(ref)
            except NotFound:
                continue
        elif head == "number":
            number = "".join(rest.split())
            if number.isascii() and number.isdigit():
                by_number.setdefault(number, []).append(ref)
        elif kind := _BY_IDENTIFIER.get(head):
            try:
                value = normal.identifier(kind, rest, region="")
            except Invalid:
                continue
            by_blind.setdefault((kind.value, blind(program_id=program_id, kind=kind, value=value)), []).append(ref)
    found: dict[str, UUID] = {}
    if by_id or by_number:
        rows = MemberRow.objects.filter(Q(pk__in=by_id) | Q(number__in=by_number), program_id=program_id)
        for pk, number, merged_into in rows.values_list("pk", "number", "merged_into_id"):
            for ref in by_id.get(pk, []) + by_number.get(number, []):
                found[ref] = merged_into or pk
    if by_blind:
        for key, member in _holders_followed(program_id=program_id, keys=by_blind).items():
            for ref in by_blind[key]:
                found[ref] = member
    return found


def _holders_followed(*, program_id: int, keys: Iterable[tuple[str, bytes]]) -> dict[tuple[str, bytes], UUID]:
    kinds, blinds = zip(*keys, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "select i.type, i.blind, coalesce(m.merged_into, m.id)"
            " from unnest(%s::text[], %s::bytea[]) as a(type, blind)"
            " join members_identifier i on i.program_id = %s and i.type = a.type and i.blind = a.blind"
            "  and i.released_at is null and i.verified_at is not null"
            " join members_member m on m.id = i.member_id",
            [list(kinds), list(blinds), program_id],
        )
        return {(kind, bytes(key)): member for kind, key, member in cursor.fetchall()}


def lookup(*, program_id: int, type: str, value: str, claims: bool = False) -> list[UUID]:
    """The members with this phone, e-mail, name, card, external id or payment token: exact, at most 20.

    Args: type: an IdentifierType, or "name". claims: also those who merely claim it, after its verified holder.
    Raises: Invalid when the value cannot be of this type.
    """
    if type == "name":
        rows = PersonRow.objects.filter(
            program_id=program_id, name_blind=blind_name(program_id=program_id, name=value)
        )
        found = rows.order_by("pk").values_list("member__merged_into_id", "pk")[:MOST_FOUND]
        return list(dict.fromkeys(merged_into or pk for merged_into, pk in found))
    try:
        kind = IdentifierType(type)
    except ValueError as no:
        raise Invalid(errors=[("type", f"must be one of name, {', '.join(IdentifierType)}")]) from no
    normalised = normal.identifier(kind, value, region=region_of(program_id=program_id))
    asked = IdentifierRow.objects.filter(
        program_id=program_id,
        type=kind,
        blind=blind(program_id=program_id, kind=kind, value=normalised),
        released_at=None,
    )
    if not claims:
        asked = asked.filter(verified_at__isnull=False)
    held = asked.order_by("verified_at", "id").values_list("member__merged_into_id", "member_id")[:MOST_FOUND]
    return list(dict.fromkeys(merged_into or pk for merged_into, pk in held))


def fact(*, program_id: int, member_id: UUID) -> MemberFacts:
    """The facts of one member.

    Raises: UnknownMember.
    """
    return facts_of(member_row(program_id=program_id, member_id=member_id))


def facts(*, program_id: int, member_ids: Iterable[UUID]) -> dict[UUID, MemberFacts]:
    """The facts of many members in one query; unknown ids are left out."""
    rows = MemberRow.objects.filter(program_id=program_id, pk__in=list(member_ids)).defer("wrapped_key")
    return {row.id: facts_of(row) for row in rows}


def recent(
    *, program_id: int, limit: int = 50, cursor: str | None = None, status: MemberStatus | None = None
) -> Page:
    """The members of a program, last joined first, a page at a time.

    Args: limit: 1 to 200. cursor: the `next_cursor` of the page before.
    Raises: Invalid for a cursor of another list.
    """
    limit = max(1, min(200, limit))
    rows = MemberRow.objects.filter(program_id=program_id).defer("wrapped_key")
    if status is not None:
        rows = rows.filter(status=status)
    if cursor:
        at, last = pages.place(cursor)
        rows = rows.filter(Q(joined_at__lt=at) | Q(joined_at=at, pk__lt=last), joined_at__lte=at)
    found = list(rows.order_by("-joined_at", "-pk")[: limit + 1])
    more = pages.cursor(found[limit - 1].joined_at, found[limit - 1].id) if len(found) > limit else None
    return Page(items=tuple(facts_of(row) for row in found[:limit]), next_cursor=more)


def born_on(*, program_id: int, day: date, after: UUID | None = None, limit: int = 500) -> list[UUID]:
    """Members whose birthday is kept on this day, in order of id; 29 February is kept on the 28th in other years."""
    asked = Q(birth_month=day.month, birth_day=day.day)
    if (day.month, day.day) == (2, 28) and not _is_leap(day.year):
        asked |= Q(birth_month=2, birth_day=29)
    rows = MemberRow.objects.filter(asked, program_id=program_id, merged_into=None)
    if after is not None:
        rows = rows.filter(pk__gt=after)
    return list(rows.order_by("pk").values_list("pk", flat=True)[:limit])


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def profile(*, program_id: int, member_id: UUID, reveal: bool = False) -> Profile:
    """A member as people see it: masked, unless the caller may reveal (and writes that into the log of views).

    Raises: UnknownMember.
    """
    member = member_row(program_id=program_id, member_id=member_id)
    person, rows = person_row(member), live_identifiers(member_id)
    views = tuple(view_of(row, value=unseal(member, row.sealed, row.type) if reveal else None) for row in rows)
    personal = unseal_json(member, person.attributes, "attributes")
    year = unseal(member, person.birth_year, "birth_year") if reveal else None
    return Profile(
        facts=facts_of(member),
        name=(unseal(member, person.name, "name") or "") if reveal else member.masked_name,
        birth_year=int(year) if year else None,
        phone=_first(views, IdentifierType.PHONE),
        email=_first(views, IdentifierType.EMAIL),
        notes=unseal(member, person.notes, "notes") if reveal else None,
        attributes={**member.attributes, **(personal if reveal else dict.fromkeys(personal, "••••"))},
        identifiers=views,
        revealed=reveal,
    )


def _first(views: Sequence[IdentifierView], kind: IdentifierType) -> str:
    return next((view.value or view.hint for view in views if view.type is kind), "")


def dossier(*, program_id: int, member_id: UUID) -> dict[str, Any]:
    """Everything that members hold about one person, in the clear, as JSON values: for herself.

    Raises: UnknownMember.
    """
    whole = profile(program_id=program_id, member_id=member_id, reveal=True)
    known, birth = whole.facts, whole.facts
    labels = dict(AttributeRow.objects.filter(program_id=program_id).values_list("key", "label"))
    history = IdentifierRow.objects.filter(member_id=member_id).order_by("created_at", "id")
    values = {view.identifier_id: view.value for view in whole.identifiers}
    return {
        "id": ids.encode(PREFIX, member_id),
        "number": known.number,
        "status": known.status.value,
        "joined_at": known.joined_at.isoformat(),
        "joined_channel": known.joined_channel,
        "joined_store": known.joined_store,
        "locale": known.locale,
        "zone": known.zone,
        "name": whole.name,
        "birthday": {"month": birth.birth_month, "day": birth.birth_day, "year": whole.birth_year},
        "notes": whole.notes,
        "attributes": {k: {"value": v, "label": labels.get(k, {})} for k, v in whole.attributes.items()},
        "identifiers": [
            {
                "type": row.type,
                "value": values.get(row.id),
                "hint": row.hint,
                "verified_at": row.verified_at.isoformat() if row.verified_at else None,
                "method": row.method,
                "released_at": row.released_at.isoformat() if row.released_at else None,
                "created_at": row.created_at.isoformat(),
            }
            for row in history
        ],
    }


def number_qr(*, number: str) -> str:
    """The member number as a QR code: an SVG for a card or a phone's screen, readable at 15 % damage."""
    out = io.BytesIO()
    segno.make(number, error="m", micro=False).save(out, kind="svg", scale=4, border=2, xmldecl=False, svgclass=None)
    return out.getvalue().decode()
