"""Whatever promotions a document says, and whatever basket comes: sums agree, nothing falls below zero, all is told."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from regulars.value.promotions.terms import (
    Action,
    AmountOff,
    Audiences,
    Bundle,
    BuyGet,
    FixedPrice,
    Goods,
    GoodsList,
    Line,
    Min,
    Objective,
    Promotion,
    StackingPolicy,
    Thresholds,
)
from regulars.value.promotions.tests import strategies
from regulars.value.promotions.tests.baskets import basket, member
from regulars.value.promotions.tests.pricing import ask, version

SKUS = st.sampled_from(["a", "b", "c", "d"])
GOODS = st.builds(
    Goods,
    include=st.builds(GoodsList, skus=st.frozensets(SKUS, max_size=3)),
    exclude=st.builds(GoodsList, skus=st.frozensets(SKUS, max_size=1)),
)
KINDS = st.sampled_from(["goods"] * 6 + ["shipping", "adjustment", "gift_card"])
LINES = st.lists(
    st.tuples(SKUS, st.integers(1, 40), st.integers(0, 5_000), KINDS, st.none() | st.integers(0, 5_000)),
    min_size=1,
    max_size=7,
)
POLICIES = [
    StackingPolicy(),
    StackingPolicy(most=2),
    StackingPolicy(cap_ppm=300_000),
    StackingPolicy(objective=Objective.BEST_MARGIN),
    StackingPolicy(objective=Objective.FIXED_ORDER, cap_minor=500),
]


def near(one: Promotion, goods: Goods, n: int) -> Promotion:
    """The promotion, brought near to such baskets: open to everybody, over their goods, with amounts of their size."""
    effects = []
    for effect in one.effects:
        if isinstance(effect, Bundle):
            parts = tuple(replace(p, goods=goods, quantity=1 + p.quantity % 3) for p in effect.parts)
            effect = replace(effect, parts=parts, minor=effect.minor % 3_000)
        elif isinstance(effect, BuyGet):
            other = None if effect.goods is None else goods
            effect = replace(effect, buy=1 + effect.buy % 4, get=1 + effect.get % 3, goods=other)
        elif isinstance(effect, AmountOff):
            effect = replace(effect, minor=1 + effect.minor % 3_000)
        elif isinstance(effect, FixedPrice):
            effect = replace(effect, minor=effect.minor % 3_000)
        elif isinstance(effect, Thresholds):
            steps = [
                replace(s, from_minor=1_000 * (i + 1), minor=min(s.minor, 100 * (i + 1)))
                for i, s in enumerate(effect.steps)
            ]
            effect = replace(effect, steps=tuple(steps))
        effects.append(effect)
    return Promotion(
        key=f"p{n}",
        effects=tuple(effects),
        goods=goods,
        priority=one.priority,
        group="g" if one.group and n % 2 else None,
        is_exclusive=one.is_exclusive and n % 3 == 0,
        min=Min(minor=one.min.minor % 3_000, quantity=one.min.quantity % 4),
        percent_of=one.percent_of,
        cap_minor=one.cap_minor,
        limits=one.limits,
        budget=one.budget,
        funder=one.funder,
        audiences=Audiences(),
        members_only=one.members_only,
    )


@settings(
    max_examples=60, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(
    st.lists(st.tuples(strategies.promotions(), GOODS), min_size=1, max_size=5),
    LINES,
    st.booleans(),
    st.sampled_from(POLICIES),
)
def test_whatever_a_document_says_sums_agree_and_everything_is_told(said, lines, is_member, stacking):
    promotions = [near(one, goods, n) for n, (one, goods) in enumerate(said)]
    bought = basket(
        *[
            Line(id=f"l{n}", n=n, sku=sku, quantity=Decimal(q), amount_minor=amount, kind=kind, member_minor=price)
            for n, (sku, q, amount, kind, price) in enumerate(lines, 1)
        ]
    )
    snapshot = version(*promotions, stacking=stacking)
    verdict = ask(snapshot, bought, member() if is_member else None, seed=b"1" * 16, identifiers=("x",))
    pricing = verdict.pricing
    assert pricing.subtotal_minor - pricing.discount_minor == pricing.total_minor
    assert pricing.total_minor == sum(line.net_minor for line in pricing.lines)
    assert pricing.discount_minor == sum(a.discount_minor for a in pricing.applied)
    for line in pricing.lines:
        assert line.discount_minor == sum(s.minor for s in line.shares) >= 0
        assert line.net_minor >= 0 or line.amount_minor < 0
    by_key = {p.key: p for p in promotions}
    for applied in pricing.applied:
        one, off = by_key[applied.key], applied.discount_minor
        assert off == sum(minor for _, minor in applied.lines) <= applied.wanted_minor
        assert off <= min(one.cap_minor or off, one.budget.minor if one.budget else off)
        assert all(off <= limit.limit for limit in one.limits if limit.action is Action.MINOR)
    assert all(0 < take.amount <= take.limit for take in pricing.takes)
    assert by_key.keys() <= {a.key for a in pricing.applied} | {u.key for u in pricing.unapplied}
    assert len([a for a in pricing.applied if a.discount_minor]) <= (stacking.most or len(promotions))
    assert (
        verdict.digest
        == ask(snapshot, bought, member() if is_member else None, seed=b"1" * 16, identifiers=("x",)).digest
    )
