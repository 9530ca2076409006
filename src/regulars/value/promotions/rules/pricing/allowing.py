"""Limits and budgets of promotions: what they leave of a wish, and the keys by which they are counted.

A member's own limits stand in her account's counters as `promo/<key>/<period>/<first day>` (`promo/<key>:minor/…`
where they count money). Limits beyond her are `<key>/<scope>[:<whose>]/<count|minor>/<period>[/<first day>]`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import NamedTuple

from regulars.value.promotions.rules.limits import KEPT_DAYS, period_of
from regulars.value.promotions.terms import (
    Action,
    Limit,
    LimitPeriod,
    OnExcess,
    Per,
    Period,
    Promotion,
    RandomReward,
    Take,
)

_PERIODS: dict[LimitPeriod, Period] = {p: Period(p.value) for p in LimitPeriod if p is not LimitPeriod.BASKET}


class Whose(NamedTuple):
    """Whom limits count for: the member's counters, the place, the day of the program, what is left beyond her."""

    counters: Mapping[str, int] | None  # None: a guest
    store: str | None
    day: date
    newest: date
    left: Mapping[str, int]
    identifiers: tuple[str, ...]


class Counted(NamedTuple):
    """A counter that acting raises. `limit` None: one of the member's own."""

    key: str
    action: Action
    limit: int | None = None
    is_hot: bool = False
    is_budget: bool = False


class Room(NamedTuple):
    """What limits leave: the most times and the most money; beyond a `whole` number nothing is given at all."""

    times: int | None = None
    minor: int | None = None
    whole_times: int | None = None
    whole_minor: int | None = None
    counted: tuple[Counted, ...] = ()
    code: str = ""  # why nothing is left
    detail: str = ""


FREE = Room()


def member_key(promotion: str, action: Action, period: LimitPeriod, day: date) -> str:
    """The key of a member's own limit in her counters."""
    name = promotion if action is Action.TIMES else f"{promotion}:minor"
    if period is LimitPeriod.LIFETIME:
        return f"promo/{name}/lifetime"
    return f"promo/{name}/{period.value}/{period_of(_PERIODS[period], day)}"


def usage_key(promotion: str, scope: str, action: Action, period: LimitPeriod, day: date) -> str:
    """The key of a limit beyond the member. Args: scope: `program`, `store:<key>`, `identifier:<hash>`, …"""
    kind = "count" if action is Action.TIMES else "minor"
    if period is LimitPeriod.LIFETIME:
        return f"{promotion}/{scope}/{kind}/lifetime"
    return f"{promotion}/{scope}/{kind}/{period.value}/{period_of(_PERIODS[period], day)}"


def budget_key(promotion: str) -> str:
    """The key of a promotion's budget."""
    return f"{promotion}/budget/minor/lifetime"


def prize_key(promotion: str, prize: str) -> str:
    """The key of a prize's stock."""
    return f"{promotion}/prize:{prize}/count/lifetime"


def prizes_key(promotion: str) -> str:
    """The key of how many prizes a random reward gives at all."""
    return f"{promotion}/prizes/count/lifetime"


def limits_beyond(
    promotion: Promotion, store: str | None, day: date, identifiers: tuple[str, ...]
) -> Iterator[tuple[str, int]]:
    """Every key beyond the member that deciding on a promotion may look at, with how much it allows."""
    for limit in promotion.limits:
        if limit.per is not Per.MEMBER and limit.period is not LimitPeriod.BASKET:
            for scope in _scopes(promotion, limit, store, identifiers):
                yield usage_key(promotion.key, scope, limit.action, limit.period, day), limit.limit
    for effect in promotion.effects:
        if isinstance(effect, RandomReward):
            if effect.cap is not None:
                yield prizes_key(promotion.key), effect.cap
            yield from [(prize_key(promotion.key, p.key), p.stock) for p in effect.prizes if p.stock is not None]
    if promotion.budget is not None:
        yield budget_key(promotion.key), promotion.budget.minor


def _scopes(promotion: Promotion, limit: Limit, store: str | None, identifiers: tuple[str, ...]) -> tuple[str, ...]:
    if limit.per is Per.STORE:
        return (f"store:{store or ''}",)
    if limit.per is Per.COUPON:
        return (f"coupon:{promotion.coupon or ''}",)
    if limit.per is Per.IDENTIFIER:
        return tuple([f"identifier:{i}" for i in sorted(identifiers)])  # who shows none is not counted
    return ("program",)


def room(promotion: Promotion, whose: Whose) -> Room:
    """What a promotion's limits and budget leave for this basket."""
    least: dict[tuple[Action, OnExcess], int] = {}
    counted: list[Counted] = []
    for limit in promotion.limits:
        for left, counter in _each(promotion, limit, whose):
            if left is None:
                said = f"The {limit.period.value} of this purchase is no longer counted."
                return Room(code="period_closed", detail=said)
            if left <= 0:
                return Room(code="limit_reached", detail=_says(limit))
            of = (limit.action, limit.on_excess)
            least[of] = min(left, least.get(of, left))
            if counter is not None:
                counted.append(counter)
    minor = least.get((Action.MINOR, OnExcess.CAP))
    budget = promotion.budget
    if budget is not None:
        key = budget_key(promotion.key)
        left = min(budget.minor, whose.left.get(key, budget.minor))
        if left <= 0:
            return Room(code="budget_spent", detail="The budget of this promotion is spent.")
        minor = left if minor is None else min(minor, left)
        counted.append(Counted(key, Action.MINOR, budget.minor, budget.is_hot, True))
    return Room(
        least.get((Action.TIMES, OnExcess.CAP)),
        minor,
        least.get((Action.TIMES, OnExcess.REJECT)),
        least.get((Action.MINOR, OnExcess.REJECT)),
        tuple(counted),
    )


def _each(promotion: Promotion, limit: Limit, whose: Whose) -> Iterator[tuple[int | None, Counted | None]]:
    """What is left of a limit, for each that it counts, and the counter to raise; None: too late to be counted."""
    if limit.period is LimitPeriod.BASKET:
        yield limit.limit, None
    elif limit.per is Per.MEMBER:
        period = _PERIODS[limit.period]
        if period in KEPT_DAYS and (whose.newest - whose.day).days > KEPT_DAYS[period]:
            yield None, None
            return
        key = member_key(promotion.key, limit.action, limit.period, whose.day)
        yield limit.limit - (whose.counters or {}).get(key, 0), Counted(key, limit.action)
    else:
        for scope in _scopes(promotion, limit, whose.store, whose.identifiers):
            key = usage_key(promotion.key, scope, limit.action, limit.period, whose.day)
            yield min(limit.limit, whose.left.get(key, limit.limit)), Counted(key, limit.action, limit.limit)


def _says(limit: Limit) -> str:
    what = "times" if limit.action is Action.TIMES else "minor units"
    return f"At most {limit.limit} {what} per {limit.per.value} and {limit.period.value}; none are left."


def takes(acted: list[tuple[Room, int, int]]) -> tuple[tuple[Take, ...], dict[str, int]]:
    """What the commit must take beyond the member, and by how much her own counters rise.

    Args: acted: for each promotion that acts its room, the times and the minor units. Returns: takes by key, budgets
    last.
    """
    beyond: dict[str, tuple[Counted, int]] = {}
    own: dict[str, int] = {}
    for of, times, minor in acted:
        for counter in of.counted:
            amount = times if counter.action is Action.TIMES else minor
            if amount <= 0:
                continue
            if counter.limit is None:
                own[counter.key] = own.get(counter.key, 0) + amount
            else:
                beyond[counter.key] = (counter, beyond.get(counter.key, (counter, 0))[1] + amount)
    order = sorted(beyond.values(), key=lambda found: (found[0].is_budget, found[0].key))
    return tuple([Take(c.key, n, c.limit or 0, c.is_hot, c.is_budget) for c, n in order]), own
