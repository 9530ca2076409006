"""Calls about stock, and about who may buy what."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api import catalog_shapes as shapes
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.catalog import done
from regulars.interfaces.http_api.shapes import ONCE, READ_REFUSED, REFUSED, Problem
from regulars.people.staff import services as staff
from regulars.people.staff.terms import ApiKey
from regulars.value.catalog import services as catalog
from regulars.value.catalog.terms import Count, Right, RightTold, Span, Stock, Window
from regulars.value.tiers import services as tiers

router = Router(tags=["Catalog"])


def _stock(one: Stock) -> dict[str, Any]:
    amounts = {name: answers.decimal(getattr(one, name)) for name in ("quantity", "counted", "taken", "given_back")}
    return {**one._asdict(), **amounts}


@router.get(
    "/stock",
    auth=Key("catalog:read"),
    response={200: shapes.StocksOut, READ_REFUSED: Problem},
    operation_id="list_stock",
    summary="What lies in a store, or where a product lies",
    description="With `sku`: its stock in every store. Else the stock of `store` (none: of sales without one).",
)
def list_stock(
    request: HttpRequest,
    store: str | None = Query(None, max_length=64, description="The key of a store."),
    sku: str | None = Query(None, max_length=100, description="Only this product, in every store."),
    limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT),
    cursor: str | None = None,
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    after = answers.after_text(cursor)
    if sku is not None:
        found = catalog.stock_of(program_id=key.program_id, sku=sku)
        return answers.json({"items": [_stock(one) for one in found], "next_cursor": None})
    found = catalog.stock(program_id=key.program_id, store=store, after=after, limit=limit + 1)
    more = answers.cursor_text([found[limit - 1].sku]) if len(found) > limit else None
    return answers.json({"items": [_stock(one) for one in found[:limit]], "next_cursor": more})


@router.put(
    "/stock",
    auth=Key("stock:write"),
    response={200: shapes.BatchDoneOut, REFUSED: Problem},
    operation_id="put_stock",
    summary="Tell what was counted",
    description="At most 1,000 counts. Each starts a new reckoning in its store: what was sold before is in it. Send "
    "`counted_at`, so that counts that arrive late or twice change nothing. A key that is bound to a store counts "
    "there and below.",
)
def put_stock(request: HttpRequest, told: shapes.CountsIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    for store in {one.store for one in told.items}:
        staff.require_store(key=key, store=store)
    batch = [
        Count(
            sku=one.sku,
            store=one.store,
            quantity=Decimal(one.quantity) if one.quantity is not None else None,
            counted_at=one.counted_at,
        )
        for one in told.items
    ]
    return answers.once(
        request, idempotency_key, lambda: done(catalog.count_stock(program_id=key.program_id, batch=batch))
    )


def _rights(program_id: int, page: Sequence[RightTold]) -> list[dict[str, Any]]:
    unknown = catalog.unknown_skus(program_id=program_id, skus=[sku for one in page for sku in one.skus])
    return [_right(one, unknown) for one in page]


def _right(one: RightTold, unknown: frozenset[str]) -> dict[str, Any]:
    right = one.right
    return {
        "key": right.key,
        "names": dict(one.names),
        "skus": list(one.skus),
        "unknown_skus": [sku for sku in one.skus if sku in unknown],
        "categories": list(one.categories),
        "members_only": right.members_only,
        "tiers": list(right.tiers),
        "audiences": list(right.audiences),
        "windows": [
            {**window._asdict(), "tiers": list(window.tiers), "audiences": list(window.audiences)}
            for window in right.windows
        ],
        "most": right.most,
        "span": right.span.value,
        "starts_at": right.starts_at,
        "ends_at": right.ends_at,
        "active": one.active,
    }


@router.get(
    "/purchase-rights",
    auth=Key("catalog:read"),
    response={200: shapes.RightsOut, READ_REFUSED: Problem},
    operation_id="list_purchase_rights",
    summary="Who may buy what, by key",
)
def list_rights(request: HttpRequest, limit: int = Query(20, ge=1, le=50), cursor: str | None = None) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    found = catalog.purchase_rights(program_id=key.program_id, after=answers.after_text(cursor), limit=limit + 1)
    more = answers.cursor_text([found[limit - 1].right.key]) if len(found) > limit else None
    return answers.json({"items": _rights(key.program_id, found[:limit]), "next_cursor": more})


@router.get(
    "/purchase-rights/{right}",
    auth=Key("catalog:read"),
    response={200: shapes.RightOut, READ_REFUSED: Problem},
    operation_id="get_purchase_right",
    summary="A purchase right",
)
def get_right(request: HttpRequest, right: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return answers.json(_rights(key.program_id, [catalog.right(program_id=key.program_id, key=right)])[0])


@router.put(
    "/purchase-rights/{right}",
    auth=Key("catalog:write"),
    response={(200, 201): shapes.RightOut, REFUSED: Problem},
    operation_id="put_purchase_right",
    summary="Say who may buy goods, when, and how many",
    description="Whole; the same again changes nothing, so that this call needs no `Idempotency-Key`. A line that "
    "somebody may not buy is answered as `not_entitled`, with what would unlock it. Categories, levels (of the first "
    "ladder) and audiences must be there; skus may come later.",
)
def put_right(request: HttpRequest, right: str, told: shapes.RightIn) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    wanted = Right(
        key=right,
        members_only=told.members_only,
        tiers=tuple(told.tiers),
        audiences=tuple(told.audiences),
        windows=tuple(
            Window(w.from_at, w.until_at, w.members_only, tuple(w.tiers), tuple(w.audiences)) for w in told.windows
        ),
        most=told.most,
        span=Span(told.span),
        starts_at=told.starts_at,
        ends_at=told.ends_at,
    )
    outcome = catalog.put_right(
        program_id=key.program_id,
        told=RightTold(
            right=wanted,
            names=told.names,
            skus=tuple(told.skus),
            categories=tuple(told.categories),
            active=told.active,
        ),
        levels=[level.key for ladder in tiers.ladders(program_id=key.program_id)[:1] for level in ladder.levels],
    )
    found = catalog.right(program_id=key.program_id, key=right)
    return answers.json(_rights(key.program_id, [found])[0], status=201 if outcome == "created" else 200)
