"""A card ladder on spend, orders and visits; beside it a growth ladder that sets what points are worth."""


def test_a_card_needs_all_three_and_brings_its_benefits(opens):
    house = opens("two-ladders")
    ann = house.joins("Ann Lee")
    first = house.buys(ann, ("coat", 1_100.0), store="plaza")
    assert (first["total"], house.levels(ann)["card"]) == (107_800, "ordinary")
    house.buys(ann, ("socks", 20.0), store="web", channel="web")
    assert house.levels(ann)["card"] == "silver"
    before = house.holds(ann)["points"]
    house.buys(ann, ("socks", 100.0), store="plaza")
    assert house.holds(ann)["points"] - before == 2 * 98


def test_returning_the_coat_takes_the_card_back(opens):
    house = opens("two-ladders")
    ann = house.joins("Ann Lee")
    coat = house.buys(ann, ("coat", 1_100.0), store="plaza")
    house.buys(ann, ("socks", 20.0), store="web", channel="web")
    house.returns(coat)
    house.lives_until("2026-01-06T12:00")
    assert house.levels(ann)["card"] == "ordinary"


def test_the_growth_ladder_sets_the_rate_of_points_and_a_day_of_its_own(opens):
    house = opens("two-ladders")
    ann, bo = house.joins("Ann Lee"), house.joins("Bo Wu")
    house.buys(ann, ("coat", 6_000.0), store="plaza")
    house.buys(bo, ("coat", 1_050.0), store="plaza")
    assert (house.levels(ann)["path"], house.levels(bo)["path"]) == ("elite", "growing")
    was = house.holds(ann)["points"], house.holds(bo)["points"]
    house.has(ann, "voucher", store="plaza")
    house.has(bo, "voucher", store="plaza")
    now = house.holds(ann)["points"], house.holds(bo)["points"]
    assert (was[0] - now[0], was[1] - now[1]) == (900, 950)
    house.it_is("2026-01-18")
    assert house.tells(ann, ("coat", 300.0), store="plaza")["total"] == 30_000 - 600 - 3_000
    assert house.tells(bo, ("coat", 300.0), store="plaza")["total"] == 30_000 - 600


def test_gold_tries_what_is_new_and_ordinary_does_not(opens):
    house = opens("two-ladders")
    ann, bo = house.joins("Ann Lee"), house.joins("Bo Wu")
    for n in range(4):
        house.buys(ann, ("coat", 1_500.0), store="plaza")
        house.lives_until(f"2026-01-0{6 + n}T12:00")
    assert house.levels(ann)["card"] == "gold"
    house.buys(bo, ("socks", 100.0), store="plaza")
    assert house.has(ann, "new-goods", store="plaza")["state"] == "requested"
    assert house.refused("POST", "/rewards/new-goods/redemptions", {"member": bo}) == "reward_not_eligible"
