"""Drops of water become a box of fruit that is sent by itself."""


def test_drops_add_up_and_the_fruit_ships_once_at_the_mark(opens):
    house = opens("orchard")
    ann = house.joins("Ann Lee")
    house.buys(ann, ("rice", 500.0), store="app", channel="app")
    assert house.holds(ann) == {"drops": 200}  # the day's most
    house.gains(ann, "drops", 50, "friends-helped")
    assert house.asked("GET", f"/redemptions?member={ann}")["items"] == []
    house.it_is("2026-01-06")
    receipt = house.buys(ann, ("rice", 80.0), store="app", channel="app")
    (fruit,) = house.asked("GET", f"/redemptions?member={ann}")["items"]
    assert (fruit["reward"], fruit["source"], house.holds(ann)["drops"]) == ("fruit", "auto", 30)
    house.returns(receipt)
    assert len(house.asked("GET", f"/redemptions?member={ann}")["items"]) == 1


def test_drops_dry_up_after_thirty_days(opens):
    house = opens("orchard")
    ann = house.joins("Ann Lee")
    house.buys(ann, ("rice", 100.0), store="app", channel="app")
    house.sleeps_until("2026-02-10T12:00")
    assert house.holds(ann).get("drops", 0) == 0
