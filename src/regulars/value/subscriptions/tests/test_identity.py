"""Members who become one and come apart again, families, and what is forgotten."""

from __future__ import annotations

from datetime import date

import pytest

from regulars.governance.identity import services as identity
from regulars.people.members import services as members
from regulars.people.members.terms import MemberStatus
from regulars.value.subscriptions import services as subscriptions
from regulars.value.subscriptions.terms import State, TrialUsed, When
from regulars.value.subscriptions.tests import house

pytestmark = pytest.mark.django_db
APRIL = date(2026, 4, 1)
HAS = {"pack:plus", "plan:monthly"}


def test_a_membership_goes_over_with_its_member_and_comes_back_with_her():
    shop, bank = house.program()
    ada, ann = house.member(shop), house.member(shop)
    with house.noon(APRIL):
        sub = house.begun(shop, ann)
        house.begun(shop, ann, "tried")
        merged = identity.merge(program_id=shop, into=ada, from_=ann, reason="twice", actor="staff:1")
        assert house.look(shop, sub.subscription_id).member_id == ada
        assert house.packs(shop, ada) >= HAS
        assert _ended(shop, ada, "tried")
        with pytest.raises(TrialUsed):
            house.begun(shop, ada, "tried", with_trial=True)
        assert subscriptions.discrepancies() == []
    house.run(shop, date(2026, 4, 30), date(2026, 5, 1))
    assert house.look(shop, sub.subscription_id).period_to == date(2026, 6, 1)
    with house.noon(date(2026, 4, 20)):
        identity.undo(program_id=shop, merge_id=merged.merge_id, reason="not twice", actor="staff:1")
        assert house.look(shop, sub.subscription_id).member_id == ann
        assert house.packs(shop, ada) == set()
        assert house.packs(shop, ann) >= HAS
    assert subscriptions.discrepancies() == []


def _ended(shop, member, plan):
    (sub,) = [s for s in subscriptions.of_member(program_id=shop, member_id=member) if s.plan == plan]
    gone = subscriptions.cancel(program_id=shop, subscription_id=sub.subscription_id, reason="x", actor="a")
    return gone.state == State.ENDED


def test_two_who_both_pay_lose_no_paid_days_when_they_become_one():
    shop, _ = house.program()
    ada, ann = house.member(shop), house.member(shop)
    with house.noon(APRIL):
        subs = [house.begun(shop, m) for m in (ada, ann)]
        identity.merge(program_id=shop, into=ada, from_=ann, reason="twice", actor="staff:1")
        found = subscriptions.of_member(program_id=shop, member_id=ada)
        assert {s.subscription_id for s in found} == {s.subscription_id for s in subs}
        assert {s.state for s in found} == {State.ACTIVE}
        subscriptions.cancel(
            program_id=shop,
            subscription_id=subs[1].subscription_id,
            reason="twice",
            actor="staff:1",
            when=When.AT_ONCE,
        )
        assert house.packs(shop, ada) == HAS
    assert subscriptions.discrepancies() == []


def test_a_guest_who_is_merged_into_the_owner_gives_her_seat_up():
    shop, _ = house.program()
    ada, ann = house.member(shop), house.member(shop)
    with house.noon(APRIL):
        sub = house.begun(shop, ada)
        for verb in (subscriptions.invite, subscriptions.join):
            verb(program_id=shop, subscription_id=sub.subscription_id, member_id=ann, actor="a")
        assert house.packs(shop, ann) == HAS
        identity.merge(program_id=shop, into=ada, from_=ann, reason="twice", actor="staff:1")
        assert subscriptions.family(program_id=shop, subscription_id=sub.subscription_id) == ()
        assert house.packs(shop, ada) == HAS
        subscriptions.cancel(
            program_id=shop, subscription_id=sub.subscription_id, reason="x", actor="a", when=When.AT_ONCE
        )
        assert house.packs(shop, ada) == set()
    assert subscriptions.discrepancies() == []


def test_guests_rest_with_the_owner_and_leave_when_it_ends():
    shop, _ = house.program()
    ada, bob = house.member(shop), house.member(shop)
    with house.noon(APRIL):
        sub = house.begun(shop, ada)
        told = {"program_id": shop, "subscription_id": sub.subscription_id}
        for verb in (subscriptions.invite, subscriptions.join):
            verb(**told, member_id=bob, actor="a")
        subscriptions.pause(**told, days=5, reason="x", actor="a")
        assert house.packs(shop, bob) == set()
        subscriptions.resume(**told, reason="x", actor="a")
        assert house.packs(shop, bob) == HAS
        subscriptions.leave(**told, member_id=bob, actor="a", is_removed=True)
        assert house.packs(shop, bob) == set()
        assert house.packs(shop, ada) == HAS
    assert subscriptions.discrepancies() == []


def test_who_is_forgotten_is_asked_for_no_more_money():
    shop, bank = house.program()
    ada = house.member(shop)
    with house.noon(APRIL):
        sub = house.begun(shop, ada)
        told = subscriptions.dossier(program_id=shop, member_id=ada)
        assert [s["subscription"]["plan"] for s in told["subscriptions"]] == ["monthly"]
        subscriptions.forget(program_id=shop, member_id=ada)
    house.run(shop, date(2026, 5, 1), date(2026, 5, 1))
    assert (house.look(shop, sub.subscription_id).end_cause, house.charged(bank)) == ("expired", [1000])


def test_how_she_paid_is_not_kept_with_what_is_settled_nor_of_whom_is_forgotten():
    """The token of a card stood with every payment for ever, also of members whose data was destroyed."""
    shop, bank = house.program()
    ada, bob = house.member(shop), house.member(shop)
    with house.noon(APRIL):
        house.begun(shop, ada, method="tok_ada")
        bank.script("tok_bob", "lost")
        house.begun(shop, bob, method="tok_bob")
        subscriptions.buy_gift(program_id=shop, plan="monthly", method="tok_gift", key="g", actor="a", payer_id=bob)
    assert house.rows("select method from subscriptions_payment order by method") == [
        ("tok_bob",),
        ("tok_gift",),
        (None,),
    ]
    subscriptions.forget(program_id=shop, member_id=bob)
    assert house.rows("select distinct method from subscriptions_payment") == [(None,)]
    with house.noon(date(2026, 4, 3)):
        subscriptions.work()
    assert house.charged(bank) == [1000, 1000]  # what was sent is settled; nothing is sent that was not
    assert house.rows("select state from subscriptions_gift") == [("failed",)]
    assert house.rows("select method from subscriptions_subscription order by 1") == [("tok_ada",), (None,)]


def test_who_has_left_is_charged_no_more():
    shop, bank = house.program()
    ada = house.member(shop)
    with house.noon(APRIL):
        sub = house.begun(shop, ada)
        members.set_status(program_id=shop, member_id=ada, status=MemberStatus.CLOSED, reason="left", actor="staff:1")
    house.run(shop, date(2026, 5, 1), date(2026, 5, 1))
    assert (house.look(shop, sub.subscription_id).end_cause, house.charged(bank)) == ("closed", [1000])
