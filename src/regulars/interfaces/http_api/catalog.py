"""Calls about products: told one by one or a thousand at a time, read, compared between places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api import catalog_shapes as shapes
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.shapes import ONCE, READ_REFUSED, REFUSED, Problem
from regulars.people.staff.terms import ApiKey
from regulars.value.catalog import services as catalog
from regulars.value.catalog.terms import Attribute, AttributeType, Category, Done, Place, Price, Product, ProductTold

router = Router(tags=["Catalog"])


def done(found: Sequence[Done]) -> HttpResponse:
    """The answer to a batch: how many of each outcome, and each entry's own."""
    counts = Counter(one.outcome for one in found)
    items = [
        {
            "key": one.key,
            "outcome": one.outcome,
            "errors": [{"path": path, "message": message} for path, message in one.errors],
        }
        for one in found
    ]
    totals = {name: counts[name] for name in ("created", "changed", "unchanged", "refused")}
    return answers.json({**totals, "items": items})


def _told(sku: str, told: shapes.ProductIn) -> ProductTold:
    prices = None if told.prices is None else tuple(_price(one) for one in told.prices)
    return ProductTold(
        sku=sku,
        name=told.name,
        category=told.category,
        brand=told.brand,
        uom=told.uom,
        attributes=told.attributes,
        active=told.active,
        prices=prices,
    )


def _price(told: shapes.PriceIn) -> Price:
    return Price(
        price_minor=told.price_minor,
        member_minor=told.member_minor,
        channel=told.channel or "",
        store=told.store,
        starts_at=told.starts_at,
        ends_at=told.ends_at,
        currency=told.currency,
    )


def _product(one: Product) -> dict[str, Any]:
    return {
        "sku": one.sku,
        "name": one.name,
        "category": one.category,
        "brand": one.brand,
        "uom": one.uom,
        "attributes": dict(one.attributes),
        "active": one.active,
        "prices": [{**price._asdict(), "channel": price.channel or None} for price in one.prices],
        "updated_at": one.updated_at,
    }


@router.get(
    "/products",
    auth=Key("catalog:read"),
    response={200: shapes.ProductsOut, READ_REFUSED: Problem},
    operation_id="list_products",
    summary="Products, by sku",
)
def list_products(
    request: HttpRequest,
    limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT),
    cursor: str | None = None,
    category: str | None = Query(None, max_length=64, description="Only of this category, not of those below it."),
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    found = catalog.products(
        program_id=key.program_id, after=answers.after_text(cursor), limit=limit + 1, category=category
    )
    more = answers.cursor_text([found[limit - 1].sku]) if len(found) > limit else None
    return answers.json({"items": [_product(one) for one in found[:limit]], "next_cursor": more})


@router.post(
    "/products/batch",
    auth=Key("catalog:write"),
    response={200: shapes.BatchDoneOut, REFUSED: Problem},
    operation_id="put_products",
    summary="Tell many products",
    description="At most 1,000, each whole. Each stands for itself: good ones come in, a bad one says why. The same "
    "again changes nothing.",
)
def put_products(request: HttpRequest, told: shapes.ProductsIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    batch = [_told(one.sku, one) for one in told.items]
    return answers.once(
        request, idempotency_key, lambda: done(catalog.put_many(program_id=key.program_id, batch=batch))
    )


@router.get(
    "/products/{path:sku}",
    auth=Key("catalog:read"),
    response={200: shapes.ProductOut, READ_REFUSED: Problem},
    operation_id="get_product",
    summary="A product with all its prices",
)
def get_product(request: HttpRequest, sku: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return answers.json(_product(catalog.get(program_id=key.program_id, sku=sku)))


@router.put(
    "/products/{path:sku}",
    auth=Key("catalog:write"),
    response={(200, 201): shapes.ProductOut, REFUSED: Problem},
    operation_id="put_product",
    summary="Tell a product",
    description="Whole: what is left out becomes empty; without `prices` they stay. The same again changes nothing, "
    "so that this call needs no `Idempotency-Key`.",
)
def put_product(request: HttpRequest, sku: str, told: shapes.ProductIn) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    one, outcome = catalog.put(program_id=key.program_id, told=_told(sku, told))
    return answers.json(_product(one), status=201 if outcome == "created" else 200)


@router.get(
    "/categories",
    auth=Key("catalog:read"),
    response={200: shapes.CategoriesOut, READ_REFUSED: Problem},
    operation_id="list_categories",
    summary="Categories, by key",
)
def list_categories(
    request: HttpRequest, limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT), cursor: str | None = None
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    found = catalog.categories(program_id=key.program_id, after=answers.after_text(cursor), limit=limit + 1)
    items = [
        {
            "key": one.key,
            "names": dict(one.names),
            "parent": one.parent,
            "above": list(one.above),
            "active": one.active,
        }
        for one in found[:limit]
    ]
    more = answers.cursor_text([found[limit - 1].key]) if len(found) > limit else None
    return answers.json({"items": items, "next_cursor": more})


@router.post(
    "/categories",
    auth=Key("catalog:write"),
    response={200: shapes.BatchDoneOut, REFUSED: Problem},
    operation_id="put_categories",
    summary="Tell categories",
    description="At most 1,000, in any order, all or nothing. What is not named stays.",
)
def put_categories(request: HttpRequest, told: shapes.CategoriesIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    batch = [Category(key=one.key, names=one.names, parent=one.parent, active=one.active) for one in told.items]
    return answers.once(
        request, idempotency_key, lambda: done(catalog.put_categories(program_id=key.program_id, batch=batch))
    )


def _attribute(one: Attribute) -> dict[str, Any]:
    return {"key": one.key, "type": one.type.value, "names": dict(one.names), "choices": list(one.choices)}


@router.get(
    "/product-attributes",
    auth=Key("catalog:read"),
    response={200: shapes.AttributesOut, READ_REFUSED: Problem},
    operation_id="list_product_attributes",
    summary="Declared attributes of products",
)
def list_attributes(request: HttpRequest) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    found = catalog.attributes(program_id=key.program_id).values()
    return answers.json({"items": [_attribute(one) for one in found]})


@router.post(
    "/product-attributes",
    auth=Key("catalog:write"),
    response={(200, 201): shapes.AttributeOut, REFUSED: Problem},
    operation_id="declare_product_attribute",
    summary="Declare an attribute of products, or change its names and choices",
)
def declare_attribute(request: HttpRequest, told: shapes.AttributeIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        wanted = Attribute(key=told.key, type=AttributeType(told.type), names=told.names, choices=tuple(told.choices))
        one, is_new = catalog.declare_attribute(program_id=key.program_id, told=wanted)
        return answers.json(_attribute(one), status=201 if is_new else 200)

    return answers.once(request, idempotency_key, work)


@router.get(
    "/catalog/parity",
    auth=Key("catalog:read"),
    response={200: shapes.ParityOut, READ_REFUSED: Problem},
    operation_id="list_disparities",
    summary="Products whose price or stock is not the same everywhere",
    description="`places` are 2 to 12 of `channel` or `channel@store`; every active channel if none is named. A page "
    "looks through 2,000 products at most, so it may be short.",
)
def list_disparities(
    request: HttpRequest,
    places: str | None = Query(None, max_length=1_000, description="Comma-separated: `web,store@leeds`."),
    limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT),
    cursor: str | None = None,
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    asked = _places(places) if places else catalog.usual_places(program_id=key.program_id)
    page = catalog.parity(program_id=key.program_id, places=asked, after=answers.after_text(cursor), limit=limit)
    items = [
        {
            **one._asdict(),
            "cells": [
                {**cell._asdict(), "stock": answers.decimal(cell.stock) if cell.stock is not None else None}
                for cell in one.cells
            ],
        }
        for one in page.items
    ]
    return answers.json(
        {
            "places": [f"{p.channel}@{p.store}" if p.store else p.channel for p in asked],
            "items": items,
            "next_cursor": answers.cursor_text([page.after]) if page.after is not None else None,
        }
    )


def _places(text: str) -> tuple[Place, ...]:
    parts = [part.strip().partition("@") for part in text.split(",")]
    return tuple(Place(channel, store or None) for channel, _, store in parts)
