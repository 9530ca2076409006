"""Stock: taken and given back by baskets."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import orjson
from django.db import connection, transaction

from regulars.kernel import postgres


def take(*, program_id: int, store_id: int | None, quantities: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Take goods out of a store's stock, all or nothing. Answers what was really taken: only tracked goods are.

    Args: store_id: None for sales without a store. quantities: by sku, above zero.
    Raises: OutOfStock with sku, wanted and left; Busy.
    """
    skus = sorted(quantities)
    with transaction.atomic():
        row = postgres.call(
            connection,
            "select coalesce(json_object_agg(sku, quantity::text), '{}')::text"
            " from catalog_take(%s::int, %s::bigint, %s::text[], %s::numeric[])",
            (program_id, store_id, skus, [quantities[sku] for sku in skus]),
        )
    return {sku: Decimal(taken) for sku, taken in orjson.loads(row[0] if row else "{}").items()}


def give_back(*, program_id: int, store_id: int | None, quantities: Mapping[str, Decimal]) -> None:
    """Put back what `take` answered, or the part of it that is returned; what is not tracked is passed over.

    Raises: Busy.
    """
    skus = sorted(quantities)
    with transaction.atomic():
        postgres.call(
            connection,
            "select catalog_give_back(%s::int, %s::bigint, %s::text[], %s::numeric[])",
            (program_id, store_id, skus, [quantities[sku] for sku in skus]),
        )
