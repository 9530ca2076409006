"""What holds for every basket: sums, bytes, independence, and that the smallest change is the smallest."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.value.promotions.rules import decide
from regulars.value.promotions.terms import (
    Act,
    BuyGet,
    CheapestFree,
    Hours,
    NthItem,
    OutcomeKind,
    Question,
    Schedule,
    Step,
    Thresholds,
)
from regulars.value.promotions.tests.baskets import basket, line, member
from regulars.value.promotions.tests.pricing import ask, cuts, goods, least, less, nets, off, promotion, version, why
from regulars.value.promotions.tests.test_pricing_search import baskets, policies, promotions

MESSAGE = Act(kind=OutcomeKind.CASHIER_MESSAGE)


everyone = st.sampled_from((None, member(), member(status="suspended")))


@settings(max_examples=100, deadline=None)
@given(told=promotions(), bought=baskets(), policy=policies(), who=everyone)
def test_parts_sum_to_wholes_and_no_line_falls_below_zero(told, bought, policy, who):
    pricing = ask(version(*told, stacking=policy), bought, who).pricing
    for priced in pricing.lines:
        assert priced.amount_minor - priced.discount_minor == priced.net_minor >= 0
        assert sum(s.minor for s in priced.shares) == priced.discount_minor
    for applied in pricing.applied:
        assert sum(part for _, part in applied.lines) == applied.discount_minor <= applied.wanted_minor
    assert sum(a.discount_minor for a in pricing.applied) == pricing.discount_minor
    assert pricing.subtotal_minor - pricing.discount_minor == pricing.total_minor
    live = {p.key for p in told}
    assert {a.key for a in pricing.applied} | {u.key for u in pricing.unapplied} == live


@settings(max_examples=60, deadline=None)
@given(told=promotions(), bought=baskets(), seed=st.binary(max_size=3))
def test_the_same_question_has_the_same_bytes(told, bought, seed):
    question = Question(basket=bought, member=member(), seed=seed)
    first = decide(question=question, snapshot=version(*told))
    again = decide(question=question, snapshot=version(*reversed(told)))
    dump = {"option": orjson.OPT_NON_STR_KEYS, "default": list}
    assert orjson.dumps(first.pricing, **dump) == orjson.dumps(again.pricing, **dump)
    assert first.digest == again.digest


@settings(max_examples=60, deadline=None)
@given(
    amounts=st.lists(st.integers(1, 5_000), min_size=1, max_size=6),
    more=st.integers(1, 5_000),
    shares=st.lists(st.integers(1, 90), min_size=1, max_size=3),
)
def test_adding_a_line_changes_no_other_line(amounts, more, shares):
    told = version(*[promotion(f"p{n}", off(share)) for n, share in enumerate(shares)])
    assert nets(ask(told, basket(*amounts, more)))[: len(amounts)] == nets(ask(told, basket(*amounts)))


unlockable = st.one_of(
    st.builds(lambda n: {"min": least(n)}, st.integers(1, 9_000)),
    st.builds(lambda n: {"min": least(quantity=n)}, st.integers(1, 9)),
    st.builds(lambda n: {"min": least(n, of_goods=False)}, st.integers(1, 9_000)),
    st.builds(lambda n: {"when": f"basket.goods_minor >= {n}"}, st.integers(1, 9_000)),
    st.builds(lambda n: {"when": f"basket.units >= {n}"}, st.integers(1, 9)),
    st.builds(lambda n: {"effect": Thresholds(steps=(Step(from_minor=n, minor=5),))}, st.integers(1, 9_000)),
    st.builds(lambda b, g: {"effect": BuyGet(buy=b, get=g)}, st.integers(1, 4), st.integers(1, 3)),
    st.builds(lambda n: {"effect": CheapestFree(of=n)}, st.integers(2, 6)),
    st.builds(lambda n: {"effect": NthItem(n=n, ppm=500_000)}, st.integers(2, 6)),
    st.just({"channels": ("app",)}),
    st.just({"members_only": True}),
    st.just({"tiers": ("gold",)}),
    st.just({"tenders": ("card",)}),
    st.just({"stores": ("soho",)}),
    st.just({"coupon": "t"}),
    st.just({"schedule": Schedule(weekdays=(6,), hours=(Hours(start=600, to=660),))}),
)


def unlocked(unlock, bought, by=0):
    """The basket and what else is asked after an unlock (short of it by some)."""
    more = {}
    amount = unlock.amount - by
    extra = line(90, 1, sku="tea")
    if unlock.kind == "spend_minor":
        bought = bought._replace(lines=(*bought.lines, extra._replace(amount_minor=amount)))
    elif unlock.kind in ("add_units", "add_line"):
        piece = extra._replace(quantity=Decimal(amount), amount_minor=100 * amount)
        bought = bought._replace(lines=(*bought.lines, piece))
    elif unlock.kind == "wait_until":
        bought = bought._replace(occurred_at=unlock.at - timedelta(seconds=by))
    elif unlock.kind in ("channel", "store"):
        bought = bought._replace(**{unlock.kind: unlock.what})
    elif unlock.kind == "tender":
        bought = basket(*bought.lines, tenders=[(unlock.what, 1)])
    elif unlock.kind == "coupon":
        more["coupons"] = (f"{unlock.what}/1",)
    else:
        more["who"] = member(tier=unlock.what or None)
    return bought, more


@settings(max_examples=200, deadline=None)
@given(
    said=unlockable,
    amounts=st.lists(st.integers(50, 2_000), min_size=1, max_size=3),
    quantity=st.integers(1, 3),
    sku=st.sampled_from(("tea", "mug")),
)
def test_making_the_smallest_change_makes_it_apply_and_less_does_not(said, amounts, quantity, sku):
    more = dict(said)
    effect = more.pop("effect", less(10))
    key = "coupon:t" if "coupon" in more else "p"
    snapshot = version(promotion(key, effect, goods=goods("tea"), **more), promotion("other", MESSAGE))
    bought = basket(*[line(n, a, sku=sku, quantity=str(quantity)) for n, a in enumerate(amounts, 1)])
    who, asked = None, {}
    for _ in range(3):  # each change may show the next thing that is missing
        verdict = ask(snapshot, bought, who, **asked)
        if key in cuts(verdict):
            return
        found = why(verdict, key)
        assert found.unlock is not None, found
        if found.unlock.kind in ("spend_minor", "add_units", "wait_until") and (
            found.unlock.amount > 1 or found.unlock.kind == "wait_until"
        ):
            short, rest = unlocked(found.unlock, bought, by=1)
            still = ask(snapshot, short, rest.pop("who", who), **{**asked, **rest})
            assert key not in cuts(still)
            same = (found.code, "too_little" if found.code == "nothing_qualifies" else found.code)
            assert found.unlock.kind == "wait_until" or why(still, key).code in same
        bought, rest = unlocked(found.unlock, bought)
        who = rest.pop("who", who)
        asked |= rest
        verdict = ask(snapshot, bought, who, **asked)
        assert key in cuts(verdict) or why(verdict, key).code != found.code
    assert key in cuts(ask(snapshot, bought, who, **asked))
