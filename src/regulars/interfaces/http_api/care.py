"""Advisers and preferences over HTTP."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api import care_shapes as shapes
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.shapes import ONCE, READ_REFUSED, REFUSED, Problem
from regulars.kernel import ids
from regulars.people.care import services as care
from regulars.people.care.terms import ADVISER_PREFIX, Adviser, Assignment, Liking, PreferenceType
from regulars.people.members import services as members
from regulars.people.programs import services as programs
from regulars.people.staff import services as staff
from regulars.people.staff.terms import ApiKey

router = Router(tags=["Care"])
MOST_BEFORE = 50


def adviser_json(one: Adviser, program_id: int) -> dict[str, Any]:
    store = programs.store_by_id(program_id=program_id, store_id=one.store_id).key if one.store_id else None
    return {
        "id": ids.encode(ADVISER_PREFIX, one.id),
        "name": one.name,
        "kind": one.kind,
        "store": store,
        "capacity": one.capacity,
        "members": one.members,
        "active": one.active,
    }


def _assignment(one: Assignment, program_id: int) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "adviser": adviser_json(one.adviser, program_id),
        "since": one.since,
        "until": one.until,
        "source": one.source,
    }


def _store_id(key: ApiKey, store: str | None) -> int | None:
    """The store that a caller named; a key bound to a store must name one of its own."""
    staff.require_store(key=key, store=store)
    return programs.store(program_id=key.program_id, key=store).id if store is not None else None


def adviser_of(key: ApiKey, told: str) -> Adviser:
    found = care.adviser(program_id=key.program_id, adviser_id=ids.decode(ADVISER_PREFIX, told))
    if key.store_id is not None:
        own = programs.store_by_id(program_id=key.program_id, store_id=found.store_id).key if found.store_id else None
        staff.require_store(key=key, store=own)
    return found


@router.get(
    "/advisers",
    auth=Key("care:read"),
    response={200: shapes.AdvisersOut, READ_REFUSED: Problem},
    operation_id="list_advisers",
    summary="The advisers, with how many members each has and has room for",
)
def list_advisers(
    request: HttpRequest,
    kind: str | None = Query(None, max_length=64, description="Only of this kind of care."),
    store: str | None = Query(None, max_length=100, description="Only of this store and below it, by its key."),
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    store_id = programs.store(program_id=key.program_id, key=store).id if store else None
    found = care.advisers(program_id=key.program_id, kind=kind, store_id=store_id)
    return answers.json({"items": [adviser_json(one, key.program_id) for one in found]})


@router.post(
    "/advisers",
    auth=Key("care:write"),
    response={200: shapes.AdviserOut, REFUSED: Problem},
    operation_id="appoint_adviser",
    summary="Make somebody of the staff an adviser, or change her room",
    description="Told again, it changes her store and capacity. A capacity below what she has takes nobody away.",
)
def appoint(request: HttpRequest, told: shapes.AdviserIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        made = care.appoint(
            program_id=key.program_id,
            user_id=staff.person_by_email(email=told.email).id,
            kind=told.kind,
            capacity=told.capacity,
            store_id=_store_id(key, told.store),
            actor=key.actor,
        )
        return answers.json(adviser_json(made, key.program_id))

    return answers.once(request, idempotency_key, work)


@router.post(
    "/advisers/{adviser}/hand-over",
    auth=Key("care:write"),
    response={200: shapes.HandedOut, REFUSED: Problem},
    operation_id="hand_over_members",
    summary="Give an adviser's members to somebody else",
)
def hand_over(
    request: HttpRequest, adviser: str, told: shapes.MembersHandOverIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        one = adviser_of(key, adviser)
        to = adviser_of(key, told.to).id if told.to is not None else None
        moved, left = care.hand_over(program_id=key.program_id, adviser_id=one.id, to=to, actor=key.actor)
        if told.retire and not left:
            care.retire(program_id=key.program_id, adviser_id=one.id, actor=key.actor)
        now = care.adviser(program_id=key.program_id, adviser_id=one.id)
        return answers.json({"moved": moved, "left": left, "adviser": adviser_json(now, key.program_id)})

    return answers.once(request, idempotency_key, work)


@router.get(
    "/members/{ref}/advisers",
    auth=Key("care:read"),
    response={200: shapes.CareOut, READ_REFUSED: Problem},
    operation_id="get_advisers_of_member",
    summary="Who looks after a member, and who did before",
)
def of_member(request: HttpRequest, ref: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return _of(key, ref)


def _of(key: ApiKey, ref: str) -> HttpResponse:
    member_id = members.resolve(program_id=key.program_id, ref=ref)
    now = care.current(program_id=key.program_id, member_id=member_id)
    before = care.assignments(program_id=key.program_id, member_id=member_id, limit=MOST_BEFORE + len(now))
    return answers.json(
        {
            "now": [_assignment(one, key.program_id) for one in now],
            "before": [_assignment(one, key.program_id) for one in before if one.until is not None],
        }
    )


@router.post(
    "/members/{ref}/advisers",
    auth=Key("care:write"),
    response={200: shapes.CareOut, REFUSED: Problem},
    operation_id="assign_adviser",
    summary="Put a member into an adviser's care, by hand or in turn",
    description="In turn goes to the one with room who got a member longest ago. Who had her before has her no "
    "longer; history keeps it.",
)
def assign(request: HttpRequest, ref: str, told: shapes.AssignIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        chosen = adviser_of(key, told.adviser).id if told.adviser is not None else None
        care.assign(
            program_id=key.program_id,
            member_id=members.resolve(program_id=key.program_id, ref=ref),
            kind=told.kind,
            adviser_id=chosen,
            store_id=_store_id(key, told.store) if chosen is None else None,
            actor=key.actor,
        )
        return _of(key, ref)

    return answers.once(request, idempotency_key, work)


@router.post(
    "/members/{ref}/advisers/end",
    auth=Key("care:write"),
    response={200: shapes.CareOut, REFUSED: Problem},
    operation_id="end_care",
    summary="Take a member out of care of a kind",
)
def end(request: HttpRequest, ref: str, told: shapes.EndIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        member_id = members.resolve(program_id=key.program_id, ref=ref)
        care.end(program_id=key.program_id, member_id=member_id, kind=told.kind, actor=key.actor)
        return _of(key, ref)

    return answers.once(request, idempotency_key, work)


def liking_json(one: Liking, masks: bool = False) -> dict[str, Any]:
    """A preference with what she said, for the till to show in the shop's language."""
    asked = one.preference
    said = one.value if isinstance(one.value, list) else [one.value]
    is_choice = asked.type in (PreferenceType.CHOICE, PreferenceType.CHOICES)
    return {
        "key": asked.key,
        "names": dict(asked.names),
        "type": asked.type.value,
        "value": None if masks and asked.type is PreferenceType.TEXT else one.value,
        "chosen": [{"key": c.key, "names": dict(c.names)} for c in asked.choices if is_choice and c.key in said],
        "till": asked.till,
        "set_at": one.set_at,
    }


@router.get(
    "/members/{ref}/preferences",
    auth=Key("care:read"),
    response={200: shapes.PreferencesOut, READ_REFUSED: Problem},
    operation_id="get_preferences",
    summary="How a member likes it",
    description="What the program declares in `preferences` and she has said: less ice, no receipt. It serves her "
    "purchase, so it needs no consent; it is in what she is told of herself, and goes when she is forgotten.",
)
def get_preferences(
    request: HttpRequest, ref: str, till: bool = Query(False, description="Only what the till shows.")
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    member_id = members.resolve(program_id=key.program_id, ref=ref)
    found = care.likings(program_id=key.program_id, member_id=member_id, till=till)
    return answers.json({"items": [liking_json(one) for one in found]})


@router.put(
    "/members/{ref}/preferences",
    auth=Key("care:write"),
    response={200: shapes.PreferencesOut, REFUSED: Problem},
    operation_id="set_preferences",
    summary="Remember how a member likes it",
    description="Only what is named changes; null takes a preference back. Answers all that stands then.",
)
def set_preferences(
    request: HttpRequest, ref: str, told: shapes.PreferencesIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        member_id = members.resolve(program_id=key.program_id, ref=ref)
        found = care.set_likings(
            program_id=key.program_id, member_id=member_id, values=told.values, actor=key.actor, source="api"
        )
        # the answer is kept for 30 days for who asks again: no words of hers in it
        return answers.json({"items": [liking_json(one, masks=True) for one in found]})

    return answers.once(request, idempotency_key, work)
