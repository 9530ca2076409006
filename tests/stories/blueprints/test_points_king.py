"""Points buy goods, services and good deeds."""


def test_points_are_had_for_money_and_given_for_goods_services_and_meals(opens):
    house = opens("points-king")
    ann, bo = house.joins("Ann Lee"), house.joins("Bo Wu")
    house.buys(ann, ("cream", 1_500.0), store="mall")
    assert house.holds(ann) == {"points": 1_500}
    cream = house.has(ann, "hand-cream", store="mall")
    assert (cream["state"], house.holds(ann)["points"]) == ("requested", 700)
    house.asked("POST", f"/redemptions/{cream['id']}/fulfil", {"store": "mall"})
    house.has(ann, "skin-test", store="mall")
    assert house.has(ann, "school-meal", count=2)["state"] == "fulfilled"
    assert house.holds(ann)["points"] == 0
    (cause,) = house.asked("GET", "/causes")["items"]
    assert (cause["unit"], cause["amount"], cause["donations"]) == ("points", 200, 1)
    assert house.refused("POST", "/rewards/skin-test/redemptions", {"member": bo}) == "not_enough_points"


def test_the_last_week_of_the_month_counts_double_and_a_return_takes_it_back(opens):
    house = opens("points-king", "2026-01-28T12:00")
    ann = house.joins("Ann Lee")
    receipt = house.buys(ann, ("cream", 100.0), store="mall")
    assert house.holds(ann) == {"points": 200}
    house.returns(receipt)
    assert house.holds(ann)["points"] == 0


def test_points_and_money_together_pay_for_a_cream_and_a_cancelled_one_gives_all_back(opens):
    house = opens("points-king")
    ann = house.joins("Ann Lee")
    house.buys(ann, ("cream", 400.0), store="mall")
    (offer,) = [r for r in house.asked("GET", f"/rewards?member={ann}")["items"] if r["key"] == "hand-cream"]
    mixed = next(p for p in offer["prices"] if p["amount_minor"])
    asked = house.has(ann, "hand-cream", price=mixed["key"], store="mall")
    assert (asked["due_minor"], house.holds(ann)["points"]) == (990, 100)
    house.asked("POST", f"/redemptions/{asked['id']}/cancel", {"reason": "changed her mind"})
    assert house.holds(ann)["points"] == 400
