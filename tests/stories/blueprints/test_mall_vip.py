"""Levels from spending and from activity; a paid card that is cheaper above a score."""


def test_a_level_needs_both_spending_and_activity(opens):
    house = opens("mall-vip")
    ann = house.joins("Ann Lee")
    house.buys(ann, ("phone", 1_200.0), store="web", channel="web")
    assert house.levels(ann) == {"main": "v1"}
    house.gains(ann, "activity", 60, "reviews")
    house.lives_until("2026-01-06T12:00")
    assert house.levels(ann) == {"main": "v2"}
    assert house.tells(ann, ("book", 100.0), store="web", channel="app")["total"] == 9_800
    house.asked("POST", f"/members/{ann}/benefits/monthly-coupon/uses", {})
    (coupon,) = house.coupons(ann)
    assert coupon["template"] == "monthly"
    assert house.refused("POST", f"/members/{ann}/benefits/monthly-coupon/uses", {}) == "quota_used_up"


def test_the_card_is_cheap_for_who_has_the_score_and_bundles_partners(opens):
    house = opens("mall-vip")
    ann, bo = house.joins("Ann Lee"), house.joins("Bo Wu")
    house.buys(ann, ("phone", 6_000.0), store="web", channel="web")
    house.gains(ann, "activity", 250, "reviews")
    house.lives_until("2026-01-06T12:00")
    body = {"plan": "card-scored", "method": "ok"}
    assert house.refused("POST", f"/members/{bo}/subscriptions", body) == "plan_not_for_you"
    house.subscribes(ann, "card-scored")
    house.subscribes(bo, "card")
    assert sorted(house.bank()) == [8_800, 88_800]
    has = {b["benefit"]["key"] for b in house.asked("GET", f"/members/{bo}/benefits")["items"]}
    assert {"film", "meals"} <= has
    assert house.tells(bo, ("book", 100.0), store="web", channel="web")["total"] == 9_500


def test_the_eighth_is_for_members(opens):
    house = opens("mall-vip", "2026-01-08T10:00")
    ann = house.joins("Ann Lee")
    receipt = house.buys(ann, ("book", 300.0), store="web", channel="web")
    assert receipt["total"] == 28_000
    house.returns(receipt)
    assert house.holds(ann)["points"] == 0
