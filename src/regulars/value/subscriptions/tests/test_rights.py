"""Rights that a pause, a kindness, a change or a late answer must neither open anew nor take away."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from regulars.kernel import clock
from regulars.people.members import services as members
from regulars.people.members.terms import MemberStatus
from regulars.people.programs import services as programs
from regulars.value.benefits import services as benefits
from regulars.value.subscriptions import services as subscriptions
from regulars.value.subscriptions.terms import State, When
from regulars.value.subscriptions.tests import house
from regulars.value.tiers import services as tiers

pytestmark = pytest.mark.django_db
JAN1, MAR1 = date(2026, 1, 1), date(2026, 3, 1)
DEARER = {**house.YEARLY, "key": "yearly-more", "price": "110.00"}


def quoted(shop: int, sub) -> tuple[int, str]:
    found = subscriptions.quote_cancel(program_id=shop, subscription_id=sub.subscription_id, when=When.AT_ONCE)
    return found.refund_minor, found.rule


def ended(shop: int, sub) -> None:
    subscriptions.cancel(
        program_id=shop, subscription_id=sub.subscription_id, reason="x", actor="key:1", when=When.AT_ONCE
    )
    house.pursued(shop, sub.subscription_id)


def paused(shop: int, sub, days: int = 5) -> None:
    subscriptions.pause(program_id=shop, subscription_id=sub.subscription_id, days=days, reason="x", actor="key:1")


def resumed(shop: int, sub) -> None:
    subscriptions.resume(program_id=shop, subscription_id=sub.subscription_id, reason="x", actor="key:1")


def test_a_pause_does_not_open_the_time_to_have_money_back_again():
    shop, bank = house.program()
    ada = house.member(shop)
    with house.noon(JAN1):
        sub = house.begun(shop, ada, "yearly")
    with house.noon(MAR1):
        assert quoted(shop, sub) == (0, "after_days")
        paused(shop, sub)
        assert quoted(shop, sub) == (0, "after_days")
        ended(shop, sub)
    assert house.charged(bank) == [10000]
    assert subscriptions.discrepancies() == []


def test_what_is_cancelled_while_it_rests_in_time_goes_back_as_it_was_quoted():
    shop, bank = house.program()
    ada = house.member(shop)
    with house.noon(JAN1):
        sub = house.begun(shop, ada, "yearly")
    with house.noon(date(2026, 1, 5)):
        paused(shop, sub)
        owed, rule = quoted(shop, sub)
        assert (owed, rule) == (10000 - 112, "within_days")  # 4 days of 365 earned 28 each
        ended(shop, sub)
    assert house.charged(bank) == [10000, -owed]
    assert subscriptions.discrepancies() == []


def test_a_kindness_does_not_open_the_time_to_have_money_back_again():
    shop, bank = house.program()
    ada = house.member(shop)
    with house.noon(JAN1):
        sub = house.begun(shop, ada, "yearly")
    with house.noon(MAR1):
        subscriptions.refund(
            program_id=shop, subscription_id=sub.subscription_id, amount_minor=100, reason="x", actor="key:1"
        )
        house.pursued(shop, sub.subscription_id)
        assert quoted(shop, sub) == (0, "after_days")
        ended(shop, sub)
    assert house.charged(bank) == [10000, -100]
    assert subscriptions.discrepancies() == []


def test_going_up_gives_back_what_it_cost_and_not_what_was_carried_from_days_long_bought():
    shop, bank = house.program(house.YEARLY, DEARER)
    ada = house.member(shop)
    with house.noon(JAN1):
        sub = house.begun(shop, ada, "yearly")
    with house.noon(MAR1):
        subscriptions.change(program_id=shop, subscription_id=sub.subscription_id, plan="yearly-more", actor="key:1")
        house.pursued(shop, sub.subscription_id)
        _, more = house.charged(bank)
        assert quoted(shop, sub) == (more, "within_days")
        ended(shop, sub)
    assert house.charged(bank) == [10000, more, -more]
    assert subscriptions.discrepancies() == []


def test_going_up_within_the_days_gives_all_of_it_back():
    shop, bank = house.program(house.YEARLY, DEARER)
    ada = house.member(shop)
    with house.noon(JAN1):
        sub = house.begun(shop, ada, "yearly")
    with house.noon(date(2026, 1, 2)):
        subscriptions.change(program_id=shop, subscription_id=sub.subscription_id, plan="yearly-more", actor="key:1")
        house.pursued(shop, sub.subscription_id)
        assert quoted(shop, sub) == (11000, "within_days")
    with house.noon(date(2026, 1, 15)):  # the first 14 days are over, those of the change are not
        assert quoted(shop, sub) == (house.charged(bank)[1], "within_days")


def test_a_year_of_quotas_does_not_begin_anew_with_a_pause_or_another_plan(monkeypatch):
    scarce = {**house.BENEFITS["benefits"][0], "quota": {"times": 1, "period": "membership_year"}}
    by_plan = {**scarce, "key": "lounge", "kind": "lounge", "for": {"plans": ["yearly", "yearly-more"]}}
    monkeypatch.setitem(house.BENEFITS, "benefits", [scarce, by_plan])
    shop, _ = house.program(house.YEARLY, DEARER)
    ada = house.member(shop)
    with house.noon(JAN1):
        sub = house.begun(shop, ada, "yearly")
    with house.noon(MAR1):
        for key in ("shipping", "lounge"):
            benefits.use(program_id=shop, member_id=ada, benefit=key, key=key, actor="key:1")
        paused(shop, sub)
        resumed(shop, sub)
        subscriptions.change(program_id=shop, subscription_id=sub.subscription_id, plan="yearly-more", actor="key:1")
        house.pursued(shop, sub.subscription_id)
        found = benefits.of(program_id=shop, member_id=ada, at=clock.now())
    assert [(e.benefit.key, e.left, e.period) for e in found] == [
        ("shipping", 0, "membership_year/2026-01-01"),
        ("lounge", 0, "membership_year/2026-01-01"),
    ]


def test_what_was_credited_is_paid_too_and_a_cancelled_membership_runs_until_it_is_used_up():
    shop, bank = house.program()
    ada = house.member(shop)
    with house.noon(JAN1):
        sub = house.begun(shop, ada, "yearly")
        subscriptions.change(
            program_id=shop, subscription_id=sub.subscription_id, plan="light", actor="key:1", when=When.AT_ONCE
        )
        house.pursued(shop, sub.subscription_id)
        asked = {"program_id": shop, "subscription_id": sub.subscription_id}
        end = subscriptions.quote_cancel(**asked, when=When.PERIOD_END).on
        assert end == date(2028, 2, 1)  # 100.00 at 4.00 a month
        assert subscriptions.cancel(**asked, reason="x", actor="key:1", when=When.PERIOD_END).state == State.CANCELLED
    for n in range(1, 25):
        day = date(2026 + n // 12, n % 12 + 1, 1)
        house.run(shop, day, day)
        assert house.look(shop, sub.subscription_id).state == State.CANCELLED
    assert house.packs(shop, ada) == {"plan:light"}
    house.run(shop, end, end)
    assert (house.look(shop, sub.subscription_id).end_cause, house.charged(bank)) == ("cancelled", [10000])
    with house.noon(end):
        (line,) = [x for x in subscriptions.income(program_id=shop, from_on=JAN1, to_on=end) if x.plan == "light"]
    assert (line.moved_minor, line.earned_minor, line.closing_minor) == (10000, 10000, 0)
    assert subscriptions.discrepancies() == []


def test_a_credit_that_pays_for_a_part_of_a_period_pays_for_as_many_days():
    shop, bank = house.program(house.YEARLY, {**house.LIGHT, "price": "77.00"})
    ada = house.member(shop)
    with house.noon(JAN1):
        sub = house.begun(shop, ada, "yearly")
        asked = {"program_id": shop, "subscription_id": sub.subscription_id}
        subscriptions.change(**asked, plan="light", actor="key:1", when=When.AT_ONCE)
        house.pursued(shop, sub.subscription_id)
        subscriptions.cancel(**asked, reason="x", actor="key:1", when=When.PERIOD_END)
    house.run(shop, date(2026, 2, 1), date(2026, 2, 9))
    assert house.periods(shop, sub.subscription_id)[-1] == ("2026-02-01", "2026-02-09", 2300)  # 28 × 23 / 77 days
    assert house.look(shop, sub.subscription_id).end_cause == "cancelled"
    assert subscriptions.discrepancies() == []


def levelled(shop: int, *plans: dict[str, Any]) -> None:
    """Publish plans that give a level of a ladder that nobody reaches by growing."""
    units = {"units": [{"key": "points", "kind": "spendable"}, {"key": "growth", "kind": "measure"}]}
    levels = [{"key": "basic", "enter": 0}, {"key": "silver", "enter": 10**6}, {"key": "gold", "enter": 10**7}]
    version = programs.by_id(program_id=shop).current_version + 1
    ladder = {"key": "club", "measure": "growth", "levels": [{**e, "name": {"en": e["key"]}} for e in levels]}
    tiers.apply(shop, version, {**units, "ladders": [{**ladder, "name": {"en": "Club"}}]}, "key:1")
    house.publish(shop, *plans)


def test_a_level_that_both_plans_give_is_not_interrupted_by_the_change():
    shop, _ = house.program()
    gold, silver = ({"packs": ["plus"], "level": {"ladder": "club", "level": e}} for e in ("gold", "silver"))
    levelled(
        shop,
        {**house.MONTHLY, "gives": gold},
        {**house.YEARLY, "gives": gold},
        {**DEARER, "gives": silver},
    )
    ada = house.member(shop)

    def moves() -> list[tuple[str, str]]:
        found = tiers.moves(program_id=shop, member_id=ada)
        return [(m.from_level, m.to_level) for _, m in reversed(found)]

    with house.noon(JAN1):
        sub = house.begun(shop, ada, "monthly")
    with house.noon(date(2026, 1, 10)):
        subscriptions.change(program_id=shop, subscription_id=sub.subscription_id, plan="yearly", actor="key:1")
        house.pursued(shop, sub.subscription_id)
        assert moves() == [("basic", "gold")]
        subscriptions.change(program_id=shop, subscription_id=sub.subscription_id, plan="yearly-more", actor="key:1")
        house.pursued(shop, sub.subscription_id)
        assert moves() == [("basic", "gold"), ("gold", "silver")]
        assert house.packs(shop, ada) == {"pack:plus", "plan:yearly-more"}
        ended(shop, sub)
        assert moves()[-1] == ("silver", "basic")


def test_nobody_pays_for_days_on_which_the_payment_provider_could_not_be_reached_and_nothing_was_given():
    shop, bank = house.program()
    ada = house.member(shop)
    with house.noon(JAN1):
        sub = house.begun(shop, ada)
    bank.script("ok", *(["down"] * 30))
    house.run(shop, date(2026, 2, 1), date(2026, 2, 20))
    assert house.packs(shop, ada) == set()  # the grace was over on the 8th
    with house.noon(date(2026, 2, 20)):
        while house.look(shop, sub.subscription_id).state != State.ACTIVE:
            house.pursued(shop, sub.subscription_id)
            bank_answers(shop)
        assert house.packs(shop, ada) == {"pack:plus", "plan:monthly"}
    assert house.periods(shop, sub.subscription_id) == [
        ("2026-01-01", "2026-02-01", 1000),
        ("2026-02-20", "2026-03-20", 1000),
    ]
    house.run(shop, date(2026, 3, 19), date(2026, 3, 20))
    assert house.periods(shop, sub.subscription_id)[-1] == ("2026-03-20", "2026-04-20", 1000)
    assert subscriptions.discrepancies() == []


def bank_answers(shop: int) -> None:
    """The time until it is asked again is over."""
    house.rows(f"update subscriptions_payment set leased_until = null where program_id = {shop} returning id")


def test_an_answer_that_comes_in_the_grace_costs_no_day():
    shop, bank = house.program()
    ada = house.member(shop)
    with house.noon(JAN1):
        sub = house.begun(shop, ada)
    bank.script("ok", "down")
    house.run(shop, date(2026, 2, 1), date(2026, 2, 3))
    assert house.periods(shop, sub.subscription_id)[-1] == ("2026-02-01", "2026-03-01", 1000)


def test_a_worker_that_was_gone_for_days_before_it_asked_sells_the_days_from_now():
    shop, _ = house.program()
    ada = house.member(shop)
    with house.noon(JAN1):
        sub = house.begun(shop, ada)
    with house.midnight(date(2026, 2, 1)):
        subscriptions.step(program_id=shop, subscription_id=sub.subscription_id)  # and nobody asks the provider
    with house.noon(date(2026, 2, 12)):
        subscriptions.work(program_id=shop)
    assert house.periods(shop, sub.subscription_id)[-1] == ("2026-02-12", "2026-03-12", 1000)
    assert subscriptions.discrepancies() == []


def test_who_leaves_while_the_payment_provider_cannot_be_reached_is_not_charged():
    shop, bank = house.program()
    ada = house.member(shop)
    with house.noon(JAN1):
        sub = house.begun(shop, ada)
    bank.script("ok", "down")
    with house.midnight(date(2026, 2, 1)):
        subscriptions.work(program_id=shop)
        members.set_status(program_id=shop, member_id=ada, status=MemberStatus.CLOSED, reason="wish", actor="key:1")
    house.run(shop, date(2026, 2, 2), date(2026, 2, 4))
    assert (house.charged(bank), house.look(shop, sub.subscription_id).end_cause) == ([1000], "closed")
    assert subscriptions.discrepancies() == []
