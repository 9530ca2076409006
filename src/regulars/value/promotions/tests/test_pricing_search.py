"""The best combination is the best: against every allowed subset, tried one by one."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from regulars.value.promotions.terms import (
    WHOLE_PPM,
    AmountOff,
    Basket,
    BuyGet,
    CheapestFree,
    FixedPrice,
    GroupPolicy,
    Limit,
    NthItem,
    Objective,
    PercentOf,
    PercentOff,
    Promotion,
    StackingPolicy,
    Step,
    Target,
    Thresholds,
)
from regulars.value.promotions.tests.baskets import basket, line
from regulars.value.promotions.tests.pricing import ask, cuts, goods, less, off, promotion, version, why

SKUS = ("tea", "mug", "jam")


def effects():
    share = st.integers(1, WHOLE_PPM)
    minor = st.integers(1, 900)
    step = st.builds(Step, from_minor=st.integers(1, 1_500), minor=minor)
    return st.one_of(
        st.builds(PercentOff, ppm=share, target=st.sampled_from((Target.ORDER, Target.LINE, Target.SHIPPING))),
        st.builds(AmountOff, minor=minor, target=st.sampled_from(tuple(Target))),
        st.builds(FixedPrice, minor=minor),
        st.builds(BuyGet, buy=st.integers(1, 2), get=st.integers(1, 2), ppm=share),
        st.builds(NthItem, n=st.integers(2, 3), ppm=share),
        st.builds(CheapestFree, of=st.integers(2, 3)),
        st.builds(Thresholds, steps=st.lists(step, min_size=1, max_size=3).map(tuple), is_repeated=st.booleans()),
    )


@st.composite
def promotions(draw, most=6):
    keys = [f"p{n}" for n in range(draw(st.integers(1, most)))]
    names = st.frozensets(st.sampled_from(keys), max_size=2)
    return [
        Promotion(
            key=key,
            effects=(draw(effects()),),
            priority=draw(st.integers(0, 2)),
            group=draw(st.sampled_from((None, None, "a", "b"))),
            is_exclusive=draw(st.integers(0, 7)) == 0,
            always=draw(names) if draw(st.integers(0, 3)) == 0 else frozenset(),
            never=draw(names) if draw(st.integers(0, 3)) == 0 else frozenset(),
            goods=goods(*draw(st.sets(st.sampled_from(SKUS), max_size=2))),
            percent_of=draw(st.sampled_from(tuple(PercentOf))),
            cap_minor=draw(st.sampled_from((None, None, 150))),
        )
        for key in keys
    ]


@st.composite
def baskets(draw):
    lines = [
        line(n, draw(st.integers(1, 2_000)), sku=draw(st.sampled_from(SKUS)), quantity=str(draw(st.integers(1, 4))))
        for n in range(1, draw(st.integers(1, 4)) + 1)
    ]
    return basket(*lines, line(9, draw(st.integers(0, 500)), kind="shipping"))


def policies(objective: Objective = Objective.BEST_FOR_MEMBER):
    return st.builds(
        StackingPolicy,
        objective=st.just(objective),
        most=st.sampled_from((None, None, 1, 2)),
        cap_ppm=st.sampled_from((None, None, 200_000)),
        cap_minor=st.sampled_from((None, None, 300)),
        groups=st.sampled_from(({}, {}, {"a": GroupPolicy(most=2)}, {"b": GroupPolicy(most=1, cap_minor=120)})),
    )


def is_allowed(one: Promotion, other: Promotion, policy: StackingPolicy) -> bool:
    """Whether two promotions may stand together, in words of the document."""
    if other.key in one.never or one.key in other.never:
        return False
    if other.key in one.always or one.key in other.always:
        return True
    if one.is_exclusive or other.is_exclusive:
        return False
    most = policy.groups[one.group].most if one.group in policy.groups else 1
    return one.group is None or one.group != other.group or most > 1


def may_stand(subset: tuple[Promotion, ...], policy: StackingPolicy) -> bool:
    if not all(is_allowed(a, b, policy) for a, b in combinations(subset, 2)):
        return False
    for group, said in policy.groups.items():
        if said.most > 1 and sum(p.group == group for p in subset) > said.most:
            return False
    return policy.most is None or len(subset) <= policy.most


def every(told: list[Promotion], bought: Basket, policy: StackingPolicy):
    """(discount, membership, subset) of every allowed subset of what qualifies, acting in the fixed order."""
    alone = replace(policy, objective=Objective.FIXED_ORDER, most=None)
    free = [replace(p, group=p.group, is_exclusive=False, never=frozenset(), always=frozenset()) for p in told]
    roomy = replace(alone, groups={g: replace(s, most=99) for g, s in policy.groups.items()})
    roomy = replace(roomy, groups={**{g: GroupPolicy(most=99) for g in "ab"}, **roomy.groups})
    one_by_one = version(*free, stacking=roomy)
    order = sorted(told, key=lambda p: (-p.priority, p.key))
    able = [
        p
        for p in order
        if ask(version(replace(p, cap_minor=p.cap_minor)), bought, only=frozenset((p.key,))).pricing.applied
    ]
    for size in range(len(able) + 1):
        for subset in combinations(able, size):
            if may_stand(subset, policy):
                verdict = ask(one_by_one, bought, only=frozenset([p.key for p in subset]))
                membership = tuple([p in subset for p in able])
                yield verdict.pricing.discount_minor, membership, frozenset([p.key for p in subset]), verdict


@settings(max_examples=150, deadline=None)
@given(told=promotions(), bought=baskets(), policy=policies())
def test_the_exact_search_equals_brute_force(told, bought, policy):
    best = max(every(told, bought, policy), key=lambda found: found[:2])
    verdict = ask(version(*told, stacking=policy), bought)
    assert verdict.pricing.search.is_exact
    assert verdict.pricing.discount_minor == best[0]
    assert cuts(verdict) == cuts(best[3])


@settings(max_examples=80, deadline=None)
@given(told=promotions(), bought=baskets(), policy=policies(Objective.BEST_MARGIN))
def test_the_best_margin_is_the_least_among_combinations_that_nothing_can_join(told, bought, policy):
    found = list(every(told, bought, policy))
    subsets = [f[2] for f in found]
    full = [f for f in found if not any(f[2] < other for other in subsets)]
    least = min(full, key=lambda f: (f[0], tuple([not member for member in f[1]])))
    verdict = ask(version(*told, stacking=policy), bought)
    assert verdict.pricing.discount_minor == least[0]


@settings(max_examples=15, deadline=None)
@given(told=promotions(most=10), bought=baskets())
@example(told=[promotion(f"p{n}", less(100 + n)) for n in range(10)], bought=basket(700, 41))
def test_ten_candidates_are_searched_exactly(told, bought):
    best = max(every(told, bought, StackingPolicy()), key=lambda found: found[:2])
    verdict = ask(version(*told), bought)
    assert verdict.pricing.search.is_exact
    assert verdict.pricing.discount_minor == best[0]


def test_many_in_groups_are_chosen_greedily_and_the_gap_is_told():
    told = [promotion(f"p{n:02}", off(1 + n, Target.ORDER), group=f"g{n // 5}") for n in range(50)]
    verdict = ask(version(*told), basket(*[line(n, 7_000 + n) for n in range(1, 11)]))
    search = verdict.pricing.search
    assert (len(verdict.pricing.applied), search.is_exact) == (10, False)
    bound = verdict.pricing.discount_minor + search.gap_minor
    assert verdict.pricing.discount_minor < bound <= verdict.pricing.subtotal_minor


def test_the_fixed_order_asks_nobody_what_is_best():
    told = [promotion("small", less(10), priority=1, group="g"), promotion("large", less(500), group="g")]
    fixed = StackingPolicy(objective=Objective.FIXED_ORDER)
    assert cuts(ask(version(*told, stacking=fixed), basket(1_000))) == {"small": 10}
    assert cuts(ask(version(*told), basket(1_000))) == {"large": 500}


def test_who_pays_for_a_discount_decides_about_the_margin():
    told = [promotion("ours", less(10), group="g"), promotion("theirs", less(500), group="g", funder="brand")]
    margin = StackingPolicy(objective=Objective.BEST_MARGIN)
    assert cuts(ask(version(*told, stacking=margin), basket(1_000))) == {"theirs": 500}


def test_equal_sums_are_decided_by_priority_then_key():
    told = [promotion(key, less(100), group="g", priority=p) for key, p in (("b", 0), ("a", 0), ("z", 1))]
    assert cuts(ask(version(*told), basket(1_000))) == {"z": 100}
    assert cuts(ask(version(*told[:2]), basket(1_000))) == {"a": 100}


def test_losers_say_to_whom_they_lost():
    told = [
        promotion("alone", off(50, Target.ORDER), is_exclusive=True),
        promotion("small", off(10)),
        promotion("rival", off(5), group="g"),
    ]
    verdict = ask(version(*told), basket(1_000))
    assert cuts(verdict) == {"alone": 500}
    assert [why(verdict, k).code for k in ("small", "rival")] == ["exclusive", "exclusive"]
    told = [promotion("a", off(20), group="g"), promotion("b", off(10), group="g")]
    assert why(ask(version(*told), basket(1_000)), "b").detail == "a of g is better."
    told = [promotion("a", off(20), never=frozenset("b")), promotion("b", off(10))]
    assert why(ask(version(*told), basket(1_000)), "b").code == "never_with"
    most = StackingPolicy(most=1)
    told = [promotion("a", off(20)), promotion("b", off(10))]
    assert why(ask(version(*told, stacking=most), basket(1_000)), "b").code == "most"


def test_a_percentage_may_spoil_a_threshold_and_is_then_left_out():
    told = [
        promotion("five", off(5, Target.ORDER), priority=1),
        promotion("step", Thresholds(steps=(Step(from_minor=10_000, minor=3_000),))),
    ]
    verdict = ask(version(*told), basket(10_000))
    assert cuts(verdict) == {"step": 3_000}
    assert why(verdict, "five").code == "combination"


def test_a_limit_shared_by_two_codes_of_one_template_holds_for_both():
    told = promotion("coupon:five", less(500), coupon="five", limits=(Limit(limit=1),))
    verdict = ask(version(told), basket(2_000), coupons=("five/a", "five/b"))
    assert cuts(verdict) == {"coupon:five": 500}
    assert why(verdict, "coupon:five").coupon == "five/b"
