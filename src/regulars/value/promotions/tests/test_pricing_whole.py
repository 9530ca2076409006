"""The whole decision: who qualifies, limits, coupons, points as tender, earning."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from regulars.value.promotions.terms import (
    Action,
    Audiences,
    Basis,
    Budget,
    Bundle,
    BundlePart,
    BuyGet,
    CheapestFree,
    CouponHeld,
    Earn,
    FixedPrice,
    Gift,
    GroupPolicy,
    Hours,
    Limit,
    LimitPeriod,
    NthItem,
    OnExcess,
    Per,
    Policies,
    Rate,
    Schedule,
    Spend,
    StackingPolicy,
    Step,
    Target,
    TenderRate,
    Thresholds,
)
from regulars.value.promotions.tests.baskets import NOON, basket, line, member
from regulars.value.promotions.tests.pricing import ask, cuts, goods, least, less, off, promotion, version, why


def reason(*, bought=None, who=None, coupons=(), told=None, **more):
    told = told or promotion("p", less(10), **more)
    verdict = ask(version(told, parents={"soho": "south"}), bought or basket(1_000), who, coupons=coupons)
    if verdict.pricing.applied:
        return "applied", None
    found = why(verdict, told.key)
    return found.code, found.unlock and (found.unlock.kind, found.unlock.amount, found.unlock.what)


@pytest.mark.parametrize(
    ("more", "bought", "who", "expected"),
    [
        ({"stores": ("south",)}, {"store": "soho"}, None, ("applied", None)),
        ({"stores": ("north",)}, {"store": "soho"}, None, ("store", ("store", 0, "north"))),
        ({"channels": ("app",)}, {}, None, ("channel", ("channel", 0, "app"))),
        ({"members_only": True}, {}, None, ("members_only", ("join", 0, ""))),
        ({"members_only": True}, {}, member(status="suspended"), ("member_suspended", None)),
        ({"members_only": True}, {}, member(), ("applied", None)),
        ({"tiers": ("gold",)}, {}, member(tier="silver"), ("tier", ("tier", 0, "gold"))),
        ({"tiers": ("member",)}, {}, member(), ("applied", None)),
        ({"audiences": Audiences(any=frozenset({"vip"}))}, {}, member(), ("audience", None)),
        (
            {"audiences": Audiences(none=frozenset({"vip"}))},
            {},
            member(audiences=frozenset({"vip"})),
            ("audience", None),
        ),
        ({"tenders": ("card",)}, {}, None, ("tender", ("tender", 0, "card"))),
        ({"tenders": ("card",)}, {"tenders": [("card", 1_000)]}, None, ("applied", None)),
        ({"goods": goods("tea")}, {}, None, ("nothing_qualifies", ("add_line", 1, "tea"))),
        (
            {"goods": goods("tea"), "min": least(1_500)},
            {},
            None,
            ("nothing_qualifies", ("spend_minor", 1_500, "tea")),
        ),
        ({"min": least(1_500)}, {}, None, ("too_little", ("spend_minor", 500, ""))),
        ({"min": least(quantity=3)}, {}, None, ("too_few", ("add_units", 2, ""))),
        ({"when": "basket.goods_minor >= 1500"}, {}, None, ("condition", ("spend_minor", 500, ""))),
        ({"when": "basket.goods_minor > 1000"}, {}, None, ("condition", ("spend_minor", 1, ""))),
        ({"when": "basket.units >= 4"}, {}, None, ("condition", ("add_units", 3, ""))),
        (
            {"when": "channel in ['app', 'web'] && 'card' in tender.types"},
            {},
            None,
            ("condition", ("tender", 0, "card")),
        ),
        ({"when": "channel == 'app'"}, {}, None, ("condition", ("channel", 0, "app"))),
        ({"when": "basket.currency == 'EUR'"}, {}, None, ("condition", None)),
        ({"when": "basket.lines > 3"}, {}, None, ("condition", None)),
        ({"when": "member.days > 10"}, {}, None, ("members_only", ("join", 0, ""))),
        ({"when": "member.days > 10 && local.hour >= 6"}, {}, member(), ("applied", None)),
        ({"lines": "member.tier == 'gold'"}, {}, None, ("members_only", ("join", 0, ""))),
        ({"schedule": Schedule(ends=date(2026, 3, 4))}, {}, None, ("applied", None)),
    ],
)
def test_the_first_thing_that_is_missing_is_said(more, bought, who, expected):
    assert reason(bought=basket(1_000, **bought), who=who, **more) == expected


def test_a_closed_promotion_says_when_it_opens_and_an_ended_one_nothing():
    told = [
        promotion("evening", less(10), schedule=Schedule(hours=(Hours(start=18 * 60, to=20 * 60),))),
        promotion("friday", less(10), schedule=Schedule(weekdays=(5,))),
        promotion("over", less(10), schedule=Schedule(ends=date(2026, 3, 3))),
    ]
    verdict = ask(version(*told), basket(100))
    opens = {u.key: (u.code, u.unlock.kind, u.unlock.at) for u in verdict.pricing.unapplied}
    assert opens == {
        "evening": ("schedule", "wait_until", datetime(2026, 3, 4, 18, tzinfo=UTC)),
        "friday": ("schedule", "wait_until", datetime(2026, 3, 6, 0, tzinfo=UTC)),
    }
    later = ask(version(*told), basket(100, occurred_at=NOON + timedelta(hours=6, minutes=1)))
    assert cuts(later) == {"evening": 10}


def test_conditions_see_the_basket_before_discounts():
    told = [promotion("a", off(50), priority=1), promotion("b", less(10), min=least(1_000))]
    assert cuts(ask(version(*told), basket(1_000))) == {"a": 500, "b": 10}


TIMES = {"action": Action.TIMES, "per": Per.MEMBER, "period": LimitPeriod.WEEK}


def test_a_members_limit_counts_in_her_counters():
    told = version(promotion("p", less(10), limits=(Limit(limit=2, **TIMES),)))
    first = ask(told, basket(1_000), member(counters={"right/x/lifetime": 3}))
    assert dict(first.counters) == {"right/x/lifetime": 3, "promo/p/week/2026-03-02": 1}
    spent = ask(told, basket(1_000), member(counters={"promo/p/week/2026-03-02": 2}))
    assert (spent.counters, why(spent, "p").code) == (None, "limit_reached")
    next_week = basket(1_000, occurred_at=NOON + timedelta(days=7))
    assert cuts(ask(told, next_week, member(counters={"promo/p/week/2026-03-02": 2}))) == {"p": 10}
    late = ask(told, basket(1_000), member(counters={"promo/p/week/2026-09-07": 1}))
    assert why(late, "p").code == "period_closed"
    assert reason(limits=(Limit(limit=2, **TIMES),)) == ("members_only", ("join", 0, ""))


def test_a_limit_in_money_cuts_or_drops():
    money = {"action": Action.MINOR, "per": Per.MEMBER, "period": LimitPeriod.DAY, "limit": 300}
    who = member(counters={"promo/p:minor/day/2026-03-04": 250})
    for excess, taken in ((OnExcess.CAP, {"p": 50}), (OnExcess.REJECT, {})):
        told = version(promotion("p", less(100), limits=(Limit(on_excess=excess, **money),)))
        assert cuts(ask(told, basket(1_000), who)) == taken
    told = version(promotion("p", less(100), limits=(Limit(**money),)))
    verdict = ask(told, basket(1_000), who)
    assert verdict.counters["promo/p:minor/day/2026-03-04"] == 300
    assert why(verdict, "p").code == "cap_reached"


def test_sets_are_what_a_limit_of_times_counts():
    bought = basket(line(1, 1_000, quantity="10"))
    told = promotion("p", BuyGet(buy=1, get=1), limits=(Limit(limit=2),))
    assert cuts(ask(version(told), bought)) == {"p": 200}
    dropped = replace(told, limits=(Limit(limit=2, on_excess=OnExcess.REJECT),))
    assert cuts(ask(version(dropped), bought)) == {}
    counted = replace(told, limits=(Limit(limit=7, per=Per.PROGRAM, period=LimitPeriod.DAY),))
    verdict = ask(version(counted), bought, left={"p/program/count/day/2026-03-04": 3})
    assert cuts(verdict) == {"p": 300}
    assert [tuple(t) for t in verdict.pricing.takes] == [("p/program/count/day/2026-03-04", 3, 7, False, False)]


def test_limits_beyond_the_member_and_budgets_are_taken_budgets_last():
    limits = (
        Limit(limit=9, per=Per.STORE, period=LimitPeriod.MONTH),
        Limit(limit=5_000, per=Per.PROGRAM, period=LimitPeriod.LIFETIME, action=Action.MINOR),
        Limit(limit=1, per=Per.IDENTIFIER, period=LimitPeriod.LIFETIME),
    )
    told = version(promotion("p", less(400), limits=limits, budget=Budget(minor=9_000, is_hot=True)))
    bought = basket(1_000, store="soho")
    verdict = ask(told, bought, left={"p/budget/minor/lifetime": 150}, identifiers=("ab",))
    assert [tuple(t) for t in verdict.pricing.takes] == [
        ("p/identifier:ab/count/lifetime", 1, 1, False, False),
        ("p/program/minor/lifetime", 150, 5_000, False, False),
        ("p/store:soho/count/month/2026-03-01", 1, 9, False, False),
        ("p/budget/minor/lifetime", 150, 9_000, True, True),
    ]
    keys = told.limit_keys(store="soho", day=date(2026, 3, 4), identifiers=("ab",))
    assert set(keys) == {t.key for t in verdict.pricing.takes}
    assert why(ask(told, bought, left={"p/budget/minor/lifetime": 0}), "p").code == "budget_spent"


def test_coupons_trigger_and_come_back_with_their_code():
    told = version(
        promotion("coupon:five", less(500), coupon="five"),
        promotion("coupon:ten", off(10), coupon="ten", min=least(5_000)),
        promotion("coupon:app", off(10), coupon="app", channels=("app",)),
        promotion("p", less(10)),
    )
    held = ("five/1", "five/2", "ten/1", "app/1", "gone/1", CouponHeld("x", "five", refused="used", detail="Used."))
    verdict = ask(told, basket(3_000), coupons=held)
    assert [(a.key, a.coupon, a.discount_minor) for a in verdict.pricing.applied] == [
        ("coupon:five", "five/1", 500),
        ("coupon:five", "five/2", 500),
        ("p", None, 10),
    ]
    assert [(u.key, u.coupon, u.code) for u in verdict.pricing.unapplied] == [
        ("coupon:app", "app/1", "channel"),
        ("coupon:five", "x", "used"),
        ("coupon:ten", "ten/1", "too_little"),
        ("coupon:gone", "gone/1", "no_promotion"),
    ]
    assert verdict.pricing.lines[0].shares[0] == ("coupon:five", "five/1", 500)
    without = ask(told, basket(3_000))
    assert [why(without, f"coupon:{k}").code for k in ("five", "ten", "app")] == ["coupon", "coupon", "channel"]
    assert why(without, "coupon:five").unlock[:3] == ("coupon", 1, "five")


def test_of_a_thousand_templates_a_basket_hears_of_twenty_and_first_of_those_that_its_customer_could_use():
    theirs = Audiences(any=frozenset(("others",)))
    told = version(
        *[promotion(f"coupon:a{n:03}", less(1), coupon=f"a{n:03}", audiences=theirs) for n in range(995)],
        *[promotion(f"coupon:z{n}", less(500), coupon=f"z{n}") for n in range(5)],
    )
    verdict = ask(told, basket(3_000))
    said = [(u.key, u.code) for u in verdict.pricing.unapplied]
    assert said[:15] == [(f"coupon:a{n:03}", "members_only") for n in range(15)]
    assert said[15:] == [(f"coupon:z{n}", "coupon") for n in range(5)]
    brought = ask(told, basket(3_000), coupons=("a800/1", "z3/1"))  # which ones it hears of changes nothing
    assert cuts(brought) == {"coupon:z3": 500}
    assert (why(brought, "coupon:a800").coupon, why(brought, "coupon:a800").code) == ("a800/1", "members_only")
    assert [u.key for u in brought.pricing.unapplied].count("coupon:z3") == 0


POINTS = TenderRate(unit="points", points=100, minor=100, min_points=200, step=100, most_ppm=500_000)


def paid(total, amount, active, rate=POINTS, **more):
    told = version(policies=Policies(points_tender=(rate,), **more), rules=({"key": "base", "rate": RATE},))
    return ask(told, basket(*total), member(active={"points": active}), spend=(Spend("points", amount),))


RATE = {"points": 1, "per": "1.00"}


def test_points_pay_in_steps_up_to_their_share_and_lie_on_lines():
    verdict = paid((600, 400), None, 5_000)
    assert [tuple(s) for s in verdict.spend] == [("points", 1, 500, 500)]
    assert [line.tendered_minor for line in verdict.pricing.lines] == [300, 200]
    assert (verdict.due_minor, verdict.earning.earned[0].amount) == (500, 5)  # what points pay earns nothing
    assert paid((600, 400), None, 5_000, earns_on_points_tender=True).earning.earned[0].amount == 10
    assert paid((1_000,), 350, 5_000).spend[0].amount == 300
    assert paid((1_000,), None, 450).spend[0].amount == 400


def test_too_few_points_say_how_many_are_missing():
    verdict = paid((1_000,), None, 150)
    found = why(verdict, "points:points")
    assert (verdict.spend, found.code, found.unlock[:3]) == ((), "too_little", ("points", 50, "points"))
    assert why(ask(version(), basket(100), member(), spend=(Spend("points"),)), "points:points").code == "no_rate"
    frozen = version(policies=Policies(points_tender=(POINTS,)))
    verdict = ask(frozen, basket(1_000), member(status="earn_only", active={"points": 900}), spend=(Spend("points"),))
    assert why(verdict, "points:points").code == "members_only"


def test_a_point_has_no_worth_in_another_currency_than_the_program_s():
    told = version(policies=Policies(points_tender=(TenderRate(unit="points", points=1, minor=1),)))
    verdict = ask(told, basket(900, currency="JPY"), member(active={"points": 500}), spend=(Spend("points"),))
    assert (verdict.spend, verdict.due_minor, why(verdict, "points:points").code) == ((), 900, "no_rate")


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ({}, True),
        ({"when": "basket.units >= 1 && store != 'x'"}, True),
        ({"when": "basket.goods_minor >= 500 || basket.currency == 'JPY'"}, True),
        ({"effects": (less(10),)}, False),
        ({"effects": (FixedPrice(minor=10),)}, False),
        ({"effects": (Thresholds(steps=(Step(from_minor=10, ppm=100_000),)),)}, False),
        ({"effects": (Bundle(parts=(BundlePart(goods=goods()),), minor=10),)}, False),
        ({"min": least(1)}, False),
        ({"cap_minor": 10**9}, False),
        ({"budget": Budget(minor=10**9)}, False),
        ({"limits": (Limit(limit=10**9, action=Action.MINOR),)}, False),
        ({"limits": (Limit(limit=9),)}, True),
        ({"when": "basket.goods_minor >= 500"}, False),
        ({"lines": "line.amount_minor >= 500"}, False),
        ({"group": "capped"}, False),
        ({"group": "free"}, True),
        ({"coupon": "ten", "min": least(1)}, False),
        ({"coupon": "ten"}, True),
    ],
)
def test_an_amount_of_money_means_nothing_in_another_currency_and_a_percentage_means_the_same(told, meant):
    stacking = StackingPolicy(groups={"capped": GroupPolicy(cap_minor=10**9), "free": GroupPolicy()})
    one = promotion("p", *told.get("effects", (off(10),)), **{k: v for k, v in told.items() if k != "effects"})
    book = version(one, stacking=stacking)
    coupons = ("ten/1",) if one.coupon else ()
    assert cuts(ask(book, basket(1_000), coupons=coupons)) != {}
    verdict = ask(book, basket(1_000, currency="JPY"), coupons=coupons)
    if meant:
        assert cuts(verdict) == {"p": 100}
        return
    assert cuts(verdict) == {}
    (no,) = verdict.pricing.unapplied
    assert (no.key, no.code, no.detail) == ("p", "currency_differs", "Its amounts are in GBP.")
    assert cuts(ask(book, basket(1_000), coupons=coupons)) != {}  # what was remembered of one is not the other's


def test_a_cap_on_all_discounts_holds_back_every_discount_where_it_means_nothing():
    book = version(promotion("p", off(10)), promotion("q", Gift(sku="mug")), stacking=StackingPolicy(cap_minor=50))
    verdict = ask(book, basket(1_000, currency="JPY"))
    assert [u.code for u in verdict.pricing.unapplied] == ["currency_differs"]
    assert [o.promotion for o in verdict.pricing.outcomes] == ["q"]
    assert cuts(ask(book, basket(1_000))) == {"p": 50, "q": 0}


def test_not_one_point_too_many_is_used():
    rate = TenderRate(unit="points", points=100, minor=3)  # a point is .03
    assert paid((90,), None, 10_000, rate).spend[0][2:] == (3_000, 90)  # 3,001 … 3,033 would pay no more
    assert paid((90,), 3_030, 10_000, rate).spend[0][2:] == (3_000, 90)
    assert paid((91,), 3_030, 10_000, rate).spend[0][2:] == (3_000, 90)


def test_earning_looks_at_what_is_left_after_discounts():
    told = [promotion("half", off(50), goods=goods("tea"))]
    bought = basket(line(1, 1_000, sku="tea"), line(2, 3_000, sku="mug"))
    rules = ({"key": "base", "rate": RATE},)
    assert ask(version(*told, rules=rules), bought, member()).earning.earned[0][2:] == (35, 35, ((1, 5), (2, 30)))
    before = ({"key": "base", "rate": RATE},)
    snapshot = version(*told, rules=before)
    rule = replace(snapshot.rules[0], basis=Basis.BEFORE_DISCOUNT)
    earn = Earn(unit="points", rates={"GBP": Rate(points=1, per_minor=100)}, basis=rule.basis)
    on_original = ask(version(*told, promotion("p", earn)), bought, member())
    assert on_original.earning.earned[0][2:] == (40, 40, ((1, 10), (2, 30)))


def test_an_earn_effect_earns_on_its_goods_under_the_promotions_name():
    bought = basket(line(1, 1_000, sku="tea", quantity="3"), line(2, 3_000, sku="mug"))
    tea = {"goods": goods("tea")}
    for effect, amount in (
        (Earn(unit="points", fixed=7), 7),
        (Earn(unit="points", per_unit=2), 6),
        (Earn(unit="points", rates={"GBP": Rate(points=1, per_minor=50)}), 20),
    ):
        verdict = ask(version(promotion("p", effect, **tea)), bought, member())
        assert verdict.earning.earned == (("p", "points", amount, amount, ((1, amount),)),)
    doubled = version(
        promotion("p", Earn(unit="points", times=(2, 1)), **tea), rules=({"key": "base", "rate": RATE},)
    )
    assert [e[:3] for e in ask(doubled, bought, member()).earning.earned] == [
        ("base", "points", 40),
        ("p", "points", 10),
    ]
    assert why(ask(doubled, bought), "p").code == "members_only"


def test_only_some_promotions_may_be_asked():
    told = version(promotion("a", less(10)), promotion("b", less(20)), promotion("c", less(30), channels=("app",)))
    verdict = ask(told, basket(100), only=frozenset("bc"))
    assert (cuts(verdict), [u.key for u in verdict.pricing.unapplied]) == ({"b": 20}, ["c"])


def test_five_thousand_lines_are_priced():
    bought = basket(*[line(n, 100 + n % 7, sku=f"s{n % 50}", quantity="3") for n in range(1, 5_001)])
    effects = (off(10), off(5, Target.ORDER), CheapestFree(of=3), less(999), NthItem(n=2, ppm=500_000))
    told = [promotion(f"p{n}", e, priority=n) for n, e in enumerate(effects)]
    pricing = ask(version(*told), bought).pricing
    assert pricing.discount_minor == sum(a.discount_minor for a in pricing.applied)
    assert len(pricing.applied) == 5


def test_members_are_told_apart_by_what_promotions_ask_and_by_nothing_else():
    snapshot = version(promotion("p", less(10)), stacking=StackingPolicy())
    for n in range(50):
        ask(snapshot, basket(100), member(member_id=UUID(int=n), audiences=frozenset({f"a{n}"})))
    assert len(snapshot.book._desks) == 1
