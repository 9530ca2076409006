"""Bring a guest, be remembered, wait for the big table."""


def test_each_guest_brought_is_worth_points_up_to_four_a_day(opens):
    house = opens("hotpot-super")
    ann = house.joins("Ann Lee")
    guests = {"sku": "guest", "category": "guest", "quantity": "6", "amount_minor": 1_200}
    house.buys(ann, ("pot", 300.0), guests, store="old-town")
    assert house.holds(ann)["points"] == 312 + 120


def test_points_become_a_plate_and_the_black_pay_less(opens):
    house = opens("hotpot-super")
    ann, bo = house.joins("Ann Lee"), house.joins("Bo Wu")
    house.buys(ann, ("pot", 12_000.0), store="old-town")
    house.buys(bo, ("pot", 300.0), store="old-town")
    assert (house.levels(ann), house.levels(bo)) == ({"main": "black"}, {"main": "red"})
    house.has(ann, "plate")
    house.has(bo, "plate")
    assert (house.holds(ann)["points"], house.holds(bo)["points"]) == (12_000 - 150, 100)
    (plate,) = house.coupons(bo)
    meal = (("beef", 48.0), ("beef", 38.0), ("pot", 60.0))
    assert house.buys(bo, *meal, store="old-town", coupons=[plate["code"]])["total"] == 14_600 - 4_800


def test_the_pot_remembers_how_she_likes_it_and_the_big_table_has_a_list(opens):
    house = opens("hotpot-super")
    ann, bo = house.joins("Ann Lee"), house.joins("Bo Wu")
    house.asked("PUT", f"/members/{ann}/preferences", {"values": {"broth": "tomato", "chair": True}})
    told = house.asked("GET", f"/members/{ann}/preferences")["items"]
    assert {p["key"]: p["value"] for p in told} == {"broth": "tomato", "chair": True}
    for member in (ann, bo):
        house.buys(member, ("pot", 300.0), store="old-town")
    house.has(ann, "big-table", session="eve")
    waits = house.asked("POST", "/rewards/big-table/waiting", {"member": bo, "session": "eve"})
    assert waits["state"] == "waiting"
