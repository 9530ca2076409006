"""Found, reserved, redeemed, let go, given back: exact answers, and what a refusal leaves as it was."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest

from regulars.kernel import clock
from regulars.value.coupons import services as coupons
from regulars.value.coupons.services import coining
from regulars.value.coupons.terms import (
    AlreadyUsed,
    CouponLimit,
    Expired,
    NotYours,
    ReservedElsewhere,
    UnknownCode,
    Voided,
)
from regulars.value.coupons.tests import house

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def test_a_coupon_is_found_redeemed_once_and_tells_its_story():
    shop = house.program()
    mary = house.member(shop)
    coupon = house.issued(shop, mary)
    (held,) = house.find(shop, coupon.code.lower(), member_id=mary)
    assert held[:5] == (coupon.code, "ten", coupon.coupon_id, "", "")
    assert house.redeem(shop, coupon.code, member_id=mary) == 1
    assert house.redeem(shop, coupon.code, member_id=mary) == 0  # the same order says it again
    with pytest.raises(AlreadyUsed):
        house.redeem(shop, coupon.code, order="o2", member_id=mary)
    assert house.find(shop, coupon.code, member_id=mary)[0].refused == "already_used"
    assert house.find(shop, coupon.code, member_id=mary, owner="o1")[0].refused == ""  # its own order may ask
    assert house.told(shop, coupon.coupon_id) == ["issued", "redeemed"]
    assert coupons.discrepancies() == []


@pytest.mark.parametrize(
    ("more", "asked", "reason"),
    [
        ({"stores": ["north"]}, {"store": "high-street"}, ""),
        ({"stores": ["north"]}, {"store": "station"}, "wrong_store"),
        ({"stores": ["north"]}, {}, "wrong_store"),
        ({"channels": ["web"]}, {"channel": "web"}, ""),
        ({"channels": ["web"]}, {"channel": "till"}, "wrong_channel"),
        ({"who": {"tiers": ["gold"]}}, {"tier": "silver"}, "not_entitled"),
        ({"who": {"tiers": ["gold"]}}, {"tier": "gold"}, ""),
        ({"who": {"audiences": ["vip"]}}, {"audiences": frozenset({"vip"})}, ""),
        ({"who": {"audiences": ["vip"]}}, {}, "not_entitled"),
        ({"validity": {"days": 7}}, {"at": NOON + timedelta(days=6)}, ""),
        ({"validity": {"days": 7}}, {"at": datetime(2026, 5, 10, 22, 59, 59, tzinfo=UTC)}, ""),
        ({"validity": {"days": 7}}, {"at": datetime(2026, 5, 10, 23, tzinfo=UTC)}, "expired"),  # midnight in London
        ({"validity": {"days": 7, "after_days": 1}}, {"at": NOON}, "not_yet"),
        ({"validity": {"months": 1}}, {"at": datetime(2026, 5, 31, 22, 59, tzinfo=UTC)}, ""),
        ({"validity": {"months": 1}}, {"at": datetime(2026, 5, 31, 23, tzinfo=UTC)}, "expired"),
        ({"validity": {"ends": "2026-12-31"}}, {"at": datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)}, ""),
        ({"validity": {"ends": "2026-12-31"}}, {"at": datetime(2027, 1, 1, tzinfo=UTC)}, "expired"),
    ],
)
def test_a_template_says_where_when_and_for_whom(more, asked, reason):
    with clock.at(NOON):
        shop = house.program(house.template(**more))
        mary = house.member(shop)
        coupon = house.issued(shop, mary)
        (held,) = house.find(shop, coupon.code, member_id=mary, **asked)
    assert held.refused == reason
    assert bool(held.detail) is bool(reason)


@pytest.mark.parametrize("limits", [{"redeem": 1}, {"total": 1}])
def test_codes_of_one_template_in_one_basket_share_what_its_limit_leaves(limits):
    shop = house.program(house.template(limits=limits))
    mary = house.member(shop)
    first, second = house.issued(shop, mary), house.issued(shop, mary)
    found = house.find(shop, first.code, second.code, member_id=mary)
    assert [h.refused for h in found] == ["", "limit_reached"]
    assert [h.refused for h in house.find(shop, second.code, member_id=mary)] == [""]


def test_an_unknown_code_and_one_of_another_program_are_told_alike():
    shop, other = house.program(), house.program(key="other")
    coupon = house.issued(other, house.member(other))
    found = house.find(shop, coupon.code, "NOPE", "nope", "")
    assert [(h.refused, h.detail, h.template) for h in found] == [
        ("unknown_code", "This code cannot be used here.", "")
    ] * 2
    with pytest.raises(UnknownCode):
        coupons.redeem(program_id=shop, held=found, order="o1", actor="a")


def test_somebody_elses_coupon_is_refused_and_nothing_changes():
    shop = house.program()
    mary, john = house.member(shop), house.member(shop)
    coupon = house.issued(shop, mary)
    for who in (john, None):
        assert house.find(shop, coupon.code, member_id=who)[0].refused == "not_yours"
        with pytest.raises(NotYours):
            house.redeem(shop, coupon.code, member_id=who)
    assert house.state(shop, coupon.code) == "open"
    assert house.told(shop, coupon.coupon_id) == ["issued"]


def test_what_a_basket_reserves_nobody_else_redeems_until_its_time_is_over():
    shop = house.program(house.template(validity={"days": 1}))
    mary = house.member(shop)
    with clock.at(NOON):
        coupon = house.issued(shop, mary)
        held = house.find(shop, coupon.code, member_id=mary)
        assert coupons.reserve(program_id=shop, held=held, owner="till-1", member_id=mary, actor="a") == 1
        assert coupons.reserve(program_id=shop, held=held, owner="till-1", member_id=mary, actor="a") == 0
        assert house.find(shop, coupon.code, member_id=mary)[0].refused == "reserved_elsewhere"
        assert house.find(shop, coupon.code, member_id=mary, owner="till-1")[0].refused == ""
        with pytest.raises(ReservedElsewhere):
            house.redeem(shop, coupon.code, order="o2", member_id=mary)
        assert coupons.release(program_id=shop, owner="till-2", actor="a") == 0  # a stranger lets nothing go
        assert house.state(shop, coupon.code) == "reserved"
    with clock.at(NOON + timedelta(days=3)):  # the card was charged: its own basket still redeems it
        assert coupons.settle(program_id=shop, owner="till-1", order="o1", actor="a") == 1
        assert house.state(shop, coupon.code) == "redeemed"
    assert house.told(shop, coupon.coupon_id) == ["issued", "reserved", "redeemed"]
    assert coupons.discrepancies() == []


def test_a_late_reservation_gives_way_and_its_owner_gets_nothing_back():
    shop = house.program(house.template(limits={"redeem": 1}))
    mary = house.member(shop)
    with clock.at(NOON):
        coupon = house.issued(shop, mary)
        held = house.find(shop, coupon.code, member_id=mary)
        coupons.reserve(program_id=shop, held=held, owner="till-1", member_id=mary, actor="a")
    with clock.at(NOON + timedelta(hours=1)):
        assert house.state(shop, coupon.code) == "open"
        assert coupons.redeem(program_id=shop, held=held, order="o2", member_id=mary, actor="a") == 1
        assert coupons.settle(program_id=shop, owner="till-1", order="o1", actor="a") == 0
        assert coupons.release(program_id=shop, owner="till-1", actor="a") == 0
    assert house.told(shop, coupon.coupon_id) == ["issued", "reserved", "released", "redeemed"]
    assert coupons.discrepancies() == []


def test_limits_by_member_and_for_all_count_reservations_and_come_back():
    shop = house.program(house.template(limits={"redeem": 2, "total": 3}))
    mary, john = house.member(shop), house.member(shop)
    codes = house.batch(shop, size=6)
    assert house.redeem(shop, codes[0], order="o1", member_id=mary) == 1
    held = house.find(shop, codes[1], member_id=mary)
    coupons.reserve(program_id=shop, held=held, owner="till", member_id=mary, actor="a")
    assert house.find(shop, codes[2], member_id=mary)[0].refused == "limit_reached"
    with pytest.raises(CouponLimit):
        coupons.redeem(program_id=shop, held=house.find(shop, codes[2]), order="o3", member_id=mary, actor="a")
    assert house.redeem(shop, codes[3], order="o4", member_id=john) == 1
    with pytest.raises(CouponLimit):  # the third of all was the last
        house.redeem(shop, codes[4], order="o5", member_id=john)
    assert house.state(shop, codes[4]) == "open"
    assert coupons.release(program_id=shop, owner="till", actor="a") == 1
    assert house.redeem(shop, codes[4], order="o5", member_id=john) == 1
    assert house.rows("select member_id, redeemed from coupons_tally order by redeemed") == [(mary, 1), (john, 2)]
    assert house.rows("select used from coupons_usage") == [(3,)]
    assert coupons.discrepancies() == []


def test_two_coupons_of_one_order_are_redeemed_both_or_neither():
    shop = house.program()
    mary = house.member(shop)
    one, two = house.issued(shop, mary), house.issued(shop, mary)
    house.redeem(shop, two.code, order="before", member_id=mary)
    with pytest.raises(AlreadyUsed):
        house.redeem(shop, one.code, two.code, order="o1", member_id=mary)
    assert house.state(shop, one.code) == "open"
    assert coupons.discrepancies() == []


def test_a_shared_code_is_used_by_each_order_once_and_no_more_often_than_allowed():
    shop = house.program()
    made = coupons.share(program_id=shop, template="ten", code="Spring-20", most=2, actor="a")
    assert made.code == "Spring-20"
    (held,) = house.find(shop, "spring 20")
    assert held[:5] == ("SPRING20", "ten", None, "", "")
    assert house.redeem(shop, "SPRING20", order="o1") == 1
    assert house.redeem(shop, "SPRING20", order="o1") == 0
    assert house.redeem(shop, "SPRING20", order="o2") == 1
    assert house.find(shop, "SPRING20")[0].refused == "limit_reached"
    with pytest.raises(CouponLimit):
        house.redeem(shop, "SPRING20", order="o3")
    assert [r.restored for r in coupons.restore(program_id=shop, order="o1", actor="a")] == [True]
    assert house.redeem(shop, "SPRING20", order="o3") == 1
    assert coupons.discrepancies() == []


def test_a_return_gives_the_coupon_back_where_the_template_says_so_and_it_has_not_ended():
    with clock.at(NOON):
        shop = house.program(
            house.template("back", validity={"days": 2}, limits={"redeem": 1}),
            house.template("gone", returns="keep"),
        )
        mary = house.member(shop)
        back, gone = house.issued(shop, mary, "back"), house.issued(shop, mary, "gone")
        house.redeem(shop, back.code, gone.code, order="o1", member_id=mary)
        found = coupons.restore(program_id=shop, order="o1", actor="a", reason="return")
        assert {(r.code, r.restored, r.why) for r in found} == {(back.code, True, ""), (gone.code, False, "policy")}
        assert coupons.restore(program_id=shop, order="o1", codes=[back.code], actor="a") == ()  # once
        assert house.redeem(shop, back.code, order="o2", member_id=mary) == 1  # and may be used again
    with clock.at(NOON + timedelta(days=5)):
        (late,) = coupons.restore(program_id=shop, order="o2", actor="a")
        assert (late.restored, late.why) == (False, "expired")
        (anew,) = coupons.restore(program_id=shop, order="o2", actor="a", always=True)  # as if it had never been
        assert anew.restored
    assert house.told(shop, back.coupon_id)[:4] == ["issued", "redeemed", "restored", "redeemed"]
    assert coupons.discrepancies() == []


def test_a_withdrawn_coupon_is_refused_and_a_used_one_cannot_be_withdrawn():
    shop = house.program()
    mary = house.member(shop)
    one, two = house.issued(shop, mary), house.issued(shop, mary)
    house.redeem(shop, two.code, member_id=mary)
    found = coupons.void(program_id=shop, coupon_ids=[one.coupon_id, two.coupon_id], actor="a", reason="misprint")
    assert [f[2:] for f in found] == [(True, ""), (False, "already_used")]
    assert house.find(shop, one.code, member_id=mary)[0].refused == "voided"
    with pytest.raises(Voided):
        house.redeem(shop, one.code, order="o9", member_id=mary)


def test_an_ended_coupon_is_refused_although_no_night_has_run():
    with clock.at(NOON):
        shop = house.program(house.template(validity={"days": 1}))
        mary = house.member(shop)
        coupon = house.issued(shop, mary)
    with clock.at(NOON + timedelta(days=1)):
        with pytest.raises(Expired):
            house.redeem(shop, coupon.code, member_id=mary)
        assert house.state(shop, coupon.code) == "expired"
        assert house.told(shop, coupon.coupon_id) == ["issued", "expired"]


def test_a_coupon_keeps_the_terms_under_which_it_was_issued():
    with clock.at(NOON):
        shop = house.program(house.template(channels=["web"]))
        mary = house.member(shop)
        old = house.issued(shop, mary)
        house.publish(shop, house.template(channels=["till"], validity={"days": 1}))
        new = house.issued(shop, mary)
        assert (old.version, old.ends_at, new.version) == (1, None, 2)
        found = house.find(shop, old.code, new.code, member_id=mary, channel="web")
    assert [h.refused for h in found] == ["", "wrong_channel"]


def test_a_forked_process_begins_with_numbers_of_its_own():
    shop = house.program()
    house.issued(shop, house.member(shop))
    assert coining._numbers
    child = os.fork()
    if child == 0:
        os._exit(len(coining._numbers))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
