"""What the rest of a document names, so that rules and promotions speak only of what there is."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from regulars.kernel import money
from regulars.kernel.errors import Invalid
from regulars.kernel.reading import Reader
from regulars.value.promotions.rules import conditions
from regulars.value.promotions.terms import COUPON, Rate

_MOST_MINOR = 10**15


class Known:
    """What else the document names: rules may only speak of these. None is "not known, not checked"."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.currency = _currency(document)
        self.units = _keys(document, "units")
        self.brands = _keys(document, "brands")
        self.stores = _keys(document, "stores")
        self.channels = _keys(document, "channels")
        self.audiences = _keys(document, "audiences")
        self.rules = _keys(document, "earn_rules") or frozenset()
        self.templates = _keys(document, "coupon_templates")
        self.plans = _keys(document, "plans")
        self.benefits = _keys(document, "benefits")
        self.given = _given(document.get("benefits"))
        self.promotions = (_keys(document, "promotions") or frozenset()) | {
            f"{COUPON}{key}" for key in self.templates or ()
        }
        self.ladders = _ladders(document.get("ladders"))
        self.tiers = (
            None if self.ladders is None else frozenset(k for levels in self.ladders.values() for k in levels)
        )


def _keys(document: Mapping[str, Any], section: str) -> frozenset[str] | None:
    entries = document.get(section)
    if not isinstance(entries, list):
        return None
    return frozenset(e["key"] for e in entries if isinstance(e, Mapping) and isinstance(e.get("key"), str))


def _given(said: Any) -> frozenset[str]:
    """Benefits that no sale uses: those that give something themselves, come by themselves, or are a choice."""
    entries = [e for e in said if isinstance(e, Mapping)] if isinstance(said, list) else []
    return frozenset([str(e.get("key")) for e in entries if e.get("gives") or e.get("kind") == "choice"])


def _ladders(said: Any) -> dict[str, frozenset[str]] | None:
    if not isinstance(said, list):
        return None
    return {
        x["key"]: _keys(x, "levels") or frozenset()
        for x in said
        if isinstance(x, Mapping) and isinstance(x.get("key"), str)
    }


def _currency(document: Mapping[str, Any]) -> str:
    program = document.get("program")
    said = program.get("currency") if isinstance(program, Mapping) else None
    return said if isinstance(said, str) and len(said) == 3 and said.isascii() and said.isupper() else "XXX"


def condition(entry: Reader, name: str, *, of_line: bool) -> str | None:
    """A condition in CEL, compiled once to see its faults; None where nothing is said."""
    text = entry.text(name) if entry.has(name) else entry.raw(name)
    if not text:
        if entry.has(name):
            entry.fault(name, "is empty; leave it out where every one counts")
        return None
    try:
        (conditions.of_line if of_line else conditions.of_basket)(text)
    except Invalid as error:
        for at, message in error.errors:
            entry.fault(name, f"{at}: {message}" if at else message)
    return str(text)


def rates(entry: Reader, known: Known) -> dict[str, Rate]:
    """How many units each whole amount of money gives, by currency."""
    said = entry.child("rate")
    if said is None:
        return {}
    points = said.whole("points", least=1, most=10**9)
    if points is None and not said.has("points"):
        said.fault("points", "is missing")
    per = said.raw("per")
    if per is None:
        said.fault("per", "is missing: the money that earns the points, in major units")
    amounts = per if isinstance(per, Mapping) else {} if per is None else {known.currency: per}
    said.done()
    out = {}
    for currency, amount in amounts.items():
        name = f"per.{currency}" if isinstance(per, Mapping) else "per"
        minor = _minor(said, name, amount, currency)
        if minor and points:
            out[currency] = Rate(points=points, per_minor=minor)
    return out


def _minor(entry: Reader, name: str, amount: Any, currency: Any) -> int | None:
    try:
        decimals = money.exponent(currency) if isinstance(currency, str) else 0
    except Invalid:
        decimals = -1
    if not isinstance(currency, str) or decimals < 0:
        entry.fault("per", "must be an amount, or map currencies of three capital letters to amounts")
        return None
    number: Decimal | None = entry.number(name, amount)
    if number is None:
        return None
    minor = number.scaleb(decimals)
    if minor <= 0 or minor != minor.to_integral_value() or minor > _MOST_MINOR:
        entry.fault(name, f"must be an amount above zero with at most {decimals} decimals")
        return None
    return int(minor)
