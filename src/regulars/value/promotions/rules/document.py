"""Earn rules and policies as a program document writes them, read with every fault, and written back canonically."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from regulars.kernel import money
from regulars.kernel.errors import Invalid
from regulars.kernel.reading import Fault, Reader
from regulars.value.promotions.rules import conditions
from regulars.value.promotions.terms import (
    EVERYTHING,
    Basis,
    Cap,
    EarnRule,
    LineKind,
    Multiplier,
    OnExcess,
    Period,
    Policies,
    Rate,
    ReturnPolicy,
)

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOST_RULES = 2_000
_MOST_CAPS = 6
_LARGEST_FACTOR = 1_000


class Known:
    """What else the document names: rules may only speak of these. None is "not known, not checked"."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.currency = _currency(document)
        self.units = _keys(document, "units")
        self.stores = _keys(document, "stores")
        self.channels = _keys(document, "channels")
        self.rules = _keys(document, "earn_rules") or frozenset()
        self.tiers = _levels(document.get("ladders"))


def _keys(document: Mapping[str, Any], section: str) -> frozenset[str] | None:
    entries = document.get(section)
    if not isinstance(entries, list):
        return None
    return frozenset(e["key"] for e in entries if isinstance(e, Mapping) and isinstance(e.get("key"), str))


def _levels(ladders: Any) -> frozenset[str] | None:
    if not isinstance(ladders, list):
        return None
    levels = [_keys(x, "levels") or frozenset() for x in ladders if isinstance(x, Mapping)]
    return frozenset(key for of_ladder in levels for key in of_ladder)


def _currency(document: Mapping[str, Any]) -> str:
    program = document.get("program")
    said = program.get("currency") if isinstance(program, Mapping) else None
    return said if isinstance(said, str) and len(said) == 3 and said.isascii() and said.isupper() else "XXX"


def read(document: Mapping[str, Any]) -> tuple[tuple[EarnRule, ...], Policies, list[Fault]]:
    """The rules and policies of a document, with every fault; other sections are only looked up for keys."""
    faults: list[Fault] = []
    known = Known(document)
    top = Reader({"earn_rules": document.get("earn_rules")}, "", faults)
    rules = tuple([_rule(entry, known) for entry in top.children("earn_rules", most=_MOST_RULES)])
    seen: set[str] = set()
    for n, rule in enumerate(rules):
        if rule.key in seen and rule.key:
            top.fault(f"earn_rules.{n}.key", f"{rule.key!r} is the key of another rule too")
        seen.add(rule.key)
    said = document.get("policies")
    policies = Policies() if said is None else _policies(Reader(said, "policies", faults))
    return rules, policies, faults


def _policies(entry: Reader) -> Policies:
    policies = Policies(
        returns=entry.choice("returns", ReturnPolicy, ReturnPolicy.PROPORTIONAL),
        claims_within_days=entry.whole("claims_within_days", 30, most=3_650) or 0,
        future_tolerance_minutes=entry.whole("future_tolerance_minutes", 10, most=1_440) or 0,
    )
    entry.done()
    return policies


def _rule(entry: Reader, known: Known) -> EarnRule:
    rule = EarnRule(
        key=entry.key(),
        name=entry.names("name"),
        unit=_unit(entry, known),
        when=_condition(entry, "when"),
        lines=_condition(entry, "lines"),
        rates=_rates(entry, known),
        fixed=entry.whole("fixed", least=1),
        per_unit=entry.whole("per_unit", least=1),
        multiplies=_multiplier(entry, known),
        starts_on=entry.day("starts_on"),
        ends_on=entry.day("ends_on"),
        weekdays=_weekdays(entry),
        stores=entry.keys("stores", known=known.stores, what="store"),
        channels=entry.keys("channels", known=known.channels, what="channel"),
        tiers=entry.keys("tiers", known=known.tiers, what="level"),
        tenders=entry.keys("tenders"),
        kinds=entry.keys("kinds", known=frozenset(k.value for k in LineKind if k != "adjustment"), what="kind"),
        basis=entry.choice("basis", Basis, Basis.AFTER_DISCOUNT),
        caps=tuple(_caps(entry)),
        priority=entry.whole("priority", 0, least=-1_000_000, most=1_000_000) or 0,
        funder=entry.key("funder", required=False) or None,
        note=entry.text("note"),
    )
    ways = [name for name in ("rate", "fixed", "per_unit", "times") if entry.has(name)]
    if len(ways) != 1:
        said = f"; this says {' and '.join(ways)}" if ways else ""
        entry.fault("", f"must say exactly one of rate, fixed, per_unit and times{said}")
    if rule.starts_on and rule.ends_on and rule.ends_on < rule.starts_on:
        entry.fault("ends_on", "lies before starts_on")
    if rule.multiplies and rule.tenders:
        entry.fault("tenders", "belongs to the multiplied rule, not to the multiplier")
    if rule.multiplies and entry.has("basis"):
        entry.fault("basis", "belongs to the multiplied rule, not to the multiplier")
    entry.done()
    return rule


def _unit(entry: Reader, known: Known) -> str:
    unit = entry.key("unit")
    if unit and known.units is not None and unit not in known.units:
        entry.fault("unit", f"there is no unit {unit!r} in this program")
    return unit


def _condition(entry: Reader, name: str) -> str | None:
    text = entry.text(name) if entry.has(name) else entry.raw(name)
    if not text:
        if entry.has(name):
            entry.fault(name, "is empty; leave it out where every one counts")
        return None
    try:
        (conditions.of_basket if name == "when" else conditions.of_line)(text)
    except Invalid as error:
        for at, message in error.errors:
            entry.fault(name, f"{at}: {message}" if at else message)
    return str(text)


def _rates(entry: Reader, known: Known) -> dict[str, Rate]:
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
    number = entry.number(name, amount)
    if number is None:
        return None
    minor = number.scaleb(decimals)
    if minor <= 0 or minor != minor.to_integral_value() or minor > 10**15:
        entry.fault(name, f"must be an amount above zero with at most {decimals} decimals")
        return None
    return int(minor)


def _multiplier(entry: Reader, known: Known) -> Multiplier | None:
    said = entry.raw("times")
    rules = entry.keys("multiplies", known=known.rules | {EVERYTHING}, what="earn rule")
    if said is None:
        if rules:
            entry.fault("times", "is missing: the factor of a multiplier")
        return None
    top, _, bottom = str(said).partition("/") if isinstance(said, str) else (said, "", "")
    num = entry.number("times", top)
    den = entry.number("times", bottom) if bottom else Decimal(1)
    if num is None or den is None:
        return None
    factor = Fraction(Fraction(num), Fraction(den)) if den > 0 else Fraction(0)
    if not 1 < factor <= _LARGEST_FACTOR or factor.denominator > 10**6:
        entry.fault("times", f"must be above 1 and at most {_LARGEST_FACTOR}: 2, 1.5 or '4/3'")
        return None
    return Multiplier(num=factor.numerator, den=factor.denominator, rules=rules or (EVERYTHING,))


def _weekdays(entry: Reader) -> tuple[int, ...]:
    said = entry.keys("weekdays", known=frozenset(DAYS), what="weekday")
    return tuple(sorted(DAYS.index(d) + 1 for d in said if d in DAYS))


def _caps(entry: Reader) -> list[Cap]:
    out: list[Cap] = []
    for cap in entry.children("caps", most=_MOST_CAPS):
        amount = cap.whole("amount", least=1)
        if amount is None and not cap.has("amount"):
            cap.fault("amount", "is missing")
        period = cap.choice("period", Period, Period.ORDER)
        excess = cap.choice("on_excess", OnExcess, OnExcess.CAP)
        cap.done()
        if any(c.period is period for c in out):
            cap.fault("period", f"there is another cap per {period.value}")
        out.append(Cap(amount=amount or 1, period=period, on_excess=excess))
    return out
