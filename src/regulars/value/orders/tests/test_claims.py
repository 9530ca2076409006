"""Claims: once, in time, by the rules in force at the purchase."""

from datetime import timedelta

import pytest

from regulars.kernel import clock
from regulars.people.members.terms import UnknownMember
from regulars.value.orders import services as orders
from regulars.value.orders.terms import AlreadyClaimed, NoOrder, TooLateToClaim
from regulars.value.orders.tests import house

pytestmark = pytest.mark.django_db


def claim(shop, receipt, who):
    return orders.claim(program_id=shop, ref=house.ord_(receipt), member_id=who, actor=house.ACTOR)


def test_a_receipt_is_claimed_once_and_earns_by_the_rules_of_its_day():
    shop = house.program()
    sold = house.sell(shop, house.line("a", 1250), house.line("b", 1275))
    house.publish(shop, {**house.POINTS, "rate": {"points": 9, "per": "1.00"}})
    mary, jane = house.member(shop), house.member(shop)
    receipt = claim(shop, sold, mary)
    assert (receipt.earned, receipt.rule_version, receipt.member_id) == ({"points": 25, "growth": 25}, 1, mary)
    assert house.holds(mary)["points"] == (25, 0)
    before = house.everything()
    assert claim(shop, sold, mary).body == receipt.body
    with pytest.raises(AlreadyClaimed):
        claim(shop, sold, jane)
    assert house.everything() == before
    assert orders.discrepancies() == []


def test_what_came_back_before_the_claim_does_not_count():
    shop = house.program()
    sold = house.sell(shop, house.line("a", 1000, "4"))
    house.give_back(shop, house.part("1", "a"), order=house.ord_(sold))
    mary = house.member(shop)
    claim(shop, sold, mary)
    assert house.holds(mary)["points"] == (7, 0)
    house.give_back(shop, house.part("3", "a"), order=house.ord_(sold))
    assert house.holds(mary)["points"] == (0, 0)
    assert orders.discrepancies() == []


def test_a_claim_comes_too_late_after_the_days_of_the_policy():
    shop = house.program(claims_within_days=7)
    sold = house.sell(shop)
    mary = house.member(shop)
    before = house.everything()
    with clock.at(clock.now() + timedelta(days=8)), pytest.raises(TooLateToClaim) as no:
        claim(shop, sold, mary)
    assert no.value.facts == {"days": 7}
    assert house.everything() == before


def test_a_member_s_order_cannot_be_claimed_nor_an_unknown_one_nor_by_a_stranger():
    shop, other = house.program(), house.program(key="other")
    mary, guest = house.member(shop), house.sell(shop)
    sold = house.sell(shop, member_id=mary)
    stranger = house.member(other)
    before = house.everything()
    with pytest.raises(AlreadyClaimed):
        claim(shop, sold, mary)
    with pytest.raises(NoOrder):
        claim(other, sold, stranger)
    with pytest.raises(UnknownMember):
        claim(shop, guest, stranger)
    assert house.everything() == before


def test_a_claimed_order_told_again_by_the_till_is_the_same_order():
    shop = house.program()
    told = house.told()
    sold = orders.place(program_id=shop, told=told, actor="a")
    claim(shop, sold, house.member(shop))
    assert orders.place(program_id=shop, told=told, actor="a").order_id == sold.order_id
