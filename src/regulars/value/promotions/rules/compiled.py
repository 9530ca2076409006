"""Rules made ready: everything that can be known before the basket is known once per version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import NamedTuple

from regulars.value.promotions.rules import conditions
from regulars.value.promotions.terms import (
    EVERYTHING,
    Basis,
    Cap,
    EarnRule,
    LineKind,
    LotTimes,
    Period,
    Rate,
    UnitPlan,
)

_MOST_KEPT = 8_192
_DAYS_OF_CAPS = frozenset(Period) - {Period.ORDER}


class Selection(NamedTuple):
    """Which lines a rule looks at, and by which amount; rules with the same selection share its work."""

    kinds: frozenset[str]
    basis: Basis
    lines: str | None
    condition: conditions.Condition | None


class Compiled(NamedTuple):
    """A rule with its conditions compiled and its unit found."""

    key: str
    unit: str
    slot: int
    times: Callable[[datetime, str | None], LotTimes]
    selection: Selection
    when: conditions.Condition | None
    rates: Mapping[str, Rate]
    fixed: int | None
    per_unit: int | None
    extra: tuple[int, int] | None  # (num − den, den) of a multiplier
    multiplies: frozenset[str]
    tiers: tuple[str, ...]
    tenders: tuple[str, ...]
    caps: tuple[Cap, ...]
    funder: str | None
    source: EarnRule


class Plan:
    """The rules of a version in the order they decide, with an index that finds those of a store, channel and day.

    The index is filled as days come by: a rule of another store, channel, weekday or season is never looked at.
    """

    __slots__ = ("_found", "_parents", "counted", "names", "rules", "slots")

    def __init__(self, *, rules: tuple[Compiled, ...], slots: int, parents: Mapping[str, str | None]) -> None:
        self.rules = rules
        self.slots = slots
        self.counted = any(c.period in _DAYS_OF_CAPS for r in rules for c in r.caps)
        asked = [c for r in rules for c in (r.when, r.selection.condition) if c is not None]
        self.names = frozenset().union(*[c.expression.names for c in asked])
        self._parents = parents
        self._found: dict[tuple[str | None, str, int], tuple[Compiled, ...]] = {}

    def candidates(self, store: str | None, channel: str, day: date) -> tuple[Compiled, ...]:
        """The rules that may apply at a store (or a region above it) through a channel on a local day."""
        asked = (store, channel, day.toordinal())
        found = self._found.get(asked)
        if found is None:
            line = self._line_of(store)
            found = tuple(r for r in self.rules if _may_apply(r.source, line, channel, day))
            if len(self._found) >= _MOST_KEPT:
                self._found.clear()
            self._found[asked] = found
        return found

    def _line_of(self, store: str | None) -> frozenset[str]:
        line: set[str] = set()
        while store is not None and store not in line:
            line.add(store)
            store = self._parents.get(store)
        return frozenset(line)


def _may_apply(rule: EarnRule, line: frozenset[str], channel: str, day: date) -> bool:
    return (
        (not rule.stores or not line.isdisjoint(rule.stores))
        and (not rule.channels or channel in rule.channels)
        and (not rule.weekdays or day.isoweekday() in rule.weekdays)
        and (rule.starts_on is None or rule.starts_on <= day)
        and (rule.ends_on is None or day <= rule.ends_on)
    )


def compile_rules(
    *, rules: tuple[EarnRule, ...], units: Mapping[str, UnitPlan], parents: Mapping[str, str | None]
) -> Plan:
    """Compile rules once for many baskets.

    Args: units: every unit that a rule names. parents: store key → key of the region above it.
    Raises: BadExpression when a condition does not compile.
    """
    ordered = sorted(rules, key=lambda r: (r.multiplies is not None, -r.priority, r.key))
    return Plan(
        rules=tuple(compile_rule(r, units[r.unit]) for r in ordered),
        slots=max((u.slot for u in units.values()), default=0),
        parents=dict(parents),
    )


def compile_rule(rule: EarnRule, unit: UnitPlan) -> Compiled:
    """Compile one rule.

    Raises: BadExpression when a condition does not compile.
    """
    every = frozenset(k.value for k in LineKind)
    usual = every if rule.multiplies else frozenset((LineKind.GOODS.value,))
    kinds = (frozenset(rule.kinds) or usual) - {LineKind.ADJUSTMENT.value}
    condition = conditions.of_line(rule.lines) if rule.lines else None
    multiplier = rule.multiplies
    return Compiled(
        key=rule.key,
        unit=rule.unit,
        slot=unit.slot,
        times=unit.times,
        selection=Selection(kinds, rule.basis, rule.lines, condition),
        when=conditions.of_basket(rule.when) if rule.when else None,
        rates=rule.rates,
        fixed=rule.fixed,
        per_unit=rule.per_unit,
        extra=(multiplier.num - multiplier.den, multiplier.den) if multiplier else None,
        multiplies=frozenset(multiplier.rules) if multiplier else frozenset(),
        tiers=rule.tiers,
        tenders=rule.tenders,
        caps=rule.caps,
        funder=rule.funder,
        source=rule,
    )


def is_multiplied(rule: Compiled, target: Compiled) -> bool:
    """Whether a multiplier acts on another rule: of its unit, named or `*`, and no multiplier itself."""
    return (
        target.extra is None
        and target.unit == rule.unit
        and (EVERYTHING in rule.multiplies or target.key in rule.multiplies)
    )
