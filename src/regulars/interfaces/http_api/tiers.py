"""Calls about ladders: where a member stands, how she got there, what lies ahead, and levels given by hand."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api import tier_shapes as shapes
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.shapes import ONCE, READ_REFUSED, REFUSED, Problem
from regulars.kernel import ids
from regulars.people.members import services as members
from regulars.people.programs import services as programs
from regulars.people.staff.terms import ApiKey
from regulars.value.tiers import services as tiers
from regulars.value.tiers.terms import Given, Need, Progress, Projected

router = Router(tags=["Levels"])


def _need(need: Need) -> dict[str, Any]:
    return {"measure": need.measure, "value": need.value, "at": need.at, "missing": need.missing}


def _ahead(told: Projected | None) -> dict[str, Any] | None:
    return {"level": told.level, "names": dict(told.names), "at": told.at, "on": told.on} if told else None


def _tier(p: Progress) -> dict[str, Any]:
    return {
        "ladder": p.ladder,
        "level": p.level,
        "names": dict(p.names),
        "since": p.since,
        "by": p.by,
        "earned": p.earned,
        "measure": p.measure,
        "value": p.value,
        "match": p.match,
        "next_level": p.next_level,
        "next_at": p.next_at,
        "missing": p.missing,
        "to_next": [_need(n) for n in p.next_needs],
        "to_keep": [_need(n) for n in p.keep_needs],
        "valid_until": p.valid_until,
        "grace_until": p.grace_until,
        "fall": _ahead(p.fall),
        "rise": _ahead(p.rise),
    }


def _given(g: Given) -> dict[str, Any]:
    return {
        "ladder": g.ladder,
        "level": g.level,
        "kind": "lock" if g.is_lock else "grant",
        "source": g.source,
        "until": g.until,
        "reason": g.reason,
        "given_by": g.given_by,
        "given_at": g.given_at,
        "ended_at": g.ended_at,
    }


@router.get(
    "/members/{ref}/tier",
    auth=Key("members:read"),
    response={200: shapes.TiersOut, READ_REFUSED: Problem},
    operation_id="get_tier",
    summary="The level on each ladder, what is missing to the next, and what lies ahead",
)
def tier(request: HttpRequest, ref: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    member_id = members.resolve(program_id=key.program_id, ref=ref)
    items = [_tier(p) for p in tiers.progress(program_id=key.program_id, member_id=member_id)]
    return answers.json({"member": ids.encode("mem", member_id), "items": items})


@router.get(
    "/members/{ref}/tier/history",
    auth=Key("members:read"),
    response={200: shapes.MovesOut, READ_REFUSED: Problem},
    operation_id="list_tier_moves",
    summary="Every rise and fall of a member with its cause, newest first",
)
def history(
    request: HttpRequest, ref: str, limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT), cursor: str | None = None
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    before = answers.whole_parts(cursor, size=1)
    found = tiers.moves(
        program_id=key.program_id,
        member_id=members.resolve(program_id=key.program_id, ref=ref),
        before=before[0] if before else None,
        limit=limit,
    )
    items = [
        {
            "id": number,
            "ladder": m.ladder,
            "from_level": m.from_level,
            "to_level": m.to_level,
            "value": m.value,
            "cause": m.cause,
            "why": m.why,
            "version": m.version,
            "effective_at": m.effective_at,
            "moved_at": m.moved_at,
        }
        for number, m in found
    ]
    after = answers.cursor_text([found[-1][0]]) if len(found) == limit else None
    return answers.json({"items": items, "next_cursor": after})


@router.get(
    "/members/{ref}/tier/given",
    auth=Key("members:read"),
    response={200: shapes.GivenListOut, READ_REFUSED: Problem},
    operation_id="list_given_tiers",
    summary="Levels that a member was given or is locked on, newest first",
)
def given(request: HttpRequest, ref: str, live_only: bool = False) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    member_id = members.resolve(program_id=key.program_id, ref=ref)
    found = tiers.given(program_id=key.program_id, member_id=member_id, is_live=live_only)
    return answers.json({"items": [_given(g) for g in found]})


@router.put(
    "/members/{ref}/tier/{ladder}/lock",
    auth=Key("members:write"),
    response={200: shapes.GivenOut, REFUSED: Problem},
    operation_id="lock_tier",
    summary="Hold a member on a level, whatever she earns",
    description="Replaces a lock that is there. It holds until its end, or until it is ended by hand.",
)
def lock(
    request: HttpRequest, ref: str, ladder: str, told: shapes.LockIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        member_id = members.resolve(program_id=key.program_id, ref=ref)
        done = tiers.lock(
            program_id=key.program_id, member_id=member_id, ladder=ladder, level=told.level, until=told.until,
            reason=told.reason, actor=key.actor,
        )  # fmt: skip
        return answers.json(_given(done))

    return answers.once(request, idempotency_key, work)


@router.delete(
    "/members/{ref}/tier/{ladder}/lock",
    auth=Key("members:write"),
    response={200: shapes.GivenOut, REFUSED: Problem},
    operation_id="unlock_tier",
    summary="End a lock: she stands where her own history has led",
)
def unlock(request: HttpRequest, ref: str, ladder: str, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        member_id = members.resolve(program_id=key.program_id, ref=ref)
        done = tiers.unlock(program_id=key.program_id, member_id=member_id, ladder=ladder, actor=key.actor)
        return answers.json(_given(done))

    return answers.once(request, idempotency_key, work)


@router.put(
    "/members/{ref}/tier/{ladder}/grants/{source}",
    auth=Key("members:write"),
    response={200: shapes.GivenOut, REFUSED: Problem},
    operation_id="grant_tier",
    summary="Give a member a level beside what she earns",
    description="The higher of both holds. A source gives one level on a ladder: told again, it replaces its own.",
)
def grant(
    request: HttpRequest, ref: str, ladder: str, source: str, told: shapes.LevelGrantIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        member_id = members.resolve(program_id=key.program_id, ref=ref)
        done = tiers.grant(
            program_id=key.program_id, member_id=member_id, ladder=ladder, level=told.level, until=told.until,
            source=f"api/{source}", actor=key.actor,
        )  # fmt: skip
        return answers.json(_given(done))

    return answers.once(request, idempotency_key, work)


@router.delete(
    "/members/{ref}/tier/{ladder}/grants/{source}",
    auth=Key("members:write"),
    response={200: shapes.GivenOut, REFUSED: Problem},
    operation_id="revoke_tier",
    summary="End a level that a source has given",
)
def revoke(request: HttpRequest, ref: str, ladder: str, source: str, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        member_id = members.resolve(program_id=key.program_id, ref=ref)
        done = tiers.revoke(
            program_id=key.program_id, member_id=member_id, ladder=ladder, source=f"api/{source}", actor=key.actor
        )
        return answers.json(_given(done))

    return answers.once(request, idempotency_key, work)


@router.get(
    "/ladders",
    auth=Key("program:read"),
    response={200: shapes.LaddersOut, READ_REFUSED: Problem},
    operation_id="list_ladders",
    summary="The ladders of the program, with levels and thresholds",
)
def ladders(request: HttpRequest) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    version = programs.by_id(program_id=key.program_id).current_version
    return answers.json({"version": version, "items": tiers.describe(key.program_id)["ladders"]})
