"""Conditions taken apart: parts that compare what a till knows are checked without CEL, and can say what is missing.

`basket.goods_minor >= 5000 && member.days > 30` becomes one comparison with an unlock, and one condition.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import eq, ge, gt, le, lt, ne
from typing import NamedTuple

from regulars.kernel import expressions
from regulars.value.promotions.rules import conditions
from regulars.value.promotions.rules.pricing import goods
from regulars.value.promotions.rules.pricing.cuts import Shortfall, Till
from regulars.value.promotions.terms import Basket, Unlock

_AMOUNT = re.compile(r"basket\.(goods_minor|total_minor|units)\s*(>=|>)\s*(\d{1,15})")
_EQUAL = re.compile(r"(member\.tier|channel|store)\s*==\s*(?:'([^'\\]*)'|\"([^\"\\]*)\")")
_ONE_OF = re.compile(r"(member\.tier|channel|store)\s+in\s+\[\s*((?:'[^'\\]*'\s*,\s*)*'[^'\\]*')\s*\]")
_NUMBER = re.compile(r"([a-z_.]+)\s*(>=|>|<=|<|==|!=)\s*(\d{1,15})")
_NUMBERS = {
    name
    for name in ("member.days", "basket.lines", "local.month", "local.day", "local.hour", "local.minute")
    if conditions.BASKET_FACTS[name][0] is int
}
_COMPARING = {"==": eq, "!=": ne, ">": gt, ">=": ge, "<": lt, "<=": le}
_TENDER = re.compile(r"'([^'\\]*)'\s+in\s+tender\.types")
_KINDS = {"member.tier": "tier", "channel": "channel", "store": "store"}


class Asked(NamedTuple):
    """What a check looks at."""

    till: Till
    basket: Basket
    tier: str | None
    facts: conditions.Facts


Check = Callable[[Asked], Shortfall | None]


class When(NamedTuple):
    """A condition on the basket: its own checks first, then what only CEL can say."""

    checks: tuple[Check, ...]
    rest: conditions.Condition | None
    names: frozenset[str]
    is_bound: bool = False  # the rest is asked of facts that are bound once for a basket


def compile_when(text: str) -> When:
    """Take a condition apart.

    Raises: BadExpression with every fault.
    """
    whole = conditions.of_basket(text)
    checks: list[Check] = []
    rest: list[str] = []
    for part in whole.expression.parts:
        check = _known(part)
        if check is None:
            rest.append(part.text)
        else:
            checks.append(check)
    if not rest:
        return When(tuple(checks), None, whole.expression.names)
    left = whole if not checks else conditions.of_basket(" && ".join([f"({t})" for t in rest]))
    return When(tuple(checks), left, whole.expression.names, not left.is_remembered)


def _known(part: expressions.Expression) -> Check | None:
    text = part.text.strip()
    found = _AMOUNT.fullmatch(text)
    if found:
        least = int(found[3]) + (found[2] == ">")
        return _at_least(found[1], least, text)
    found = _EQUAL.fullmatch(text)
    if found:
        return _is_one_of(found[1], (found[2] if found[2] is not None else found[3],), text)
    found = _ONE_OF.fullmatch(text)
    if found:
        return _is_one_of(found[1], tuple(re.findall(r"'([^']*)'", found[2])), text)
    found = _NUMBER.fullmatch(text)
    if found and found[1] in _NUMBERS:
        return _compares(found[1], _COMPARING[found[2]], int(found[3]), text)
    found = _TENDER.fullmatch(text)
    return _paid_with(found[1], text) if found else None


def _at_least(name: str, least: int, text: str) -> Check:
    is_units = name == "units"
    fact = f"basket.{name}"

    def check(asked: Asked) -> Shortfall | None:
        have = asked.till.pick(goods.ALL_GOODS).total if name == "goods_minor" else asked.facts[fact]
        if have >= least:
            return None
        if is_units:
            return Shortfall("condition", text, Unlock("add_units", least - have, "", None, "Add more goods."))
        return Shortfall("condition", text, Unlock("spend_minor", least - have, "", None, "Spend more."))

    return check


def _compares(name: str, holds: Callable[[int, int], bool], number: int, text: str) -> Check:
    failed = Shortfall("condition", text)

    def check(asked: Asked) -> Shortfall | None:
        return None if holds(asked.facts[name], number) else failed

    return check


def _is_one_of(name: str, values: tuple[str, ...], text: str) -> Check:
    failed = Shortfall("condition", text, Unlock(_KINDS[name], 0, values[0], None, f"Only with {', '.join(values)}."))
    known = frozenset(values)

    def check(asked: Asked) -> Shortfall | None:
        if name == "member.tier":
            value = asked.tier or ""
        else:
            value = asked.basket.channel if name == "channel" else asked.basket.store or ""
        return None if value in known else failed

    return check


def _paid_with(tender: str, text: str) -> Check:
    failed = Shortfall("condition", text, Unlock("tender", 0, tender, None, f"Pay with {tender}."))

    def check(asked: Asked) -> Shortfall | None:
        return None if any(t.type == tender for t in asked.basket.tenders) else failed

    return check
