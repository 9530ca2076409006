"""Gifts that a basket's promotions bring: which goods leave the shop with it, and which of them were told already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from regulars.kernel.reading import Fault
from regulars.value.catalog.terms import Goods
from regulars.value.orders.terms.closing import GiftGiven
from regulars.value.promotions.terms import Line, LineKind

Stock = tuple[tuple[str, Decimal], ...]


def gifts_of(brought: Iterable[tuple[str, str, Mapping[str, Any]]], lines: Sequence[Line]) -> tuple[GiftGiven, ...]:
    """The gifts that a basket brings by itself: those of one certain sku that no line of it names already.

    Of a gift to choose from nothing is given until a line says which.

    Args: brought: (promotion, kind, body) of each outcome.
    """
    named = {_promotion(line) for line in lines if line.kind == LineKind.REWARD}
    return tuple(
        [
            GiftGiven(promotion, body["sku"], int(body.get("quantity", 1)))
            for promotion, kind, body in brought
            if kind == "gift" and body.get("sku") and promotion not in named
        ]
    )


def faults(brought: Iterable[tuple[str, str, Mapping[str, Any]]], lines: Sequence[Line]) -> list[Fault]:
    """The lines that claim a gift which no promotion of the basket gives: another one, more of it, or for money."""
    left: dict[tuple[str, str], Decimal] = {}
    chosen: dict[str, Decimal] = {}
    for promotion, kind, body in brought:
        if kind != "gift":
            continue
        quantity = Decimal(int(body.get("quantity", 1)))
        chosen[promotion] = chosen.get(promotion, Decimal(0)) + quantity
        for sku in (body["sku"],) if body.get("sku") else body.get("choose_from", ()):
            left[promotion, sku] = left.get((promotion, sku), Decimal(0)) + quantity
    found: list[Fault] = []
    for line in lines:
        claimed = _promotion(line)
        if line.kind != LineKind.REWARD or claimed is None:
            continue
        has = min(left.get((claimed, line.sku), Decimal(0)), chosen.get(claimed, Decimal(0)))
        if line.amount_minor or not 0 < line.quantity <= has:
            found.append((f"lines.{line.n - 1}", f"promotion {claimed!r} gives no such gift with this basket"))
            continue
        left[claimed, line.sku] -= line.quantity
        chosen[claimed] -= line.quantity
    return found


def _promotion(line: Line) -> str | None:
    said = line.attributes.get("promotion") if line.attributes else None
    return said if isinstance(said, str) else None


def in_stock(
    gifts: Sequence[GiftGiven], goods: Mapping[str, Goods], taken: Stock
) -> tuple[tuple[GiftGiven, ...], Stock]:
    """The gifts that are there, while stocks last, and all that the basket then takes from tracked stock.

    What is bought comes first: a gift never takes the last one from somebody who pays for it.
    """
    wanted = dict(taken)
    given = []
    for gift in gifts:
        known = goods.get(gift.sku)
        if known is not None and known.tracked:
            after = wanted.get(gift.sku, Decimal(0)) + gift.quantity
            if known.stock is None or known.stock < after:
                continue
            wanted[gift.sku] = after
        given.append(gift)
    return tuple(given), tuple(sorted(wanted.items()))
