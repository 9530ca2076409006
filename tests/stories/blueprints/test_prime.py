"""Two days to the door, partners' films, a sale of its own, one household."""


def test_the_household_has_the_delivery_and_loses_it_when_it_leaves(opens):
    house = opens("prime", "2026-06-01T10:00")
    ann, bo = house.joins("Ann Lee"), house.joins("Bo Wu")
    freight = {"sku": "freight", "kind": "shipping", "quantity": "1", "amount_minor": 900}
    basket = (("book", 20.0), freight)
    made = house.subscribes(ann, "prime")
    assert house.tells(ann, *basket, store="web", channel="web")["total"] == 2_000
    assert house.tells(bo, *basket, store="web", channel="web")["total"] == 2_900
    house.asked("POST", f"/subscriptions/{made['id']}/family", {"member": bo})
    house.asked("POST", f"/subscriptions/{made['id']}/family/join", {"member": bo})
    assert house.tells(bo, *basket, store="web", channel="web")["total"] == 2_000
    house.asked("POST", f"/subscriptions/{made['id']}/family/leave", {"member": bo})
    assert house.tells(bo, *basket, store="web", channel="web")["total"] == 2_900


def test_the_sale_is_for_who_pays_and_the_trial_counts(opens):
    house = opens("prime", "2026-07-14T10:00")
    ann, bo = house.joins("Ann Lee"), house.joins("Bo Wu")
    assert house.subscribes(ann, "prime")["state"] == "trial"
    assert house.tells(ann, ("speaker", 100.0), store="web", channel="web")["total"] == 8_000
    assert house.tells(bo, ("speaker", 100.0), store="web", channel="web")["total"] == 10_000


def test_who_ends_the_trial_pays_nothing_and_keeps_nothing(opens):
    house = opens("prime", "2026-06-01T10:00")
    ann = house.joins("Ann Lee")
    made = house.subscribes(ann, "prime")
    house.asked("POST", f"/subscriptions/{made['id']}/cancel", {"reason": "not for her"})
    house.sleeps_until("2026-07-05T12:00")
    assert (house.subscription(made)["state"], house.bank()) == ("ended", [])
    assert house.asked("GET", f"/members/{ann}/benefits")["items"] == []


def test_groceries_earn_only_for_members_and_a_year_can_be_given(opens):
    house = opens("prime", "2026-06-01T10:00")
    ann, bo = house.joins("Ann Lee"), house.joins("Bo Wu")
    house.buys(ann, ("milk", 50.0), store="grocer")
    assert house.holds(ann).get("points", 0) == 0
    gift = house.asked("POST", "/subscription-gifts", {"plan": "prime", "method": "ok", "payer": bo})
    house.asked("POST", f"/subscription-gifts/{gift['code']}/redeem", {"member": ann})
    house.hears_the_news()
    house.buys(ann, ("milk", 50.0), store="grocer")
    assert house.holds(ann)["points"] == 100
