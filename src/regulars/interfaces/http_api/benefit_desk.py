"""Calls about benefits for those who look after them: packs, what arrived by itself, what it costs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api import benefit_shapes as shapes
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.benefits import OF_MEMBER, member_or_none
from regulars.interfaces.http_api.shapes import ONCE, READ_REFUSED, REFUSED, Instant, Problem
from regulars.kernel import clock, ids
from regulars.kernel.errors import Invalid
from regulars.people.members import services as members
from regulars.people.programs import services as programs
from regulars.people.staff.terms import ApiKey
from regulars.value.benefits import services as benefits
from regulars.value.benefits.terms import Gift, GiftState, Holding, UnknownGift

router = Router(tags=["Benefits"])
_MOST_DIGITS = 18


def _holding(one: Holding) -> dict[str, Any]:
    return {
        "kind": one.kind.value,
        "key": one.key,
        "source": one.source,
        "since": one.since,
        "until": one.until,
        "revoked_at": one.revoked_at,
        "actor": one.actor,
    }


def _gift(one: Gift) -> dict[str, Any]:
    return {
        "id": str(one.gift_id),
        "member": ids.encode("mem", one.member_id),
        "occasion": one.occasion,
        "kind": one.kind.value,
        "state": one.state.value,
        "on_day": one.on_day,
        "due_on": one.due_on,
        "given_at": one.given_at,
        "why": one.why,
        "benefits": list(one.benefits),
    }


def _number(gift: str) -> int:
    if not (gift.isascii() and gift.isdecimal() and len(gift) <= _MOST_DIGITS):
        raise UnknownGift
    return int(gift)


@router.get(
    "/members/{ref}/packs",
    auth=Key("benefits:read"),
    response={200: shapes.HoldingsOut, READ_REFUSED: Problem},
    operation_id="list_member_packs",
    summary="The benefit packs and paid plans that a member has or had",
)
def list_packs(request: HttpRequest, ref: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    member_id = members.resolve(program_id=key.program_id, ref=ref)
    found = benefits.holdings(program_id=key.program_id, member_id=member_id)
    return answers.json({"items": [_holding(h) for h in found]})


@router.post(
    "/members/{ref}/packs",
    auth=Key("benefits:write"),
    response={200: shapes.HoldingOut, REFUSED: Problem},
    operation_id="grant_pack",
    summary="Grant a member a pack of benefits until a moment",
    description="The same source told again moves the end. A pack that several sources grant ends with the last.",
)
def grant_pack(request: HttpRequest, ref: str, told: shapes.PackIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        made = benefits.grant_pack(
            program_id=key.program_id,
            member_id=members.resolve(program_id=key.program_id, ref=ref),
            pack=told.pack,
            until=told.until,
            source=f"api/{told.source}",
            actor=key.actor,
        )
        return answers.json(_holding(made))

    return answers.once(request, idempotency_key, work)


@router.post(
    "/members/{ref}/packs/end",
    auth=Key("benefits:write"),
    response={200: shapes.HoldingsOut, REFUSED: Problem},
    operation_id="end_pack",
    summary="End what a source of yours granted a member",
    description="What was used stays used; what others granted stays.",
)
def end_pack(request: HttpRequest, ref: str, told: shapes.PackEndIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        member_id = members.resolve(program_id=key.program_id, ref=ref)
        benefits.revoke_pack(
            program_id=key.program_id,
            member_id=member_id,
            source=f"api/{told.source}",
            pack=told.pack,
            actor=key.actor,
        )
        found = benefits.holdings(program_id=key.program_id, member_id=member_id)
        return answers.json({"items": [_holding(h) for h in found]})

    return answers.once(request, idempotency_key, work)


@router.get(
    "/benefit-gifts",
    auth=Key("benefits:read"),
    response={200: shapes.GiftsOut, READ_REFUSED: Problem},
    operation_id="list_benefit_gifts",
    summary="Birthdays, levels and welcomes that brought gifts, newest first",
)
def list_gifts(
    request: HttpRequest,
    member: str = OF_MEMBER,
    state: str = Query("", max_length=20, description="Only those in this state, e.g. `failed`."),
    limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT),
    cursor: str | None = None,
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    if state and state not in list(GiftState):
        raise Invalid(errors=[("state", f"must be one of {', '.join(GiftState)}")])
    after = answers.after_text(cursor)
    found = benefits.gifts(
        program_id=key.program_id,
        member_id=member_or_none(key, member),
        state=GiftState(state) if state else None,
        before=_number(after) if after else None,
        limit=limit + 1,
    )
    items = [_gift(g) for g in found[:limit]]
    following = answers.cursor_text([items[-1]["id"]]) if len(found) > limit else None
    return answers.json({"items": items, "next_cursor": following})


@router.post(
    "/benefit-gifts/{gift}/return",
    auth=Key("benefits:write"),
    response={200: shapes.GiftOut, REFUSED: Problem},
    operation_id="return_benefit_gift",
    summary="Take back what an occasion brought",
)
def return_gift(request: HttpRequest, gift: str, told: shapes.UndoIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        done = benefits.return_gift(
            program_id=key.program_id, gift_id=_number(gift), reason=told.reason, actor=key.actor
        )
        return answers.json(_gift(done))

    return answers.once(request, idempotency_key, work)


@router.post(
    "/benefit-gifts/{gift}/retry",
    auth=Key("benefits:write"),
    response={200: shapes.GiftOut, REFUSED: Problem},
    operation_id="retry_benefit_gift",
    summary="Hand over gifts that could not be given",
    description="E.g. once there is room in the wallet. What was given before is not given again.",
)
def retry_gift(request: HttpRequest, gift: str, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        return answers.json(_gift(benefits.try_again(program_id=key.program_id, gift_id=_number(gift))))

    return answers.once(request, idempotency_key, work)


@router.get(
    "/benefit-costs",
    auth=Key("benefits:read"),
    response={200: shapes.CostsOut, READ_REFUSED: Problem},
    operation_id="list_benefit_costs",
    summary="What benefits cost, by benefit and level",
    description="The level is the one that the member had when she used it.",
)
def list_costs(
    request: HttpRequest,
    since: Instant | None = Query(None, description="Used at this moment or later."),
    until: Instant | None = Query(None, description="Used before this moment; now when absent."),
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    upto: datetime = until or clock.now()
    rows = [
        {
            "benefit": c.benefit,
            "level": c.level,
            "uses": c.uses,
            "members": c.members,
            "cost_minor": c.cost_minor,
            "undone": c.undone,
        }
        for c in benefits.costs(program_id=key.program_id, since=since, until=upto)
    ]
    return answers.json({"items": rows, "currency": programs.by_id(program_id=key.program_id).currency})
