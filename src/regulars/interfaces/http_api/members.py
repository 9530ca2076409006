"""Calls about members: register, find, read, correct, identify, suspend, merge, consent."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api import member_shapes as shapes
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.shapes import ONCE, READ_REFUSED, REFUSED, Problem
from regulars.kernel import ids
from regulars.people.members import services as members
from regulars.people.members.terms import Birthday, Claim, IdentifierType, MemberStatus, Profile, Registered
from regulars.people.staff import services as staff
from regulars.people.staff.terms import ApiKey
from regulars.value.tiers import services as tiers

router = Router(tags=["Members"])
BY_API = "api"  # what news say of why; the words that were sent stay in the audit trail
REF = "An id (`mem_…`), `number:…`, `external:…` or `card:…`."


def claim_of(told: shapes.IdentifierIn | shapes.AddIdentifierIn) -> Claim:
    return Claim(type=IdentifierType(told.type), value=told.value, verified_at=told.verified_at, method=told.method)


def _birthday(told: shapes.BirthdayIn | None) -> Birthday | None:
    return Birthday(month=told.month, day=told.day, year=told.year) if told else None


def _registered(done: Registered) -> dict[str, Any]:
    return {
        "id": ids.encode("mem", done.member_id),
        "number": done.number,
        "status": done.status,
        "created": done.created,
        "matched_by": done.matched_by,
        "pending": [{"id": ids.encode("idn", p.identifier_id), "type": p.type, "hint": p.hint} for p in done.pending],
    }


@router.post(
    "/members",
    auth=Key("members:write"),
    response={(200, 201): shapes.RegisteredOut, REFUSED: Problem},
    operation_id="register_member",
    summary="Register or match",
    description="201 for a new member, 200 when a verified identifier (or a key with `members:attest`) matches one. "
    "A number that was merely typed never hands over an account: it waits for a code.",
)
def register(request: HttpRequest, told: shapes.RegisterIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    attested = "members:attest" in key.scopes
    if any(i.verified_at for i in told.identifiers):
        staff.require_scope(key=key, scope="members:attest")

    def work() -> HttpResponse:
        done = members.register(
            program_id=key.program_id,
            actor=key.actor,
            identifiers=[claim_of(i) for i in told.identifiers],
            name=told.name,
            birthday=_birthday(told.birthday),
            locale=told.locale or "",
            zone=told.zone,
            channel=told.channel or "",
            store=told.store or "",
            attributes=told.attributes,
            attested=attested,
        )
        return answers.json(_registered(done), 201 if done.created else 200)

    return answers.once(request, idempotency_key, work)


@router.post(
    "/members/lookup",
    auth=Key("members:read"),
    response={200: shapes.LookupOut, REFUSED: Problem},
    operation_id="lookup_members",
    summary="Find by phone, e-mail, name or token",
    description="Never in an address: what is looked up is personal. Answers an empty list when nobody is found.",
)
def lookup(request: HttpRequest, told: shapes.LookupIn) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    found = members.lookup(program_id=key.program_id, type=told.type, value=told.value)
    facts = members.facts(program_id=key.program_id, member_ids=found)
    items = [
        {
            "id": ids.encode("mem", m),
            "number": facts[m].number,
            "status": facts[m].status,
            "masked_name": facts[m].masked_name,
        }
        for m in found
        if m in facts
    ]
    return answers.json({"items": items})


def _profile(profile: Profile, level: str | None) -> dict[str, Any]:
    facts = profile.facts
    return {
        "id": ids.encode("mem", facts.member_id),
        "number": facts.number,
        "status": facts.status,
        "joined_at": facts.joined_at,
        "joined_channel": facts.joined_channel,
        "joined_store": facts.joined_store,
        "locale": facts.locale,
        "zone": facts.zone,
        "birth_month": facts.birth_month,
        "birth_day": facts.birth_day,
        "birth_year": profile.birth_year,
        "name": profile.name,
        "phone": profile.phone,
        "email": profile.email,
        "attributes": profile.attributes,
        "identifiers": [identifier_of(i) for i in profile.identifiers],
        "level": level,
        "revealed": profile.revealed,
    }


def identifier_of(view: Any) -> dict[str, Any]:
    return {
        "id": ids.encode("idn", view.identifier_id),
        "type": view.type,
        "hint": view.hint,
        "verified_at": view.verified_at,
        "method": view.method,
        "released_at": view.released_at,
        "created_at": view.created_at,
        "value": view.value,
    }


def explained(key: ApiKey, action: str, member_id: UUID, reason: str, **facts: Any) -> None:
    """Write why into the audit trail; news and members' history carry a code only."""
    staff.record(
        program_id=key.program_id,
        actor=key.actor,
        action=action,
        object=ids.encode("mem", member_id),
        facts={**facts, "reason": reason},
    )


def shown(key: ApiKey, member_id: UUID, *, reveal: bool) -> HttpResponse:
    if reveal:
        staff.require_scope(key=key, scope="members:reveal")
        staff.record(
            program_id=key.program_id, actor=key.actor, action="members.reveal", object=ids.encode("mem", member_id)
        )
    profile = members.profile(program_id=key.program_id, member_id=member_id, reveal=reveal)
    standing = tiers.standing(program_id=key.program_id, member_id=member_id)
    return answers.json(_profile(profile, standing.level if standing else None))


@router.get(
    "/members/{ref}",
    auth=Key("members:read"),
    response={200: shapes.MemberOut, READ_REFUSED: Problem},
    operation_id="get_member",
    summary="A member",
    description=REF + " A merged member's old id answers with the member she is now.",
)
def get_member(request: HttpRequest, ref: str, reveal: bool = False) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return shown(key, members.resolve(program_id=key.program_id, ref=ref), reveal=reveal)


@router.patch(
    "/members/{ref}",
    auth=Key("members:write"),
    response={200: shapes.MemberOut, REFUSED: Problem},
    operation_id="update_member",
    summary="Correct a member",
)
def update_member(
    request: HttpRequest, ref: str, told: shapes.MemberPatch, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    sent = told.model_fields_set

    def work() -> HttpResponse:
        member_id = members.resolve(program_id=key.program_id, ref=ref)
        members.update(
            program_id=key.program_id,
            member_id=member_id,
            actor=key.actor,
            name=told.name if "name" in sent else members.KEEP,
            birthday=_birthday(told.birthday) if "birthday" in sent else members.KEEP,
            locale=(told.locale or "") if "locale" in sent else members.KEEP,
            zone=told.zone if "zone" in sent else members.KEEP,
            attributes=(told.attributes or {}) if "attributes" in sent else members.KEEP,
        )
        return shown(key, member_id, reveal=False)

    return answers.once(request, idempotency_key, work)


@router.post(
    "/members/{ref}/status",
    auth=Key("members:write"),
    response={200: shapes.MemberOut, REFUSED: Problem},
    operation_id="set_member_status",
    summary="Suspend, limit, close or open again",
)
def set_status(request: HttpRequest, ref: str, told: shapes.StatusIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        member_id = members.resolve(program_id=key.program_id, ref=ref)
        members.set_status(
            program_id=key.program_id,
            member_id=member_id,
            status=MemberStatus(told.status),
            reason=BY_API,
            actor=key.actor,
        )
        explained(key, "members.status", member_id, told.reason, status=told.status)
        return shown(key, member_id, reveal=False)

    return answers.once(request, idempotency_key, work)


@router.get(
    "/members",
    auth=Key("members:read"),
    response={200: shapes.MembersOut, READ_REFUSED: Problem},
    operation_id="list_members",
    summary="Members, newest first",
)
def list_members(
    request: HttpRequest, limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT), cursor: str | None = None
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    page = members.recent(program_id=key.program_id, cursor=cursor, limit=limit)
    items = [
        {
            "id": ids.encode("mem", m.member_id),
            "number": m.number,
            "status": m.status,
            "masked_name": m.masked_name,
            "joined_at": m.joined_at,
        }
        for m in page.items
    ]
    return answers.json({"items": items, "next_cursor": page.next_cursor})
