"""A point a dollar; three levels by what a calendar year brought."""


def test_the_level_of_a_year_lasts_to_the_end_of_the_next(opens):
    house = opens("beauty-insider", "2026-03-02T10:00")
    ann = house.joins("Ann Lee")
    house.buys(ann, ("serum", 400.0), store="sf")
    assert house.levels(ann) == {"main": "very"}
    house.buys(ann, ("serum", 700.0), store="web", channel="web")
    assert house.levels(ann) == {"main": "rouge"}
    assert house.holds(ann)["points"] == 400 + 875
    house.sleeps_until("2027-01-03T12:00")
    assert house.levels(ann) == {"main": "rouge"}
    house.sleeps_until("2028-01-03T12:00")
    assert house.levels(ann) == {"main": "insider"}


def test_a_return_takes_points_and_level_back(opens):
    house = opens("beauty-insider", "2026-03-02T10:00")
    ann = house.joins("Ann Lee")
    receipt = house.buys(ann, ("serum", 400.0), store="sf")
    house.returns(receipt)
    assert (house.holds(ann)["points"], house.levels(ann)) == (0, {"main": "insider"})


def test_points_pay_and_a_rouge_s_class_costs_less(opens):
    house = opens("beauty-insider", "2026-03-02T10:00")
    ann, bo = house.joins("Ann Lee"), house.joins("Bo Wu")
    house.buys(ann, ("serum", 1_100.0), store="sf")
    house.buys(bo, ("serum", 300.0), store="sf")
    house.has(ann, "class", session="march")
    house.has(bo, "class", session="march")
    assert (house.holds(ann)["points"], house.holds(bo)["points"]) == (1_100 - 150, 300 - 250)
    assert (
        house.refused("POST", "/rewards/class/redemptions", {"member": ann, "session": "march"}) == "reward_sold_out"
    )
    paid = house.buys(ann, ("serum", 30.0), store="sf", spend_points=[{"unit": "points", "amount": 500}])
    assert paid["due"] == 2_000
