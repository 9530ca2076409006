"""Calls of those who hand rewards over: each step of a redemption, stock, codes, waiting lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router

from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api import reward_shapes as shapes
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.rewards import redemption_body, shelf_body
from regulars.interfaces.http_api.shapes import ONCE, READ_REFUSED, REFUSED, Problem
from regulars.kernel import ids
from regulars.people.members import services as members
from regulars.people.programs import services as programs
from regulars.people.staff import services as staff
from regulars.people.staff.terms import ApiKey
from regulars.value.rewards import services as rewards
from regulars.value.rewards.terms import POOL_PREFIX, PREFIX, WAIT_PREFIX, Redemption, Wait

router = Router(tags=["Rewards"])


def _step(
    request: HttpRequest, redemption: str, idempotency_key: str, do: Callable[..., Redemption], **more: Any
) -> HttpResponse:
    """One step of a redemption, once."""
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        redemption_id = _its_own(key, redemption)
        if "store" in more:
            more["store"] = _own_store(key, more["store"], redemption_id)
        after = do(program_id=key.program_id, redemption_id=redemption_id, actor=key.actor, **more)
        return answers.json(redemption_body(after))

    return answers.once(request, idempotency_key, work)


def _its_own(key: ApiKey, redemption: str) -> UUID:
    """A redemption that a key may act on: what is fetched in a store belongs to the keys of that store.

    Raises: UnknownRedemption; StoreNotAllowed.
    """
    redemption_id = ids.decode(PREFIX, redemption)
    if key.store_id is not None:
        store = rewards.find(program_id=key.program_id, redemption_id=redemption_id).store
        if store:
            staff.require_store(key=key, store=store)
    return redemption_id


def _own_store(key: ApiKey, store: str, redemption_id: UUID) -> str:
    """The store that a call speaks of; a key of one store speaks of that one, or one below it."""
    if store:
        staff.require_store(key=key, store=store)
    elif key.store_id is not None:
        named = rewards.find(program_id=key.program_id, redemption_id=redemption_id).store
        if named:
            return named
        return programs.store_by_id(program_id=key.program_id, store_id=key.store_id).key
    return store


def _of_all(key: ApiKey) -> None:
    """Stock and codes belong to no store."""
    staff.require_store(key=key, store=None)


@router.post(
    "/redemptions/{redemption}/payment",
    auth=Key("rewards:write"),
    response={200: shapes.RedemptionOut, REFUSED: Problem},
    operation_id="pay_redemption",
    summary="Tell that the money has been taken",
    description="What was set aside is spent now; what needs nobody's hands is handed over.",
)
def pay(request: HttpRequest, redemption: str, told: shapes.PaymentIn, idempotency_key: str = ONCE) -> HttpResponse:
    return _step(request, redemption, idempotency_key, rewards.pay, payment_ref=told.payment_ref)


@router.post(
    "/redemptions/{redemption}/accept",
    auth=Key("rewards:write"),
    response={200: shapes.RedemptionOut, REFUSED: Problem},
    operation_id="accept_redemption",
    summary="Say that it will be handed over",
)
def accept(request: HttpRequest, redemption: str, idempotency_key: str = ONCE) -> HttpResponse:
    return _step(request, redemption, idempotency_key, rewards.accept)


@router.post(
    "/redemptions/{redemption}/ship",
    auth=Key("rewards:write"),
    response={200: shapes.RedemptionOut, REFUSED: Problem},
    operation_id="ship_redemption",
    summary="Say that it is on its way",
)
def ship(request: HttpRequest, redemption: str, told: shapes.ShipIn, idempotency_key: str = ONCE) -> HttpResponse:
    return _step(request, redemption, idempotency_key, rewards.ship, tracking=told.tracking)


@router.post(
    "/redemptions/{redemption}/ready",
    auth=Key("rewards:write"),
    response={200: shapes.RedemptionOut, REFUSED: Problem},
    operation_id="make_redemption_ready",
    summary="Say that it waits for her in a store",
)
def ready(request: HttpRequest, redemption: str, told: shapes.AtStoreIn, idempotency_key: str = ONCE) -> HttpResponse:
    return _step(request, redemption, idempotency_key, rewards.make_ready, store=told.store)


@router.post(
    "/redemptions/{redemption}/fulfil",
    auth=Key("rewards:write"),
    response={200: shapes.RedemptionOut, REFUSED: Problem},
    operation_id="fulfil_redemption",
    summary="Say that she has it",
)
def fulfil(
    request: HttpRequest, redemption: str, told: shapes.AtStoreIn, idempotency_key: str = ONCE
) -> HttpResponse:
    return _step(request, redemption, idempotency_key, rewards.fulfil, store=told.store)


@router.post(
    "/redemptions/{redemption}/cancel",
    auth=Key("rewards:write"),
    response={200: shapes.RedemptionOut, REFUSED: Problem},
    operation_id="cancel_redemption",
    summary="Take a redemption back",
    description="The very lots come back with the end they had, the piece, seat or unseen code is to be had again, "
    "and it no longer counts towards the member's limit. `redemption_not_cancellable` when it is too late.",
)
def cancel(request: HttpRequest, redemption: str, told: shapes.CancelIn, idempotency_key: str = ONCE) -> HttpResponse:
    return _step(request, redemption, idempotency_key, rewards.cancel, **told.model_dump())


@router.post(
    "/redemptions/{redemption}/fail",
    auth=Key("rewards:write"),
    response={200: shapes.RedemptionOut, REFUSED: Problem},
    operation_id="fail_redemption",
    summary="Say that it cannot be handed over, or does not work",
    description="Her value comes back to the very lots.",
)
def fail(request: HttpRequest, redemption: str, told: shapes.FailIn, idempotency_key: str = ONCE) -> HttpResponse:
    return _step(request, redemption, idempotency_key, rewards.fail, **told.model_dump())


@router.post(
    "/redemptions/{redemption}/codes",
    auth=Key("rewards:write"),
    response={200: shapes.ShownCodesOut, REFUSED: Problem},
    operation_id="show_redemption_codes",
    summary="The digital codes of a redemption, in clear",
    description="Show them to nobody but the member: from the first look they cannot be taken back, and it stands in "
    "the story.",
)
def show_codes(request: HttpRequest, redemption: str, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        found = rewards.show_codes(
            program_id=key.program_id, redemption_id=_its_own(key, redemption), actor=key.actor
        )
        return answers.json({"codes": list(found)})

    return answers.once(request, idempotency_key, work)


@router.get(
    "/redemptions/{redemption}/delivery",
    auth=Key("members:reveal"),
    response={200: shapes.DeliveryOut, READ_REFUSED: Problem},
    operation_id="get_redemption_delivery",
    summary="Where to send it, in clear",
    description="Every look is written down.",
)
def get_delivery(request: HttpRequest, redemption: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    found = rewards.delivery(program_id=key.program_id, redemption_id=ids.decode(PREFIX, redemption))
    staff.record(program_id=key.program_id, actor=key.actor, action="rewards.delivery", object=redemption)
    return answers.json({"delivery": found})


@router.post(
    "/rewards/{reward}/stock",
    auth=Key("rewards:write"),
    response={200: shapes.ShelvesOut, REFUSED: Problem},
    operation_id="restock_reward",
    summary="Add pieces or seats, or take some away that nobody has",
    description="On top of what the document says. Who waits is offered the new ones, first come first.",
)
def restock(request: HttpRequest, reward: str, told: shapes.StockIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    _of_all(key)

    def work() -> HttpResponse:
        rewards.restock(program_id=key.program_id, reward=reward, actor=key.actor, **told.model_dump())
        found = rewards.reward(program_id=key.program_id, key=reward)
        shelves = rewards.shelves(program_id=key.program_id, reward=reward).get(reward, ())
        return answers.json({"items": [shelf_body(s, found) for s in shelves]})

    return answers.once(request, idempotency_key, work)


@router.post(
    "/rewards/{reward}/codes",
    auth=Key("rewards:write"),
    response={201: shapes.PoolOut, REFUSED: Problem},
    operation_id="import_reward_codes",
    summary="Import codes that others made",
    description="They are sealed at once and never told again but to who redeems them. A code that is there already "
    "is rejected. Who waits is offered the new ones.",
)
def import_codes(
    request: HttpRequest, reward: str, told: shapes.CodesIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    _of_all(key)

    def work() -> HttpResponse:
        done = rewards.import_codes(
            program_id=key.program_id,
            reward=reward,
            codes=told.codes,
            key=f"api/{idempotency_key}",
            actor=key.actor,
        )
        rejected = [{"line": line, "reason": why} for line, why in done.rejects]
        told_back = {"pool": ids.encode(POOL_PREFIX, done.pool_id), "lines": done.lines, "stored": done.stored}
        return answers.json({**told_back, "rejected": rejected}, status=201)

    return answers.once(request, idempotency_key, work)


@router.post(
    "/rewards/{reward}/codes/withdraw",
    auth=Key("rewards:write"),
    response={200: shapes.WithdrawnOut, REFUSED: Problem},
    operation_id="withdraw_reward_codes",
    summary="Withdraw the codes of an import that nobody has",
    description="For codes that turned out wrong. Codes that were given stay with who has them, and so many free "
    "ones stay as are promised. A withdrawn code is never taken in again.",
)
def withdraw_codes(
    request: HttpRequest, reward: str, told: shapes.WithdrawCodesIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    _of_all(key)

    def work() -> HttpResponse:
        done = rewards.withdraw_codes(
            program_id=key.program_id,
            reward=reward,
            pool_id=ids.decode(POOL_PREFIX, told.pool),
            reason=told.reason,
            actor=key.actor,
        )
        return answers.json({"pool": told.pool, "withdrawn": done.withdrawn, "kept": done.kept})

    return answers.once(request, idempotency_key, work)


def _wait(one: Wait) -> dict[str, Any]:
    return {
        "id": ids.encode(WAIT_PREFIX, one.wait_id),
        "member": ids.encode("mem", one.member_id),
        "reward": one.reward,
        "session": one.session,
        "state": one.state.value,
        "place": one.place,
        "joined_at": one.joined_at,
        "until": one.until,
    }


@router.get(
    "/rewards/{reward}/waiting",
    auth=Key("rewards:read"),
    response={200: shapes.WaitsOut, READ_REFUSED: Problem},
    operation_id="list_waiting",
    summary="Who waits for a reward, in order",
)
def list_waiting(request: HttpRequest, reward: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    rewards.reward(program_id=key.program_id, key=reward)
    return answers.json({"items": [_wait(w) for w in rewards.waits(program_id=key.program_id, reward=reward)]})


@router.post(
    "/rewards/{reward}/waiting",
    auth=Key("rewards:write"),
    response={201: shapes.WaitOut, REFUSED: Problem},
    operation_id="join_waiting",
    summary="Wait for a reward that is sold out",
    description="When one comes free it is kept for the first in the list for some hours (`RewardOffered`); redeem "
    "it as usual before then, or it goes to the next.",
)
def join(request: HttpRequest, reward: str, told: shapes.WaitIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        made = rewards.join(
            program_id=key.program_id,
            member_id=members.resolve(program_id=key.program_id, ref=told.member),
            reward=reward,
            session=told.session,
            actor=key.actor,
        )
        return answers.json(_wait(made), status=201)

    return answers.once(request, idempotency_key, work)


@router.post(
    "/waiting/{wait}/leave",
    auth=Key("rewards:write"),
    response={200: shapes.WaitOut, REFUSED: Problem},
    operation_id="leave_waiting",
    summary="Stop waiting",
    description="What was kept for her is offered to the next.",
)
def leave(request: HttpRequest, wait: str, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        left = rewards.leave(program_id=key.program_id, wait_id=ids.decode(WAIT_PREFIX, wait), actor=key.actor)
        return answers.json(_wait(left))

    return answers.once(request, idempotency_key, work)


@router.get(
    "/members/{ref}/waiting",
    auth=Key("rewards:read"),
    response={200: shapes.WaitsOut, READ_REFUSED: Problem},
    operation_id="list_member_waiting",
    summary="For what a member waits, and what is kept for her",
)
def list_member_waiting(request: HttpRequest, ref: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    member_id = members.resolve(program_id=key.program_id, ref=ref)
    return answers.json(
        {"items": [_wait(w) for w in rewards.waits_of(program_id=key.program_id, member_id=member_id)]}
    )
