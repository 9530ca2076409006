"""The town: points, growth, member day, and a return that takes back what it gave."""


def test_the_town_gives_takes_back_and_lifts(opens):
    house = opens("town", "2026-01-05T12:00")
    ann = house.joins("Ann Lee")
    receipt = house.buys(ann, ("gift", 600.0), ("tea", 30.0), store="sh01")
    assert house.holds(ann)["growth"] > 400
    assert house.levels(ann) == {"main": "silver"}
    house.returns(receipt)
    assert house.holds(ann).get("points", 0) == 0
    house.lives_until("2026-01-08T12:00")
    assert house.levels(ann) == {"main": "member"}
