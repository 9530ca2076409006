"""Audiences: named lists of members; put on and taken off up to a thousand at a time."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.shapes import ONCE, READ_REFUSED, REFUSED, Body, Instant, Out, Problem, Text
from regulars.kernel import ids
from regulars.people.audiences import services as audiences
from regulars.people.audiences.terms import MOST_AT_ONCE, Audience, Batch, Membership
from regulars.people.members import services as members
from regulars.people.staff.terms import ApiKey

router = Router(tags=["Audiences"])
SlugKey = Annotated[Text, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$", description="Stable; small letters.")]
Names = Annotated[
    dict[Annotated[Text, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")], Annotated[Text, Field(max_length=200)]],
    Field(
        max_length=50, description="What people read, by language.", examples=[{"en": "Spring", "zh-Hans": "春季"}]
    ),
]
Source = Annotated[
    Text,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,59}$",
        description="What put them there: a system, a campaign. Kept with each member.",
    ),
]


class AudienceIn(Body):
    key: SlugKey
    names: Names = Field(default_factory=dict)
    note: Text = Field(default="", max_length=500)


class AudienceOut(Out):
    key: str
    names: dict[str, str]
    note: str
    active: bool = Field(description="A retired audience counts for nobody.")
    members: int = Field(description="How many are on it; whose time has run out leaves it at night.")


class AudiencesOut(Out):
    items: list[AudienceOut]
    next_cursor: str | None


class MembersIn(Body):
    members: list[Annotated[Text, Field(min_length=1, max_length=120)]] = Field(
        min_length=1, max_length=MOST_AT_ONCE, description="Ids, `number:…`, `external:…` or `card:…`."
    )
    source: Source = "api"
    expires_at: Instant | None = Field(default=None, description="When they leave it by themselves; null: never.")


class RemovedIn(Body):
    members: list[Annotated[Text, Field(min_length=1, max_length=120)]] = Field(
        min_length=1, max_length=MOST_AT_ONCE, description="Ids, `number:…`, `external:…` or `card:…`."
    )
    source: Source = "api"


class AudienceBatchOut(Out):
    added: int = Field(description="How many came to it.")
    removed: int = Field(description="How many left it.")
    changed: int = Field(description="How many were on it and have another end now.")
    unchanged: int = Field(description="How many were so already.")
    unknown: list[str] = Field(description="References that no member has; they stopped nothing.")


class MembershipOut(Out):
    member: str
    audience: str = Field(description="The key of the audience.")
    source: str = Field(description="What put her there.")
    added_at: datetime = Field(description="Since when she has been on it.")
    expires_at: datetime | None
    removed_at: datetime | None = Field(description="When she left it; null: she is on it.")


class MembershipsOut(Out):
    items: list[MembershipOut]
    next_cursor: str | None


def _audience(one: Audience) -> dict[str, Any]:
    return {
        "key": one.key,
        "names": dict(one.names),
        "note": one.note,
        "active": one.active,
        "members": one.members,
    }


def _batch(one: Batch) -> HttpResponse:
    return answers.json(
        {
            "added": one.added,
            "removed": one.removed,
            "changed": one.changed,
            "unchanged": one.unchanged,
            "unknown": list(one.unknown),
        }
    )


def _membership(one: Membership) -> dict[str, Any]:
    return {
        "member": ids.encode("mem", one.member_id),
        "audience": one.audience,
        "source": one.source,
        "added_at": one.added_at,
        "expires_at": one.expires_at,
        "removed_at": one.removed_at,
    }


@router.get(
    "/audiences",
    auth=Key("audiences:read"),
    response={200: AudiencesOut, READ_REFUSED: Problem},
    operation_id="list_audiences",
    summary="Audiences, by key",
)
def list_audiences(
    request: HttpRequest, limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT), cursor: str | None = None
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    after = answers.after_text(cursor)
    found = audiences.audiences(program_id=key.program_id, after=after, limit=limit + 1)
    more = answers.cursor_text([found[limit - 1].key]) if len(found) > limit else None
    return answers.json({"items": [_audience(one) for one in found[:limit]], "next_cursor": more})


@router.post(
    "/audiences",
    auth=Key("audiences:write"),
    response={(200, 201): AudienceOut, REFUSED: Problem},
    operation_id="declare_audience",
    summary="Make an audience, or rename one",
    description="A retired one lives again, with all that were on it.",
)
def declare(request: HttpRequest, told: AudienceIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        one, is_new = audiences.declare(program_id=key.program_id, key=told.key, names=told.names, note=told.note)
        return answers.json(_audience(one), status=201 if is_new else 200)

    return answers.once(request, idempotency_key, work)


@router.get(
    "/audiences/{audience}",
    auth=Key("audiences:read"),
    response={200: AudienceOut, READ_REFUSED: Problem},
    operation_id="get_audience",
    summary="An audience",
)
def get(request: HttpRequest, audience: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return answers.json(_audience(audiences.get(program_id=key.program_id, key=audience)))


@router.post(
    "/audiences/{audience}/members",
    auth=Key("audiences:write"),
    response={200: AudienceBatchOut, REFUSED: Problem},
    operation_id="add_to_audience",
    summary="Put members on an audience",
    description="At most 1,000. Who is on it already stays as she is; another `expires_at` is taken over.",
)
def add(request: HttpRequest, audience: str, told: MembersIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        return _batch(
            audiences.add(
                program_id=key.program_id,
                key=audience,
                refs=told.members,
                source=told.source,
                actor=key.actor,
                expires_at=told.expires_at,
            )
        )

    return answers.once(request, idempotency_key, work)


@router.post(
    "/audiences/{audience}/members/remove",
    auth=Key("audiences:write"),
    response={200: AudienceBatchOut, REFUSED: Problem},
    operation_id="remove_from_audience",
    summary="Take members off an audience",
    description="At most 1,000.",
)
def remove(request: HttpRequest, audience: str, told: RemovedIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        return _batch(
            audiences.remove(program_id=key.program_id, key=audience, refs=told.members, source=told.source)
        )

    return answers.once(request, idempotency_key, work)


@router.get(
    "/audiences/{audience}/members",
    auth=Key("audiences:read"),
    response={200: MembershipsOut, READ_REFUSED: Problem},
    operation_id="list_audience_members",
    summary="Who is on an audience, in order of id",
)
def page(
    request: HttpRequest,
    audience: str,
    limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT),
    cursor: str | None = None,
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    found = audiences.page(program_id=key.program_id, key=audience, cursor=answers.cursor_in(cursor), limit=limit)
    items = [_membership(one) for one in found.items]
    return answers.json({"items": items, "next_cursor": answers.cursor_out(found.cursor)})


@router.get(
    "/members/{ref}/audiences",
    auth=Key("audiences:read"),
    response={200: MembershipsOut, READ_REFUSED: Problem},
    operation_id="list_member_audiences",
    summary="The audiences that a member is on, or was on",
)
def of_member(request: HttpRequest, ref: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    member_id = members.resolve(program_id=key.program_id, ref=ref)
    found = audiences.memberships(program_id=key.program_id, member_id=member_id)
    return answers.json({"items": [_membership(one) for one in found], "next_cursor": None})
