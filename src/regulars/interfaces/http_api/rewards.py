"""Calls about rewards: the mall, redeeming, redemptions and their story."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api import reward_shapes as shapes
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.shapes import ONCE, READ_REFUSED, REFUSED, Problem
from regulars.kernel import ids
from regulars.kernel.errors import Invalid
from regulars.people.members import services as members
from regulars.people.staff.terms import ApiKey
from regulars.value.rewards import services as rewards
from regulars.value.rewards.terms import PREFIX, Chapter, Offer, Redemption, Reward, Shelf, State

router = Router(tags=["Rewards"])
OF_MEMBER = Query("", max_length=100, description="Only this member's: an id (`mem_…`) or a reference.")


def shelf_body(one: Shelf, reward: Reward) -> dict[str, Any]:
    """A shelf as callers see it."""
    session = next((s for s in reward.sessions if s.key == one.session), None)
    return {
        "session": one.session,
        "starts": session.starts.isoformat(timespec="minutes") if session else None,
        "most": one.most,
        "left": one.left,
        "waiting": one.waiting,
    }


def _offer(one: Offer) -> dict[str, Any]:
    r = one.reward
    return {
        "key": r.key,
        "kind": r.kind.value,
        "name": dict(r.names),
        "about": dict(r.about),
        "prices": [{"key": p.key, "units": dict(p.units), "amount_minor": p.minor} for p in one.prices],
        "shelves": [shelf_body(s, r) for s in one.shelves],
        "by": r.fulfilment.by.value,
        "starts": r.starts_on,
        "ends": r.ends_on,
        "levels": list(r.levels),
        "waiting_list": r.offer_hours is not None,
        "refused": one.refused,
    }


def redemption_body(one: Redemption) -> dict[str, Any]:
    """A redemption as callers see it."""
    return {
        "id": ids.encode(PREFIX, one.redemption_id),
        "member": ids.encode("mem", one.member_id),
        "reward": one.reward,
        "name": dict(one.names),
        "kind": one.kind.value,
        "version": one.version,
        "session": one.session,
        "count": one.count,
        "state": one.state.value,
        "code": one.code,
        "store": one.store,
        "source": one.source,
        "paid": [{"unit": s.unit, "amount": s.amount, "held": s.seq is None} for s in one.spends],
        "due_minor": one.due_minor,
        "currency": one.currency,
        "payment_ref": one.payment_ref,
        "pay_until": one.pay_until,
        "due_at": one.due_at,
        "fetch_until": one.fetch_until,
        "tracking": one.tracking,
        "requested_at": one.requested_at,
        "changed_at": one.changed_at,
        "closed_at": one.closed_at,
        "gave_back": one.gave_back,
        "has_delivery": one.has_delivery,
    }


def _chapter(one: Chapter) -> dict[str, Any]:
    return {"kind": one.kind, "at": one.at, "actor": one.actor, "reason": one.reason, "facts": dict(one.facts)}


def _with_story(one: Redemption) -> HttpResponse:
    told = rewards.story(program_id=one.program_id, redemption_id=one.redemption_id)
    return answers.json({**redemption_body(one), "story": [_chapter(c) for c in told]})


def _member(key: ApiKey, ref: str) -> UUID | None:
    return members.resolve(program_id=key.program_id, ref=ref) if ref else None


@router.get(
    "/rewards",
    auth=Key("rewards:read"),
    response={200: shapes.RewardsOut, READ_REFUSED: Problem},
    operation_id="list_rewards",
    summary="The mall: what can be had, for what, and what is left",
    description="With `member`, as she sees it: her prices, and why she cannot have what she cannot have. Whether "
    "her balance suffices is for the caller to see.",
)
def list_rewards(
    request: HttpRequest, member: str = Query("", max_length=100, description="As this member sees it.")
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    found = rewards.mall(program_id=key.program_id, member_id=_member(key, member))
    return answers.json({"items": [_offer(one) for one in found]})


@router.post(
    "/rewards/{reward}/redemptions",
    auth=Key("rewards:write"),
    response={201: shapes.RedemptionOut, REFUSED: Problem},
    operation_id="redeem_reward",
    summary="Have a reward for value",
    description="Value, stock or seat, and the member's limit are taken together or not at all (`reward_sold_out`, "
    "`reward_limit_reached`, `not_enough_points` …). Coupons, codes and donations are fulfilled at once. Where money "
    "is due too, the value is only set aside: take the money with your order and tell its reference "
    "(`POST /redemptions/{redemption}/payment`) before `pay_until`.",
)
def redeem(request: HttpRequest, reward: str, told: shapes.RedeemIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        made = rewards.redeem(
            program_id=key.program_id,
            member_id=members.resolve(program_id=key.program_id, ref=told.member),
            reward=reward,
            key=f"api/{idempotency_key}",
            actor=key.actor,
            **told.model_dump(exclude={"member"}),
        )
        return answers.json(redemption_body(made), status=201)

    return answers.once(request, idempotency_key, work)


@router.post(
    "/rewards/{reward}/grants",
    auth=Key("rewards:write"),
    response={201: shapes.RedemptionOut, REFUSED: Problem},
    operation_id="grant_reward",
    summary="Give a member a reward without a price",
    description="Stock and seats are taken; limits, levels and days do not count.",
)
def grant(request: HttpRequest, reward: str, told: shapes.RewardGrantIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        made = rewards.grant(
            program_id=key.program_id,
            member_id=members.resolve(program_id=key.program_id, ref=told.member),
            reward=reward,
            key=f"api/{idempotency_key}",
            actor=key.actor,
            **told.model_dump(exclude={"member"}),
        )
        return answers.json(redemption_body(made), status=201)

    return answers.once(request, idempotency_key, work)


@router.get(
    "/redemptions",
    auth=Key("rewards:read"),
    response={200: shapes.RedemptionsOut, READ_REFUSED: Problem},
    operation_id="list_redemptions",
    summary="Redemptions, newest first",
    description="Of a member, a reward, a store, or in a state; together they narrow.",
)
def list_redemptions(
    request: HttpRequest,
    member: str = OF_MEMBER,
    reward: str = Query("", max_length=64, description="Only of this reward, by its key."),
    store: str = Query("", max_length=64, description="Only those to be fetched in this store, by its key."),
    state: str = Query("", max_length=20, description="Only those in this state."),
    limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT),
    cursor: str | None = None,
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    if state and state not in list(State):
        raise Invalid(errors=[("state", f"must be one of {', '.join(State)}")])
    after = answers.after_text(cursor)
    page = rewards.redemptions(
        program_id=key.program_id,
        member_id=_member(key, member),
        reward=reward or None,
        store=store or None,
        states=[State(state)] if state else None,
        after=ids.decode(PREFIX, after) if after else None,
        limit=limit,
    )
    following = answers.cursor_text([ids.encode(PREFIX, page.last)]) if page.last else None
    return answers.json({"items": [redemption_body(one) for one in page.items], "next_cursor": following})


@router.get(
    "/redemptions/{redemption}",
    auth=Key("rewards:read"),
    response={200: shapes.RedemptionStoryOut, READ_REFUSED: Problem},
    operation_id="get_redemption",
    summary="A redemption with its whole story",
)
def get_redemption(request: HttpRequest, redemption: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return _with_story(rewards.find(program_id=key.program_id, redemption_id=ids.decode(PREFIX, redemption)))


@router.get(
    "/redemption-codes/{code}",
    auth=Key("rewards:read"),
    response={200: shapes.RedemptionStoryOut, READ_REFUSED: Problem},
    operation_id="get_redemption_by_code",
    summary="A redemption by the code that the member shows",
    description="For the desk of a store. Case, spaces and hyphens do not count.",
)
def get_by_code(request: HttpRequest, code: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return _with_story(rewards.by_code(program_id=key.program_id, code=code))


@router.get(
    "/causes",
    auth=Key("rewards:read"),
    response={200: shapes.CausesOut, READ_REFUSED: Problem},
    operation_id="list_causes",
    summary="What each cause was given so far",
    description="Summed from the donations at the moment of asking.",
)
def list_causes(request: HttpRequest) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    found = rewards.totals(program_id=key.program_id)
    items = [{"cause": t.cause, "unit": t.unit, "amount": t.amount, "donations": t.donations} for t in found]
    return answers.json({"items": items})
