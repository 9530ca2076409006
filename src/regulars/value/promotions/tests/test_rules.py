"""Properties of the decision and of the document of rules, over generated baskets, rules and histories."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.value.promotions.rules import conditions, document, evaluate, limits, writing
from regulars.value.promotions.terms import LineKind, Period
from regulars.value.promotions.tests.baskets import basket, decide, line, member, snapshot

MONEY = st.integers(min_value=-5_000, max_value=200_000)
FACTORS = st.sampled_from([2, 3, "1.5", "4/3", "1.001", 10])
PERIODS = st.sampled_from(list(Period))
INSTANTS = st.datetimes(datetime(2009, 1, 1), datetime(2027, 1, 1)).map(lambda t: t.replace(tzinfo=UTC))
ZONES = st.sampled_from(["Europe/London", "Asia/Shanghai", "America/St_Johns", "Pacific/Kiritimati", "UTC"])


@st.composite
def lines(draw, least=0):
    amounts = draw(st.lists(MONEY, min_size=least, max_size=12))
    return [
        line(
            n,
            amount,
            quantity=str(draw(st.decimals(min_value="0.001", max_value=500, places=3))),
            category=draw(st.sampled_from(["tea", "coffee", None])),
            kind=draw(st.sampled_from([*["goods"] * 5, *(k.value for k in LineKind)])),
            tax_rate=draw(st.sampled_from([None, Decimal("0.20"), Decimal("0.055")])),
            tax_included=draw(st.booleans()),
        )
        for n, amount in enumerate(amounts, 1)
    ]


@st.composite
def caps(draw):
    periods = draw(st.lists(PERIODS, unique=True, max_size=2))
    return [
        {
            "amount": draw(st.integers(1, 300)),
            "period": p.value,
            "on_excess": draw(st.sampled_from(["cap", "reject"])),
        }
        for p in periods
    ]


@st.composite
def earn_rules(draw, capped=True):
    out = []
    for n in range(draw(st.integers(1, 5))):
        rule = {
            "key": f"r{n}",
            "unit": draw(st.sampled_from(["points", "points", "growth"])),
            "priority": draw(st.integers(-2, 2)),
        }
        way = draw(st.sampled_from(["rate", "fixed", "per_unit", "times"]))
        if way == "rate":
            per = draw(st.sampled_from(["0.01", "0.30", "1.00", "7.77"]))
            rule["rate"] = {"points": draw(st.integers(1, 7)), "per": per}
            rule["basis"] = draw(st.sampled_from(["after_discount", "with_tax", "without_tax"]))
        elif way == "times":
            rule["times"] = draw(FACTORS)
        else:
            rule[way] = draw(st.integers(1, 20))
        if draw(st.booleans()):
            rule["lines"] = draw(st.sampled_from(["line.category == 'coffee'", "line.amount_minor > 500", "true"]))
        if draw(st.booleans()):
            rule["kinds"] = draw(
                st.lists(st.sampled_from(["goods", "shipping", "gift_card"]), min_size=1, unique=True)
            )
        if capped:
            rule["caps"] = draw(caps())
        out.append(rule)
    return out


@given(earn_rules(), lines())
def test_parts_sum_to_wholes_and_lie_on_positive_lines(rules, bought):
    decision = decide(rules, basket(*bought))
    positive = {x.n for x in bought if x.amount_minor > 0 and x.kind != "adjustment"}
    for earned in decision.earned:
        assert 0 < earned.amount <= earned.wanted
        assert sum(part for _, part in earned.lines) == earned.amount
        assert {n for n, _ in earned.lines} <= positive
        assert all(part > 0 for _, part in earned.lines)
        assert [n for n, _ in earned.lines] == sorted({n for n, _ in earned.lines})
    for slot, unit in ((1, "points"), (2, "growth")):
        whole = sum(e.amount for e in decision.earned if e.unit == unit)
        assert whole == sum(lot.amount for lot in decision.lots if lot.slot == slot)
        assert whole == sum(slots[slot - 1] for slots in decision.earned_by_line.values() if len(slots) >= slot)


@given(earn_rules(), lines(), st.randoms())
def test_the_same_question_has_the_same_answer(rules, bought, random):
    first = decide(rules, basket(*bought))
    shuffled = list(rules)
    random.shuffle(shuffled)
    again = decide(shuffled, basket(*bought))
    assert repr(first) == repr(again)
    assert first.digest == again.digest


@given(earn_rules(), lines(least=1))
def test_another_decision_has_another_digest(rules, bought):
    first = decide(rules, basket(*bought))
    without = decide(rules, basket(*bought[:-1]))
    assert (first == without) is (first.digest == without.digest)


@given(earn_rules(capped=False), lines(least=1))
def test_one_more_line_never_lowers_what_is_earned(rules, bought):
    with_all = {e.rule: e.amount for e in decide(rules, basket(*bought)).earned}
    without = {e.rule: e.amount for e in decide(rules, basket(*bought[:-1])).earned}
    # a fixed amount spreads over one line more: what a multiplier takes of it on its own lines may shrink
    shrinking = {r["key"] for r in rules if "times" in r} if any("fixed" in r for r in rules) else set()
    assert all(with_all.get(rule, 0) >= amount for rule, amount in without.items() if rule not in shrinking)


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=30), st.integers(1, 50), st.integers(1, 999))
def test_a_rate_rounds_down_once_and_no_line_is_off_by_a_whole_unit(amounts, points, per):
    rate = {"key": "r", "rate": {"points": points, "per": f"{per // 100}.{per % 100:02}"}}
    earned = decide([rate], basket(*amounts)).earned
    whole = sum(amounts) * points // per
    assert sum(e.amount for e in earned) == whole
    for n, part in earned[0].lines if earned else ():
        assert abs(part * sum(amounts) - whole * amounts[n - 1]) < sum(amounts)


@settings(max_examples=150)
@given(caps(), st.lists(st.tuples(INSTANTS, st.integers(1, 60_000)), min_size=1, max_size=25), ZONES)
def test_no_order_of_orders_exceeds_a_cap(limits_, history, zone):
    rules = snapshot({"key": "r", "rate": {"points": 1, "per": 1}, "caps": limits_}, zone=zone)
    counters, given_by = {}, {}
    for at, amount in history:
        bought = basket(amount, occurred_at=at, store_zone="Asia/Tokyo")
        decision = evaluate(basket=bought, member=member(counters=counters), snapshot=rules, now=at)
        earned = sum(e.amount for e in decision.earned)
        counters = counters if decision.counters is None else decision.counters
        day = at.astimezone(ZoneInfo(zone)).date()
        for cap in limits_:
            period = Period(cap["period"])
            key = (period, "") if period is Period.LIFETIME else (period, limits.period_of(period, day))
            if period is Period.ORDER:
                assert earned <= cap["amount"]
            else:
                given_by[key] = given_by.get(key, 0) + earned
                assert given_by[key] <= cap["amount"]


@settings(max_examples=60)
@given(caps(), st.integers(1, 40), st.integers(0, 3))
def test_orders_in_time_use_a_cap_to_its_last_unit(limits_, orders, gap_days):
    capped = [{**c, "on_excess": "cap"} for c in limits_]
    rules = snapshot({"key": "r", "rate": {"points": 1, "per": 1}, "caps": capped})
    counters = {}
    for n in range(orders):
        at = datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=n * gap_days)
        bought = basket(100_000, occurred_at=at)
        decision = evaluate(basket=bought, member=member(counters=counters), snapshot=rules, now=at)
        left = []
        for cap in capped:
            period = Period(cap["period"])
            used = counters.get(limits.key_of("r", period, at.date()), 0) if period is not Period.ORDER else 0
            left.append(cap["amount"] - used)
        assert sum(e.amount for e in decision.earned) == max(0, min([1_000, *left]))
        counters = counters if decision.counters is None else decision.counters
        assert len(counters) <= 2 * 72, "counters of a member stay few however often she buys"


@given(earn_rules())
def test_rules_written_and_read_again_are_the_same(rules):
    told = {"program": {"currency": "GBP"}, "earn_rules": rules}
    read, policies, faults = document.read(told)
    assert faults == []
    once = writing.write(read, policies, "GBP")
    again, policies_again, faults = document.read({**told, **once})
    assert (again, policies_again, faults) == (read, policies, [])
    assert writing.write(again, policies, "GBP") == once


BAD = [
    ({}, ["", "key", "unit"]),
    ({"fixed": 1, "key": "A b"}, ["key"]),
    ({"fixed": 0}, ["fixed"]),
    ({"fixed": True}, ["fixed"]),
    ({"fixed": "5"}, ["fixed"]),
    ({"fixed": Decimal("1.5")}, ["fixed"]),
    ({"fixed": 10**18}, ["fixed"]),
    ({"rate": 5}, ["rate", "rate.per", "rate.points"]),
    ({"fixed": 1, "rate": {"points": 1, "per": 1}}, [""]),
    ({"rate": {"points": 1}}, ["rate.per"]),
    ({"rate": {"points": 1, "per": "0.001"}}, ["rate.per"]),
    ({"rate": {"points": 1, "per": 0}}, ["rate.per"]),
    ({"rate": {"points": 1, "per": "1e5"}}, ["rate.per"]),
    ({"rate": {"points": 1, "per": "NaN"}}, ["rate.per"]),
    ({"rate": {"points": 1, "per": {"pounds": 1}}}, ["rate.per"]),
    ({"rate": {"points": 1, "per": {"JPY": "1.5"}}}, ["rate.per.JPY"]),
    ({"rate": {"points": 1, "per": [1]}}, ["rate.per"]),
    ({"times": 1}, ["times"]),
    ({"times": "1/0"}, ["times"]),
    ({"times": "two"}, ["times"]),
    ({"times": 2, "multiplies": ["nobody"]}, ["multiplies.0"]),
    ({"multiplies": ["*"], "fixed": 1}, ["times"]),
    ({"times": 2, "tenders": ["card"]}, ["tenders"]),
    ({"fixed": 1, "weekdays": ["someday"]}, ["weekdays.0"]),
    ({"fixed": 1, "weekdays": ["mon", "mon"]}, ["weekdays.1"]),
    ({"fixed": 1, "starts_on": "2026-02-30"}, ["starts_on"]),
    ({"fixed": 1, "starts_on": "2026-02-02", "ends_on": "2026-02-01"}, ["ends_on"]),
    ({"fixed": 1, "when": "member.tir == 'gold'"}, ["when"]),
    ({"fixed": 1, "when": "line.sku == 'a'"}, ["when"]),
    ({"fixed": 1, "lines": "line.amount_minor"}, ["lines"]),
    ({"fixed": 1, "when": ""}, ["when"]),
    ({"fixed": 1, "when": 5}, ["when"]),
    ({"fixed": 1, "kinds": ["adjustment"]}, ["kinds.0"]),
    ({"fixed": 1, "basis": "gross"}, ["basis"]),
    ({"fixed": 1, "caps": [{"amount": 1}, {"amount": 2}]}, ["caps.1.period"]),
    ({"fixed": 1, "caps": {"amount": 1}}, ["caps"]),
    ({"fixed": 1, "caps": [{"amount": 1, "period": "hour"}]}, ["caps.0.period"]),
    ({"fixed": 1, "caps": [5]}, ["caps.0", "caps.0.amount"]),
    ({"fixed": 1, "unit": "miles"}, ["unit"]),
    ({"fixed": 1, "stores": ["mars"]}, ["stores.0"]),
    ({"fixed": 1, "tiers": ["demigod"]}, ["tiers.0"]),
    ({"fixed": 1, "wen": "true"}, ["wen"]),
    ({"fixed": 1, "note": "\x00"}, ["note"]),
    ({"fixed": 1, "name": {"english": 5}}, ["name.english"]),
]


@pytest.mark.parametrize(("rule", "paths"), BAD, ids=[str(n) for n in range(len(BAD))])
def test_every_fault_of_a_rule_has_its_path(rule, paths):
    told = {
        "program": {"currency": "GBP"},
        "units": [{"key": "points"}],
        "stores": [{"key": "leeds"}],
        "ladders": [{"key": "main", "levels": [{"key": "gold"}]}],
        "earn_rules": [rule if rule == {} else {"key": "k", "unit": "points", **rule}],
    }
    _, _, faults = document.read(told)
    found = sorted({path.removeprefix("earn_rules.0").lstrip(".") for path, _ in faults})
    assert found == sorted(paths)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.decimals(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)
FIELDS = [
    "key",
    "unit",
    "rate",
    "fixed",
    "times",
    "multiplies",
    "caps",
    "when",
    "lines",
    "stores",
    "name",
    "starts_on",
]


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(["earn_rules", "policies", "units", "ladders", "program"]), ANYTHING))
def test_whatever_is_sent_is_read_or_refused(told):
    rules, _, faults = document.read(told)
    assert faults or all(r.key and r.unit for r in rules)


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(FIELDS), ANYTHING))
def test_whatever_stands_in_a_rule_is_read_or_refused(rule):
    _, _, faults = document.read({"earn_rules": [rule], "program": {"currency": "GBP"}})
    assert all(path.startswith("earn_rules.0") for path, _ in faults)


def test_every_fact_can_be_read_of_a_bare_basket():
    facts = conditions.Facts(basket(line(1, 100)), member(), None)
    for name in facts:
        if name not in ("member.birth_month", "member.birth_day", "member.orders"):  # nobody asked for the orders
            assert facts[name] is not None, name
