"""Counts of stock: what somebody found in a store starts a new reckoning there."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.db import connection, transaction

from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.value.catalog import rules
from regulars.value.catalog.models import ProductRow, StockRow
from regulars.value.catalog.services import places
from regulars.value.catalog.terms import MOST_AT_ONCE, Count, Done, Stock, UnknownProduct

_PUT = (
    "with told as (select * from unnest(%s::bigint[], %s::bigint[], %s::numeric[], %s::boolean[], %s::timestamptz[])"
    " as t(product_id, store_id, quantity, tracked, counted_at))"
    " insert into catalog_stock as s"
    " (program_id, product_id, store_id, tracked, quantity, counted, counted_at, taken, given_back)"
    " select %s, t.product_id, t.store_id, t.tracked, t.quantity, t.quantity, t.counted_at, 0, 0"
    " from told t order by t.product_id, t.store_id"
    " on conflict (product_id, (coalesce(store_id, 0))) do update set tracked = excluded.tracked,"
    " quantity = excluded.quantity, counted = excluded.counted, counted_at = excluded.counted_at, taken = 0,"
    " given_back = 0 where s.counted_at < excluded.counted_at or (s.counted_at = excluded.counted_at"
    " and (s.counted, s.tracked) is distinct from (excluded.counted, excluded.tracked))"
    " returning product_id, coalesce(store_id, 0), (xmax = 0)"
)


def count_stock(*, program_id: int, batch: Sequence[Count]) -> list[Done]:
    """Take over counts, at most a thousand; each stands for itself. `quantity` None: not tracked there any more.

    A count starts a new reckoning: what was sold before it is in it. A count that is older than the last one, or the
    same again (with its `counted_at`), changes nothing and says so.

    Raises: Invalid for too many at once; Busy.
    """
    if len(batch) > MOST_AT_ONCE:
        raise Invalid(errors=[("items", f"at most {MOST_AT_ONCE} at once")])
    now = clock.now()
    products = dict(
        ProductRow.objects.filter(program_id=program_id, sku__in={one.sku for one in batch}).values_list("sku", "id")
    )
    stores = places.stores(program_id, [one.store for one in batch])
    faults: list[list[tuple[str, str]]] = []
    first: dict[tuple[str, str | None], int] = {}
    good: list[Count] = []
    for n, one in enumerate(batch):
        found = rules.count_faults(one, skus=frozenset(products), stores=frozenset(stores))
        if first.setdefault((one.sku, one.store), n) != n:
            found.append(("sku", "is told twice for one store in this batch"))
        if not found:
            good.append(one)
        faults.append(found)
    written: dict[tuple[int, int], bool] = {}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            _PUT,
            [
                [products[one.sku] for one in good],
                [stores[one.store].id if one.store is not None else None for one in good],
                [one.quantity if one.quantity is not None else Decimal(0) for one in good],
                [one.quantity is not None for one in good],
                [min(one.counted_at or now, now) for one in good],
                program_id,
            ],
        )
        written = {(product, store): is_new for product, store, is_new in cursor.fetchall()}

    def done(one: Count, found: list[tuple[str, str]]) -> Done:
        if found:
            return Done(key=one.sku, outcome="refused", errors=tuple(found))
        is_new = written.get((products[one.sku], stores[one.store].id if one.store is not None else 0))
        return Done(key=one.sku, outcome="unchanged" if is_new is None else "created" if is_new else "changed")

    return [done(one, found) for one, found in zip(batch, faults, strict=True)]


def stock_of(*, program_id: int, sku: str) -> list[Stock]:
    """What lies of a product in each store, at most 1,000 stores, by store.

    Raises: UnknownProduct.
    """
    product = ProductRow.objects.filter(program_id=program_id, sku=sku).first()
    if product is None:
        raise UnknownProduct(f"There is no product {sku!r}."[:200])
    rows = StockRow.objects.filter(product=product).select_related("store", "product")
    return [_stock(row) for row in rows.order_by("store__key")[:MOST_AT_ONCE]]


def stock(*, program_id: int, store: str | None, after: str = "", limit: int = 100) -> list[Stock]:
    """What lies in one store, by sku, after a sku, at most `limit`.

    Raises: NoStore.
    """
    rows = StockRow.objects.filter(program_id=program_id, product__sku__gt=after).select_related("store", "product")
    if store is None:
        rows = rows.filter(store=None)
    else:
        found = places.store(program_id, store)
        rows = rows.filter(store_id=found.id)
    return [_stock(row) for row in rows.order_by("product__sku")[:limit]]


def _stock(row: StockRow) -> Stock:
    return Stock(
        sku=row.product.sku,
        store=row.store.key if row.store is not None else None,
        tracked=row.tracked,
        quantity=row.quantity,
        counted=row.counted,
        counted_at=row.counted_at,
        taken=row.taken,
        given_back=row.given_back,
    )
