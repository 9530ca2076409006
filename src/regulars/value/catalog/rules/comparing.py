"""Whether goods are the same in every place where they are sold."""

from __future__ import annotations

from collections.abc import Sequence

from regulars.value.catalog.terms import Cell, Disparity, Goods


def cell(goods: Goods) -> Cell:
    """What one place says of a product."""
    sellable = not goods.tracked or (goods.stock is not None and goods.stock > 0)
    return Cell(goods.price_minor, goods.member_minor, goods.stock, sellable)


def disparity(places: Sequence[Goods], currencies: Sequence[str]) -> Disparity:
    """How a product differs between places. Prices are compared only between places of one currency.

    Stock differs where one place has none left while another can sell; how much lies where is no difference.

    Args: places: the same product in each place, at least one. currencies: of each place.
    """
    cells = tuple([cell(goods) for goods in places])
    prices: dict[str, set[int | None]] = {}
    members: dict[str, set[int | None]] = {}
    for one, currency in zip(cells, currencies, strict=True):
        prices.setdefault(currency, set()).add(one.price_minor)
        members.setdefault(currency, set()).add(one.member_minor)
    return Disparity(
        sku=places[0].sku,
        name=places[0].name,
        cells=cells,
        price_differs=any(len(found) > 1 for found in prices.values()),
        member_differs=any(len(found) > 1 for found in members.values()),
        stock_differs=len({one.sellable for one in cells}) > 1,
    )
