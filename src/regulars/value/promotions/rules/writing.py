"""Earn rules and policies written as a program document, in one canonical way: what is usual is not said."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from regulars.kernel import money
from regulars.value.promotions.rules.parts import DAYS
from regulars.value.promotions.rules.policies import write_policies
from regulars.value.promotions.terms import EVERYTHING, Basis, EarnRule, Multiplier, OnExcess, Policies, Rate


def write(rules: Iterable[EarnRule], policies: Policies, currency: str) -> dict[str, Any]:
    """The sections `earn_rules` and `policies`; money as exact decimals in major units, days as ISO text."""
    return {
        "policies": write_policies(policies, currency),
        "earn_rules": [write_rule(r, currency) for r in rules],
    }


def write_rule(rule: EarnRule, currency: str) -> dict[str, Any]:
    """One rule as the document says it."""
    multiplier = rule.multiplies
    fields: dict[str, Any] = {
        "key": rule.key,
        "name": dict(rule.name),
        "unit": rule.unit,
        "when": rule.when,
        "lines": rule.lines,
        "rate": rate(dict(rule.rates), currency) if rule.rates else None,
        "fixed": rule.fixed,
        "per_unit": rule.per_unit,
        "times": factor(multiplier) if multiplier else None,
        "multiplies": list(multiplier.rules) if multiplier and multiplier.rules != (EVERYTHING,) else None,
        "starts_on": rule.starts_on.isoformat() if rule.starts_on else None,
        "ends_on": rule.ends_on.isoformat() if rule.ends_on else None,
        "weekdays": [DAYS[d - 1] for d in rule.weekdays],
        "stores": list(rule.stores),
        "channels": list(rule.channels),
        "tiers": list(rule.tiers),
        "tenders": list(rule.tenders),
        "kinds": list(rule.kinds),
        "basis": rule.basis.value if rule.basis is not Basis.AFTER_DISCOUNT else None,
        "caps": [
            {
                "amount": c.amount,
                "period": c.period.value,
                **({"on_excess": c.on_excess.value} if c.on_excess is not OnExcess.CAP else {}),
            }
            for c in rule.caps
        ],
        "priority": rule.priority or None,
        "funder": rule.funder,
        "note": rule.note or None,
    }
    return {name: value for name, value in fields.items() if value is not None and value != [] and value != {}}


def rate(rates: dict[str, Rate], currency: str) -> dict[str, Any]:
    """A rate as the document says it: one amount, or one per currency."""
    points = next(iter(rates.values())).points
    amounts = {c: Decimal(r.per_minor).scaleb(-money.exponent(c)) for c, r in sorted(rates.items())}
    return {"points": points, "per": amounts[currency] if list(amounts) == [currency] else amounts}


def factor(multiplier: Multiplier) -> Any:
    """A factor as a decimal where it is one, else as a ratio."""
    if multiplier.den == 1:
        return multiplier.num
    twos_and_fives = multiplier.den
    for prime in (2, 5):
        while twos_and_fives % prime == 0:
            twos_and_fives //= prime
    if twos_and_fives != 1:
        return f"{multiplier.num}/{multiplier.den}"
    digits = next(d for d in range(1, 22) if 10**d % multiplier.den == 0)
    return Decimal(multiplier.num * 10**digits // multiplier.den).scaleb(-digits)
