"""Calls about what belongs to paid membership: families, gifts, what was saved, prepaid income."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api import subscription_bodies as bodies
from regulars.interfaces.http_api import subscription_shapes as shapes
from regulars.interfaces.http_api.auth import Key, address_of
from regulars.interfaces.http_api.shapes import ONCE, READ_REFUSED, REFUSED, Problem
from regulars.kernel import clock, secrets
from regulars.kernel.errors import Invalid
from regulars.people.members import services as members
from regulars.people.programs import services as programs
from regulars.people.staff.terms import ApiKey
from regulars.value.coupons import services as coupons
from regulars.value.subscriptions import services as subscriptions
from regulars.value.subscriptions.terms import Gift, Seat, Subscription, UnknownGiftCode

router = Router(tags=["Paid membership"])
LONGEST_DAYS = 3_660
STARTS = Query(None, description="The first day; absent: the first of this year.")
ENDS = Query(None, description="The day after the last; absent: tomorrow.")


@router.post(
    "/subscriptions/{subscription}/family",
    auth=Key("subscriptions:write"),
    response={201: shapes.SeatOut, REFUSED: Problem},
    operation_id="invite_to_family",
    summary="Keep a place in the family for a member",
    description="As many as the plan allows (`no_seat`). She has what the plan gives when she has joined.",
)
def invite(
    request: HttpRequest, subscription: str, told: shapes.GuestIn, idempotency_key: str = ONCE
) -> HttpResponse:
    return _seat(request, subscription, told.member, idempotency_key, subscriptions.invite, status=201)


@router.post(
    "/subscriptions/{subscription}/family/join",
    auth=Key("subscriptions:write"),
    response={200: shapes.SeatOut, REFUSED: Problem},
    operation_id="join_family",
    summary="Take the place that was kept",
    description="From now on she has what the plan gives. Who has a membership of her own is refused.",
)
def join(request: HttpRequest, subscription: str, told: shapes.GuestIn, idempotency_key: str = ONCE) -> HttpResponse:
    return _seat(request, subscription, told.member, idempotency_key, subscriptions.join)


@router.post(
    "/subscriptions/{subscription}/family/leave",
    auth=Key("subscriptions:write"),
    response={200: shapes.SeatOut, REFUSED: Problem},
    operation_id="leave_family",
    summary="Give a place in the family up",
    description="What the plan gave her ends now; the place can be given to somebody else.",
)
def leave(request: HttpRequest, subscription: str, told: shapes.GuestIn, idempotency_key: str = ONCE) -> HttpResponse:
    return _seat(request, subscription, told.member, idempotency_key, subscriptions.leave)


def _seat(
    request: HttpRequest, text: str, member: str, idempotency_key: str, do: Callable[..., Seat], status: int = 200
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        done = do(
            program_id=key.program_id,
            subscription_id=bodies.id_of(text, key.program_id),
            member_id=members.resolve(program_id=key.program_id, ref=member),
            actor=key.actor,
        )
        return answers.json(bodies.seat(done), status=status)

    return answers.once(request, idempotency_key, work)


@router.get(
    "/subscriptions/{subscription}/family",
    auth=Key("subscriptions:read"),
    response={200: shapes.SeatsOut, READ_REFUSED: Problem},
    operation_id="get_family",
    summary="The guests of a family",
    description="Those who are invited and those who have joined.",
)
def family(request: HttpRequest, subscription: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    found = bodies.id_of(subscription, key.program_id)
    seats = subscriptions.family(program_id=key.program_id, subscription_id=found)
    return answers.json({"items": [bodies.seat(s) for s in seats]})


@router.post(
    "/subscription-gifts",
    auth=Key("subscriptions:write"),
    response={201: shapes.SubscriptionGiftOut, REFUSED: Problem},
    operation_id="buy_subscription_gift",
    summary="Buy a membership for somebody else",
    description="Its code can be redeemed when it is paid (`state` `ready`). Money is asked for after the call has "
    "committed; the same key again answers with the gift as it stands.",
)
def buy_gift(request: HttpRequest, told: shapes.BuyGiftIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> tuple[Gift, UUID]:
        payer = members.resolve(program_id=key.program_id, ref=told.payer) if told.payer else None
        return subscriptions.buy_gift(
            program_id=key.program_id,
            plan=told.plan,
            method=told.method,
            periods=told.periods,
            payer_id=payer,
            provider=told.provider,
            key=f"api/{idempotency_key}",
            actor=key.actor,
        )

    def once() -> HttpResponse:
        gift, payment = work()
        return answers.json({"code": gift.code, "payment": str(payment)}, status=201)

    first = answers.once(request, idempotency_key, once)
    if first.status_code >= 400:
        return first
    kept = orjson.loads(first.content)
    subscriptions.pursue_one(kind="payment", program_id=key.program_id, row_id=UUID(kept["payment"]))
    return _gift(key, kept["code"], first)


def _gift(key: ApiKey, code: str, first: HttpResponse) -> HttpResponse:
    gift = subscriptions.gift(program_id=key.program_id, code=code)
    answer = answers.json(bodies.gift(gift), status=first.status_code)
    if "Idempotent-Replayed" in first.headers:
        answer["Idempotent-Replayed"] = "true"
    return answer


@router.get(
    "/subscription-gifts/{code}",
    auth=Key("subscriptions:read"),
    response={200: shapes.SubscriptionGiftOut, READ_REFUSED: Problem},
    operation_id="get_subscription_gift",
    summary="A gift by its code",
    description="Asking for codes that do not exist is slowed down.",
)
def get_gift(request: HttpRequest, code: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    who = _who(request, key)
    try:
        return answers.json(bodies.gift(subscriptions.gift(program_id=key.program_id, code=code, who=who)))
    except UnknownGiftCode:
        coupons.count_miss(program_id=key.program_id, who=who)
        raise


@router.post(
    "/subscription-gifts/{code}/redeem",
    auth=Key("subscriptions:write"),
    response={201: shapes.SubscriptionOut, REFUSED: Problem},
    operation_id="redeem_subscription_gift",
    summary="Make a gift somebody's membership",
    description="From today; it does not renew by itself. Asking for codes that do not exist is slowed down.",
)
def redeem_gift(
    request: HttpRequest, code: str, told: shapes.RedeemGiftIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    who = _who(request, key)

    def work() -> Subscription:
        return subscriptions.redeem(
            program_id=key.program_id,
            code=code,
            member_id=members.resolve(program_id=key.program_id, ref=told.member),
            actor=key.actor,
            who=who,
        )

    answer = bodies.paid(request, idempotency_key, work, status=201)
    if answer.status_code == 404 and b'"unknown_gift_code"' in answer.content:
        coupons.count_miss(program_id=key.program_id, who=who)
    return answer


@router.post(
    "/subscription-gifts/{code}/refund",
    auth=Key("subscriptions:write"),
    response={200: shapes.SubscriptionGiftOut, REFUSED: Problem},
    operation_id="refund_subscription_gift",
    summary="Give back what was paid for a gift that nobody redeemed",
    description="Its code is worth nothing then.",
)
def refund_gift(
    request: HttpRequest, code: str, told: shapes.SubscriptionReasonIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def once() -> HttpResponse:
        gift, refund = subscriptions.refund_gift(
            program_id=key.program_id, code=code, reason=told.reason, actor=key.actor
        )
        return answers.json({"code": gift.code, "refund": str(refund) if refund else None})

    first = answers.once(request, idempotency_key, once)
    if first.status_code >= 400:
        return first
    kept = orjson.loads(first.content)
    if kept["refund"]:
        subscriptions.pursue_one(kind="refund", program_id=key.program_id, row_id=UUID(kept["refund"]))
    return _gift(key, kept["code"], first)


def _who(request: HttpRequest, key: ApiKey) -> list[str]:
    return [key.actor, f"address:{secrets.blind(key.program_id, 'address', address_of(request)).hex()}"]


@router.get(
    "/members/{ref}/savings",
    auth=Key("subscriptions:read"),
    response={200: shapes.SavingsOut, READ_REFUSED: Problem},
    operation_id="get_savings",
    summary="What a member saved by her membership",
    description="Discounts and points of rules that ask for her plan, less what came back, and benefits that it "
    "gave, at their cost; beside what she paid.",
)
def savings(request: HttpRequest, ref: str, starts: date | None = STARTS, ends: date | None = ENDS) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    from_on, to_on = _days(key.program_id, starts, ends)
    member_id = members.resolve(program_id=key.program_id, ref=ref)
    found = subscriptions.savings(program_id=key.program_id, member_id=member_id, from_on=from_on, to_on=to_on)
    return answers.json(
        {
            "starts": from_on,
            "ends": to_on,
            "currency": found.currency,
            "saved_minor": found.saved_minor,
            "paid_minor": found.paid_minor,
            "items": [
                {
                    "kind": i.kind,
                    "key": i.key,
                    "amount_minor": i.minor,
                    "points": i.points,
                    "unit": i.unit,
                    "times": i.times,
                }
                for i in found.items
            ],
        }
    )


@router.get(
    "/subscription-income",
    auth=Key("subscriptions:read"),
    response={200: shapes.IncomesOut, READ_REFUSED: Problem},
    operation_id="get_subscription_income",
    summary="Prepaid income by plan",
    description="What was charged is earned day by day; the parts sum exactly to what was paid. A day that is over "
    "is never restated.",
)
def income(request: HttpRequest, starts: date | None = STARTS, ends: date | None = ENDS) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    from_on, to_on = _days(key.program_id, starts, ends)
    lines = subscriptions.income(program_id=key.program_id, from_on=from_on, to_on=to_on)
    return answers.json(
        {
            "starts": from_on,
            "ends": to_on,
            "currency": bodies.currency_of(key.program_id),
            "items": [
                {
                    "plan": line.plan,
                    "opening_minor": line.opening_minor,
                    "charged_minor": line.charged_minor,
                    "moved_minor": line.moved_minor,
                    "refunded_minor": line.refunded_minor,
                    "earned_minor": line.earned_minor,
                    "closing_minor": line.closing_minor,
                }
                for line in lines
            ],
        }
    )


def _days(program_id: int, starts: date | None, ends: date | None) -> tuple[date, date]:
    today = clock.local_day(clock.now(), programs.by_id(program_id=program_id).zone)
    from_on, to_on = starts or today.replace(month=1, day=1), ends or today + timedelta(days=1)
    faults = [
        (name, "must lie between the years 1900 and 2200")
        for name, day in (("starts", from_on), ("ends", to_on))
        if not 1900 <= day.year < 2200
    ]
    if not faults and not from_on < to_on <= from_on + timedelta(days=LONGEST_DAYS):
        faults.append(("ends", f"must come after starts, at most {LONGEST_DAYS} days"))
    if faults:
        raise Invalid(errors=faults)
    return from_on, to_on
