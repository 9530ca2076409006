"""Products and their prices: told in batches, again and again, from files, webhooks and the API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from django.db import connection, transaction

from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.people.programs import services as programs
from regulars.people.programs.terms import Store
from regulars.value.catalog import rules
from regulars.value.catalog.models import CategoryRow, PriceRow, ProductRow
from regulars.value.catalog.services import places, shelves
from regulars.value.catalog.terms import MOST_AT_ONCE, Attribute, Done, Price, Product, ProductTold, UnknownProduct

_INSERT = (
    "insert into catalog_product (program_id, sku, name, category_id, brand, uom, attributes, active, updated_at)"
    " select %s, x.sku, x.name, x.category_id, x.brand, x.uom, x.attributes, x.active, %s"
    " from jsonb_to_recordset(%s::jsonb) as x(sku text, name text, category_id bigint, brand text, uom text,"
    " attributes jsonb, active boolean) order by x.sku on conflict (program_id, sku) do nothing returning sku"
)
_ALL = frozenset({"name", "category", "brand", "uom", "attributes", "active"})
_FIELDS = ("name", "category_id", "brand", "uom", "attributes", "active")
_Terms = tuple[int, int | None, datetime | None]
_Where = tuple[str, str, int | None, datetime | None]


class _Known(NamedTuple):
    """What products of a program may name."""

    attributes: Mapping[str, Attribute]
    categories: Mapping[str, int]
    brands: frozenset[str]
    channels: frozenset[str]
    stores: Mapping[str, Store]
    currency: str


def put_many(
    *, program_id: int, batch: Sequence[ProductTold], only: frozenset[str] = _ALL, keep_prices: bool = False
) -> list[Done]:
    """Make or change products, at most a thousand; each stands for itself: bad ones are refused, good ones are in.

    A product is told whole. The same again changes nothing and says so. Prices are replaced when they are told.

    Args: only: fields of products that are there already are changed only if they are named here (`name`, `category`,
        `brand`, `uom`, `attributes`, `active`). keep_prices: prices told are laid over those there, for the same
        place and beginning.
    Raises: Invalid for too many at once; Busy.
    """
    if len(batch) > MOST_AT_ONCE:
        raise Invalid(errors=[("items", f"at most {MOST_AT_ONCE} at once")])
    known = _known(program_id, batch)
    faults: list[list[tuple[str, str]]] = []
    first: dict[str, int] = {}
    for n, told in enumerate(batch):
        found = rules.product_faults(
            told,
            attributes=known.attributes,
            categories=frozenset(known.categories),
            brands=known.brands,
            channels=known.channels,
            stores=frozenset(known.stores),
        )
        if first.setdefault(told.sku, n) != n:
            found.append(("sku", "is told twice in this batch"))
        faults.append(found)
    good = {told.sku: told for told, found in zip(batch, faults, strict=True) if not found}
    with transaction.atomic():
        outcomes = _write(program_id, good, known, only, keep_prices)
    return [
        Done(key=told.sku, outcome="refused", errors=tuple(found))
        if found
        else Done(key=told.sku, outcome=outcomes[told.sku])
        for told, found in zip(batch, faults, strict=True)
    ]


def put(*, program_id: int, told: ProductTold) -> tuple[Product, str]:
    """Make or change one product. Answers it, and `created`, `changed` or `unchanged`.

    Raises: Invalid with every fault; Busy.
    """
    done = put_many(program_id=program_id, batch=[told])[0]
    if done.outcome == "refused":
        raise Invalid(errors=list(done.errors))
    return get(program_id=program_id, sku=told.sku), done.outcome


def _known(program_id: int, batch: Iterable[ProductTold]) -> _Known:
    named = {told.category for told in batch if told.category is not None}
    rows = CategoryRow.objects.filter(program_id=program_id, key__in=named)
    return _Known(
        attributes=shelves.attributes(program_id=program_id),
        categories=dict(rows.values_list("key", "id")),
        brands=places.brands(program_id),
        channels=places.channels(program_id),
        stores=places.stores(program_id, [p.store for told in batch for p in told.prices or ()]),
        currency=programs.by_id(program_id=program_id).currency,
    )


def _values(told: ProductTold, known: _Known) -> dict[str, Any]:
    return {
        "name": told.name,
        "category_id": known.categories[told.category] if told.category is not None else None,
        "brand": told.brand,
        "uom": told.uom,
        "attributes": dict(told.attributes),
        "active": told.active,
    }


def _write(
    program_id: int, good: Mapping[str, ProductTold], known: _Known, only: frozenset[str], keep_prices: bool
) -> dict[str, str]:
    """Write products in the order of their skus, so that two batches never wait for each other in a circle."""
    now = clock.now()
    values = {sku: _values(told, known) for sku, told in good.items()}
    told = [{"sku": sku, **value} for sku, value in values.items()]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [program_id, now, orjson.dumps(told).decode()])
        fresh = {sku for (sku,) in cursor.fetchall()}
    rows = ProductRow.objects.select_for_update(no_key=True).filter(program_id=program_id, sku__in=good)
    by_sku = {row.sku: row for row in rows.order_by("sku")}
    changed = set(_write_prices(program_id, [by_sku[sku] for sku in good], good, known, keep_prices))
    for sku, row in by_sku.items():
        told_now = {name: value for name, value in values[sku].items() if name.removesuffix("_id") in only}
        if any(getattr(row, name) != value for name, value in told_now.items()):
            changed.add(sku)
            for name, value in told_now.items():
                setattr(row, name, value)
    changed -= fresh
    for sku in changed:
        by_sku[sku].updated_at = now
    ProductRow.objects.bulk_update(
        [by_sku[sku] for sku in sorted(changed)], [*_FIELDS, "updated_at"], batch_size=MOST_AT_ONCE
    )
    return {sku: "created" if sku in fresh else "changed" if sku in changed else "unchanged" for sku in good}


def _write_prices(
    program_id: int,
    rows: Sequence[ProductRow],
    good: Mapping[str, ProductTold],
    known: _Known,
    keep: bool,
) -> list[str]:
    """Replace the prices of products that tell them; answers the skus whose prices are now others."""
    priced = [row for row in rows if good[row.sku].prices is not None]
    old: dict[int, dict[_Where, PriceRow]] = {row.id: {} for row in priced}
    for price in PriceRow.objects.filter(product__in=priced):
        where = (price.currency, price.channel, price.store_id, price.starts_at)
        old[price.product_id][where] = price
    gone: list[int] = []
    new: list[PriceRow] = []
    changed = []
    for row in priced:
        wanted = _wanted(good[row.sku].prices or (), known)
        before = old[row.id]
        if keep:
            before = {where: price for where, price in before.items() if where in wanted}
        same = {w for w, p in before.items() if wanted.get(w) == (p.price_minor, p.member_minor, p.ends_at)}
        if len(same) == len(before) == len(wanted):
            continue
        changed.append(row.sku)
        gone += [price.id for where, price in before.items() if where not in same]
        new += [
            PriceRow(
                program_id=program_id,
                product=row,
                currency=where[0],
                channel=where[1],
                store_id=where[2],
                starts_at=where[3],
                price_minor=terms[0],
                member_minor=terms[1],
                ends_at=terms[2],
            )
            for where, terms in wanted.items()
            if where not in same
        ]
    PriceRow.objects.filter(id__in=gone).delete()
    PriceRow.objects.bulk_create(new, batch_size=5 * MOST_AT_ONCE)
    return changed


def _wanted(prices: Iterable[Price], known: _Known) -> dict[_Where, _Terms]:
    found = {}
    for price in prices:
        store = known.stores[price.store] if price.store is not None else None
        currency = price.currency or (store.currency if store is not None else known.currency)
        where = (currency, price.channel, store.id if store is not None else None, price.starts_at)
        found[where] = (price.price_minor, price.member_minor, price.ends_at)
    return found


def get(*, program_id: int, sku: str) -> Product:
    """A product with all its prices.

    Raises: UnknownProduct.
    """
    found = _products(ProductRow.objects.filter(program_id=program_id, sku=sku))
    if not found:
        raise UnknownProduct(f"There is no product {sku!r}."[:200])
    return found[0]


def products(
    *, program_id: int, after: str = "", limit: int = 100, category: str | None = None, active: bool | None = None
) -> list[Product]:
    """Products by sku, after a sku, at most `limit`; of one category (itself, not those below it) if it is named."""
    rows = ProductRow.objects.filter(program_id=program_id, sku__gt=after)
    if category is not None:
        rows = rows.filter(category__key=category, category__program_id=program_id)
    if active is not None:
        rows = rows.filter(active=active)
    return _products(rows.order_by("sku")[:limit])


def _products(rows: Any) -> list[Product]:
    found = list(rows.select_related("category"))
    prices: dict[int, list[Price]] = {row.id: [] for row in found}
    listed = PriceRow.objects.filter(product__in=found).select_related("store")
    for price in listed.order_by("currency", "channel", "store_id", "starts_at", "id"):
        prices[price.product_id].append(
            Price(
                price_minor=price.price_minor,
                member_minor=price.member_minor,
                channel=price.channel,
                store=price.store.key if price.store is not None else None,
                starts_at=price.starts_at,
                ends_at=price.ends_at,
                currency=price.currency,
            )
        )
    return [
        Product(
            sku=row.sku,
            name=row.name,
            category=row.category.key if row.category is not None else None,
            brand=row.brand,
            uom=row.uom,
            attributes=row.attributes,
            active=row.active,
            prices=tuple(prices[row.id]),
            updated_at=row.updated_at,
        )
        for row in found
    ]
