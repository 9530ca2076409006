"""Earn rules and policies as a program document writes them, read with every fault, and written back canonically."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from regulars.kernel.reading import Fault, Reader
from regulars.value.promotions.rules import effects, parts, promoting
from regulars.value.promotions.rules.known import Known, condition, rates
from regulars.value.promotions.rules.policies import read_policies
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
    Promotion,
)

_MOST_RULES = 2_000
_MOST_CAPS = 6


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
    policies = Policies() if said is None else read_policies(Reader(said, "policies", faults), known)
    return rules, policies, faults


class Whole(NamedTuple):
    """All that our sections say. `gives`: what coupons of a template give, as promotions `coupon:<template>`."""

    rules: tuple[EarnRule, ...]
    policies: Policies
    promotions: tuple[Promotion, ...]
    gives: tuple[Promotion, ...]
    faults: list[Fault]


def read_whole(document: Mapping[str, Any]) -> Whole:
    """Rules, policies and promotions of a document, with every fault; other sections are only looked up for keys."""
    rules, policies, faults = read(document)
    known = Known(document)
    promotions = promoting.read(document, known, faults)
    gives = promoting.read_gives(document, known, faults)
    return Whole(rules, policies, promotions, gives, faults)


def read_promotions(
    document: Mapping[str, Any], beside: Iterable[str] = ()
) -> tuple[tuple[Promotion, ...], list[Fault]]:
    """The promotions of a document, with every fault. Args: beside: keys of others that they may name."""
    faults: list[Fault] = []
    known = Known(document)
    known.promotions |= frozenset(beside)
    return promoting.read(document, known, faults), faults


def _rule(entry: Reader, known: Known) -> EarnRule:
    rule = EarnRule(
        key=entry.key(),
        name=entry.names("name"),
        unit=_unit(entry, known),
        when=condition(entry, "when", of_line=False),
        lines=condition(entry, "lines", of_line=True),
        rates=rates(entry, known),
        fixed=entry.whole("fixed", least=1),
        per_unit=entry.whole("per_unit", least=1),
        multiplies=_multiplier(entry, known),
        starts_on=entry.day("starts_on"),
        ends_on=entry.day("ends_on"),
        weekdays=parts.weekdays(entry),
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


def _multiplier(entry: Reader, known: Known) -> Multiplier | None:
    said = entry.raw("times")
    rules = entry.keys("multiplies", known=known.rules | {EVERYTHING}, what="earn rule")
    if said is None:
        if rules:
            entry.fault("times", "is missing: the factor of a multiplier")
        return None
    found = effects.factor(entry, "times", said)
    if found is None:
        return None
    return Multiplier(num=found[0], den=found[1], rules=rules or (EVERYTHING,))


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
