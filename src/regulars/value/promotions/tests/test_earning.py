"""What baskets earn, written out: every way to earn, to be limited, and to be refused, with exact numbers."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from regulars.value.promotions.rules import evaluate
from regulars.value.promotions.tests.baskets import basket, decide, line, member, snapshot

BASE = {"key": "base", "rate": {"points": 1, "per": "1.00"}}
HALF = {"key": "half", "rate": {"points": 1, "per": "0.50"}}
FIVE = {"key": "five", "fixed": 5}
EACH = {"key": "each", "per_unit": 3}
TWICE = {"key": "twice", "times": 2}
COFFEE = {"lines": "line.category == 'coffee'"}


def at(*when: int) -> datetime:
    return datetime(*when, tzinfo=UTC)


def cap(amount, period="order", on_excess="cap"):
    return {"caps": [{"amount": amount, "period": period, "on_excess": on_excess}]}


def coffee(n, amount, **more):
    return line(n, amount, category="coffee", **more)


def taxed(n, amount, rate, included):
    return line(n, amount, tax_rate=Decimal(rate), tax_included=included)


# name, rules, basket, member, what each rule gives, parts by line (of all rules together)
TABLE = [
    # rates: rounded down once per order, spread by largest remainder, ties by line number
    ("a whole pound", [BASE], basket(100), {}, {"base": 1}, {1: 1}),
    ("a penny less", [BASE], basket(99), {}, {}, {}),
    ("many pennies make a pound", [BASE], basket(50, 50), {}, {"base": 1}, {1: 1}),
    ("three thirds", [BASE], basket(34, 33, 33), {}, {"base": 1}, {1: 1}),
    ("the largest remainder wins", [BASE], basket(33, 34, 33), {}, {"base": 1}, {2: 1}),
    ("ties go to the first line", [BASE], basket(150, 150), {}, {"base": 3}, {1: 2, 2: 1}),
    ("parts of ten over seven", [BASE], basket(143, 143, 143, 143, 143, 143, 142), {}, {"base": 10},
     {1: 2, 2: 2, 3: 2, 4: 1, 5: 1, 6: 1, 7: 1}),
    ("a negative line earns nothing and lowers nothing", [BASE], basket(250, -100), {}, {"base": 2}, {1: 2}),
    ("a free line earns nothing", [BASE], basket(0, 100), {}, {"base": 1}, {2: 1}),
    ("an adjustment never earns", [BASE], basket(line(1, 900, kind="adjustment")), {}, {}, {}),
    ("shipping is not goods", [BASE], basket(100, line(2, 500, kind="shipping")), {}, {"base": 1}, {1: 1}),
    ("shipping where the rule says so", [{**BASE, "kinds": ["goods", "shipping"]}],
     basket(100, line(2, 500, kind="shipping")), {}, {"base": 6}, {1: 1, 2: 5}),
    ("gift cards alone", [{**BASE, "kinds": ["gift_card"]}], basket(100, line(2, 500, kind="gift_card")), {},
     {"base": 5}, {2: 5}),
    ("three points per two pounds", [{"key": "r", "rate": {"points": 3, "per": 2}}], basket(333), {},
     {"r": 4}, {1: 4}),
    ("two rules of one unit add", [BASE, HALF], basket(175), {}, {"base": 1, "half": 3}, {1: 4}),
    # currencies
    ("no rate for yen", [BASE], basket(100, currency="JPY"), {}, {}, {}),
    ("a rate for each currency", [{"key": "r", "rate": {"points": 1, "per": {"GBP": 1, "JPY": 150}}}],
     basket(450, currency="JPY"), {}, {"r": 3}, {1: 3}),
    # fixed and per unit
    ("a fixed amount once per order", [FIVE], basket(100, 300), {}, {"five": 5}, {1: 1, 2: 4}),
    ("a fixed amount for one coffee", [{**FIVE, **COFFEE}], basket(100, coffee(2, 300)), {}, {"five": 5}, {2: 5}),
    ("no coffee, no fixed amount", [{**FIVE, **COFFEE}], basket(100), {}, {}, {}),
    ("per unit", [EACH], basket(line(1, 500, quantity="4")), {}, {"each": 12}, {1: 12}),
    ("per unit of weighed goods", [EACH], basket(line(1, 500, quantity="0.350"), line(2, 500, quantity="1.2")), {},
     {"each": 4}, {1: 1, 2: 3}),
    ("89,638 units on a line", [EACH], basket(line(1, 1, quantity="89638")), {}, {"each": 268_914}, {1: 268_914}),
    # tax
    ("with tax, amount without", [{**BASE, "basis": "with_tax"}], basket(taxed(1, 1000, "0.20", False)), {},
     {"base": 12}, {1: 12}),
    ("with tax, amount with", [{**BASE, "basis": "with_tax"}], basket(taxed(1, 1000, "0.20", True)), {}, {"base": 10},
     {1: 10}),
    ("without tax, amount with", [{**BASE, "basis": "without_tax"}], basket(taxed(1, 1200, "0.20", True)), {},
     {"base": 10}, {1: 10}),
    ("without tax, halves up: 0.995 is 1.00", [{**BASE, "basis": "without_tax"}],
     basket(taxed(1, 199, "1", True)), {}, {"base": 1}, {1: 1}),
    ("without a rate the amount stands", [{**BASE, "basis": "without_tax"}], basket(1200), {}, {"base": 12}, {1: 12}),
    # multipliers: on the exact share, one extra of their own
    ("twice", [BASE, TWICE], basket(250), {}, {"base": 2, "twice": 2}, {1: 4}),
    ("three times 1.99 adds 3, not 2", [BASE, {"key": "x", "times": 3}], basket(199), {},
     {"base": 1, "x": 3}, {1: 4}),
    ("one and a half", [BASE, {"key": "x", "times": "1.5"}], basket(300), {}, {"base": 3, "x": 1}, {1: 4}),
    ("four thirds", [BASE, {"key": "x", "times": "4/3"}], basket(900), {}, {"base": 9, "x": 3}, {1: 12}),
    ("twice and three times give four times", [BASE, TWICE, {"key": "x", "times": 3}], basket(100), {},
     {"base": 1, "twice": 1, "x": 2}, {1: 4}),
    ("twice on coffee only", [BASE, {**TWICE, **COFFEE}], basket(300, coffee(2, 250)), {}, {"base": 5, "twice": 2},
     {1: 3, 2: 4}),
    ("twice one rule of two", [BASE, HALF, {**TWICE, "multiplies": ["half"]}], basket(100), {},
     {"base": 1, "half": 2, "twice": 2}, {1: 5}),
    ("twice both rules", [BASE, HALF, TWICE], basket(150), {}, {"base": 1, "half": 3, "twice": 4}, {1: 8}),
    ("twice nothing", [{**BASE, **COFFEE}, TWICE], basket(500), {}, {}, {}),
    ("twice a fixed amount", [FIVE, TWICE], basket(100), {}, {"five": 5, "twice": 5}, {1: 10}),
    ("another unit is not multiplied", [BASE, {**TWICE, "unit": "stars"}], basket(500), {}, {"base": 5}, {1: 5}),
    # caps
    ("capped per order", [{**BASE, **cap(3)}], basket(1000), {}, {"base": 3}, {1: 3}),
    ("rejected above a cap", [{**BASE, **cap(3, on_excess="reject")}], basket(1000), {}, {}, {}),
    ("exactly at the cap", [{**BASE, **cap(10, on_excess="reject")}], basket(1000), {}, {"base": 10}, {1: 10}),
    ("what the day has left", [{**BASE, **cap(10, "day")}], basket(1000),
     {"counters": {"earn/base/day/2026-03-04": 7}}, {"base": 3}, {1: 3}),
    ("the day is used up", [{**BASE, **cap(10, "day")}], basket(1000), {"counters": {"earn/base/day/2026-03-04": 10}},
     {}, {}),
    ("yesterday does not count", [{**BASE, **cap(10, "day")}], basket(1000),
     {"counters": {"earn/base/day/2026-03-03": 10}}, {"base": 10}, {1: 10}),
    ("the week began on Monday", [{**BASE, **cap(10, "week")}], basket(1000),
     {"counters": {"earn/base/week/2026-03-02": 4}}, {"base": 6}, {1: 6}),
    ("once in a lifetime", [{**FIVE, **cap(5, "lifetime", "reject")}], basket(1000),
     {"counters": {"earn/five/lifetime": 5}}, {}, {}),
    ("a capped rule is doubled only as far as its cap", [{**BASE, **cap(4)}, TWICE], basket(1000), {},
     {"base": 4, "twice": 4}, {1: 8}),
    # where, when, who, how
    ("another channel", [{**BASE, "channels": ["app"]}], basket(500), {}, {}, {}),
    ("this channel", [{**BASE, "channels": ["app", "web"]}], basket(500), {}, {"base": 5}, {1: 5}),
    ("for gold only", [{**BASE, "tiers": ["gold"]}], basket(500), {"tier": "gold"}, {"base": 5}, {1: 5}),
    ("not for silver", [{**BASE, "tiers": ["gold"]}], basket(500), {"tier": "silver"}, {}, {}),
    ("the lowest level before any review", [{**BASE, "tiers": ["member"]}], basket(500), {}, {"base": 5}, {1: 5}),
    ("Wednesdays", [BASE, {**TWICE, "weekdays": ["wed"]}], basket(100), {}, {"base": 1, "twice": 1}, {1: 2}),
    ("not on Wednesdays", [BASE, {**TWICE, "weekdays": ["sat", "sun"]}], basket(100), {}, {"base": 1}, {1: 1}),
    ("half of it paid by card", [{**BASE, "tenders": ["card"]}], basket(1001, tenders=[("card", 500), ("cash", 501)]),
     {}, {"base": 5}, {1: 5}),
    ("nothing paid by card", [{**BASE, "tenders": ["card"]}], basket(1000, tenders=[("cash", 1000)]), {}, {}, {}),
    ("a condition on the basket", [{**FIVE, "when": "basket.total_minor >= 5000"}], basket(2500, 2500), {},
     {"five": 5}, {1: 3, 2: 2}),
    ("a condition that fails", [{**FIVE, "when": "basket.total_minor >= 5000"}], basket(4999), {}, {}, {}),
    ("a birthday", [BASE, {**TWICE, "when": "member.is_birthday"}], basket(100), {"birth_month": 3, "birth_day": 4},
     {"base": 1, "twice": 1}, {1: 2}),
    ("a leap-day birthday in another year", [BASE, {**TWICE, "when": "member.is_birthday"}],
     basket(100, occurred_at=at(2027, 2, 28, 12)), {"birth_month": 2, "birth_day": 29},
     {"base": 1, "twice": 1}, {1: 2}),
    ("an unknown birthday is nobody's", [BASE, {**TWICE, "when": "member.birth_month == 3"}], basket(100), {},
     {"base": 1}, {1: 1}),
    # standing of the member
    ("a suspended member earns nothing", [BASE], basket(500), {"status": "suspended"}, {}, {}),
    ("an earn-only member earns", [BASE], basket(500), {"status": "earn_only"}, {"base": 5}, {1: 5}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rules", "bought", "who", "given", "parts"), [t[1:] for t in TABLE], ids=[t[0] for t in TABLE]
)
def test_a_basket_earns_exactly(rules, bought, who, given, parts):
    decision = decide(rules, bought, member(**who))
    assert {e.rule: e.amount for e in decision.earned} == given
    assert {n: slots[0] for n, slots in decision.earned_by_line.items()} == parts
    assert all(sum(p for _, p in e.lines) == e.amount for e in decision.earned)
    assert sum(lot.amount for lot in decision.lots) == sum(given.values())


def test_there_are_forty_baskets():
    assert len(TABLE) >= 40
    assert len({t[0] for t in TABLE}) == len(TABLE)


@pytest.mark.parametrize(
    ("rule", "bought", "who", "code", "detail"),
    [
        ({**FIVE, "when": "basket.total_minor >= 5000 && member.tier == 'gold'"}, basket(100), {}, "condition",
         "basket.total_minor >= 5000; member.tier == 'gold'"),
        ({**BASE, "tiers": ["gold"]}, basket(100), {}, "tier", "Only for gold."),
        ({**BASE, **COFFEE}, basket(100), {}, "nothing_qualifies", "No line of this basket qualifies."),
        (BASE, basket(99), {}, "too_little", "The basket is too small to earn a whole unit."),
        (BASE, basket(99, currency="JPY"), {}, "currency", "There is no rate for JPY."),
        ({**BASE, "tenders": ["card"]}, basket(100), {}, "tender", "Nothing was paid by card."),
        (TWICE, basket(100), {}, "nothing_to_multiply", "No rule that it multiplies has earned on these lines."),
        ({**BASE, **cap(3)}, basket(500), {}, "cap_reached", "At most 3 per order, 3 left."),
        ({**BASE, **cap(9, "day")}, basket(500), {"counters": {"earn/base/day/2026-05-01": 1}}, "period_closed",
         "The day of this purchase is no longer counted."),
    ],
)  # fmt: skip
def test_a_refused_rule_says_why(rule, bought, who, code, detail):
    decision = decide([rule], bought, member(**who))
    assert [(r.rule, r.code, r.detail) for r in decision.rejected] == [(rule["key"], code, detail)]


def test_a_closed_member_is_told_once_for_all_rules():
    decision = decide([BASE, FIVE], basket(500), member(status="closed"))
    assert [(r.rule, r.code) for r in decision.rejected] == [("*", "member_closed")]
    assert (decision.earned, decision.lots, decision.counters) == ((), (), None)


def test_a_region_earns_in_the_stores_below_it():
    rule = {**BASE, "stores": ["north"]}
    tree = {"leeds": "yorkshire", "yorkshire": "north", "north": None, "bath": "south", "south": None}
    assert [e.amount for e in decide([rule], basket(100, store="leeds"), parents=tree).earned] == [1]
    assert decide([rule], basket(100, store="bath"), parents=tree).earned == ()
    assert decide([rule], basket(100, store=None), parents=tree).earned == ()


@pytest.mark.parametrize(
    ("zone", "occurred_at", "is_in"),
    [
        # the campaign is 29 March 2026 to 30 March 2026, local days; London springs forward on the 29th at 01:00
        ("Europe/London", at(2026, 3, 28, 23, 59, 59), False),
        ("Europe/London", at(2026, 3, 29, 0, 0), True),
        ("Europe/London", at(2026, 3, 30, 22, 59, 59), True),
        ("Europe/London", at(2026, 3, 30, 23, 0), False),
        ("Asia/Shanghai", at(2026, 3, 28, 15, 59, 59), False),
        ("Asia/Shanghai", at(2026, 3, 28, 16, 0), True),
        ("Asia/Shanghai", at(2026, 3, 30, 15, 59, 59), True),
        ("Asia/Shanghai", at(2026, 3, 30, 16, 0), False),
        ("America/Los_Angeles", at(2026, 3, 29, 6, 59, 59), False),
        ("America/Los_Angeles", at(2026, 3, 29, 7, 0), True),
        ("Pacific/Kiritimati", at(2026, 3, 28, 9, 59, 59), False),
        ("Pacific/Kiritimati", at(2026, 3, 28, 10, 0), True),
    ],
)
def test_a_multiplier_with_dates_follows_the_wall_clock_of_the_store(zone, occurred_at, is_in):
    rules = [BASE, {**TWICE, "starts_on": "2026-03-29", "ends_on": "2026-03-30"}]
    decision = decide(rules, basket(100, store_zone=zone, occurred_at=occurred_at))
    assert ("twice" in {e.rule for e in decision.earned}) is is_in


def test_both_hours_of_an_autumn_night_are_of_the_same_day():
    rules = [{**BASE, "when": "local.hour == 1 && local.date == '2026-10-25'"}]
    for hour in (0, 1):  # 01:30 twice: summer time, then winter time
        assert decide(rules, basket(100, occurred_at=at(2026, 10, 25, hour, 30))).earned[0].amount == 1


def test_a_day_of_a_cap_is_a_day_of_the_program_whatever_the_store():
    rule = {**BASE, **cap(5, "day")}
    late = basket(1000, occurred_at=at(2026, 3, 4, 23, 30), store_zone="Asia/Shanghai")
    decision = decide([rule], late, member(counters={"earn/base/day/2026-03-05": 5}))
    assert decision.earned[0].amount == 5
    assert decision.counters == {"earn/base/day/2026-03-04": 5, "earn/base/day/2026-03-05": 5}


def test_priority_then_key_decides_the_order_and_multipliers_come_last():
    rules = [{**BASE, "key": k, "priority": p} for k, p in (("b", 0), ("a", 0), ("z", 9))]
    decision = decide([{**TWICE, "priority": 99}, *rules], basket(100))
    assert [e.rule for e in decision.earned] == ["z", "a", "b", "twice"]


def test_units_and_funders_have_lots_of_their_own():
    rules = [BASE, {**HALF, "unit": "growth"}, {**FIVE, "funder": "roaster"}, {**EACH, "unit": "growth"}]
    decision = decide(rules, basket(100, 100))
    assert [(x.slot, x.amount, x.funder) for x in decision.lots] == [(1, 2, None), (1, 5, "roaster"), (2, 10, None)]
    assert decision.earned_by_line == {1: (4, 5), 2: (3, 5)}


def test_counters_of_others_stay_and_old_ones_of_ours_go():
    who = member(counters={"visits": 3, "earn/base/day/2025-11-01": 2, "earn/base/lifetime": 1})
    decision = decide([{**BASE, **cap(9, "day")}], basket(200), who)
    assert decision.counters == {"visits": 3, "earn/base/lifetime": 1, "earn/base/day/2026-03-04": 2}


def test_a_guest_earns_nothing():
    bought = basket(500)
    decision = evaluate(basket=bought, member=None, snapshot=snapshot(BASE), now=bought.occurred_at)
    assert (decision.earned, decision.rejected, decision.lots, decision.counters) == ((), (), (), None)
