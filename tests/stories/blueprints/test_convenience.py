"""The corner shop: a quick welcome, a second visit, birthdays, ways back, and green points."""

from datetime import date


def test_joining_takes_one_call_and_the_first_basket_has_a_gift_with_a_deadline(opens):
    house = opens("convenience")
    ann, bo = house.joins("Ann Lee"), house.joins("Bo Wu")
    first = house.buys(ann, ("lunch", 30.0), store="corner")
    assert first["total"] == 2_200
    (again,) = house.coupons(ann)
    late = house.tells(ann, ("lunch", 40.0), store="corner", coupons=[again["code"]])
    assert late["total"] == 4_000  # not before the 21st day
    house.sleeps_until("2026-01-28T12:00")
    assert house.buys(ann, ("lunch", 40.0), store="app", channel="app", coupons=[again["code"]])["total"] == 3_400
    assert house.tells(bo, ("lunch", 30.0), store="corner")["total"] == 3_000  # her week is over


def test_who_stays_away_is_asked_back_by_stages(opens):
    house = opens("convenience")
    ann = house.joins("Ann Lee")
    house.buys(ann, ("lunch", 10.0), store="corner")
    house.puts_on("away-60", ann)
    (given,) = house.asked("POST", f"/members/{ann}/coupons", {"template": "back-60"})["items"]
    assert house.tells(ann, ("lunch", 30.0), store="corner", coupons=[given["code"]])["total"] == 2_000
    (wrong,) = house.asked("POST", f"/members/{ann}/coupons", {"template": "back-90"})["items"]
    assert house.tells(ann, ("lunch", 40.0), store="corner", coupons=[wrong["code"]])["total"] == 4_000


def test_her_own_bag_is_worth_green_points_once_a_day_and_plants_a_tree(opens):
    house = opens("convenience")
    ann = house.joins("Ann Lee")
    lunch = {"sku": "lunch", "quantity": "1", "amount_minor": 1_000, "attributes": {"own_bag": "yes"}}
    house.buys(ann, lunch, store="corner")
    house.buys(ann, lunch, store="corner")
    assert house.holds(ann)["green"] == 5
    house.gains(ann, "green", 45, "e-receipts")
    assert house.has(ann, "trees")["state"] == "fulfilled"
    assert house.holds(ann)["green"] == 0


def test_a_friend_has_a_gift_which_goes_back_with_the_goods(opens):
    house = opens("convenience")
    ann = house.joins("Ann Lee")
    house.buys(ann, ("lunch", 20.0), store="corner")
    before = house.holds(ann)["points"]
    receipt = house.buys(ann, ("party", 600.0), store="corner")
    assert house.levels(ann) == {"main": "friend"}
    assert house.holds(ann)["points"] == before + 600 + 100
    house.returns(receipt)
    house.lives_until("2026-01-07T12:00")
    assert house.levels(ann) == {"main": "neighbour"}
    assert house.holds(ann)["points"] == before


def test_the_birthday_brings_a_cake_once_whatever_becomes_of_the_field(opens):
    house = opens("convenience")
    ann = house.joins("Ann Lee", birthday={"month": 1, "day": 7})
    house.lives_until("2026-01-08T12:00")
    assert [c["template"] for c in house.coupons(ann)] == ["cake"]
    assert house.tells(ann, ("cake", 15.0), store="corner", coupons=[house.coupons(ann)[0]["code"]])["total"] == 0
    house.asked("PATCH", f"/members/{ann}", {"birthday": {"month": 1, "day": 10}})
    house.lives_until("2026-01-12T12:00")
    assert len(house.coupons(ann)) == 1
    assert date(2026, 1, 12).isoformat() in house.now
