"""From lines told to lines decided about: the catalog's prices and facts where the till says none."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from regulars.kernel.reading import Fault
from regulars.value.catalog.services import line_minor
from regulars.value.catalog.terms import Ask, Goods
from regulars.value.checkout.terms import LineTold
from regulars.value.promotions.terms import Line

_MOST_MINOR = 10**12  # as with amounts that are told


def lines_of(told: tuple[LineTold, ...], goods: Mapping[str, Goods]) -> tuple[tuple[Line, ...], list[Fault]]:
    """The lines of a basket, and the faults of those that nobody knows a price of.

    Args: goods: what the catalog knows, by sku. Unknown goods are sold as they are told.
    """
    faults: list[Fault] = []
    lines = []
    for n, line in enumerate(told, 1):
        known = goods.get(line.sku)
        amount = line.amount_minor
        if amount is None and known is not None and known.price_minor is not None:
            amount = line_minor(unit_minor=known.price_minor, quantity=line.quantity)
        if amount is None:
            faults.append(
                (f"lines.{n - 1}.amount_minor", "is missing, and the catalog has no price for these goods here")
            )
            amount = 0
        elif max(amount, _member_minor(line, known) or 0) > _MOST_MINOR:
            faults.append((f"lines.{n - 1}.quantity", f"comes to more than {_MOST_MINOR} minor units"))
        lines.append(_line(line, n, amount, known))
    return tuple(lines), faults


def _member_minor(line: LineTold, known: Goods | None) -> int | None:
    if known is None or known.member_minor is None:
        return None
    return line_minor(unit_minor=known.member_minor, quantity=line.quantity)


def _line(line: LineTold, n: int, amount: int, known: Goods | None) -> Line:
    member_minor, category, brand = _member_minor(line, known), line.category, line.brand
    categories: tuple[str, ...] = (category,) if category else ()
    attributes = line.attributes or {}
    if known is not None:
        if category is None or category == known.category:
            category, categories = known.category, known.categories
        brand = brand if brand is not None else known.brand
        if known.attributes:
            attributes = {**known.attributes, **attributes}
    return Line(
        line.id,
        n,
        line.sku,
        line.quantity,
        amount,
        line.uom,
        line.tax_rate,
        line.tax_included,
        line.kind,
        category,
        brand,
        attributes,
        member_minor,
        categories,
    )


def asks_of(lines: tuple[Line, ...], goods: Mapping[str, Goods]) -> tuple[Ask, ...]:
    """What of a basket has rights that somebody must have."""
    return tuple(
        [
            Ask(line.n, line.sku, line.quantity, known.rights)
            for line in lines
            if (known := goods.get(line.sku)) is not None and known.rights
        ]
    )


def stock_of(lines: tuple[Line, ...], goods: Mapping[str, Goods]) -> tuple[tuple[str, Decimal], ...]:
    """What a basket takes from tracked stock, by sku."""
    wanted: dict[str, Decimal] = {}
    for line in lines:
        known = goods.get(line.sku)
        if known is not None and known.tracked and line.quantity > 0:
            wanted[line.sku] = wanted.get(line.sku, Decimal(0)) + line.quantity
    return tuple(sorted(wanted.items()))
