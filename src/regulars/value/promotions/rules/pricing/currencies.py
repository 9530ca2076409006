"""Whose amounts are money: they are in the program's currency, and mean nothing in a store of another one."""

from __future__ import annotations

from regulars.value.promotions.rules.pricing.offers import Offer
from regulars.value.promotions.terms import (
    Action,
    AmountOff,
    Bundle,
    Effect,
    FixedPrice,
    StackingPolicy,
    Thresholds,
    Unapplied,
)

_CURRENCY = "basket.currency"
_AMOUNTS = frozenset(  # facts that are minor units of the basket's currency
    "basket.total_minor basket.goods_minor basket.categories basket.brands tender.minor line.amount_minor"
    " line.member_minor".split()
)


def has_money(offer: Offer, stacking: StackingPolicy) -> bool:
    """Whether an amount of money decides about an offer: its own, or a cap on what it takes off with others.

    A condition that asks for amounts has some, unless it also asks for the currency: then it knows what it compares.
    """
    said = offer.promotion
    return (
        bool(said.min.minor or said.budget)
        or said.cap_minor is not None
        or any(limit.action is Action.MINOR for limit in said.limits)
        or any(_is_amount(effect) for effect in said.effects)
        or (not offer.names.isdisjoint(_AMOUNTS) and _CURRENCY not in offer.names)
        or (bool(offer.cuts) and _is_capped(offer, stacking))
    )


def _is_amount(effect: Effect) -> bool:
    return isinstance(effect, AmountOff | FixedPrice | Bundle | Thresholds)


def _is_capped(offer: Offer, stacking: StackingPolicy) -> bool:
    group = stacking.groups.get(offer.group) if offer.group is not None else None
    return stacking.cap_minor is not None or (group is not None and group.cap_minor is not None)


def differs(offer: Offer, currency: str) -> Unapplied:
    """Why an offer with money does not act in another currency. Args: currency: of its amounts, the program's."""
    return offer.refusal("currency_differs", f"Its amounts are in {currency}.")
