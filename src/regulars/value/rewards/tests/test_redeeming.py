"""Rewards had for value: taken together or not at all, once by key, and back to the very lots."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.people.audiences import services as audiences
from regulars.people.members import services as members
from regulars.people.members.terms import MemberStatus
from regulars.value.ledger.terms import MemberSuspended, NotEnoughPoints
from regulars.value.rewards import services as rewards
from regulars.value.rewards.terms import (
    LimitReached,
    NotCancellable,
    NotEligible,
    NotOpen,
    NotPriced,
    RedemptionKeyReused,
    SessionGone,
    SoldOut,
    State,
    UnknownReward,
    WrongState,
)
from regulars.value.rewards.tests import house

pytestmark = pytest.mark.django_db
SOON = datetime(2027, 1, 1, tzinfo=UTC)


def test_a_reward_takes_value_stock_and_limit_together():
    shop = house.program(house.reward(stock=2, per_member={"times": 1, "period": "month"}))
    mary = house.member(shop, 250)
    got = house.redeem(shop, mary)
    assert (got.state, got.count, got.due_minor) == (State.REQUESTED, 1, 0)
    assert [(s.unit, s.amount) for s in got.spends] == [("points", 100)]
    assert house.wallet(mary) == (150, 0)
    assert house.shelf(shop) == (2, 1)
    assert [c.kind for c in rewards.story(program_id=shop, redemption_id=got.redemption_id)] == ["requested"]
    before = house.everything()
    with pytest.raises(LimitReached) as no:
        house.redeem(shop, mary)
    assert no.value.facts["most"] == 1
    assert house.everything() == before
    assert rewards.discrepancies() == []


def test_the_same_key_tells_the_first_redemption_and_never_takes_twice():
    shop = house.program()
    mary = house.member(shop, 250)
    first = house.redeem(shop, mary, key="k")
    assert house.redeem(shop, mary, key="k") == first
    assert house.wallet(mary) == (150, 0)
    with pytest.raises(RedemptionKeyReused):
        house.redeem(shop, mary, key="k", count=2)
    with pytest.raises(RedemptionKeyReused):
        house.redeem(shop, house.member(shop, 250), key="k", count=2)
    with pytest.raises(RedemptionKeyReused):  # she would have been told the other one's redemption, with its code
        house.redeem(shop, house.member(shop, 250), key="k")


def test_a_cancelled_redemption_does_not_lose_the_end_of_its_points():
    shop = house.program(house.reward(stock=1))
    mary = house.member(shop)
    house.earn(shop, mary, 60, expires_at=SOON)
    house.earn(shop, mary, 60, expires_at=SOON + timedelta(days=60))
    before = house.lots(mary)
    got = house.redeem(shop, mary)
    assert house.lots(mary) != before
    after = house.cancel(got, as_member=True)
    assert (after.state, after.gave_back) == (State.CANCELLED, True)
    assert house.lots(mary) == before
    assert house.wallet(mary) == (120, 0)
    assert house.shelf(shop) == (1, 0)
    assert house.cancel(got) == after
    assert rewards.discrepancies() == []


def test_what_expired_while_it_was_redeemed_comes_back_and_expires_at_once():
    shop = house.program()
    mary = house.member(shop, 100, expires_at=SOON)
    with clock.at(SOON - timedelta(days=10)):
        got = house.redeem(shop, mary)
    with clock.at(SOON + timedelta(days=1)):
        house.cancel(got)
    assert house.wallet(mary) == (0, 0)
    assert rewards.discrepancies() == []


def test_a_refusal_takes_nothing():
    shop = house.program(house.reward(stock=1), house.reward("later", starts="2099-01-01"))
    mary, poor = house.member(shop, 500), house.member(shop, 99)
    before = house.everything()
    for call, why in (
        (lambda: house.redeem(shop, poor), NotEnoughPoints),
        (lambda: house.redeem(shop, mary, count=2), SoldOut),
        (lambda: house.redeem(shop, mary, "nothing"), UnknownReward),
        (lambda: house.redeem(shop, mary, "later"), NotOpen),
        (lambda: house.redeem(shop, mary, price="gold"), NotPriced),
        (lambda: house.redeem(shop, mary, session="x"), SessionGone),
        (lambda: house.redeem(shop, mary, delivery="1 High Street"), Invalid),
        (lambda: house.redeem(shop, mary, count=0), Invalid),
    ):
        with pytest.raises(why):
            call()
        assert house.everything() == before


def test_levels_and_audiences_say_who_may_have_it():
    shop = house.program(house.reward(levels=["club/gold"]), house.reward("inner", audiences=["friends"]))
    mary = house.member(shop, 500)
    with pytest.raises(NotEligible):
        house.redeem(shop, mary)
    house.earn(shop, mary, 100, "growth")
    from regulars.value.tiers import services as tiers

    tiers.review(program_id=shop, member_ids=[mary], cause="test")
    assert house.redeem(shop, mary).state is State.REQUESTED
    with pytest.raises(NotEligible):
        house.redeem(shop, mary, "inner")
    number = members.fact(program_id=shop, member_id=mary).number
    audiences.add(program_id=shop, key="friends", refs=[f"number:{number}"], source="test", actor="a")
    assert house.redeem(shop, mary, "inner").state is State.REQUESTED


def test_a_level_has_a_price_of_its_own():
    told = house.reward(price_by_level={"club/gold": {"units": {"points": 60}}})
    shop = house.program(told)
    mary = house.member(shop, 160, growth=100)
    assert [(s.unit, s.amount) for s in house.redeem(shop, mary).spends] == [("points", 100)]
    from regulars.value.tiers import services as tiers

    tiers.review(program_id=shop, member_ids=[mary], cause="test")
    assert [(s.unit, s.amount) for s in house.redeem(shop, mary).spends] == [("points", 60)]
    assert house.wallet(mary) == (0, 0)


def test_alternatives_are_chosen_by_key_and_several_units_are_paid_together():
    price = [{"key": "mixed", "units": {"points": 50, "stamps": 2}}, {"key": "stamps", "units": {"stamps": 10}}]
    shop = house.program(house.reward(points=None, price=price))
    mary = house.member(shop, 100, stamps=12)
    first = house.redeem(shop, mary)
    assert [(s.unit, s.amount) for s in first.spends] == [("points", 50), ("stamps", 2)]
    house.redeem(shop, mary, price="stamps")
    assert (house.wallet(mary), house.wallet(mary, 2)) == ((50, 0), (0, 0))
    house.cancel(first)
    assert (house.wallet(mary), house.wallet(mary, 2)) == ((100, 0), (2, 0))
    assert rewards.discrepancies() == []


def test_a_suspended_member_may_not_redeem():
    shop = house.program()
    mary = house.member(shop, 500)
    members.set_status(program_id=shop, member_id=mary, status=MemberStatus.SUSPENDED, actor="a", reason="x")
    before = house.everything()
    with pytest.raises(MemberSuspended):
        house.redeem(shop, mary)
    assert house.everything() == before


def test_money_that_is_due_keeps_the_value_aside_until_it_is_paid():
    shop = house.program(house.reward(points=None, price={"units": {"points": 50}, "amount": "9.90"}, stock=1))
    mary = house.member(shop, 80)
    got = house.redeem(shop, mary)
    assert (got.state, got.due_minor, got.currency) == (State.REQUESTED, 990, "GBP")
    assert house.wallet(mary) == (30, 50)
    with pytest.raises(WrongState) as no:
        rewards.accept(program_id=shop, redemption_id=got.redemption_id, actor="a")
    assert no.value.facts == {"state": "requested", "due_minor": 990}
    paid = rewards.pay(program_id=shop, redemption_id=got.redemption_id, payment_ref="order-7", actor="a")
    assert (paid.state, paid.payment_ref, paid.pay_until) == (State.ACCEPTED, "order-7", None)
    assert house.wallet(mary) == (30, 0)
    assert rewards.pay(program_id=shop, redemption_id=got.redemption_id, payment_ref="order-7", actor="a") == paid
    assert rewards.discrepancies() == []
    house.cancel(got)
    assert house.wallet(mary) == (80, 0)
    assert rewards.discrepancies() == []


def test_what_is_not_paid_in_time_ends_and_lets_go_what_was_set_aside():
    price = {"units": {"points": 50}, "amount": "5"}
    shop = house.program(house.reward(points=None, price=price, stock=1, pay_within_hours=2))
    mary = house.member(shop, 80)
    got = house.redeem(shop, mary)
    with clock.at(got.requested_at + timedelta(hours=2, seconds=1)):
        with pytest.raises(WrongState):
            rewards.pay(program_id=shop, redemption_id=got.redemption_id, payment_ref="late", actor="a")
        assert rewards.sweep() == 1
        assert rewards.sweep() == 0
    after = rewards.find(program_id=shop, redemption_id=got.redemption_id)
    assert (after.state, after.gave_back) == (State.CANCELLED, True)
    assert (house.wallet(mary), house.shelf(shop)) == ((80, 0), (1, 0))
    assert rewards.discrepancies() == []


def test_a_store_must_have_the_reward():
    shop = house.program(house.reward(stores=["north"]))
    mary = house.member(shop, 500)
    assert house.redeem(shop, mary, store="high-street").store == "high-street"
    with pytest.raises(Invalid):
        house.redeem(shop, mary, store="station")


def test_where_to_send_it_is_sealed_and_dies_with_the_member():
    shop = house.program(house.reward(fulfilment={"by": "ship", "within_days": 3}))
    mary = house.member(shop, 500)
    got = house.redeem(shop, mary, delivery="1 High Street, Leeds")
    assert got.has_delivery
    assert got.due_at is not None
    assert rewards.delivery(program_id=shop, redemption_id=got.redemption_id) == "1 High Street, Leeds"
    ((sealed,),) = house.rows("select delivery from rewards_redemption")
    assert b"Leeds" not in bytes(sealed)
    rewards.forget(program_id=shop, member_id=mary)
    assert rewards.delivery(program_id=shop, redemption_id=got.redemption_id) == ""


def test_a_reward_that_is_given_takes_stock_and_no_value_or_limit():
    shop = house.program(house.reward(stock=1, levels=["club/gold"], per_member={"times": 1}))
    mary = house.member(shop)
    call = {"program_id": shop, "member_id": mary, "reward": "mug", "source": "benefit/birthday", "actor": "a"}
    got = rewards.grant(**call, key="b/1")
    assert (got.source, got.spends, got.due_minor, got.state) == ("benefit/birthday", (), 0, State.REQUESTED)
    assert rewards.grant(**call, key="b/1") == got
    with pytest.raises(SoldOut):
        rewards.grant(**call, key="b/2")
    assert house.rows("select count(*) from rewards_tally") == [(0,)]
    house.cancel(got)
    assert house.shelf(shop) == (1, 0)
    assert rewards.discrepancies() == []


def test_a_member_takes_back_only_within_the_reward_s_own_rule():
    shop = house.program(
        house.reward("never", cancel={"until": "never"}),
        house.reward("hours", cancel={"until": "fulfilled", "hours": 2}),
        house.reward("sent", fulfilment={"by": "ship"}),
    )
    mary = house.member(shop, 1000)
    with pytest.raises(NotCancellable):
        house.cancel(house.redeem(shop, mary, "never"), as_member=True)
    got = house.redeem(shop, mary, "hours")
    with clock.at(got.requested_at + timedelta(hours=2, seconds=1)), pytest.raises(NotCancellable):
        house.cancel(got, as_member=True)
    assert house.cancel(got, as_member=True).state is State.CANCELLED
    sent = house.redeem(shop, mary, "sent")
    rewards.ship(program_id=shop, redemption_id=sent.redemption_id, actor="a", tracking="T1")
    with pytest.raises(NotCancellable) as no:
        house.cancel(sent, as_member=True)
    assert no.value.facts["state"] == "shipped"
    assert house.cancel(sent, reason="lost parcel").state is State.CANCELLED
    assert rewards.discrepancies() == []
