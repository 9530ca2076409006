"""Calls about baskets that are decided here: tell, tender, close, cancel, reopen."""

from __future__ import annotations

from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api import session_shapes as shapes
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.shapes import MAYBE_ONCE, READ_REFUSED, REFUSED, Problem
from regulars.kernel import idempotency
from regulars.people.staff import services as staff
from regulars.people.staff.terms import ApiKey
from regulars.value.checkout import services as checkout
from regulars.value.checkout.terms import LineTold, Session, SessionTold
from regulars.value.orders.terms import Repeat
from regulars.value.promotions.terms import Spend, Tender

router = Router(tags=["Sessions"])


def _line(told: shapes.BasketLineIn) -> LineTold:
    return LineTold(
        told.id,
        told.sku,
        Decimal(told.quantity),
        told.amount_minor,
        told.uom,
        Decimal(told.tax_rate) if told.tax_rate is not None else None,
        told.tax_included,
        told.kind,
        told.category,
        told.brand,
        told.description,
        told.attributes,
    )


def _told(told: shapes.SessionIn) -> SessionTold:
    return SessionTold(
        channel=told.channel,
        currency=told.currency,
        store=told.store,
        occurred_at=told.occurred_at,
        member=told.member,
        keeps_member="member" not in told.model_fields_set,
        identifier=(told.identifier.type, told.identifier.value) if told.identifier else None,
        lines=tuple([_line(line) for line in told.lines]),
        coupons=tuple(told.coupons),
        spend=tuple([Spend(s.unit, s.amount) for s in told.spend_points]),
        tenders=tuple([Tender(type=t.type, amount_minor=t.amount_minor, token=t.token) for t in told.tenders]),
        identifiers=tuple(told.identifiers),
        attributes=told.attributes,
    )


def _answer(session: Session) -> HttpResponse:
    headers = {"Idempotent-Replayed": "true"} if session.was_done else {}
    return HttpResponse(session.json, status=session.status, content_type=answers.MEDIA_TYPE, headers=headers)


def _caller(request: HttpRequest, key: str) -> ApiKey:
    """Who calls, if the session is of a store of theirs."""
    caller: ApiKey = request.auth  # type: ignore[attr-defined]
    if caller.store_id is not None:
        staff.require_store(key=caller, store=checkout.must_store_of(program_id=caller.program_id, key=key))
    return caller


@router.put(
    "/sessions/{key}",
    auth=Key("sessions:write"),
    response={(200, 201): shapes.SessionOut, REFUSED: Problem},
    operation_id="put_session",
    summary="Tell a basket, and hear what it costs",
    description="Tells the whole basket as it stands now, under a key of yours: again and again, from any till, shop "
    "or app; that makes it repeatable, without an `Idempotency-Key`. Nothing is reserved. With `dry=true` nothing is "
    "kept either; `only` then restricts it to some promotions, "
    "by key, or to tested drafts by their ids (`drf_…`). A session that was tendering is open again; what it "
    "had reserved is free. A key that is bound to a store sells there and below, nowhere else.",
)
def put_session(
    request: HttpRequest,
    key: str,
    told: shapes.SessionIn,
    dry: bool = False,
    only: list[str] = Query([], max_length=50),
) -> HttpResponse:
    caller: ApiKey = request.auth  # type: ignore[attr-defined]
    staff.require_store(key=caller, store=told.store)
    if caller.store_id is not None:
        _own(caller, key)
    session = checkout.put(
        program_id=caller.program_id,
        key=key,
        told=_told(told),
        actor=caller.actor,
        dry=dry or bool(only),
        only=only or None,
    )
    return _answer(session)


def _own(caller: ApiKey, key: str) -> None:
    """A key that is bound to a store may resume what came from beyond a store (a shop on the web), not another's."""
    store = checkout.store_of(program_id=caller.program_id, key=key)
    if store is not None:
        staff.require_store(key=caller, store=store)


@router.get(
    "/sessions/{key}",
    auth=Key("sessions:read"),
    response={200: shapes.SessionOut, READ_REFUSED: Problem},
    operation_id="get_session",
    summary="A session as it stands",
    description="Its last answer, with what has become of it since. Nothing is decided again.",
)
def get_session(request: HttpRequest, key: str) -> HttpResponse:
    caller = _caller(request, key)
    return _answer(checkout.get(program_id=caller.program_id, key=key))


@router.post(
    "/sessions/{key}/tender",
    auth=Key("sessions:write"),
    response={200: shapes.SessionOut, REFUSED: Problem},
    operation_id="tender_session",
    summary="Reserve everything before the card is charged",
    description="Freezes version and prices and reserves points, coupons, limits, budgets and stock for some "
    "minutes: a `close` after that is not refused for price or limit. Called again, the time is longer. When it is "
    "over, everything goes back and the session is open again. With a `digest`, other numbers than she was told "
    "are refused (`quote_changed`, with the differences).",
)
def tender_session(
    request: HttpRequest, key: str, told: shapes.TenderNowIn, idempotency_key: str | None = MAYBE_ONCE
) -> HttpResponse:
    caller = _caller(request, key)

    def work() -> HttpResponse:
        session = checkout.tender(
            program_id=caller.program_id,
            key=key,
            actor=caller.actor,
            digest=bytes.fromhex(told.digest) if told.digest else None,
            minutes=told.minutes,
        )
        return _answer(session)

    return answers.maybe_once(request, idempotency_key, work)


@router.post(
    "/sessions/{key}/close",
    auth=Key("sessions:write"),
    response={(200, 201): shapes.SessionOut, REFUSED: Problem},
    operation_id="close_session",
    summary="Make an order of it",
    description="Everything at once or nothing: the order, what it earns, points that pay, coupons, limits, stock. "
    "The answer is the receipt; called again it is the same (200, with `Idempotent-Replayed`). A session that was "
    "tendered closes by what was frozen; an open one is decided again, and with a `digest` other numbers than the "
    "customer was told are refused (`quote_changed`, with the differences).",
)
def close_session(
    request: HttpRequest, key: str, told: shapes.CloseIn, idempotency_key: str | None = MAYBE_ONCE
) -> HttpResponse:
    caller = _caller(request, key)
    repeat = None
    if idempotency_key:
        repeat = Repeat(key=idempotency_key, request_hash=answers.request_hash(request))
        kept = idempotency.answered(caller.program_id, repeat.key, repeat.request_hash)
        if kept is not None:
            headers = {"Idempotent-Replayed": "true"}
            return HttpResponse(kept.body, status=kept.status, content_type=answers.MEDIA_TYPE, headers=headers)
    session = checkout.close(
        program_id=caller.program_id,
        key=key,
        actor=caller.actor,
        digest=bytes.fromhex(told.digest) if told.digest else None,
        repeat=repeat,
    )
    return _answer(session)


@router.post(
    "/sessions/{key}/cancel",
    auth=Key("sessions:write"),
    response={200: shapes.SessionOut, REFUSED: Problem},
    operation_id="cancel_session",
    summary="Give a basket up",
    description="Everything that it had reserved is free at once. A closed session is not cancelled: reopen it, or "
    "take its order back.",
)
def cancel_session(request: HttpRequest, key: str, idempotency_key: str | None = MAYBE_ONCE) -> HttpResponse:
    caller = _caller(request, key)

    def work() -> HttpResponse:
        return _answer(checkout.cancel(program_id=caller.program_id, key=key, actor=caller.actor))

    return answers.maybe_once(request, idempotency_key, work)


@router.post(
    "/sessions/{key}/reopen",
    auth=Key("sessions:write"),
    response={200: shapes.SessionOut, REFUSED: Problem},
    operation_id="reopen_session",
    summary="Open a closed session again",
    description="Undoes its order whole (points, coupons, limits, stock) and decides the basket again, in one "
    "transaction. The next close makes a new order. Refused once goods have come back (`partly_returned`).",
)
def reopen_session(
    request: HttpRequest, key: str, told: shapes.ReopenIn, idempotency_key: str | None = MAYBE_ONCE
) -> HttpResponse:
    caller = _caller(request, key)

    def work() -> HttpResponse:
        session = checkout.reopen(program_id=caller.program_id, key=key, actor=caller.actor, reason=told.reason)
        return _answer(session)

    return answers.maybe_once(request, idempotency_key, work)
