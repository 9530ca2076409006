"""What was sent, read into an order or a return; every fault is listed with its path."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from regulars.kernel.errors import Invalid
from regulars.value.orders.rules.checking import Faults, attribute_fault, check_order, check_return
from regulars.value.orders.terms import DEFAULT_SOURCE, MOST_LINES, MOST_TENDERS, Back, OrderTold, ReturnTold
from regulars.value.promotions.terms import Line, LineKind, Tender

MOST_FAULTS = 100
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_QUANTITY = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?", re.A)
_RATE = re.compile(r"[0-9](\.[0-9]{1,6})?", re.A)
_CURRENCY = re.compile(r"[A-Z]{3}")
_KINDS = frozenset(k.value for k in LineKind)
_MISSING: Mapping[str, Any] = {}

_ORDER = frozenset("source ref member identifier channel store currency occurred_at lines tenders attributes".split())
_LINE = frozenset(
    "id sku quantity uom amount_minor unit_price tax_rate tax_included"
    " category brand kind description attributes".split()
)
_RETURN = frozenset("source ref order order_source member identifier occurred_at lines".split())
_BACK = frozenset("id sku quantity amount_minor".split())


def _unknown(body: Mapping[str, Any], known: frozenset[str], at: str, faults: Faults) -> None:
    for name in body.keys() - known:
        faults.append((f"{at}{str(name)[:60]}", "is not a field here"))


def _is_clean(text: str) -> bool:
    return text.isprintable() or not any(c < " " or c == "\x7f" or "\ud800" <= c <= "\udfff" for c in text)


def _text(
    body: Mapping[str, Any], name: str, at: str, faults: Faults, most: int, is_needed: bool = False
) -> str | None:
    value = body.get(name)
    if value is None:
        if is_needed:
            faults.append((at + name, "is missing"))
        return None
    if type(value) is not str:
        faults.append((at + name, "must be text"))
    elif not 0 < len(value) <= most:
        faults.append((at + name, f"must have 1 to {most} characters"))
    elif not _is_clean(value):
        faults.append((at + name, "must not contain control characters"))
    else:
        return value
    return None


def _minor(body: Mapping[str, Any], name: str, at: str, faults: Faults, is_needed: bool = True) -> int:
    value = body.get(name)
    if type(value) is int:
        return value
    if value is not None or is_needed:
        faults.append((at + name, "must be a whole number of minor units" if value is not None else "is missing"))
    return 0


def _quantity(body: Mapping[str, Any], at: str, faults: Faults) -> Decimal:
    value = body.get("quantity")
    if type(value) is int:
        value = str(value)
    if type(value) is not str or not _QUANTITY.fullmatch(value):
        says = 'must be a decimal number as text, at most 12 digits before the point and 6 after, such as "1.250"'
        faults.append((f"{at}quantity", says if value is not None else "is missing"))
        return Decimal(1)
    return Decimal(value)


def _instant(body: Mapping[str, Any], name: str, faults: Faults) -> datetime:
    value = body.get(name)
    try:
        at = datetime.fromisoformat(value) if type(value) is str else value
    except ValueError:
        at = None
    if not isinstance(at, datetime) or at.tzinfo is None or at.utcoffset() is None:
        says = "must be an instant with its offset, such as 2026-05-01T09:30:00+08:00"
        faults.append((name, says if value is not None else "is missing"))
        return _EARLIEST
    return at


def _source(body: Mapping[str, Any], name: str, faults: Faults) -> str:
    return _text(body, name, "", faults, 60) or DEFAULT_SOURCE


def _attributes(body: Mapping[str, Any], at: str, faults: Faults) -> Mapping[str, Any] | None:
    value = body.get("attributes")
    if value is None:
        return None
    if wrong := attribute_fault(value):
        faults.append((f"{at}attributes", wrong))
        return None
    return value or None


def _list(body: Mapping[str, Any], name: str, most: int, faults: Faults, is_needed: bool = True) -> Sequence[Any]:
    value = body.get(name)
    if value is None and not is_needed:
        return ()
    if not isinstance(value, list | tuple):
        faults.append((name, "must be a list" if value is not None else "is missing"))
        return ()
    if len(value) > most or (is_needed and not value):
        faults.append((name, f"must have 1 to {most} entries; it has {len(value)}"))
        return ()
    return value


def _each(values: Iterable[Any], name: str, faults: Faults) -> Iterable[tuple[int, str, Mapping[str, Any]]]:
    for i, value in enumerate(values):
        if len(faults) > MOST_FAULTS:
            return
        if isinstance(value, Mapping):
            yield i, f"{name}.{i}.", value
        else:
            faults.append((f"{name}.{i}", "must be an object"))


def _identifier(body: Mapping[str, Any], faults: Faults) -> tuple[str | None, tuple[str, str] | None]:
    member = _text(body, "member", "", faults, 200)
    told = body.get("identifier")
    if told is None:
        return member, None
    if not isinstance(told, Mapping):
        faults.append(("identifier", "must be an object with type and value"))
        return member, None
    _unknown(told, frozenset(("type", "value")), "identifier.", faults)
    kind = _text(told, "type", "identifier.", faults, 40, is_needed=True)
    value = _text(told, "value", "identifier.", faults, 300, is_needed=True)
    if member is not None:
        faults.append(("identifier", "cannot be said together with member; say one of them"))
    return member, (kind, value) if kind and value else None


def _rate(body: Mapping[str, Any], at: str, faults: Faults) -> Decimal | None:
    value = body.get("tax_rate")
    if value is None:
        return None
    if type(value) is not str or not _RATE.fullmatch(value):
        faults.append((f"{at}tax_rate", 'must be a fraction as text with at most 6 decimals, such as "0.2"'))
        return None
    return Decimal(value)


def _line(i: int, at: str, told: Mapping[str, Any], faults: Faults) -> Line:
    kind = told.get("kind")
    if kind is None:
        kind = "goods"
    if type(kind) is not str or kind not in _KINDS:
        faults.append((f"{at}kind", f"must be one of {', '.join(sorted(_KINDS))}"))
        kind = "goods"
    included = told.get("tax_included", True)
    if type(included) is not bool:
        faults.append((f"{at}tax_included", "must be true or false"))
        included = True
    price = told.get("unit_price")
    if price is not None and (type(price) is not str or not _QUANTITY.fullmatch(price)):
        faults.append((f"{at}unit_price", "must be a decimal number as text"))
    return Line(
        id=_text(told, "id", at, faults, 100, is_needed=True) or "",
        n=i + 1,
        sku=_text(told, "sku", at, faults, 200, is_needed=True) or "",
        quantity=_quantity(told, at, faults),
        amount_minor=_minor(told, "amount_minor", at, faults),
        uom=_text(told, "uom", at, faults, 20) or "",
        tax_rate=_rate(told, at, faults),
        tax_included=included,
        kind=kind,
        category=_text(told, "category", at, faults, 200),
        brand=_text(told, "brand", at, faults, 200),
        attributes=_attributes(told, at, faults) or _MISSING,
    )


def _is_object(body: Any) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise Invalid(errors=[("", "must be a JSON object")])
    return body


def read_order(body: Any) -> OrderTold:
    """The order that a JSON body tells (the form is in the API's reference).

    `unit_price` is for display and is not kept. Raises: Invalid with every fault (about the first hundred).
    """
    told = _is_object(body)
    faults: Faults = []
    _unknown(told, _ORDER, "", faults)
    lines: list[Line] = []
    descriptions: list[str | None] = []
    for i, at, line in _each(_list(told, "lines", MOST_LINES, faults), "lines", faults):
        if not line.keys() <= _LINE:
            _unknown(line, _LINE, at, faults)
        lines.append(_line(i, at, line, faults))
        descriptions.append(_text(line, "description", at, faults, 500) if "description" in line else None)
    tenders = []
    for _, at, tender in _each(_list(told, "tenders", MOST_TENDERS, faults, is_needed=False), "tenders", faults):
        _unknown(tender, frozenset(("type", "amount_minor", "token")), at, faults)
        kind = _text(tender, "type", at, faults, 60, is_needed=True) or ""
        tenders.append(
            Tender(kind, _minor(tender, "amount_minor", at, faults), _text(tender, "token", at, faults, 300))
        )
    member, identifier = _identifier(told, faults)
    currency = _text(told, "currency", "", faults, 3, is_needed=True) or ""
    if currency and not _CURRENCY.fullmatch(currency):
        faults.append(("currency", "must be an ISO 4217 code, such as GBP"))
    order = OrderTold(
        source=_source(told, "source", faults),
        ref=_text(told, "ref", "", faults, 200, is_needed=True) or "",
        member=member,
        identifier=identifier,
        channel=_text(told, "channel", "", faults, 64, is_needed=True) or "",
        store=_text(told, "store", "", faults, 64),
        currency=currency,
        occurred_at=_instant(told, "occurred_at", faults),
        lines=tuple(lines),
        tenders=tuple(tenders),
        descriptions=tuple(descriptions) if any(descriptions) else (),
        attributes=_attributes(told, "", faults),
    )
    faults += check_order(order) if not faults else []
    if faults:
        raise Invalid(errors=faults)
    return order


def read_return(body: Any, *, order: str | None = None) -> ReturnTold:
    """The return that a JSON body tells.

    Args: order: the order named elsewhere (in the address of the call). Raises: Invalid with every fault.
    """
    told = _is_object(body)
    faults: Faults = []
    _unknown(told, _RETURN, "", faults)
    named = order or _text(told, "order", "", faults, 200)
    backs = []
    for _, at, line in _each(_list(told, "lines", MOST_LINES, faults), "lines", faults):
        _unknown(line, _BACK, at, faults)
        ref = _text(line, "id", at, faults, 100, is_needed=named is not None)
        sku = _text(line, "sku", at, faults, 200, is_needed=named is None)
        amount = _minor(line, "amount_minor", at, faults, is_needed=False) if "amount_minor" in line else None
        backs.append(Back(_quantity(line, at, faults), ref, sku, amount))
    member, identifier = _identifier(told, faults)
    result = ReturnTold(
        source=_source(told, "source", faults),
        ref=_text(told, "ref", "", faults, 200, is_needed=True) or "",
        order=named,
        order_source=_source(told, "order_source", faults) if told.get("order_source") is not None else None,
        member=member,
        identifier=identifier,
        occurred_at=_instant(told, "occurred_at", faults),
        lines=tuple(backs),
    )
    faults += check_return(result) if not faults else []
    if faults:
        raise Invalid(errors=faults)
    return result
