"""Each effect, to the minor unit."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from regulars.value.promotions.terms import (
    Act,
    AmountOff,
    Bundle,
    BundlePart,
    BuyGet,
    CheapestFree,
    FixedPrice,
    Gift,
    Goods,
    GoodsList,
    MemberPrice,
    NthItem,
    OutcomeKind,
    PercentOf,
    PercentOff,
    Prize,
    RandomReward,
    Step,
    Target,
    Thresholds,
)
from regulars.value.promotions.tests.baskets import basket, line, member
from regulars.value.promotions.tests.pricing import ask, cuts, goods, least, less, nets, off, promotion, version, why

ORDER, LINE, UNIT, SHIPPING = Target.ORDER, Target.LINE, Target.UNIT, Target.SHIPPING


def priced(bought, *effects, who=None, **more):
    return ask(version(promotion("p", *effects, **more)), bought, who)


@pytest.mark.parametrize(
    ("effect", "amounts", "left"),
    [
        (off(10), (1_000, 333, 999), [900, 300, 899]),  # 33.3 → 33, 99.9 → 100: each line rounds
        (off(10, ORDER), (1_000, 333, 999), [900, 300, 899]),  # 233.2 → 233: 100 + 33 + 100 by remainder
        (off(50), (1, 3), [0, 1]),  # halves up
        (off(50, ORDER), (1, 3), [0, 2]),  # 2 of 4: .5 + 1.5, the tie goes to the first
        (off(100, ORDER), (1, 2, 3), [0, 0, 0]),
        (PercentOff(ppm=125_000), (80, 88), [70, 77]),
        (PercentOff(ppm=1), (400_000,), [400_000]),  # .4 of a minor unit
        (less(100), (1, 1, 998), [1, 1, 898]),  # .1, .1, 99.8
        (less(1), (5, 5), [4, 5]),
        (less(1_000), (300, 200), [0, 0]),  # never below zero
        (less(150, LINE), (100, 200), [0, 50]),
        (less(0), (100,), [100]),
    ],
)
def test_percentages_and_amounts_are_exact(effect, amounts, left):
    verdict = priced(basket(*amounts), effect)
    assert nets(verdict) == left
    assert verdict.pricing.total_minor == sum(left)


def test_amounts_of_units_follow_the_quantity():
    bought = basket(line(1, 1_000, quantity="4"), line(2, 500, quantity="1.25", uom="kg"), line(3, 90, quantity="3"))
    assert nets(priced(bought, AmountOff(minor=50, target=UNIT))) == [800, 437, 0]  # 62.5 → 63; 150 of 90
    assert nets(priced(bought, FixedPrice(minor=200))) == [800, 250, 90]  # 90 is less than 3 × 200


def test_the_member_price_is_taken_where_it_is_lower():
    bought = basket(line(1, 500, member_minor=450), line(2, 500, member_minor=600), line(3, 500))
    assert nets(priced(bought, MemberPrice(), who=member())) == [450, 500, 500]
    guest = priced(bought, MemberPrice())
    assert (nets(guest), why(guest, "p").unlock.kind) == ([500, 500, 500], "join")
    assert why(priced(basket(500), MemberPrice(), who=member()), "p").code == "no_effect"


def test_shipping_is_reached_by_kind_and_goods_are_left_alone():
    bought = basket(line(1, 1_000), line(2, 499, kind="shipping"), line(3, 200, kind="shipping"))
    assert nets(priced(bought, off(50, SHIPPING))) == [1_000, 249, 100]  # 349.5 → 350
    assert nets(priced(bought, less(600, SHIPPING))) == [1_000, 71, 28]
    assert nets(priced(bought, off(50, ORDER))) == [500, 499, 200]
    assert why(priced(basket(1_000), less(600, SHIPPING)), "p").code == "no_effect"


def test_adjustments_gift_cards_and_rewards_are_untouched_and_do_not_qualify():
    others = [line(2, 5_000, kind="gift_card"), line(3, 400, kind="reward"), line(4, -300, kind="adjustment")]
    bought = basket(line(1, 1_000), *others)
    assert nets(priced(bought, off(10))) == [900, 5_000, 400, -300]
    assert nets(priced(bought, less(100_000))) == [0, 5_000, 400, -300]
    assert why(priced(bought, off(10), min=least(1_001)), "p").unlock.amount == 1
    assert why(priced(basket(*others), off(10)), "p").code == "nothing_qualifies"


BUY_2_GET_1 = BuyGet(buy=2, get=1)


@pytest.mark.parametrize(
    ("effect", "lines", "taken"),
    [
        (BUY_2_GET_1, [("a", 600, "2")], 0),
        (BUY_2_GET_1, [("a", 900, "3")], 300),
        (BUY_2_GET_1, [("a", 1_800, "6")], 600),
        (BUY_2_GET_1, [("a", 2_400, "8")], 600),  # two whole sets
        (BUY_2_GET_1, [("a", 1_000, "2"), ("b", 100, "1")], 100),  # the cheapest is got
        (BUY_2_GET_1, [("a", 1_000, "3")], 333),  # 1,000 × 1 // 3
        (BuyGet(buy=1, get=1, ppm=500_000), [("a", 500, "1"), ("b", 301, "1")], 151),  # half of 301, halves up
        (BuyGet(buy=1, get=1, is_cheapest_first=False), [("a", 500, "1"), ("b", 300, "1")], 500),
        (BuyGet(buy=1, get=2), [("a", 500, "1"), ("b", 300, "1"), ("c", 200, "1")], 500),
        (NthItem(n=2, ppm=500_000), [("a", 500, "1"), ("b", 300, "1")], 150),
        (
            NthItem(n=2, ppm=500_000),
            [("a", 500, "1"), ("b", 300, "1"), ("c", 200, "2")],
            200,
        ),  # half of b and of one c
        (NthItem(n=3, ppm=1_000_000), [("a", 700, "7")], 200),
        (CheapestFree(of=3), [("a", 500, "1"), ("b", 300, "1"), ("c", 200, "1")], 200),
        (CheapestFree(of=3), [("a", 3_000, "5"), ("b", 100, "1")], 700),  # b and one a
        (CheapestFree(of=3), [("a", 896_380, "89638")], 298_790),  # 29,879 sets at ten
        (CheapestFree(of=2), [("a", 500, "1.5", "kg"), ("b", 300, "0.8", "kg")], 300),  # weighed: a piece each
        (CheapestFree(of=2), [("a", 500, "1.5")], 0),
    ],
)
def test_pieces_are_counted_in_runs(effect, lines, taken):
    told = [
        line(n, amount, sku=sku, quantity=quantity, uom="".join(uom))
        for n, (sku, amount, quantity, *uom) in enumerate(lines, 1)
    ]
    assert priced(basket(*told), effect).pricing.discount_minor == taken


def test_what_is_got_may_be_other_goods():
    effect = BuyGet(buy=2, get=1, goods=goods("mug"))
    tea, mug = line(1, 1_000, sku="tea", quantity="4"), line(2, 800, sku="mug", quantity="2")
    assert nets(priced(basket(tea, mug), effect, goods=goods("tea"))) == [1_000, 0]
    only_one = line(2, 400, sku="mug")
    assert nets(priced(basket(tea, only_one), effect, goods=goods("tea"))) == [1_000, 0]
    missing = why(priced(basket(tea), effect, goods=goods("tea")), "p")
    assert (missing.code, missing.unlock.kind, missing.unlock.amount, missing.unlock.what) == (
        "too_few", "add_units", 1, "mug",
    )  # fmt: skip


def test_a_piece_is_not_bought_and_got_at_once():
    effect = BuyGet(buy=1, get=1, goods=goods("mug"))
    mugs = basket(line(1, 900, sku="mug", quantity="3"))
    assert cuts(priced(mugs, effect, goods=goods("mug", "tea"))) == {"p": 300}  # three mugs hold one pair
    both = basket(line(1, 900, sku="mug", quantity="3"), line(2, 200, sku="tea"))
    assert cuts(priced(both, effect, goods=goods("mug", "tea"))) == {"p": 600}


def test_a_bundle_costs_its_price_and_shares_it():
    parts = (BundlePart(goods=goods("tea")), BundlePart(goods=goods("mug"), quantity=2))
    bought = basket(line(1, 500, sku="tea"), line(2, 1_500, sku="mug", quantity="3"), line(3, 900, sku="jam"))
    verdict = priced(bought, Bundle(parts=parts, minor=1_200))
    assert cuts(verdict) == {"p": 300}  # 500 + 2 × 500 − 1,200
    assert nets(verdict) == [400, 1_300, 900]
    missing = why(priced(basket(line(1, 500, sku="tea")), Bundle(parts=parts, minor=1_200)), "p").unlock
    assert (missing.kind, missing.amount, missing.what) == ("add_units", 2, "mug")
    assert why(priced(bought, Bundle(parts=parts, minor=1_500)), "p").code == "no_effect"


def test_bundles_are_made_of_the_dearest_and_only_as_many_as_save():
    parts = (BundlePart(goods=goods(categories=("meal",)), quantity=2),)
    dear = [
        line(n, amount, sku=f"m{n}", category="meal") for n, amount in enumerate((900, 800, 700, 600, 100, 90), 1)
    ]
    verdict = priced(basket(*dear), Bundle(parts=parts, minor=1_000))
    assert cuts(verdict) == {"p": 1_000}  # 1,700 and 1,300 for 1,000 each; 190 stays
    assert nets(verdict)[4:] == [100, 90]
    many = basket(line(1, 896_380, sku="m", category="meal", quantity="89638"))
    assert cuts(priced(many, Bundle(parts=parts, minor=15))) == {"p": 896_380 - 44_819 * 15}


def test_parts_of_a_bundle_never_share_a_piece():
    parts = (BundlePart(goods=goods("tea", "mug")), BundlePart(goods=goods("tea")))
    one = basket(line(1, 500, sku="tea"))
    assert why(priced(one, Bundle(parts=parts, minor=600)), "p").unlock.amount == 1
    two = basket(line(1, 500, sku="tea"), line(2, 400, sku="mug"))
    assert cuts(priced(two, Bundle(parts=parts, minor=600))) == {"p": 300}


MAN_JIAN = Thresholds(steps=(Step(from_minor=10_000, minor=1_000), Step(from_minor=30_000, minor=5_000)))


@pytest.mark.parametrize(
    ("effect", "total", "taken"),
    [
        (MAN_JIAN, 9_999, 0),
        (MAN_JIAN, 10_000, 1_000),
        (MAN_JIAN, 29_999, 1_000),
        (MAN_JIAN, 30_000, 5_000),
        (Thresholds(steps=(Step(from_minor=10_000, minor=1_000),), is_repeated=True), 39_999, 3_000),
        (Thresholds(steps=(Step(from_minor=5_000, ppm=100_000), Step(from_minor=9_000, ppm=200_000))), 9_001, 1_800),
        (Thresholds(steps=(Step(from_minor=100, minor=500),)), 100, 100),
    ],
)
def test_thresholds_take_the_best_step(effect, total, taken):
    assert priced(basket(total), effect).pricing.discount_minor == taken


def test_the_next_step_is_named_where_it_is_near():
    first = why(priced(basket(9_400), MAN_JIAN), "p")
    assert (first.code, first.unlock.kind, first.unlock.amount) == ("too_little", "spend_minor", 600)
    verdict = priced(basket(28_000), MAN_JIAN)
    assert (cuts(verdict), why(verdict, "p").code, why(verdict, "p").unlock.amount) == ({"p": 1_000}, "nearly", 2_000)
    again = Thresholds(steps=(Step(from_minor=10_000, minor=1_000),), is_repeated=True)
    assert why(priced(basket(12_500), again), "p").unlock.amount == 7_500
    assert priced(basket(50_000), MAN_JIAN).pricing.unapplied == ()


def test_percentages_of_the_original_never_come_to_more_than_the_line():
    told = [
        promotion(key, off(share), percent_of=PercentOf.ORIGINAL, priority=p)
        for key, share, p in (("a", 60, 2), ("b", 30, 1), ("c", 30, 0))
    ]
    verdict = ask(version(*told), basket(1_000))
    assert cuts(verdict) == {"a": 600, "b": 300, "c": 100}
    running = [promotion("a", off(60), priority=1), promotion("b", off(30))]
    assert cuts(ask(version(*running), basket(1_000))) == {"a": 600, "b": 120}


def test_a_cap_cuts_and_the_wish_is_kept():
    verdict = priced(basket(1_000, 3_000), off(50, ORDER), cap_minor=600)
    applied = verdict.pricing.applied[0]
    assert (applied.discount_minor, applied.wanted_minor, applied.lines) == (600, 2_000, ((1, 150), (2, 450)))
    assert why(verdict, "p").code == "cap_reached"


def test_several_effects_act_one_after_the_other():
    verdict = priced(basket(1_000), off(10), less(100), Gift(sku="mug"))
    assert (cuts(verdict), verdict.pricing.outcomes[0].kind) == ({"p": 190 + 10}, "gift")


def test_goods_are_included_and_excluded_by_each_trait():
    chosen = Goods(
        include=GoodsList(categories=frozenset({"drinks"}), brands=frozenset({"Acme"})),
        exclude=GoodsList(skus=frozenset({"gin"}), attributes={"sale": frozenset({"true"})}),
    )
    bought = basket(
        line(1, 100, sku="tea", category="tea", categories=("tea", "drinks")),
        line(2, 100, sku="gin", category="drinks"),
        line(3, 100, sku="saw", brand="Acme"),
        line(4, 100, sku="axe", brand="Acme", attributes={"sale": True}),
        line(5, 100, sku="jam"),
    )
    assert nets(priced(bought, off(50), goods=chosen)) == [50, 100, 50, 100, 100]
    by_attribute = Goods(include=GoodsList(attributes={"sale": frozenset({"true"})}))
    assert nets(priced(bought, off(50), goods=by_attribute)) == [100, 100, 100, 50, 100]
    all_but = Goods(exclude=GoodsList(brands=frozenset({"Acme"})))
    assert nets(priced(bought, off(50), goods=all_but)) == [50, 50, 100, 100, 50]
    by_line = {"lines": "line.sku == 'jam' || line.amount_minor > 500"}
    assert nets(priced(bought, off(50), **by_line)) == [100, 100, 100, 100, 50]


def test_ten_thousand_skus_are_one_look():
    many = goods(*[f"s{n}" for n in range(10_000)])
    bought = basket(line(1, 100, sku="s9999"), line(2, 100, sku="other"))
    assert nets(priced(bought, off(50), goods=many)) == [50, 100]


def test_gifts_and_acts_are_told_without_touching_prices():
    effects = (Gift(choose_from=("mug", "cup"), quantity=2), Act(kind=OutcomeKind.ISSUE_COUPON, body={"count": 1}))
    verdict = priced(basket(5_000), *effects, min=least(5_000))
    assert [(o.kind, dict(o.body)) for o in verdict.pricing.outcomes] == [
        ("gift", {"quantity": 2, "choose_from": ["mug", "cup"]}),
        ("issue_coupon", {"count": 1}),
    ]
    assert (verdict.pricing.discount_minor, verdict.pricing.applied[0].key) == (0, "p")
    assert priced(basket(4_999), *effects, min=least(5_000)).pricing.outcomes == ()


def test_a_draw_follows_the_seed_and_the_published_odds():
    prizes = (Prize(key="car", weight=1, kind="gift", body={"sku": "car"}, stock=1), Prize(key="none", weight=3))
    told = version(promotion("p", RandomReward(prizes=prizes, cap=10)))
    drawn = [ask(told, basket(100), seed=str(n).encode()).pricing for n in range(400)]
    wins = [p for p in drawn if p.outcomes[0].body["kind"]]
    assert 70 <= len(wins) <= 130  # 100 expected
    assert [(t.key, t.amount, t.limit) for t in wins[0].takes] == [
        ("p/prize:car/count/lifetime", 1, 1),
        ("p/prizes/count/lifetime", 1, 10),
    ]
    seed = str(drawn.index(wins[0])).encode()
    assert ask(told, basket(100), seed=seed).pricing == wins[0]
    empty = ask(told, basket(100), seed=seed, left={"p/prize:car/count/lifetime": 0}).pricing
    assert (empty.outcomes[0].body["kind"], empty.takes) == ("", ())
    assert "prize" not in ask(told, basket(100)).pricing.outcomes[0].body


def test_a_basket_without_promotions_costs_what_it_says():
    bought = basket(100, line(2, -30, kind="adjustment"))
    verdict = ask(version(), bought)
    assert (verdict.due_minor, verdict.pricing.applied, verdict.pricing.unapplied) == (70, (), ())
    none = ask(version(promotion("p", off(10))), basket())
    assert (none.pricing.total_minor, why(none, "p").code) == (0, "nothing_qualifies")


def test_quantities_below_one_count_as_one_piece():
    assert cuts(priced(basket(line(1, 200, quantity=Decimal("0.2"))), NthItem(n=1, ppm=500_000))) == {"p": 100}


def test_the_moment_of_the_basket_decides_not_the_clock():
    bought = basket(100, occurred_at=datetime(2031, 1, 1, tzinfo=UTC))
    assert priced(bought, off(10)).pricing == priced(bought, off(10)).pricing
