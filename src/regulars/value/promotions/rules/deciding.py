"""The decision: from basket, member, rules and moment to what is earned, by which rule, where, and why not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from regulars.kernel.money import spread
from regulars.value.promotions.rules import conditions, limits, selecting
from regulars.value.promotions.rules.compiled import Compiled, Plan
from regulars.value.promotions.rules.multiplying import extra_of
from regulars.value.promotions.rules.selecting import ALONE, Beside, Selected
from regulars.value.promotions.terms import (
    Basket,
    Decision,
    Earned,
    LotPlan,
    LotTimes,
    MemberFacts,
    Rejected,
    Snapshot,
)

_NOTHING = Decision()
_NEVER_EARNS = {"suspended": "member_suspended", "closed": "member_closed"}


def evaluate(
    *, basket: Basket, member: MemberFacts | None, snapshot: Snapshot, now: datetime, beside: Beside = ALONE
) -> Decision:
    """What a basket earns for a member, by the rules of one version.

    Rules come in order of priority (higher first), then key; multipliers last. An amount is rounded down once per
    order and rule and spread over the lines that earned it by largest remainder (ties by line number). Lines that
    are not positive never earn. A guest (None) earns nothing until the order is claimed.

    Args: basket: amounts in minor units, lines in order of n. now: the moment of the decision; conditions see
    the moment of the purchase instead, so that an order told late earns what it earned then. beside: what promotions
    bring that act on this basket.
    """
    if member is None:
        return _NOTHING
    if member.status in _NEVER_EARNS:
        code = _NEVER_EARNS[member.status]
        return Decision(rejected=(Rejected("*", code, f"The member is {member.status} and earns nothing."),))
    plan: Plan = snapshot.plan
    day = basket.occurred_at.astimezone(ZoneInfo(basket.store_zone)).date()
    rules = plan.candidates(basket.store, basket.channel, day)
    if beside.rules:
        rules = tuple(sorted([*rules, *beside.rules], key=lambda r: (r.extra is not None, -r.source.priority, r.key)))
    return _Deciding(basket, member, snapshot, plan, beside).over(rules)


class _Deciding:
    """One decision in the making; thrown away after it."""

    __slots__ = (
        "_beside", "_parts", "basket", "counters", "day", "facts", "newest", "raised", "rejected", "selected", "tier",
    )  # fmt: skip

    def __init__(self, basket: Basket, member: MemberFacts, snapshot: Snapshot, plan: Plan, beside: Beside) -> None:
        self.basket, self._beside = basket, beside
        self.tier = member.tier or snapshot.base_tier
        self.facts = conditions.Facts(basket, member, self.tier)
        self.selected: dict[object, Selected] = {}
        self.rejected: list[Rejected] = []
        self._parts: dict[object, tuple[tuple[int, int], ...]] = {}
        self.raised: dict[str, int] = {}
        if plan.counted:
            self.counters = member.counters
            self.day = basket.occurred_at.astimezone(ZoneInfo(snapshot.zone)).date()
            self.newest = limits.newest_day(member.counters, self.day)
        else:
            self.counters, self.day, self.newest = {}, basket.occurred_at.date(), basket.occurred_at.date()

    def over(self, rules: tuple[Compiled, ...]) -> Decision:
        given: list[tuple[Compiled, Earned]] = []
        for rule in rules:
            earned = self._of(rule, given)
            if earned is not None:
                given.append((rule, earned))
        counters = None
        if self.raised:
            counters = limits.forget({**self.counters, **self.raised}, self.newest)
        return Decision(
            earned=tuple([e for _, e in given]),
            rejected=tuple(self.rejected),
            counters=counters,
            earned_by_line=_by_line(given),
            lots=self._lots(given),
        )

    def _of(self, rule: Compiled, given: list[tuple[Compiled, Earned]]) -> Earned | None:
        if rule.tiers and self.tier not in rule.tiers:
            self._no(rule, "tier", f"Only for {', '.join(rule.tiers)}.")
            return None
        if rule.when is not None:
            why = rule.when.why_not(self.facts)
            if why:
                self._no(rule, "condition", why)
                return None
        wish = self._extra(rule, given) if rule.extra else self._wish(rule)
        if wish is None:
            return None
        wanted, spread_key, lines, weights = wish
        amount = wanted
        if rule.caps:
            amount = self._capped(rule, wanted)
            if not amount:
                return None
        spread_key = (spread_key, amount)
        parts = self._parts.get(spread_key)
        if parts is None:
            shares = spread(amount, weights)
            parts = tuple([(n, part) for n, part in zip(lines, shares, strict=True) if part])
            self._parts[spread_key] = parts
        return Earned(rule.key, rule.unit, amount, wanted, parts)

    def _no(self, rule: Compiled, code: str, detail: str) -> None:
        self.rejected.append(Rejected(rule.key, code, detail))

    def _selected(self, rule: Compiled) -> Selected:
        selection = rule.selection
        found = self.selected.get(selection[:3])
        if found is None:
            found = selecting.select(self.basket, selection, self.facts, self._beside)
            self.selected[selection[:3]] = found
        return found

    def _wish(self, rule: Compiled) -> tuple[int, object, list[int], list[int]] | None:
        """What a rule would give before caps, and how it lies over the lines."""
        found = self._selected(rule)
        if not found.lines:
            self._no(rule, "nothing_qualifies", "No line of this basket qualifies.")
            return None
        num, den = 1, 1
        if rule.tenders:
            num, den = selecting.paid_with(self.basket, rule.tenders)
            if not num:
                self._no(rule, "tender", f"Nothing was paid by {', '.join(rule.tenders)}.")
                return None
        if rule.fixed is not None:
            return rule.fixed, id(found.amounts), found.lines, found.amounts
        if rule.per_unit is not None:
            millionths = selecting.quantities(self.basket, found)
            num, den, of, weights = num * rule.per_unit, den * 1_000_000, sum(millionths), millionths
            spread_key: object = (id(found.amounts), "quantity")
        else:
            rate = rule.rates.get(self.basket.currency)
            if rate is None:
                self._no(rule, "currency", f"There is no rate for {self.basket.currency}.")
                return None
            num, den, of, weights = num * rate.points, den * rate.per_minor, found.total, found.amounts
            spread_key = id(found.amounts)
        wanted = of * num // den
        if not wanted:
            self._no(rule, "too_little", "The basket is too small to earn a whole unit.")
            return None
        return wanted, spread_key, found.lines, weights

    def _extra(
        self, rule: Compiled, given: list[tuple[Compiled, Earned]]
    ) -> tuple[int, object, list[int], list[int]] | None:
        wish = extra_of(rule, given, self.basket, self.selected, self._selected(rule))
        if wish is None:
            self._no(rule, "nothing_to_multiply", "No rule that it multiplies has earned on these lines.")
            return None
        total, lines, weights = wish
        if not total:
            self._no(rule, "too_little", "The extra is smaller than a whole unit.")
            return None
        return total, rule.key, lines, weights

    def _capped(self, rule: Compiled, wanted: int) -> int:
        allowed = limits.allow(
            rule=rule.key,
            caps=rule.caps,
            wanted=wanted,
            counters=self.counters,
            day=self.day,
            newest=self.newest,
        )
        if allowed.code:
            self._no(rule, allowed.code, allowed.detail)
        for key in allowed.keys:
            self.raised[key] = self.counters.get(key, 0) + allowed.amount
        return allowed.amount

    def _lots(self, given: list[tuple[Compiled, Earned]]) -> tuple[LotPlan, ...]:
        at, tier = self.basket.occurred_at, self.tier
        sums: dict[tuple[int, str | None], int] = {}
        times: dict[int, Callable[[datetime, str | None], LotTimes]] = {}
        for rule, earned in given:
            key = (rule.slot, rule.funder)
            sums[key] = sums.get(key, 0) + earned.amount
            times[rule.slot] = rule.times
        lots = []
        for slot, funder in sorted(sums, key=lambda k: k[0]):
            usable, event, deadline, expires = times[slot](at, tier)
            lots.append(LotPlan(slot, sums[slot, funder], usable, event, deadline, expires, funder))
        return tuple(lots)


def _by_line(given: list[tuple[Compiled, Earned]]) -> dict[int, tuple[int, ...]]:
    """The parts of all rules by line and slot."""
    if not given:
        return {}
    size = max([rule.slot for rule, _ in given])
    if len(given) == 1:
        before = (0,) * (size - 1)
        return {n: (*before, part) for n, part in sorted(given[0][1].lines)}
    lines: dict[int, list[int]] = {}
    for rule, earned in given:
        slot = rule.slot - 1
        for n, part in earned.lines:
            row = lines.get(n)
            if row is None:
                row = lines[n] = [0] * size
            row[slot] += part
    return {n: tuple(row) for n, row in sorted(lines.items())}
