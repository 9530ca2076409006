"""Calls about what comes back: returns, exchanges, and orders that wait to be picked up."""

from __future__ import annotations

from decimal import Decimal

import orjson
from django.http import HttpRequest, HttpResponse
from ninja import Router

from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api import return_shapes as shapes
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.order_shapes import OrderOut
from regulars.interfaces.http_api.orders import order_out, order_told
from regulars.interfaces.http_api.shapes import ONCE, REFUSED, Problem
from regulars.kernel import clock
from regulars.people.staff import services as staff
from regulars.people.staff.terms import ApiKey
from regulars.value.orders import services as orders
from regulars.value.orders.terms import Back, Repeat, ReturnReceipt, ReturnTold

router = Router(tags=["Orders"])


def _back(ref: str, told: shapes.ReturnIn) -> ReturnTold:
    return ReturnTold(
        ref=told.ref,
        source=told.source,
        occurred_at=told.occurred_at or clock.now(),
        is_dated=told.occurred_at is not None,
        order=ref,
        lines=tuple(
            Back(quantity=Decimal(x.quantity), line=x.id, amount_minor=x.amount_minor, restock=x.restock)
            for x in told.lines
        ),
    )


def _answer(receipt: ReturnReceipt) -> HttpResponse:
    headers = {} if receipt.is_new else {"Idempotent-Replayed": "true"}
    return HttpResponse(receipt.body, status=receipt.status, content_type=answers.MEDIA_TYPE, headers=headers)


@router.post(
    "/orders/{ref}/returns",
    auth=Key("orders:write"),
    response={(200, 201): shapes.ReturnOut, REFUSED: Problem},
    operation_id="return_order",
    summary="Take parts of an order back",
    description="Reverses exactly what the sale did for the returned quantities, cumulatively: the last return "
    "leaves nothing. Earned points are taken back; points that had paid go back to their very lots, and only the "
    "rest is money; coupons, limits, budgets and stock are free again. A promotion whose condition the rest no "
    "longer meets does what its `on_return` says: `keep`, `reprice` (the difference is charged), or `all_or_nothing` "
    "(`bundle_incomplete` names the missing lines). What cannot be undone is listed in `not_undone`.",
)
def return_order(request: HttpRequest, ref: str, told: shapes.ReturnIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return _answer(
        orders.take_back(
            program_id=key.program_id,
            told=_back(ref, told),
            actor=key.actor,
            repeat=Repeat(key=idempotency_key, request_hash=answers.request_hash(request)),
        )
    )


@router.post(
    "/orders/{ref}/cancel-lines",
    auth=Key("orders:write"),
    response={(200, 201): shapes.ReturnOut, REFUSED: Problem},
    operation_id="cancel_order_lines",
    summary="Cancel a part of an order that waits",
    description="Only of an order whose attribute `fulfilment` is `pickup`, and only what was not handed over yet; "
    "by the arithmetic of returns. An order of which all is cancelled is cancelled.",
)
def cancel_lines(request: HttpRequest, ref: str, told: shapes.ReturnIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return _answer(
        orders.cancel_lines(
            program_id=key.program_id,
            told=_back(ref, told),
            actor=key.actor,
            repeat=Repeat(key=idempotency_key, request_hash=answers.request_hash(request)),
        )
    )


@router.post(
    "/orders/{ref}/hand-over",
    auth=Key("orders:write"),
    response={200: OrderOut, REFUSED: Problem},
    operation_id="hand_over_order",
    summary="Hand goods of a waiting order over",
    description="For an order whose attribute `fulfilment` is `pickup`: from now on these goods are returned, not "
    "cancelled.",
)
def hand_over(
    request: HttpRequest, ref: str, told: shapes.GoodsHandOverIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    lines = [(x.id, Decimal(x.quantity)) for x in told.lines]

    def work() -> HttpResponse:
        return answers.json(order_out(orders.hand_over(program_id=key.program_id, ref=ref, lines=lines)))

    return answers.once(request, idempotency_key, work)


@router.post(
    "/orders/{ref}/exchange",
    auth=Key("orders:write"),
    response={201: shapes.ExchangeOut, REFUSED: Problem},
    operation_id="exchange_order",
    summary="Exchange goods of an order",
    description="Takes goods back and sells others in one go: both happen or neither, and only the balance is paid.",
)
def exchange(request: HttpRequest, ref: str, told: shapes.ExchangeIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    staff.require_store(key=key, store=told.sale.store)

    def work() -> HttpResponse:
        done = orders.exchange(
            program_id=key.program_id, back=_back(ref, told.back), sale=order_told(told.sale), actor=key.actor
        )
        halves = {"back": orjson.loads(done.returned.body), "sale": orjson.loads(done.sold.body)}
        return answers.json({**halves, "balance_minor": done.balance_minor}, status=201)

    return answers.once(request, idempotency_key, work)
