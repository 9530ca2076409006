"""The life of a membership: begun, renewed at the ends of months, declined, in grace, paused, changed, ended."""

from __future__ import annotations

from datetime import date

import pytest

from regulars.value.subscriptions import services as subscriptions
from regulars.value.subscriptions.terms import (
    AlreadySubscribed,
    NotNow,
    OtherFamily,
    PauseNotAllowed,
    SamePlan,
    State,
    SubscriptionKeyReused,
    TooMuchRefund,
    TrialUsed,
    UnknownPlan,
    UnknownProvider,
    When,
)
from regulars.value.subscriptions.tests import house

pytestmark = pytest.mark.django_db
JAN31, FEB28, MAR31 = date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)


def test_a_membership_starts_when_it_is_paid_and_gives_its_packs_then():
    shop, bank = house.program()
    ada = house.member(shop)
    with house.noon(JAN31):
        made = subscriptions.subscribe(
            program_id=shop, member_id=ada, plan="monthly", method="ok", key="k", actor="key:1"
        )
        assert (made.state, made.covered_until, house.packs(shop, ada)) == (State.STARTING, None, set())
        paid = house.pursued(shop, made.subscription_id)
        assert (paid.state, paid.period_from, paid.period_to) == (State.ACTIVE, JAN31, FEB28)
        assert house.packs(shop, ada) == {"pack:plus", "plan:monthly"}
    assert house.charged(bank) == [1000]
    assert subscriptions.discrepancies() == []


def test_the_same_key_names_the_same_subscription_and_another_body_is_refused():
    shop, bank = house.program()
    ada = house.member(shop)
    one = house.begun(shop, ada, key="k")
    assert house.begun(shop, ada, key="k").subscription_id == one.subscription_id
    with pytest.raises(SubscriptionKeyReused):
        house.begun(shop, ada, key="k", plan="yearly")
    assert house.charged(bank) == [1000]


def test_nobody_pays_twice_for_the_same_family_of_plans():
    shop, bank = house.program()
    ada = house.member(shop)
    house.begun(shop, ada)
    with pytest.raises(AlreadySubscribed):
        house.begun(shop, ada, "yearly")
    with pytest.raises(UnknownPlan):
        house.begun(shop, ada, "nothing")
    with pytest.raises(UnknownProvider):
        house.begun(shop, house.member(shop), provider="elsewhere")
    assert house.charged(bank) == [1000]


def test_a_month_that_begins_on_the_31st_ends_where_months_end_and_comes_back_to_the_31st():
    shop, bank = house.program()
    ada = house.member(shop)
    with house.noon(JAN31):
        sub = house.begun(shop, ada)
    house.run(shop, date(2026, 2, 1), date(2026, 5, 1))
    assert house.periods(shop, sub.subscription_id) == [
        ("2026-01-31", "2026-02-28", 1000),
        ("2026-02-28", "2026-03-31", 1000),
        ("2026-03-31", "2026-04-30", 1000),
        ("2026-04-30", "2026-05-31", 1000),
    ]
    assert house.charged(bank) == [1000] * 4


def test_a_year_that_begins_on_a_leap_day_comes_back_to_the_leap_day():
    shop, _ = house.program()
    with house.noon(date(2024, 2, 29)):
        sub = house.begun(shop, house.member(shop), "yearly")
    for year in (2025, 2026, 2027, 2028):
        house.run(shop, date(year, 2, 28), date(year, 3, 1))
    assert [p[0] for p in house.periods(shop, sub.subscription_id)] == [
        "2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29",
    ]  # fmt: skip


def test_a_renewal_falls_on_the_local_midnight_although_the_clocks_were_changed():
    shop, _ = house.program()
    with house.noon(date(2026, 3, 1)):
        sub = house.begun(shop, house.member(shop))
    assert sub.next_due_at is not None
    assert sub.next_due_at.isoformat() == "2026-03-31T23:00:00+00:00"  # midnight of 1 April in summer time


def test_benefits_do_not_blink_when_the_renewal_comes_some_hours_late():
    shop, _ = house.program()
    ada = house.member(shop)
    with house.noon(JAN31):
        sub = house.begun(shop, ada)
    with house.noon(FEB28):
        assert house.packs(shop, ada) == {"pack:plus", "plan:monthly"}
        subscriptions.work(program_id=shop)
        assert house.look(shop, sub.subscription_id).period_to == MAR31


def test_a_renewal_later_than_that_begins_today_so_that_nobody_pays_for_days_without_benefits():
    shop, bank = house.program()
    ada = house.member(shop)
    with house.noon(JAN31):
        sub = house.begun(shop, ada)
    with house.noon(date(2026, 4, 10)):
        assert house.packs(shop, ada) == set()
        subscriptions.work(program_id=shop)
        assert house.look(shop, sub.subscription_id).period_from == date(2026, 4, 10)
    assert house.charged(bank) == [1000, 1000]


def test_a_declined_renewal_is_tried_again_on_the_days_of_dunning_while_the_grace_runs():
    shop, bank = house.program()
    ada = house.member(shop)
    with house.noon(JAN31):
        sub = house.begun(shop, ada, method="m")
    bank.script("m", "declined", "declined", "ok")
    house.run(shop, FEB28, date(2026, 3, 1))
    late = house.look(shop, sub.subscription_id)
    assert (late.state, late.period_to) == (State.PAST_DUE, FEB28)
    with house.noon(date(2026, 3, 1)):
        assert house.packs(shop, ada) == {"pack:plus", "plan:monthly"}
    house.run(shop, date(2026, 3, 2), date(2026, 3, 4))
    assert house.look(shop, sub.subscription_id).state == State.PAST_DUE
    house.run(shop, date(2026, 3, 5), date(2026, 3, 5))
    paid = house.look(shop, sub.subscription_id)
    assert (paid.state, paid.period_from, paid.period_to) == (State.ACTIVE, FEB28, MAR31)
    assert house.charged(bank) == [1000, 1000]
    tries = [(m.outcome.value) for m in bank.movements()]
    assert tries == ["done", "declined", "declined", "done"]
    assert subscriptions.discrepancies() == []


def test_a_membership_ends_when_all_tries_were_declined_and_the_grace_is_over():
    shop, bank = house.program()
    ada = house.member(shop)
    with house.noon(JAN31):
        sub = house.begun(shop, ada, method="m")
    bank.script("m", *["declined"] * 5)
    house.run(shop, FEB28, date(2026, 3, 6))
    assert house.look(shop, sub.subscription_id).state == State.PAST_DUE
    house.run(shop, date(2026, 3, 7), date(2026, 3, 8))
    ended = house.look(shop, sub.subscription_id)
    assert (ended.state, ended.end_cause) == (State.ENDED, "unpaid")
    assert house.packs(shop, ada) == set()
    assert len(bank.movements()) == 4
    again = house.begun(shop, ada)
    assert again.state == State.ACTIVE


def test_another_way_to_pay_is_tried_at_once_when_something_is_past_due():
    shop, bank = house.program()
    with house.noon(JAN31):
        sub = house.begun(shop, house.member(shop), method="m")
    bank.script("m", "declined")
    house.run(shop, FEB28, FEB28)
    with house.noon(date(2026, 3, 1)):
        subscriptions.use_method(program_id=shop, subscription_id=sub.subscription_id, method="ok", actor="key:1")
        assert house.pursued(shop, sub.subscription_id).state == State.ACTIVE


def test_a_first_payment_that_is_declined_gives_nothing_and_ends_it():
    shop, bank = house.program()
    ada = house.member(shop)
    sub = house.begun(shop, ada, method="declined")
    assert (sub.state, sub.end_cause, house.packs(shop, ada)) == (State.ENDED, "declined", set())
    assert house.charged(bank) == []


def test_a_trial_happens_once_for_a_family_and_turns_into_a_paid_membership():
    shop, bank = house.program()
    ada = house.member(shop)
    with house.noon(JAN31):
        sub = house.begun(shop, ada, "tried")
        assert (sub.state, sub.period_to) == (State.TRIAL, date(2026, 2, 14))
        assert house.packs(shop, ada) == {"pack:plus", "plan:tried"}
        assert house.charged(bank) == []
    house.run(shop, date(2026, 2, 13), date(2026, 2, 14))
    paid = house.look(shop, sub.subscription_id)
    assert (paid.state, paid.period_from, paid.period_to) == (State.ACTIVE, date(2026, 2, 14), date(2026, 3, 14))
    with house.noon(date(2026, 2, 20)):
        subscriptions.cancel(program_id=shop, subscription_id=sub.subscription_id, reason="enough", actor="key:1")
        with pytest.raises(TrialUsed):
            house.begun(shop, ada, "tried", with_trial=True)
        assert house.begun(shop, ada, "tried").state == State.ACTIVE


def test_going_up_credits_the_days_that_are_left_and_takes_the_difference():
    shop, bank = house.program()
    ada = house.member(shop)
    with house.noon(date(2026, 4, 1)):
        sub = house.begun(shop, ada)
    with house.noon(date(2026, 4, 11)):  # 20 of 30 days are left of 10.00
        quote = subscriptions.quote_change(program_id=shop, subscription_id=sub.subscription_id, plan="yearly")
        assert (quote.charge_minor, quote.when) == (9340, When.AT_ONCE)
        subscriptions.change(program_id=shop, subscription_id=sub.subscription_id, plan="yearly", actor="key:1")
        up = house.pursued(shop, sub.subscription_id)
        assert (up.plan, up.period_from, up.period_to) == ("yearly", date(2026, 4, 11), date(2027, 4, 11))
        assert house.packs(shop, ada) == {"pack:plus", "plan:yearly"}
    assert house.charged(bank) == [1000, 9340]
    assert subscriptions.discrepancies() == []


def test_going_down_waits_for_the_end_of_the_period_and_can_be_taken_back():
    shop, bank = house.program()
    ada = house.member(shop)
    with house.noon(date(2026, 4, 1)):
        sub = house.begun(shop, ada)
        down = subscriptions.change(program_id=shop, subscription_id=sub.subscription_id, plan="light", actor="key:1")
        assert (down.plan, down.next_plan) == ("monthly", "light")
        back = subscriptions.change(
            program_id=shop, subscription_id=sub.subscription_id, plan="monthly", actor="key:1"
        )
        assert back.next_plan is None
        with pytest.raises(SamePlan):
            subscriptions.change(program_id=shop, subscription_id=sub.subscription_id, plan="monthly", actor="key:1")
        with pytest.raises(OtherFamily):
            subscriptions.change(program_id=shop, subscription_id=sub.subscription_id, plan="tried", actor="key:1")
        subscriptions.change(program_id=shop, subscription_id=sub.subscription_id, plan="light", actor="key:1")
    house.run(shop, date(2026, 5, 1), date(2026, 5, 1))
    assert house.look(shop, sub.subscription_id).plan == "light"
    assert house.charged(bank) == [1000, 400]
    with house.noon(date(2026, 5, 2)):
        assert house.packs(shop, ada) == {"plan:light"}


def test_a_change_that_is_declined_leaves_her_the_plan_she_has():
    shop, bank = house.program()
    with house.noon(date(2026, 4, 1)):
        sub = house.begun(shop, house.member(shop), method="m")
        bank.script("m", "declined")
        subscriptions.change(program_id=shop, subscription_id=sub.subscription_id, plan="yearly", actor="key:1")
        after = house.pursued(shop, sub.subscription_id)
    assert (after.plan, after.state, after.period_to, after.credit_minor) == (
        "monthly",
        State.ACTIVE,
        date(2026, 5, 1),
        0,
    )


def test_what_is_left_of_a_dear_plan_pays_for_the_cheap_one_until_it_is_used_up():
    shop, bank = house.program()
    with house.noon(date(2026, 4, 1)):
        sub = house.begun(shop, house.member(shop), "yearly")
        subscriptions.change(
            program_id=shop, subscription_id=sub.subscription_id, plan="light", actor="key:1", when=When.AT_ONCE
        )
        down = house.pursued(shop, sub.subscription_id)
        assert (down.plan, down.credit_minor) == ("light", 9600)
    house.run(shop, date(2026, 5, 1), date(2026, 5, 1))
    assert house.look(shop, sub.subscription_id).credit_minor == 9200
    assert house.charged(bank) == [10_000]
    assert subscriptions.discrepancies() == []


def test_paid_days_wait_while_a_membership_rests():
    shop, bank = house.program()
    ada = house.member(shop)
    with house.noon(date(2026, 4, 1)):
        sub = house.begun(shop, ada)
    with house.noon(date(2026, 4, 11)):
        rest = subscriptions.pause(
            program_id=shop, subscription_id=sub.subscription_id, days=30, reason="away", actor="key:1"
        )
        assert (rest.state, rest.paused_until, rest.credit_minor) == (State.PAUSED, date(2026, 5, 11), 660)
        assert house.packs(shop, ada) == set()
    house.run(shop, date(2026, 5, 10), date(2026, 5, 11))
    back = house.look(shop, sub.subscription_id)
    assert (back.state, back.period_from, back.period_to) == (State.ACTIVE, date(2026, 5, 11), date(2026, 5, 31))
    with house.noon(date(2026, 5, 12)):
        assert house.packs(shop, ada) == {"pack:plus", "plan:monthly"}
        with pytest.raises(PauseNotAllowed):
            subscriptions.pause(
                program_id=shop, subscription_id=sub.subscription_id, days=3, reason="again", actor="key:1"
            )
    house.run(shop, date(2026, 5, 31), date(2026, 5, 31))
    assert house.look(shop, sub.subscription_id).period_to == date(2026, 6, 30)
    assert house.charged(bank) == [1000, 1000]
    assert subscriptions.discrepancies() == []


def test_a_rest_can_be_ended_early_and_is_not_longer_than_allowed():
    shop, _ = house.program()
    with house.noon(date(2026, 4, 1)):
        sub = house.begun(shop, house.member(shop))
        with pytest.raises(PauseNotAllowed):
            subscriptions.pause(
                program_id=shop, subscription_id=sub.subscription_id, days=61, reason="", actor="key:1"
            )
        with pytest.raises(NotNow):
            subscriptions.resume(program_id=shop, subscription_id=sub.subscription_id, reason="", actor="key:1")
        subscriptions.pause(program_id=shop, subscription_id=sub.subscription_id, days=60, reason="", actor="key:1")
    with house.noon(date(2026, 4, 5)):
        back = subscriptions.resume(program_id=shop, subscription_id=sub.subscription_id, reason="", actor="key:1")
    assert (back.state, back.period_to) == (State.ACTIVE, date(2026, 5, 5))


def test_a_cancelled_membership_runs_to_the_end_of_what_is_paid_and_can_be_kept():
    shop, bank = house.program()
    ada = house.member(shop)
    with house.noon(date(2026, 4, 1)):
        sub = house.begun(shop, ada)
        gone = subscriptions.cancel(
            program_id=shop, subscription_id=sub.subscription_id, reason="dear", actor="key:1"
        )
        assert (gone.state, gone.renews) == (State.CANCELLED, False)
        kept = subscriptions.keep(program_id=shop, subscription_id=sub.subscription_id, reason="", actor="key:1")
        assert (kept.state, kept.renews) == (State.ACTIVE, True)
        subscriptions.cancel(program_id=shop, subscription_id=sub.subscription_id, reason="dear", actor="key:1")
    with house.noon(date(2026, 4, 30)):
        assert house.packs(shop, ada) == {"pack:plus", "plan:monthly"}
    house.run(shop, date(2026, 5, 1), date(2026, 5, 1))
    ended = house.look(shop, sub.subscription_id)
    assert (ended.state, ended.end_cause, house.charged(bank)) == (State.ENDED, "cancelled", [1000])
    assert house.told(shop, sub.subscription_id) == ["asked", "started", "cancelled", "kept", "cancelled", "ended"]


@pytest.mark.parametrize(
    ("day", "uses", "rule", "back"),
    [
        (date(2026, 4, 11), 0, "deduct", 1000),
        (date(2026, 4, 11), 2, "deduct", 400),
        (date(2026, 4, 11), 4, "deduct", 0),
        (date(2026, 4, 11), 1, "none", 0),
        (date(2026, 4, 11), 1, "prorated", 660),
        (date(2026, 4, 15), 0, "deduct", 0),
    ],
)
def test_what_goes_back_depends_on_the_days_and_on_what_was_used(day, uses, rule, back):
    from regulars.value.benefits import services as benefits

    plan = {**house.MONTHLY, "refund": {"within_days": 14, "when_used": rule}}
    shop, bank = house.program(plan)
    ada = house.member(shop)
    with house.noon(date(2026, 4, 1)):
        sub = house.begun(shop, ada)
        for n in range(uses):
            benefits.use(program_id=shop, member_id=ada, benefit="shipping", key=f"u{n}", actor="key:1")
    with house.noon(day):
        quote = subscriptions.quote_cancel(program_id=shop, subscription_id=sub.subscription_id, when=When.AT_ONCE)
        subscriptions.cancel(
            program_id=shop, subscription_id=sub.subscription_id, reason="x", actor="key:1", when=When.AT_ONCE
        )
        house.pursued(shop, sub.subscription_id)
        assert house.packs(shop, ada) == set()
    assert quote.refund_minor == back
    assert house.charged(bank) == ([1000, -back] if back else [1000])
    assert subscriptions.discrepancies() == []


def test_staff_give_a_part_back_and_the_days_that_are_left_are_worth_less():
    shop, bank = house.program()
    with house.noon(date(2026, 4, 1)):
        sub = house.begun(shop, house.member(shop))
    with house.noon(date(2026, 4, 11)):
        with pytest.raises(TooMuchRefund):
            subscriptions.refund(
                program_id=shop, subscription_id=sub.subscription_id, amount_minor=1001, reason="x", actor="staff:1"
            )
        subscriptions.refund(
            program_id=shop, subscription_id=sub.subscription_id, amount_minor=300, reason="x", actor="staff:1"
        )
        after = house.pursued(shop, sub.subscription_id)
        assert (after.state, after.period_to) == (State.ACTIVE, date(2026, 5, 1))
        subscriptions.refund(
            program_id=shop, subscription_id=sub.subscription_id, amount_minor=360, reason="x", actor="staff:1"
        )
        house.pursued(shop, sub.subscription_id)
    assert house.charged(bank) == [1000, -300, -360]
    assert [p[2] for p in house.periods(shop, sub.subscription_id)] == [1000, 360, 0]
    assert subscriptions.discrepancies() == []
