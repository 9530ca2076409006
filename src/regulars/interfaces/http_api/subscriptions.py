"""Calls about paid membership: plans, subscribing, changing, resting, ending, paying otherwise, giving back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api import subscription_bodies as bodies
from regulars.interfaces.http_api import subscription_shapes as shapes
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.shapes import ONCE, READ_REFUSED, REFUSED, Problem
from regulars.kernel import ids
from regulars.kernel.errors import Invalid, NotFound
from regulars.people.members import services as members
from regulars.people.staff.terms import ApiKey
from regulars.value.subscriptions import services as subscriptions
from regulars.value.subscriptions.terms import PREFIX, State, Subscription, When

router = Router(tags=["Paid membership"])
MOVES = (
    " Money is asked for after the call has committed: if the provider does not answer, `payment` stays `intended` "
)
MOVES += "and is asked about again by itself. The same key again answers with the subscription as it stands."


@router.get(
    "/plans",
    auth=Key("subscriptions:read"),
    response={200: shapes.SubscriptionPlansOut, READ_REFUSED: Problem},
    operation_id="list_plans",
    summary="The plans that are sold",
    description="In the order of the program's document.",
)
def list_plans(request: HttpRequest) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    currency = bodies.currency_of(key.program_id)
    return answers.json({"items": [bodies.plan(p, currency) for p in subscriptions.plans(program_id=key.program_id)]})


@router.post(
    "/members/{ref}/subscriptions",
    auth=Key("subscriptions:write"),
    response={201: shapes.SubscriptionOut, REFUSED: Problem},
    operation_id="subscribe",
    summary="Become a paying member",
    description="Gives nothing before its first payment is settled. Declined: `state` is `ended`, `end_cause` "
    "`declined`, and she may try again." + MOVES,
)
def subscribe(request: HttpRequest, ref: str, told: shapes.SubscribeIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> Subscription:
        return subscriptions.subscribe(
            program_id=key.program_id,
            member_id=members.resolve(program_id=key.program_id, ref=ref),
            plan=told.plan,
            method=told.method,
            provider=told.provider,
            with_trial=told.trial,
            key=f"api/{idempotency_key}",
            actor=key.actor,
        )

    return bodies.paid(request, idempotency_key, work, status=201)


@router.get(
    "/members/{ref}/subscriptions",
    auth=Key("subscriptions:read"),
    response={200: shapes.MembersSubscriptionsOut, READ_REFUSED: Problem},
    operation_id="list_member_subscriptions",
    summary="A member's subscriptions, latest first",
    description="Those too in whose family she sits or is invited; `member` says whose they are.",
)
def of_member(request: HttpRequest, ref: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    member_id = members.resolve(program_id=key.program_id, ref=ref)
    found = subscriptions.of_member(program_id=key.program_id, member_id=member_id)
    return answers.json({"items": [bodies.subscription(one) for one in found]})


@router.get(
    "/subscriptions",
    auth=Key("subscriptions:read"),
    response={200: shapes.SubscriptionsOut, READ_REFUSED: Problem},
    operation_id="list_subscriptions",
    summary="Subscriptions, latest first",
    description="All, or those in one state.",
)
def list_subscriptions(
    request: HttpRequest,
    state: str = Query("", max_length=20, description="Only those in this state."),
    limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT, description="How many at most on a page."),
    cursor: str = Query("", max_length=200, description="Where the page begins: the `next_cursor` before."),
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    if state and state not in set(State):
        raise Invalid(errors=[("state", f"must be one of {', '.join(State)}")])
    after = answers.after_text(cursor)
    try:
        behind = ids.decode(PREFIX, after) if after else None
    except NotFound as no:
        raise Invalid(errors=[("cursor", "is not a cursor of this list; start again without one")]) from no
    page = subscriptions.listed(
        program_id=key.program_id, state=State(state) if state else None, limit=limit, after=behind
    )
    following = answers.cursor_text([ids.encode(PREFIX, page.cursor)]) if page.cursor else None
    return answers.json({"items": [bodies.subscription(s) for s in page.items], "next_cursor": following})


@router.get(
    "/subscriptions/{subscription}",
    auth=Key("subscriptions:read"),
    response={200: shapes.SubscriptionStoryOut, READ_REFUSED: Problem},
    operation_id="get_subscription",
    summary="A subscription with its whole story",
    description="Its periods, payments, refunds, guests, and what happened to it.",
)
def get_subscription(request: HttpRequest, subscription: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return answers.json(bodies.story(key.program_id, bodies.id_of(subscription, key.program_id)))


def _step(
    request: HttpRequest, text: str, idempotency_key: str, do: Callable[..., Subscription], **told: Any
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> Subscription:
        found = bodies.id_of(text, key.program_id)
        return do(program_id=key.program_id, subscription_id=found, actor=key.actor, **told)

    return bodies.paid(request, idempotency_key, work)


@router.post(
    "/subscriptions/{subscription}/plan",
    auth=Key("subscriptions:write"),
    response={200: shapes.SubscriptionOut | shapes.QuoteOut, REFUSED: Problem},
    operation_id="change_subscription_plan",
    summary="Another plan of the same family",
    description="At once, the days that are left being credited, or from the next period. `dry` answers what it "
    "would cost." + MOVES,
)
def change_plan(
    request: HttpRequest, subscription: str, told: shapes.ChangePlanIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    wanted = {"plan": told.plan, "when": When(told.when) if told.when else None}
    if told.dry:
        found = bodies.id_of(subscription, key.program_id)
        quote = subscriptions.quote_change(program_id=key.program_id, subscription_id=found, **wanted)  # type: ignore[arg-type]
        return answers.json(bodies.quote(quote))

    return _step(request, subscription, idempotency_key, subscriptions.change, **wanted)


@router.post(
    "/subscriptions/{subscription}/pause",
    auth=Key("subscriptions:write"),
    response={200: shapes.SubscriptionOut, REFUSED: Problem},
    operation_id="pause_subscription",
    summary="Let a subscription rest",
    description="Nothing is given meanwhile; the days that are paid wait. Length and number a year as the plan says.",
)
def pause(
    request: HttpRequest, subscription: str, told: shapes.PauseSubscriptionIn, idempotency_key: str = ONCE
) -> HttpResponse:
    return _step(request, subscription, idempotency_key, subscriptions.pause, days=told.days, reason=told.reason)


@router.post(
    "/subscriptions/{subscription}/resume",
    auth=Key("subscriptions:write"),
    response={200: shapes.SubscriptionOut, REFUSED: Problem},
    operation_id="resume_subscription",
    summary="Let a subscription that rests run again today",
    description="With the days that were left when it was paused.",
)
def resume(
    request: HttpRequest, subscription: str, told: shapes.SubscriptionReasonIn, idempotency_key: str = ONCE
) -> HttpResponse:
    return _step(request, subscription, idempotency_key, subscriptions.resume, reason=told.reason)


@router.post(
    "/subscriptions/{subscription}/cancel",
    auth=Key("subscriptions:write"),
    response={200: shapes.SubscriptionOut | shapes.CancelQuoteOut, REFUSED: Problem},
    operation_id="cancel_subscription",
    summary="End a subscription",
    description="At the end of what is paid, or at once; then what the plan's refund rule owes goes back. `dry` "
    "answers what would, what is forfeited and why; with its `digest` as `quote` exactly that is done, or nothing "
    "(`other_than_quoted`). A charge that the provider has not answered keeps nobody: `unsettled` says what follows."
    + MOVES,
)
def cancel(
    request: HttpRequest, subscription: str, told: shapes.CancelSubscriptionIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    when = When(told.when) if told.when else None
    if told.dry:
        found = bodies.id_of(subscription, key.program_id)
        quote = subscriptions.quote_cancel(program_id=key.program_id, subscription_id=found, when=when)
        return answers.json(bodies.cancel_quote(quote))

    return _step(
        request,
        subscription,
        idempotency_key,
        subscriptions.cancel,
        reason=told.reason,
        when=when,
        agreed=told.quote,
    )


@router.post(
    "/subscriptions/{subscription}/keep",
    auth=Key("subscriptions:write"),
    response={200: shapes.SubscriptionOut, REFUSED: Problem},
    operation_id="keep_subscription",
    summary="Take a cancellation back",
    description="While what is paid still runs; it renews as before.",
)
def keep(
    request: HttpRequest, subscription: str, told: shapes.SubscriptionReasonIn, idempotency_key: str = ONCE
) -> HttpResponse:
    return _step(request, subscription, idempotency_key, subscriptions.keep, reason=told.reason)


@router.post(
    "/subscriptions/{subscription}/method",
    auth=Key("subscriptions:write"),
    response={200: shapes.SubscriptionOut, REFUSED: Problem},
    operation_id="set_subscription_method",
    summary="Pay in another way",
    description="What is past due is asked for at once; a gift renews from now on." + MOVES,
)
def method(
    request: HttpRequest, subscription: str, told: shapes.MethodIn, idempotency_key: str = ONCE
) -> HttpResponse:
    return _step(
        request, subscription, idempotency_key, subscriptions.use_method, method=told.method, provider=told.provider
    )


@router.post(
    "/subscriptions/{subscription}/refund",
    auth=Key("subscriptions:write"),
    response={200: shapes.SubscriptionOut, REFUSED: Problem},
    operation_id="refund_subscription",
    summary="Give back a part of the last period although it goes on",
    description="At most what the period cost (`too_much_refund`). The days that are left are worth so much less in "
    "the books." + MOVES,
)
def refund(
    request: HttpRequest, subscription: str, told: shapes.RefundSubscriptionIn, idempotency_key: str = ONCE
) -> HttpResponse:
    return _step(
        request,
        subscription,
        idempotency_key,
        subscriptions.refund,
        amount_minor=told.amount_minor,
        reason=told.reason,
    )
