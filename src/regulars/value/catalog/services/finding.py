"""Goods as a basket needs to see them, and who may buy them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import orjson
from django.db import connection

from regulars.kernel import clock
from regulars.value.catalog import rules
from regulars.value.catalog.terms import Goods, Right

_SQL = (
    "select sku, name, category, categories, brand, attributes::text, price_minor, member_minor, rights::text, stock,"
    " tracked from catalog_goods(%s::int, %s::bigint, %s::text, %s::text[], %s::timestamptz, %s::text)"
)


def goods(
    *,
    program_id: int,
    store_id: int | None,
    channel: str,
    skus: Iterable[str],
    at: datetime | None = None,
    currency: str | None = None,
) -> dict[str, Goods]:
    """What the catalog knows of these skus in one place; unknown ones are left out, and never stop a sale.

    Args: at: for which moment prices and rights are asked, now if left out. currency: of the prices, the program's
        if left out.
    """
    asked = sorted(set(skus))
    with connection.cursor() as cursor:
        cursor.execute(_SQL, [program_id, store_id, channel, asked, at or clock.now(), currency])
        return {row[0]: goods_of(row) for row in cursor.fetchall()}


def goods_of(row: Sequence[Any]) -> Goods:
    """A row of `catalog_goods` (its columns in order; jsonb parsed or as text) as a value."""
    sku, name, category, categories, brand, attributes, price, member, rights, stock, tracked = row
    return Goods(
        sku=sku,
        name=name,
        category=category,
        categories=tuple(categories),
        brand=brand,
        attributes=_json(attributes),
        price_minor=price,
        member_minor=member,
        rights=rights_of(_json(rights)),
        stock=Decimal(str(stock)) if stock is not None else None,
        tracked=tracked,
    )


def rights_of(bodies: Iterable[Mapping[str, Any]]) -> tuple[Right, ...]:
    """The column `rights` of `catalog_goods`, as values."""
    return tuple([rules.read_right(body) for body in bodies])


def _json(value: Any) -> Any:
    return orjson.loads(value) if isinstance(value, str | bytes) else value


def line_minor(*, unit_minor: int, quantity: Decimal) -> int:
    """What a line costs at a price per unit, in minor units; halves away from zero, rounded once.

    >>> line_minor(unit_minor=333, quantity=Decimal("0.5"))
    167
    """
    return int((unit_minor * quantity).quantize(Decimal(1), rounding=ROUND_HALF_UP))
