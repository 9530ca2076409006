"""The rules of money and calendars, for any amounts and days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.kernel import money as kernel_money
from regulars.value.subscriptions.rules import calendar, codes, money, needing, plans
from regulars.value.subscriptions.terms import ClosedBy, Every, Period, PeriodKind
from regulars.value.subscriptions.tests.house import LIGHT, MONTHLY, TRIED, YEARLY

DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))
EVERY = st.one_of(st.integers(1, 24).map(lambda n: Every(months=n)), st.integers(1, 400).map(lambda n: Every(days=n)))


def period(starts: date, days: int, amount: int, **more) -> Period:
    told = {"kind": PeriodKind.PAID, "plan": "p", "version": 1, "n": 1, "booked_on": starts, **more}
    return Period(starts_on=starts, ends_on=starts + timedelta(days=days), amount_minor=amount, **told)


@given(st.integers(0, 10**9), st.integers(1, 400))
def test_what_is_earned_by_the_day_is_the_largest_remainder_and_sums_to_what_was_paid(amount, days):
    parts = kernel_money.spread(amount, [1] * days)
    found = [money.earned(amount, days, k + 1) - money.earned(amount, days, k) for k in range(days)]
    assert found == parts
    assert sum(found) == amount


@given(st.integers(0, 10**7), st.integers(1, 400), st.integers(0, 400), st.integers(0, 100), st.integers(0, 100))
def test_closing_loses_nothing_whatever_goes_back(amount, days, on, refund_percent, credit_percent):
    starts = date(2026, 1, 1)
    closed = starts + timedelta(days=min(on, days))
    one = period(starts, days, amount)
    refunded = amount * refund_percent // 100
    credited = min(money.left(one, closed), amount - refunded) * credit_percent // 100
    correction = money.correction(one, closed, refunded=refunded, credited=credited)
    done = period(
        starts, days, amount, closed_on=closed, closed_by=ClosedBy.CANCEL, refunded_minor=refunded,
        credited_minor=credited, correction_minor=correction,
    )  # fmt: skip
    assert money.earned_before(done, closed + timedelta(days=1)) + refunded + credited == amount
    assert money.earned_before(done, closed) == money.earned_before(one, closed)


@given(DAYS, EVERY)
def test_periods_follow_each_other_without_gap_and_never_drift(anchor, every):
    ends = [calendar.period_end(anchor, n, every) for n in range(1, 15)]
    assert all(a < b for a, b in zip([anchor, *ends], ends, strict=False))
    if every.months is not None:
        wanted = calendar.months_later(anchor, 14 * every.months)
        assert ends[-1] == wanted
        assert wanted.day in (anchor.day, *range(28, 31))


@given(st.integers(0, codes.HALF**2 - 1), st.binary(min_size=32, max_size=32))
def test_a_code_fits_and_any_wrong_sign_does_not(number, key):
    code = codes.spell(key, number)
    assert codes.fits(code)
    for place in (0, 5, 12):
        other = codes.SIGNS[(codes.SIGNS.index(code[place]) + 1) % len(codes.SIGNS)]
        assert not codes.fits(code[:place] + other + code[place + 1 :])


def test_different_numbers_give_different_codes():
    key = bytes(range(32))
    found = {codes.spell(key, n) for n in range(3_000)}
    assert len(found) == 3_000
    assert codes.spell(bytes(32), 7) != codes.spell(key, 7)


def test_a_plan_is_read_and_written_the_same():
    document = {"program": {"currency": "GBP"}, "plans": [MONTHLY, YEARLY, LIGHT, TRIED]}
    read, faults = plans.read(document)
    assert faults == []
    written = plans.write(read, "GBP")
    assert plans.read({**document, **written}) == (read, [])
    assert written["plans"][0]["price"] == "10.00"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"price": "-1.00"}, "plans.0.price"),
        ({"price": "1.005"}, "plans.0.price"),
        ({"price": None}, "plans.0.price"),
        ({"every": {"months": 1, "days": 2}}, "plans.0.every"),
        ({"every": None}, "plans.0.every"),
        ({"dunning": [0]}, "plans.0.dunning"),
        ({"dunning": [2, 9]}, "plans.0.grace_days"),
        ({"gives": {"packs": ["nothing"]}}, "plans.0.gives.packs.0"),
        ({"gives": {"growth": {"unit": "nothing", "per_day": 1}}}, "plans.0.gives.growth.unit"),
        ({"gives": {"level": {"ladder": "main", "level": "nothing"}}}, "plans.0.gives.level.level"),
        ({"trial": {"price": "1.00"}}, "plans.0.trial.days"),
        ({"refund": {"within_days": 3, "when_used": "perhaps"}}, "plans.0.refund.when_used"),
        ({"colour": "red"}, "plans.0.colour"),
    ],
)
def test_a_plan_that_is_wrong_says_where(change, path):
    told = {k: v for k, v in {**MONTHLY, **change}.items() if v is not None}
    document = {
        "program": {"currency": "GBP"},
        "packs": [{"key": "plus"}],
        "units": [{"key": "growth"}],
        "ladders": [{"key": "main", "levels": [{"key": "gold"}]}],
        "plans": [told],
    }
    assert path in [p for p, _ in plans.read(document)[1]]


def test_two_plans_of_one_key_are_refused():
    document = {"program": {"currency": "GBP"}, "plans": [MONTHLY, MONTHLY]}
    assert [p for p, _ in plans.read(document)[1]] == ["plans.1.key"]


def test_a_rule_needs_a_plan_in_whatever_words_it_says_so():
    names = frozenset({"prime", "shipping"})
    assert needing.needs({"uses_benefit": "shipping"}, names=names)
    assert needing.needs({"conditions": {"benefits": ["shipping"]}}, names=names)
    assert not needing.needs({"conditions": {"tiers": ["prime"]}, "name": {"en": "prime"}}, names=names)
