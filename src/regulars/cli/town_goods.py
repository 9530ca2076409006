"""The goods of the demonstration town: what its shops sell, at which price, and how many lie in each."""

from __future__ import annotations

from decimal import Decimal

from regulars.people.programs import services as programs
from regulars.people.programs.terms import Program
from regulars.simulator.goods import CATALOG, CATEGORIES
from regulars.value.catalog import services as catalog
from regulars.value.catalog.terms import Category, Count, Price, ProductTold

HOW_MANY = len(CATALOG)
_TRACKED = frozenset(("home", "gifts"))  # what is made in the shop is not counted
_MEMBERS_PAY = frozenset(("bakery", "care"))  # nine tenths


def fill(program: Program) -> None:
    """Categories, products with prices, and counts of what stands on the shelves; harmless when repeated."""
    catalog.put_categories(program_id=program.id, batch=[Category(key=key) for key in CATEGORIES])
    catalog.put_many(
        program_id=program.id,
        batch=[
            ProductTold(
                sku=goods.sku,
                name=goods.name,
                category=goods.category,
                prices=(
                    Price(goods.price_minor, goods.price_minor * 9 // 10 if goods.category in _MEMBERS_PAY else None),
                ),
            )
            for goods in CATALOG
        ],
    )
    shops = [s["key"] for s in programs.describe(program.id)["stores"] if s["kind"] == "store"]
    catalog.count_stock(
        program_id=program.id,
        batch=[
            Count(goods.sku, shop, Decimal(20 + (place * 7 + n * 3) % 40))
            for place, shop in enumerate(shops)
            for n, goods in enumerate(CATALOG)
            if goods.category in _TRACKED
        ],
    )
