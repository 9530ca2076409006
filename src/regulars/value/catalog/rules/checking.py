"""What a product, a category, an attribute or a count of stock may say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from regulars.kernel import money
from regulars.kernel.errors import Invalid
from regulars.kernel.reading import KEY, Fault
from regulars.value.catalog.terms import Attribute, AttributeType, Count, Price, ProductTold

MOST_PRICES = 500
MOST_MINOR = 10**15
MOST_STOCK = Decimal(10**11)
_PLACES = Decimal(1).scaleb(-6)
_SLUG = "must be lower-case letters, digits, '_', '.' or '-', at most 64"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}\Z", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def product_faults(
    told: ProductTold,
    *,
    attributes: Mapping[str, Attribute],
    categories: frozenset[str],
    brands: frozenset[str],
    channels: frozenset[str],
    stores: frozenset[str],
) -> list[Fault]:
    """Every fault of a product, beside what the program has: declared attributes, categories, brands and so on."""
    faults = _text_faults("sku", told.sku, 100) + _text_faults("name", told.name, 300)
    if len(told.uom) > 20 or _CONTROL.search(told.uom):
        faults.append(("uom", "must be at most 20 characters"))
    if told.category is not None and told.category not in categories:
        faults.append(("category", f"there is no category {told.category!r}"))
    if told.brand is not None and told.brand not in brands:
        faults.append(("brand", f"there is no brand {told.brand!r}"))
    for key, value in told.attributes.items():
        declared = attributes.get(key)
        if declared is None:
            faults.append((f"attributes.{key[:60]}", "is not declared"))
        elif wrong := _misfit(declared, value):
            faults.append((f"attributes.{key}", wrong))
    prices = told.prices or ()
    if len(prices) > MOST_PRICES:
        faults.append(("prices", f"at most {MOST_PRICES}"))
    seen = set()
    for n, price in enumerate(prices):
        faults += [(f"prices.{n}.{path}", message) for path, message in _price_faults(price, channels, stores)]
        place = (price.channel, price.store, price.starts_at, price.currency)
        if place in seen:
            faults.append((f"prices.{n}", "another price for the same channel, store and beginning is told already"))
        seen.add(place)
    return faults


def _text_faults(name: str, text: str, longest: int) -> list[Fault]:
    if not text.strip() or len(text) > longest or _CONTROL.search(text):
        return [(name, f"must be 1 to {longest} characters, none of them invisible")]
    return []


def _misfit(declared: Attribute, value: Any) -> str:
    kind = declared.type
    if kind is AttributeType.FLAG:
        return "" if isinstance(value, bool) else "must be true or false"
    if kind is AttributeType.NUMBER:
        is_whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MOST_MINOR
        return "" if is_whole else "must be a whole number"
    if not isinstance(value, str) or len(value) > 500 or _CONTROL.search(value):
        return "must be a text of at most 500 characters"
    if kind is AttributeType.CHOICE and value not in declared.choices:
        return f"must be one of {', '.join(declared.choices)[:200]}"
    return ""


def _price_faults(price: Price, channels: frozenset[str], stores: frozenset[str]) -> list[Fault]:
    faults: list[Fault] = []
    if not 0 <= price.price_minor <= MOST_MINOR:
        faults.append(("price_minor", "must be 0 or more"))
    if price.member_minor is not None and not 0 <= price.member_minor <= price.price_minor:
        faults.append(("member_minor", "must be 0 or more, and not above the price"))
    if price.channel and price.channel not in channels:
        faults.append(("channel", f"there is no channel {price.channel!r}"))
    if price.store is not None and price.store not in stores:
        faults.append(("store", f"there is no store {price.store!r}"))
    if price.starts_at and price.ends_at and price.ends_at <= price.starts_at:
        faults.append(("ends_at", "must be after starts_at"))
    if price.currency is not None:
        try:
            money.exponent(price.currency)
        except Invalid as no:
            faults += [("currency", message) for _, message in no.errors]
    return faults


def category_faults(*, key: str, parent: str | None, parents: Mapping[str, str | None]) -> list[Fault]:
    """Every fault of a category in the tree that would be: `parents` maps each key to the one it lies below."""
    if not KEY.match(key):
        return [("key", _SLUG)]
    at, seen = parent, {key}
    while at is not None:
        if at not in parents:
            return [("parent", f"there is no category {at!r}")]
        if at in seen:
            return [("parent", f"{key!r} would lie below itself")]
        seen.add(at)
        at = parents[at]
    return [("parent", "at most 20 levels")] if len(seen) > 20 else []


def attribute_faults(told: Attribute) -> list[Fault]:
    """Every fault of a declared attribute."""
    faults: list[Fault] = []
    if not _NAME.match(told.key):
        faults.append(("key", "must be small letters, digits and _, beginning with a letter"))
    if (told.type is AttributeType.CHOICE) != bool(told.choices):
        faults.append(("choices", "are needed for the type choice, and for no other"))
    if len(told.choices) > 500 or any(not 0 < len(c) <= 200 or _CONTROL.search(c) for c in told.choices):
        faults.append(("choices", "at most 500, each of 1 to 200 characters"))
    return faults


def count_faults(told: Count, *, skus: frozenset[str], stores: frozenset[str]) -> list[Fault]:
    """Every fault of a count of stock, with the skus and stores that are known."""
    faults: list[Fault] = []
    if told.sku not in skus:
        faults.append(("sku", f"there is no product {told.sku!r}"[:200]))
    if told.store is not None and told.store not in stores:
        faults.append(("store", f"there is no store {told.store!r}"[:200]))
    amount = told.quantity
    if amount is not None and not (
        amount.is_finite() and 0 <= amount < MOST_STOCK and amount == amount.quantize(_PLACES)
    ):
        faults.append(("quantity", "must be 0 or more, below 100 billion, with at most 6 decimals"))
    return faults
