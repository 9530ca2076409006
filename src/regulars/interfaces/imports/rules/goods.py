"""Rows of products and of counts, read; the first fault of a row is its reason."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from datetime import datetime
from decimal import Decimal, InvalidOperation

from regulars.interfaces.imports.rules.people import Faulty, day_of, instant_of
from regulars.interfaces.imports.terms import Mapping
from regulars.kernel import clock, money
from regulars.kernel.errors import Invalid
from regulars.value.catalog.terms import Attribute, AttributeType, Count, Price

Row = MappingOf[str, str | None]
_YES, _NO = frozenset("1 true yes y t".split()), frozenset("0 false no n f".split())
_MOST = Decimal(10) ** 15


def price_of(row: Row, *, mapping: Mapping, zone: str, currency: str) -> Price | None:
    """The price that a row tells; None when its column is empty. `ends_on` is inclusive, days are of the zone.

    Args: currency: of the place, if the row and the mapping say none.
    Raises: Faulty.
    """
    text = row.get("price")
    if not text:
        return None
    said = row.get("currency") or mapping.currency
    starts, ends = row.get("starts_on"), row.get("ends_on")
    member = row.get("member_price")
    return Price(
        price_minor=_minor(text, said or currency, mapping, "price"),
        member_minor=_minor(member, said or currency, mapping, "member_price") if member else None,
        channel=row.get("channel") or "",
        store=row.get("store") or None,
        starts_at=clock.day_starts(day_of(starts, mapping, "starts_on"), zone) if starts else None,
        ends_at=clock.day_ends(day_of(ends, mapping, "ends_on"), zone) if ends else None,
        currency=said,
    )


def _minor(text: str, currency: str, mapping: Mapping, name: str) -> int:
    amount = number_of(text, name)
    try:
        exact = amount if mapping.minor_units else amount.scaleb(money.exponent(currency))
    except Invalid as no:
        raise Faulty("bad:currency") from no
    if exact != exact.to_integral_value() or not 0 <= exact <= _MOST:
        raise Faulty(f"bad_number:{name}")
    return int(exact)


def number_of(text: str, name: str) -> Decimal:
    """A plain decimal number.

    Raises: Faulty.
    """
    try:
        number = Decimal(text)
    except InvalidOperation as no:
        raise Faulty(f"bad_number:{name}") from no
    if not number.is_finite() or len(text) > 30:
        raise Faulty(f"bad_number:{name}")
    return number


def flag_of(text: str | None, name: str) -> bool:
    """Yes or no: `1`, `true`, `yes`, `0`, `false`, `no`; nothing is yes.

    Raises: Faulty.
    """
    word = (text or "1").strip().lower()
    if word not in _YES | _NO:
        raise Faulty(f"bad:{name}")
    return word in _YES


def attribute_of(text: str, declared: Attribute | None) -> str | int | bool:
    """A value as its declared type takes it; whether it fits is the catalog's to say.

    Raises: Faulty.
    """
    if declared is None or declared.type in (AttributeType.TEXT, AttributeType.CHOICE):
        return text
    if declared.type is AttributeType.FLAG:
        return flag_of(text, declared.key)
    number = number_of(text, declared.key)
    if number != number.to_integral_value() or abs(number) > _MOST:
        raise Faulty(f"bad_number:{declared.key}")
    return int(number)


def count_of(row: Row, *, mapping: Mapping) -> Count:
    """A count as a row tells it; an empty quantity: not tracked.

    Raises: Faulty.
    """
    sku, told = row.get("sku"), row.get("counted_at")
    if not sku or not told:
        raise Faulty(f"missing:{'counted_at' if sku else 'sku'}")
    at: datetime = instant_of(told, mapping=mapping, name="counted_at")
    quantity = row.get("quantity")
    return Count(sku, row.get("store") or None, number_of(quantity, "quantity") if quantity else None, at)
