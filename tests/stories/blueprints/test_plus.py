"""Prepaid by the year; free deliveries by the month; a score; and what was saved."""

FREIGHT = {"sku": "freight", "kind": "shipping", "quantity": "1", "amount_minor": 600}


def test_a_trial_for_one_yuan_becomes_a_year_with_prices_of_its_own(opens):
    house = opens("plus")
    ann, bo = house.joins("Ann Lee"), house.joins("Bo Wu")
    made = house.subscribes(ann, "plus")
    assert (made["state"], house.bank()) == ("trial", [100])
    basket = (("book", 100.0), ("overseas", 200.0))
    assert house.tells(bo, *basket, store="web", channel="web")["total"] == 30_000
    assert house.buys(ann, *basket, store="web", channel="web")["total"] == 9_500 + 18_000
    assert house.holds(ann)["beans"] == 2 * 275
    house.sleeps_until("2026-02-06T12:00")
    assert (house.subscription(made)["state"], house.bank()) == ("active", [100, 14_900])
    saved = house.asked("GET", f"/members/{ann}/savings")
    assert saved["saved_minor"] >= 2_500


def test_five_free_deliveries_a_month_and_five_more_in_the_next(opens):
    house = opens("plus", "2026-01-20T10:00")
    ann = house.joins("Ann Lee")
    house.subscribes(ann, "plus")
    use = f"/members/{ann}/benefits/shipping/uses"
    for _ in range(5):
        house.asked("POST", use, {})
    assert house.refused("POST", use, {}) == "quota_used_up"
    coupon = house.coupons(ann)[0]["code"]
    told = house.tells(ann, ("overseas", 50.0), FREIGHT, store="web", channel="web", coupons=[coupon])
    assert told["total"] == 4_500
    house.sleeps_until("2026-02-01T12:00")
    house.asked("POST", use, {})


def test_behaviour_makes_the_score(opens):
    house = opens("plus")
    ann = house.joins("Ann Lee")
    house.buys(ann, ("book", 10.0), store="web", channel="web")
    for reason in ("reviews", "sign-ins", "returns-kept-low"):
        house.gains(ann, "score", 20, reason)
    house.lives_until("2026-01-06T12:00")
    assert house.levels(ann) == {"score": "s2"}


def test_a_refund_takes_off_what_was_used(opens):
    house = opens("plus")
    ann = house.joins("Ann Lee")
    made = house.subscribes(ann, "plus", trial=False)
    house.asked("POST", f"/members/{ann}/benefits/laundry/uses", {})
    asked = {"reason": "changed her mind", "when": "at_once", "dry": True}
    quote = house.asked("POST", f"/subscriptions/{made['id']}/cancel", asked)
    assert quote["refund_minor"] == 14_900 - 2_500
