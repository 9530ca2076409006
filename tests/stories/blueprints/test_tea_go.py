"""Ordered ahead, made as she likes it, and first for the highest level."""


def applied(quote):
    return [one["key"] for one in quote["applied"]]


def test_the_bar_knows_her_taste_and_whom_to_serve_first(opens):
    house = opens("tea-go")
    ann = house.joins("Ann Lee")
    house.asked("PUT", f"/members/{ann}/preferences", {"values": {"sugar": "half", "ice": "less"}})
    told = house.asked("GET", f"/members/{ann}/preferences")["items"]
    assert {p["key"]: p["value"] for p in told} == {"sugar": "half", "ice": "less"}
    assert "priority-at-the-bar" not in applied(house.tells(ann, ("tea", 25.0), store="lake"))
    house.buys(ann, ("party", 1_600.0), store="lake")
    assert house.levels(ann) == {"main": "v4"}
    assert "priority-at-the-bar" in applied(house.tells(ann, ("tea", 25.0), store="lake"))


def test_ordering_ahead_earns_and_branches_have_two_passes_a_month(opens):
    house = opens("tea-go")
    ann = house.joins("Ann Lee")
    receipt = house.buys(ann, ("tea", 700.0), store="ahead", channel="mini")
    assert (house.holds(ann)["points"], house.levels(ann)) == (710, {"main": "v3"})
    use = f"/members/{ann}/benefits/passes/uses"
    house.asked("POST", use, {})
    house.asked("POST", use, {})
    assert house.refused("POST", use, {}) == "quota_used_up"
    assert len(house.coupons(ann)) == 2
    house.returns(receipt)
    assert house.holds(ann)["points"] == 0
