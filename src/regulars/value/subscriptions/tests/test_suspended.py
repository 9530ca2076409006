"""A member who is suspended is not charged for what she cannot use; one who has left is a member of nothing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from regulars.governance.identity import services as identity
from regulars.kernel import clock, outbox
from regulars.kernel.errors import Refusal
from regulars.people.members import services as members
from regulars.people.members.terms import MemberStatus
from regulars.value.benefits import services as benefits
from regulars.value.ledger.terms import MemberEarnOnly, MemberSuspended
from regulars.value.subscriptions import services as subscriptions
from regulars.value.subscriptions.terms import State, When
from regulars.value.subscriptions.tests import house
from regulars.value.subscriptions.tests.test_races import at_once
from regulars.wiring import WIRING

pytestmark = pytest.mark.django_db(transaction=True)
APRIL, MAY = date(2026, 4, 1), date(2026, 5, 1)
HAS = {"pack:plus", "plan:monthly"}
KEPT_OUT = [MemberStatus.SUSPENDED, MemberStatus.EARN_ONLY]


def becomes(shop: int, member: UUID, status: MemberStatus, *, told: bool = True) -> None:
    members.set_status(program_id=shop, member_id=member, status=status, reason="x", actor="staff:1")
    if told:
        while outbox.deliver_batch(wiring=WIRING, limit=50):
            pass


def member_of(plan: str = "monthly", **more: Any) -> tuple[int, Any, UUID, Any]:
    shop, bank = house.program()
    ada = house.member(shop)
    with house.noon(APRIL):
        return shop, bank, ada, house.begun(shop, ada, plan, **more)


def after(shop: int, sub: Any) -> Any:
    return house.look(shop, sub.subscription_id)


@pytest.mark.parametrize("status", KEPT_OUT)
def test_a_suspended_member_is_not_charged_and_goes_on_when_she_is_let_in_again(status: MemberStatus) -> None:
    shop, bank, ada, sub = member_of()
    with house.noon(date(2026, 4, 20)):
        becomes(shop, ada, status)
        assert after(shop, sub).state == State.ACTIVE  # what is paid runs on
    house.run(shop, MAY, date(2026, 5, 20))
    rests = after(shop, sub)
    assert (rests.state, rests.waits_since, rests.paused_until, rests.next_due_at) == (State.PAUSED, MAY, None, None)
    assert (house.charged(bank), house.packs(shop, ada)) == ([1000], set())
    assert house.told(shop, sub.subscription_id)[-1] == "waits"
    with house.noon(date(2026, 5, 21)):
        becomes(shop, ada, MemberStatus.ACTIVE)
        subscriptions.work(program_id=shop)
        assert house.packs(shop, ada) == HAS
    back = after(shop, sub)
    assert (back.state, back.period_from, back.period_to, back.waits_since) == (
        State.ACTIVE, date(2026, 5, 21), date(2026, 6, 21), None,
    )  # fmt: skip
    assert house.charged(bank) == [1000, 1000]
    assert subscriptions.discrepancies() == []


def test_who_is_let_in_before_the_renewal_is_due_notices_nothing() -> None:
    shop, bank, ada, sub = member_of()
    with house.noon(date(2026, 4, 22)):
        becomes(shop, ada, MemberStatus.SUSPENDED)
    house.run(shop, date(2026, 4, 23), date(2026, 4, 27))
    assert "noticed" not in house.told(shop, sub.subscription_id)  # nobody tells her of a charge that may not come
    with house.noon(date(2026, 4, 27)):
        becomes(shop, ada, MemberStatus.ACTIVE)
    house.run(shop, date(2026, 4, 28), MAY)
    assert house.told(shop, sub.subscription_id)[-2:] == ["noticed", "renewed"]
    assert (after(shop, sub).period_to, house.charged(bank)) == (date(2026, 6, 1), [1000, 1000])


def test_a_pause_of_her_own_goes_on_while_she_is_suspended_and_no_paid_day_is_lost() -> None:
    shop, bank, ada, sub = member_of()
    asked = {"program_id": shop, "subscription_id": sub.subscription_id, "reason": "x", "actor": "a"}
    with house.noon(date(2026, 4, 11)):
        subscriptions.pause(**asked, days=5)
        becomes(shop, ada, MemberStatus.SUSPENDED)
    house.run(shop, date(2026, 4, 16), date(2026, 4, 30))
    assert (after(shop, sub).state, after(shop, sub).waits_since) == (State.PAUSED, date(2026, 4, 16))
    with house.noon(MAY):
        with pytest.raises(MemberSuspended):
            subscriptions.resume(**asked)
        becomes(shop, ada, MemberStatus.ACTIVE)
        back = after(shop, sub)
        assert (back.state, back.period_from, back.period_to) == (State.ACTIVE, MAY, date(2026, 5, 21))
        assert house.packs(shop, ada) == HAS
    assert house.charged(bank) == [1000]
    assert subscriptions.discrepancies() == []


def test_a_suspended_member_can_cancel_and_what_runs_then_ends() -> None:
    shop, bank, ada, sub = member_of()
    asked = {"program_id": shop, "subscription_id": sub.subscription_id}
    becomes(shop, ada, MemberStatus.SUSPENDED)
    house.run(shop, MAY, MAY)
    with house.noon(date(2026, 5, 3)):
        told = subscriptions.quote_cancel(**asked)
        assert (told.when, told.refund_minor, told.forfeits) == (When.AT_ONCE, 0, ())
        subscriptions.cancel(**asked, reason="x", actor="a", agreed=told.digest)
        becomes(shop, ada, MemberStatus.ACTIVE)
    house.run(shop, date(2026, 5, 4), date(2026, 5, 5))
    assert (after(shop, sub).end_cause, house.charged(bank)) == ("cancelled", [1000])


def test_a_renewal_that_was_meant_before_she_was_suspended_is_not_sent_any_more() -> None:
    shop, bank, ada, sub = member_of()
    with house.midnight(MAY):
        assert subscriptions.step(program_id=shop, subscription_id=sub.subscription_id) == 1  # the intent stands
        becomes(shop, ada, MemberStatus.SUSPENDED)
        subscriptions.work(program_id=shop)
    assert (after(shop, sub).state, after(shop, sub).waits_since, house.charged(bank)) == (State.PAUSED, MAY, [1000])
    with house.noon(date(2026, 5, 2)):
        becomes(shop, ada, MemberStatus.ACTIVE)
        subscriptions.work(program_id=shop)
        assert house.packs(shop, ada) == HAS
    assert house.charged(bank) == [1000, 1000]
    assert subscriptions.discrepancies() == []


def test_dunning_rests_too_and_begins_anew() -> None:
    shop, bank, ada, sub = member_of(method="m")
    bank.script("m", "declined", "declined", "declined")
    house.run(shop, MAY, date(2026, 5, 2))
    assert after(shop, sub).state == State.PAST_DUE
    becomes(shop, ada, MemberStatus.SUSPENDED)
    house.run(shop, date(2026, 5, 3), date(2026, 5, 30))
    assert (after(shop, sub).state, house.packs(shop, ada)) == (State.PAUSED, set())
    with house.noon(date(2026, 5, 31)):
        becomes(shop, ada, MemberStatus.ACTIVE)
        subscriptions.work(program_id=shop)
        assert (after(shop, sub).state, house.packs(shop, ada)) == (State.PAST_DUE, set())  # declined once more
    house.run(shop, date(2026, 6, 1), date(2026, 6, 1))  # and again
    assert after(shop, sub).state == State.PAST_DUE
    house.run(shop, date(2026, 6, 2), date(2026, 6, 5))
    assert house.charged(bank) == [1000, 1000]
    assert after(shop, sub).state == State.ACTIVE
    assert subscriptions.discrepancies() == []


def test_a_card_that_is_declined_for_days_after_she_was_let_in_ends_it_and_charges_nothing() -> None:
    shop, bank, ada, sub = member_of(method="m")
    becomes(shop, ada, MemberStatus.SUSPENDED)
    house.run(shop, MAY, MAY)
    bank.script("m", *["declined"] * 9)
    with house.noon(date(2026, 6, 1)):
        becomes(shop, ada, MemberStatus.ACTIVE)
    house.run(shop, date(2026, 6, 2), date(2026, 6, 12))
    assert (after(shop, sub).end_cause, house.charged(bank), house.packs(shop, ada)) == ("unpaid", [1000], set())


@pytest.mark.parametrize(("status", "no"), [(KEPT_OUT[0], MemberSuspended), (KEPT_OUT[1], MemberEarnOnly)])
def test_who_cannot_use_a_membership_is_sold_none(status: MemberStatus, no: type[Refusal]) -> None:
    shop, bank, ada, sub = member_of()
    bob = house.member(shop)
    gift, payment = subscriptions.buy_gift(program_id=shop, plan="monthly", method="ok", key="g", actor="a")
    subscriptions.pursue(program_id=shop, payment_id=payment)
    for one in (ada, bob):
        becomes(shop, one, status)
    with pytest.raises(no):
        house.begun(shop, bob)
    with pytest.raises(no):
        subscriptions.redeem(program_id=shop, code=gift.code, member_id=bob, actor="a")
    with house.noon(APRIL), pytest.raises(no):
        subscriptions.change(program_id=shop, subscription_id=sub.subscription_id, plan="yearly", actor="a")
    assert house.charged(bank) == [1000, 1000]
    becomes(shop, bob, MemberStatus.ACTIVE)
    assert subscriptions.redeem(program_id=shop, code=gift.code, member_id=bob, actor="a").state == State.ACTIVE


@pytest.mark.parametrize("uses", [0, 1])
def test_who_leaves_the_program_gets_back_what_the_rule_owes(uses: int) -> None:
    shop, bank, ada, sub = member_of()
    with house.noon(date(2026, 4, 3)):
        for n in range(uses):
            benefits.use(program_id=shop, member_id=ada, benefit="shipping", key=f"u{n}", actor="key:1")
    with house.noon(date(2026, 4, 6)):
        becomes(shop, ada, MemberStatus.CLOSED)
        subscriptions.work(program_id=shop)
        assert house.packs(shop, ada) == set()
    assert (after(shop, sub).state, after(shop, sub).end_cause) == (State.ENDED, "closed")
    assert house.charged(bank) == [1000, -1000 + 300 * uses]
    becomes(shop, ada, MemberStatus.ACTIVE)  # opened again: nothing comes back by itself
    house.run(shop, MAY, MAY)
    assert after(shop, sub).state == State.ENDED
    assert subscriptions.discrepancies() == []


def test_a_guest_who_leaves_the_program_leaves_her_place_to_another() -> None:
    shop, _, ada, sub = member_of()
    guests = [house.member(shop) for _ in range(3)]
    asked = {"program_id": shop, "subscription_id": sub.subscription_id, "actor": "a"}
    with house.noon(APRIL):
        for guest in guests[:2]:
            subscriptions.invite(**asked, member_id=guest)
        subscriptions.join(**asked, member_id=guests[0])
        for guest in guests[:2]:
            becomes(shop, guest, MemberStatus.CLOSED)
        assert subscriptions.invite(**asked, member_id=guests[2]).state == "invited"
    assert house.rows("select seats from subscriptions_subscription") == [(1,)]
    assert subscriptions.discrepancies() == []


def test_a_suspended_owner_keeps_her_guests_to_the_end_of_what_is_paid() -> None:
    shop, _, ada, sub = member_of()
    guest = house.member(shop)
    with house.noon(APRIL):
        for verb in (subscriptions.invite, subscriptions.join):
            verb(program_id=shop, subscription_id=sub.subscription_id, member_id=guest, actor="a")
        becomes(shop, ada, MemberStatus.SUSPENDED)
        assert house.packs(shop, guest) == HAS
    house.run(shop, MAY, MAY)
    assert house.packs(shop, guest) == set()
    with house.noon(date(2026, 5, 2)):
        becomes(shop, ada, MemberStatus.ACTIVE)
        subscriptions.work(program_id=shop)
        assert house.packs(shop, guest) == HAS


def test_who_leaves_while_a_charge_is_unknown_has_it_back_when_it_was_paid() -> None:
    shop, bank, ada, sub = member_of(method="m")
    bank.script("m", "lost")
    with house.midnight(MAY):
        subscriptions.work(program_id=shop)
        becomes(shop, ada, MemberStatus.CLOSED)
        assert after(shop, sub).end_cause == "closed"
    house.run(shop, date(2026, 5, 2), date(2026, 5, 3))
    assert house.charged(bank) == [1000, 1000, -1000]
    assert subscriptions.discrepancies() == []


def test_news_that_comes_late_does_what_is_right_now() -> None:
    shop, bank, ada, sub = member_of()
    with house.noon(APRIL):
        becomes(shop, ada, MemberStatus.CLOSED, told=False)
        becomes(shop, ada, MemberStatus.ACTIVE)  # a slip of a finger: both are told now
        assert after(shop, sub).state == State.ACTIVE
    assert house.charged(bank) == [1000]


def test_a_suspension_and_a_renewal_at_the_same_moment_leave_one_truth() -> None:
    shop, bank = house.program()
    people = [house.member(shop) for _ in range(4)]
    with house.noon(APRIL):
        subs = [house.begun(shop, one) for one in people]
    with house.midnight(MAY):
        at_once(
            [lambda: subscriptions.work(program_id=shop)] * 2
            + [lambda m=m: becomes(shop, m, MemberStatus.SUSPENDED, told=False) for m in people]
        )
        for one in people:
            becomes(shop, one, MemberStatus.SUSPENDED)
        subscriptions.work(program_id=shop)
        paid = 0
        for sub in subs:
            now = after(shop, sub)
            assert (now.state, now.waits_since) in ((State.ACTIVE, None), (State.PAUSED, MAY))
            paid += now.state == State.ACTIVE
        assert len(house.charged(bank)) == 4 + paid
        at_once(
            [lambda m=m: becomes(shop, m, MemberStatus.ACTIVE) for m in people]
            + [lambda: subscriptions.work(program_id=shop)] * 2
        )
        for one in people:
            becomes(shop, one, MemberStatus.ACTIVE)
    with clock.at(clock.day_starts(MAY, house.ZONE) + timedelta(minutes=5)):
        for _ in range(3):
            subscriptions.work(program_id=shop)
    assert {after(shop, s).state for s in subs} == {State.ACTIVE}
    assert sorted(house.charged(bank)) == [1000] * 8
    assert subscriptions.discrepancies() == []


def test_who_rests_and_becomes_one_with_another_goes_on_with_her() -> None:
    shop, bank, ada, sub = member_of()
    bob = house.member(shop)
    becomes(shop, ada, MemberStatus.SUSPENDED)
    house.run(shop, MAY, MAY)
    with house.noon(date(2026, 5, 2)):
        becomes(shop, bob, MemberStatus.SUSPENDED)
        identity.merge(program_id=shop, from_=ada, into=bob, reason="x", actor="staff:1")
        subscriptions.work(program_id=shop)
        assert (after(shop, sub).member_id, after(shop, sub).state) == (bob, State.PAUSED)
        becomes(shop, bob, MemberStatus.ACTIVE)
        subscriptions.work(program_id=shop)
    assert (after(shop, sub).state, house.charged(bank)) == (State.ACTIVE, [1000, 1000])
