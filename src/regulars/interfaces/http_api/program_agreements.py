"""Calls about what members are told of a changing program, and their yes to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field, StrictInt

from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.shapes import ONCE, READ_REFUSED, REFUSED, Body, Instant, Out, Problem, Text
from regulars.kernel import ids
from regulars.people.agreements import services as agreements
from regulars.people.agreements.terms import PREFIX, Acknowledgement, Telling
from regulars.people.members import services as members
from regulars.people.staff.terms import ApiKey

router = Router(tags=["Agreements"])


class TellingOut(Out):
    id: str
    changes: list[dict[str, Any]] = Field(description="What is taken: section, key, reasons, values that differ.")
    note: str
    told_at: datetime = Field(description="Since when members are told.")
    applies_at: datetime = Field(description="From when on it holds.")
    version: int | None = Field(description="The version that it became; null: still to come.")
    keep_until: datetime | None = Field(description="Until then who has not confirmed keeps the terms of before.")
    withdrawn_at: datetime | None = Field(description="When it was withdrawn: it will not come.")


class TellingsOut(Out):
    items: list[TellingOut]
    next_cursor: str | None


class AcknowledgeIn(Body):
    telling: Text | None = Field(default=None, description="What she confirms (`tel_…`); this or `version`.")
    version: StrictInt | None = Field(default=None, ge=1, le=2**31 - 1, description="Or the version she confirms.")
    source: Text = Field(min_length=1, max_length=60, description="Where she said yes: `app`, `till`, `letter`.")
    at: Instant | None = Field(default=None, description="When, if it was before now.")


class AcknowledgementOut(Out):
    telling: str | None = Field(description="The telling that she confirmed.")
    version: int | None = Field(description="The version that she confirmed.")
    source: str = Field(description="Where she said yes.")
    actor: str
    at: datetime = Field(description="When she said yes.")


class MemberTermsOut(Out):
    version: int = Field(description="The version whose terms hold for her.")
    waiting: list[TellingOut] = Field(description="What she has not confirmed yet.")
    confirmed: list[AcknowledgementOut] = Field(description="All that she confirmed, latest first.")


def _telling(t: Telling) -> dict[str, Any]:
    return {
        "id": t.public_id,
        "changes": [dict(c) for c in t.changes],
        "note": t.note,
        "told_at": t.told_at,
        "applies_at": t.applies_at,
        "version": t.version,
        "keep_until": t.keep_until,
        "withdrawn_at": t.withdrawn_at,
    }


def _acknowledgement(a: Acknowledgement) -> dict[str, Any]:
    telling = ids.encode(PREFIX, a.telling_id) if a.telling_id else None
    return {"telling": telling, "version": a.version, "source": a.source, "actor": a.actor, "at": a.at}


@router.get(
    "/program/tellings",
    auth=Key("program:read"),
    response={200: TellingsOut, READ_REFUSED: Problem},
    operation_id="list_tellings",
    summary="What members are told of coming changes",
    description="Changes that take something from members, latest first.",
)
def list_tellings(
    request: HttpRequest,
    open_only: bool = Query(False, description="Only what is still to come, or whose old terms are kept."),
    limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT),
    cursor: str | None = None,
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    found = agreements.tellings(
        program_id=key.program_id, before=answers.place(cursor), limit=limit, open_only=open_only
    )
    after = answers.cursor_text([str(found[-1].telling_id)]) if len(found) == limit else None
    return answers.json({"items": [_telling(t) for t in found], "next_cursor": after})


@router.get(
    "/members/{ref}/terms",
    auth=Key("members:read"),
    response={200: MemberTermsOut, READ_REFUSED: Problem},
    operation_id="get_member_terms",
    summary="Whose terms hold for a member, and what she has to confirm",
)
def get_terms(request: HttpRequest, ref: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    member_id = members.resolve(program_id=key.program_id, ref=ref)
    return answers.json(
        {
            "version": agreements.version_of(program_id=key.program_id, member_id=member_id),
            "waiting": [_telling(t) for t in agreements.waiting_for(program_id=key.program_id, member_id=member_id)],
            "confirmed": [
                _acknowledgement(a)
                for a in agreements.acknowledgements(program_id=key.program_id, member_id=member_id)
            ],
        }
    )


@router.post(
    "/members/{ref}/acknowledgements",
    auth=Key("members:write"),
    response={201: AcknowledgementOut, REFUSED: Problem},
    operation_id="acknowledge_terms",
    summary="Keep a member's yes to changed terms",
    description="To what she was told (`telling`), or to the terms of a version. The same yes again keeps the first.",
)
def acknowledge(request: HttpRequest, ref: str, told: AcknowledgeIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        done = agreements.acknowledge(
            program_id=key.program_id,
            member_id=members.resolve(program_id=key.program_id, ref=ref),
            telling_id=ids.decode(PREFIX, told.telling) if told.telling else None,
            version=told.version,
            source=told.source,
            actor=key.actor,
            at=told.at,
        )
        return answers.json(_acknowledgement(done), status=201)

    return answers.once(request, idempotency_key, work)
