"""Family prices, a member day, workshops with a waiting list, and lamps to try at home."""


def test_family_prices_and_the_day_of_members(opens):
    house = opens("home-family")
    shelf = house.sells("shelf", 199.0, 149.0)
    ann = house.joins("Ann Lee")
    assert house.tells(None, shelf, store="west")["total"] == 19_900
    assert house.buys(ann, shelf, store="west")["total"] == 14_900
    assert house.holds(ann) == {"points": 149}
    house.it_is("2026-01-20")
    assert house.buys(ann, ("textiles", 100.0), store="west")["total"] == 9_000
    assert house.holds(ann) == {"points": 149 + 180}


def test_a_workshop_is_full_the_next_waits_and_is_offered_the_seat(opens):
    house = opens("home-family")
    family = [house.joins(f"Family {n}") for n in range(3)]
    for one in family:
        house.buys(one, ("sofa", 1_000.0), store="west")
    first = house.has(family[0], "workshop", session="spring")
    house.has(family[1], "workshop", session="spring")
    body = {"member": family[2], "session": "spring"}
    assert house.refused("POST", "/rewards/workshop/redemptions", body) == "reward_sold_out"
    house.asked("POST", "/rewards/workshop/waiting", body)
    house.asked("POST", f"/redemptions/{first['id']}/cancel", {"reason": "cannot come"})
    house.hears_the_news()
    (place,) = house.asked("GET", f"/members/{family[2]}/waiting")["items"]
    assert place["state"] == "offered"
    assert house.has(family[2], "workshop", session="spring")["state"] in ("requested", "accepted", "fulfilled")


def test_a_coupon_of_the_mall_pays_the_delivery_and_testers_try_a_lamp(opens):
    house = opens("home-family")
    ann, bo = house.joins("Ann Lee"), house.joins("Bo Wu")
    house.buys(ann, ("sofa", 1_000.0), store="west")
    house.has(ann, "delivery-coupon")
    (coupon,) = house.coupons(ann)
    freight = {"sku": "freight", "kind": "shipping", "quantity": "1", "amount_minor": 8_000}
    sofa = ("sofa", 1_000.0)
    assert house.tells(ann, sofa, freight, store="web", channel="web", coupons=[coupon["code"]])["total"] == 103_000
    house.puts_on("testers", ann)
    assert house.has(ann, "trial-lamp", delivery="1 Tree Lane")["state"] == "requested"
    assert house.refused("POST", "/rewards/trial-lamp/redemptions", {"member": bo}) == "reward_not_eligible"
