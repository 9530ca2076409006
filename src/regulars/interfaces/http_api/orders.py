"""Calls about orders: tell one, read one, claim a guest's receipt."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api import order_shapes as shapes
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.shapes import ONCE, READ_REFUSED, REFUSED, Problem
from regulars.kernel import ids
from regulars.people.members import services as members
from regulars.people.staff import services as staff
from regulars.people.staff.terms import ApiKey
from regulars.value.orders import services as orders
from regulars.value.orders.terms import Order, OrderSummary, OrderTold, Repeat
from regulars.value.promotions.terms import Line, Tender

router = Router(tags=["Orders"])


def _line(told: shapes.LineIn, n: int) -> Line:
    return Line(
        id=told.id,
        n=n,
        sku=told.sku,
        quantity=Decimal(told.quantity),
        uom=told.uom,
        amount_minor=told.amount_minor,
        tax_rate=Decimal(told.tax_rate) if told.tax_rate is not None else None,
        tax_included=told.tax_included,
        kind=told.kind,
        category=told.category,
        brand=told.brand,
        attributes=told.attributes or {},
    )


def order_told(told: shapes.OrderIn) -> OrderTold:
    """A sale as the till says it, for the service that places it."""
    described = any(line.description for line in told.lines)
    return OrderTold(
        ref=told.ref,
        source=told.source,
        channel=told.channel,
        currency=told.currency,
        occurred_at=told.occurred_at,
        member=told.member,
        identifier=(told.identifier.type, told.identifier.value) if told.identifier else None,
        store=told.store,
        lines=tuple(_line(line, n) for n, line in enumerate(told.lines, start=1)),
        tenders=tuple(Tender(type=t.type, amount_minor=t.amount_minor, token=t.token) for t in told.tenders),
        descriptions=tuple(line.description for line in told.lines) if described else (),
        attributes=told.attributes,
    )


@router.post(
    "/orders",
    auth=Key("orders:write"),
    response={(200, 201): shapes.OrderOut, REFUSED: Problem},
    operation_id="place_order",
    summary="Tell an order made elsewhere",
    description="Earns by the program's rules in force. Told again with the same `source` and `ref` it answers as "
    "at first (200); other content under the same reference is refused (`order_differs`). With no member it is a "
    "guest's order, which can be claimed later. A key that is bound to a store sells there and below, nowhere else.",
)
def place_order(request: HttpRequest, told: shapes.OrderIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    staff.require_store(key=key, store=told.store)
    receipt = orders.place(
        program_id=key.program_id,
        told=order_told(told),
        actor=key.actor,
        repeat=Repeat(key=idempotency_key, request_hash=answers.request_hash(request)),
    )
    headers = {} if receipt.is_new else {"Idempotent-Replayed": "true"}
    return HttpResponse(receipt.body, status=receipt.status, content_type=answers.MEDIA_TYPE, headers=headers)


def _summary(order: OrderSummary) -> dict[str, Any]:
    return {
        "id": ids.encode("ord", order.order_id),
        "source": order.source,
        "ref": order.ref,
        "state": order.state,
        "member": ids.encode("mem", order.member_id) if order.member_id else None,
        "channel": order.channel,
        "store": order.store,
        "currency": order.currency,
        "occurred_at": order.occurred_at,
        "recorded_at": order.recorded_at,
        "total_minor": order.total_minor,
        "earned": dict(order.earned),
    }


def order_out(order: Order) -> dict[str, Any]:
    """An order as the API shows it."""
    return {
        **_summary(order.summary),
        "rule_version": order.rule_version,
        "terms_version": order.terms_version,
        "lines": [
            {
                "id": line.id,
                "n": line.n,
                "sku": line.sku,
                "quantity": answers.decimal(line.quantity),
                "amount_minor": line.amount_minor,
                "returned": answers.decimal(line.returned),
                "earned": dict(line.earned),
                "reversed": dict(line.reversed),
            }
            for line in order.lines
        ],
        "applied": [a._asdict() for a in order.applied],
        "rejected": [r._asdict() for r in order.rejected],
    }


@router.get(
    "/orders/{ref}",
    auth=Key("orders:read"),
    response={200: shapes.OrderOut, READ_REFUSED: Problem},
    operation_id="get_order",
    summary="An order",
    description="`ref` is an id (`ord_…`), or the teller's reference as `source:ref`.",
)
def get_order(request: HttpRequest, ref: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return answers.json(order_out(orders.get(program_id=key.program_id, ref=ref)))


@router.get(
    "/orders",
    auth=Key("orders:read"),
    response={200: shapes.OrdersOut, READ_REFUSED: Problem},
    operation_id="list_orders",
    summary="Orders, newest first",
)
def list_orders(
    request: HttpRequest, limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT), cursor: str | None = None
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    page = orders.recent(program_id=key.program_id, cursor=answers.cursor_in(cursor), limit=limit)
    return answers.json({"items": [_summary(o) for o in page.items], "next_cursor": answers.cursor_out(page.cursor)})


@router.get(
    "/members/{ref}/orders",
    auth=Key("orders:read"),
    response={200: shapes.OrdersOut, READ_REFUSED: Problem},
    operation_id="list_member_orders",
    summary="A member's orders, newest first",
)
def member_orders(
    request: HttpRequest, ref: str, limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT), cursor: str | None = None
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    page = orders.of_member(
        program_id=key.program_id,
        member_id=members.resolve(program_id=key.program_id, ref=ref),
        cursor=answers.cursor_in(cursor),
        limit=limit,
    )
    return answers.json({"items": [_summary(o) for o in page.items], "next_cursor": answers.cursor_out(page.cursor)})


@router.post(
    "/orders/{ref}/claim",
    auth=Key("orders:write"),
    response={200: shapes.OrderOut, REFUSED: Problem},
    operation_id="claim_order",
    summary="Claim a guest's receipt",
    description="Once, within the program's `claims_within_days`; earns by the rules in force at the purchase.",
)
def claim_order(
    request: HttpRequest, ref: str, told: shapes.ReceiptClaimIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        member_id = members.resolve(program_id=key.program_id, ref=told.member)
        orders.claim(program_id=key.program_id, ref=ref, member_id=member_id, actor=key.actor)
        return answers.json(order_out(orders.get(program_id=key.program_id, ref=ref)))

    return answers.once(request, idempotency_key, work)


@router.get(
    "/members/{ref}/timeline",
    auth=Key("orders:read"),
    response={200: shapes.TimelineOut, READ_REFUSED: Problem},
    operation_id="member_timeline",
    summary="What happened, newest first",
)
def timeline(
    request: HttpRequest, ref: str, limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT), cursor: str | None = None
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    moments, after = orders.timeline(
        program_id=key.program_id,
        member_id=members.resolve(program_id=key.program_id, ref=ref),
        cursor=answers.cursor_in(cursor),
        limit=limit,
    )
    items = [{"at": m.at, "what": m.what, "id": m.id, "kind": m.kind, "facts": dict(m.facts)} for m in moments]
    return answers.json({"items": items, "next_cursor": answers.cursor_out(after)})
