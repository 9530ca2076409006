"""Short ways to write promotions and to price baskets in tests."""

from __future__ import annotations

from typing import Any

from regulars.value.promotions.rules import Book, compile_rules, decide, document
from regulars.value.promotions.terms import (
    AmountOff,
    Basket,
    CouponHeld,
    Goods,
    GoodsList,
    MemberFacts,
    Min,
    PercentOff,
    Policies,
    Promotion,
    Question,
    Snapshot,
    StackingPolicy,
    Target,
    Unapplied,
    Verdict,
)
from regulars.value.promotions.tests.baskets import UNITS

PERCENT = 10_000  # millionths


def off(percent: int, target: Target = Target.LINE) -> PercentOff:
    """So many per cent off."""
    return PercentOff(ppm=percent * PERCENT, target=target)


def less(minor: int, target: Target = Target.ORDER) -> AmountOff:
    """So many minor units off."""
    return AmountOff(minor=minor, target=target)


def goods(*skus: str, categories: tuple[str, ...] = (), brands: tuple[str, ...] = (), **more: Any) -> Goods:
    """Goods by sku, category and brand."""
    include = GoodsList(skus=frozenset(skus), categories=frozenset(categories), brands=frozenset(brands))
    return Goods(include=include, **more)


def least(minor: int = 0, quantity: int = 0, *, of_goods: bool = True) -> Min:
    """A minimum."""
    return Min(minor=minor, quantity=quantity, of_goods=of_goods)


def promotion(key: str, *effects: Any, **more: Any) -> Promotion:
    """A promotion of some effects."""
    return Promotion(key=key, effects=tuple(effects), **more)


def version(
    *promotions: Promotion,
    rules: tuple[dict[str, Any], ...] = (),
    policies: Policies | None = None,
    stacking: StackingPolicy | None = None,
    zone: str = "Europe/London",
    parents: dict[str, str | None] | None = None,
    brands: dict[str, str] | None = None,
) -> Snapshot:
    """A compiled version of promotions and earn rules."""
    told = [{"unit": "points", **r} for r in rules]
    read, _, faults = document.read({"program": {"currency": "GBP"}, "earn_rules": told})[:3]
    assert faults == []
    stacking = stacking or StackingPolicy()
    book = Book(
        promotions=promotions,
        units=UNITS,
        parents=parents or {},
        brands=brands or {},
        zone=zone,
        stacking=stacking,
        currency="GBP",
    )
    return Snapshot(
        program_id=1,
        version=1,
        zone=zone,
        currency="GBP",
        units=UNITS,
        rules=read,
        policies=policies or Policies(stacking=stacking),
        base_tier="member",
        plan=compile_rules(rules=read, units=UNITS, parents=parents or {}),
        promotions=promotions,
        book=book,
        names=book.names,
    )


def ask(snapshot: Snapshot, bought: Basket, who: MemberFacts | None = None, **more: Any) -> Verdict:
    """The verdict on a basket; coupons as codes `<template>/<anything>`."""
    coupons = tuple(
        [c if isinstance(c, CouponHeld) else CouponHeld(c, c.partition("/")[0]) for c in more.pop("coupons", ())]
    )
    return decide(question=Question(basket=bought, member=who, coupons=coupons, **more), snapshot=snapshot)


def nets(verdict: Verdict) -> list[int]:
    """What lines cost."""
    return [line.net_minor for line in verdict.pricing.lines]


def cuts(verdict: Verdict) -> dict[str, int]:
    """What each promotion takes off, by key."""
    found: dict[str, int] = {}
    for applied in verdict.pricing.applied:
        found[applied.key] = found.get(applied.key, 0) + applied.discount_minor
    return found


def why(verdict: Verdict, key: str) -> Unapplied:
    """The reason why a promotion gives nothing, or less."""
    return next(u for u in verdict.pricing.unapplied if u.key == key)
