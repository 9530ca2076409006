"""A worker that dies at any commit boundary, and providers that fail: nothing is charged twice, nothing is lost."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

import pytest
from django.db import transaction

from regulars.kernel import clock
from regulars.value.subscriptions import services as subscriptions
from regulars.value.subscriptions.services import paying
from regulars.value.subscriptions.terms import PaymentState, RefundState, State, When
from regulars.value.subscriptions.tests import house

pytestmark = pytest.mark.django_db(transaction=True)
APRIL = date(2026, 4, 1)


class PowerCut(BaseException):
    """The process is gone: nothing after it runs, what was committed stays."""


def asked(shop: int, member, method: str = "ok"):
    return subscriptions.subscribe(
        program_id=shop, member_id=member, plan="monthly", method=method, key="k", actor="key:1"
    )


def later(minutes: int):
    return clock.at(clock.now() + timedelta(minutes=minutes))


def test_a_crash_before_the_provider_is_asked_is_taken_up_again(monkeypatch):
    shop, bank = house.program()
    sub = asked(shop, house.member(shop))
    monkeypatch.setattr(bank, "charge", partial(_dies, before=lambda **k: None))
    with pytest.raises(PowerCut):
        house.pursued(shop, sub.subscription_id)
    monkeypatch.undo()
    assert (house.charged(bank), house.look(shop, sub.subscription_id).state) == ([], State.STARTING)
    with later(1):
        assert paying.open_work(limit=9) == []  # somebody may still be asking
    with later(3):
        subscriptions.work()
        assert house.look(shop, sub.subscription_id).state == State.ACTIVE
    assert house.charged(bank) == [1000]


def _dies(before, **asked_):
    before(**asked_)
    raise PowerCut


def test_a_crash_after_the_charge_asks_what_became_of_it_and_does_not_charge_again(monkeypatch):
    shop, bank = house.program()
    ada = house.member(shop)
    sub = asked(shop, ada)
    really = bank.charge
    calls = []

    def charge(**said):
        calls.append(said["key"])
        really(**said)
        raise PowerCut

    monkeypatch.setattr(bank, "charge", charge)
    with pytest.raises(PowerCut):
        house.pursued(shop, sub.subscription_id)
    assert (house.charged(bank), house.look(shop, sub.subscription_id).state) == ([1000], State.STARTING)
    with later(3):
        subscriptions.work()  # would die again if it charged
        assert house.look(shop, sub.subscription_id).state == State.ACTIVE
        assert house.packs(shop, ada) == {"pack:plus", "plan:monthly"}
    assert (len(calls), house.charged(bank)) == (1, [1000])
    assert subscriptions.discrepancies() == []


def test_a_crash_while_it_is_settled_loses_nothing(monkeypatch):
    shop, bank = house.program()
    ada = house.member(shop)
    sub = asked(shop, ada)

    def cover(*args, **more):
        raise PowerCut

    monkeypatch.setattr("regulars.value.subscriptions.services.granting.give", cover)
    with pytest.raises(PowerCut):
        house.pursued(shop, sub.subscription_id)
    monkeypatch.undo()
    assert (house.look(shop, sub.subscription_id).state, house.packs(shop, ada)) == (State.STARTING, set())
    assert house.rows("select state from subscriptions_payment") == [("intended",)]
    with later(3):
        subscriptions.work()
        assert house.look(shop, sub.subscription_id).state == State.ACTIVE
    assert house.charged(bank) == [1000]


def test_a_crash_between_the_intent_of_a_renewal_and_its_charge_renews_once(monkeypatch):
    shop, bank = house.program()
    with house.noon(APRIL):
        sub = house.begun(shop, house.member(shop))
    with house.midnight(date(2026, 5, 1)):
        ((program, row_id),) = subscriptions.due()
        assert subscriptions.step(program_id=program, subscription_id=row_id) == 1
        assert subscriptions.due() == []  # the intent stands; the worker dies here
        assert house.charged(bank) == [1000]
    house.run(shop, date(2026, 5, 2), date(2026, 5, 3))
    assert house.charged(bank) == [1000, 1000]
    # nobody pays for the day on which nothing was given
    assert house.look(shop, sub.subscription_id).period_to == date(2026, 6, 2)


def test_a_crash_between_cancelling_and_refunding_refunds_once(monkeypatch):
    shop, bank = house.program()
    with house.noon(APRIL):
        sub = house.begun(shop, house.member(shop))
        subscriptions.cancel(
            program_id=shop, subscription_id=sub.subscription_id, reason="x", actor="key:1", when=When.AT_ONCE
        )
        really = bank.refund

        def refund(**said):
            really(**said)
            raise PowerCut

        monkeypatch.setattr(bank, "refund", refund)
        with pytest.raises(PowerCut):
            house.pursued(shop, sub.subscription_id)
        with later(3):
            subscriptions.work()
    story = subscriptions.story(program_id=shop, subscription_id=sub.subscription_id)
    assert [(r.amount_minor, r.state) for r in story.refunds] == [(1000, RefundState.DONE)]
    assert house.charged(bank) == [1000, -1000]


@pytest.mark.parametrize("method", ["lost-1", "lost-3", "down-2", "duplicate-1", "down-1+lost-1", "slow-50"])
def test_whatever_the_provider_does_she_pays_once_and_becomes_a_member(method):
    shop, bank = house.program()
    with house.noon(APRIL):
        sub = asked(shop, house.member(shop), method)
        house.pursued(shop, sub.subscription_id)
        for hours in range(1, 6):
            with clock.at(clock.now() + timedelta(hours=hours)):
                subscriptions.work()
        assert house.look(shop, sub.subscription_id).state == State.ACTIVE
    assert house.charged(bank) == [1000]
    assert subscriptions.discrepancies() == []


def test_while_nobody_knows_whether_a_renewal_was_paid_she_keeps_what_she_has():
    shop, bank = house.program()
    ada = house.member(shop)
    with house.noon(APRIL):
        sub = house.begun(shop, ada, method="m")
    bank.script("m", "lost")
    with house.midnight(date(2026, 5, 1)):
        subscriptions.work()
        assert house.look(shop, sub.subscription_id).state == State.PAST_DUE
        assert house.packs(shop, ada) == {"pack:plus", "plan:monthly"}
    house.run(shop, date(2026, 5, 2), date(2026, 5, 2))
    back = house.look(shop, sub.subscription_id)
    assert (back.state, back.period_to, house.charged(bank)) == (State.ACTIVE, date(2026, 6, 1), [1000, 1000])


def test_nothing_is_charged_inside_a_transaction():
    shop, bank = house.program()
    sub = asked(shop, house.member(shop))
    with pytest.raises(RuntimeError), transaction.atomic():
        house.pursued(shop, sub.subscription_id)
    assert bank.movements() == []


def test_a_refund_that_the_provider_declines_is_told_and_stays_a_refund_that_failed():
    shop, bank = house.program()
    with house.noon(APRIL):
        sub = house.begun(shop, house.member(shop))
        bank.script("refunds", "declined")
        subscriptions.cancel(
            program_id=shop, subscription_id=sub.subscription_id, reason="x", actor="key:1", when=When.AT_ONCE
        )
        house.pursued(shop, sub.subscription_id)
    story = subscriptions.story(program_id=shop, subscription_id=sub.subscription_id)
    assert [r.state for r in story.refunds] == [RefundState.FAILED]
    assert story.chapters[-1].kind == "refund_failed"
    assert [p.state for p in story.payments] == [PaymentState.PAID]
