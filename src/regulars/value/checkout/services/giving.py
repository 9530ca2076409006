"""The gifts of a decided basket, with the stock that they need."""

from __future__ import annotations

from typing import NamedTuple

from regulars.kernel.errors import Invalid
from regulars.value.catalog import services as catalog
from regulars.value.checkout.rules import giving
from regulars.value.checkout.rules.giving import Stock
from regulars.value.checkout.services.deciding import Decided
from regulars.value.checkout.services.following import brought
from regulars.value.orders.terms.closing import GiftGiven


class Given(NamedTuple):
    """The gifts that go with a basket, and all that it takes from tracked stock with them."""

    gifts: tuple[GiftGiven, ...]
    stock: Stock


def given(decided: Decided) -> Given:
    """What a basket that is about to be paid gives away, as far as it is there.

    Raises: Invalid for lines that claim a gift which the basket does not bring.
    """
    lines = decided.question.basket.lines
    outcomes = tuple(brought(decided.verdict.pricing.outcomes))
    faults = giving.faults(outcomes, lines)
    if faults:
        raise Invalid(errors=faults)
    gifts = giving.gifts_of(outcomes, lines)
    if not gifts:
        return Given((), decided.stock)
    asked = decided.asked
    goods = catalog.goods(
        program_id=asked.program_id,
        store_id=asked.place.store_id,
        channel=asked.told.channel,
        skus=[gift.sku for gift in gifts],
        at=asked.occurred_at,
        currency=asked.told.currency,
    )
    return Given(*giving.in_stock(gifts, goods, decided.stock))
