"""Paid and renewing; growth from what one writes."""


def test_a_trial_becomes_a_month_and_ends_when_nobody_pays(opens):
    house = opens("content-member")
    ann = house.joins("Ann Lee")
    freight = {"sku": "freight", "kind": "shipping", "quantity": "1", "amount_minor": 1_000}
    basket = (("lipstick", 80.0), freight)
    assert house.tells(ann, *basket, store="app", channel="app")["total"] == 9_000
    made = house.subscribes(ann, "monthly")
    assert made["state"] == "trial"
    assert house.tells(ann, *basket, store="app", channel="app")["total"] == 8_000
    house.lives_until("2026-01-13T12:00")
    assert house.subscription(made)["state"] == "active"
    assert house.bank() == [1_200]


def test_what_she_writes_lifts_and_opens_the_meeting_with_writers(opens):
    house = opens("content-member")
    ann = house.joins("Ann Lee")
    house.buys(ann, ("lipstick", 80.0), store="app", channel="app")
    for reason, amount in (("posts", 300), ("saves", 150), ("comments", 60)):
        house.gains(ann, "growth", amount, reason)
    house.lives_until("2026-01-06T12:00")
    assert house.levels(ann) == {"main": "flower"}
    assert house.has(ann, "meet", session="summer")["session"] == "summer"
    house.sleeps_until("2026-04-20T12:00")
    assert house.levels(ann) == {"main": "sprout"}  # one level at a time


def test_co_creators_try_what_they_chose_once_a_quarter(opens):
    house = opens("content-member")
    ann, bo = house.joins("Ann Lee"), house.joins("Bo Wu")
    house.puts_on("co-creators", ann)
    use = "benefits/try-first/uses"
    house.asked("POST", f"/members/{ann}/{use}", {})
    assert house.refused("POST", f"/members/{ann}/{use}", {}) == "quota_used_up"
    assert house.refused("POST", f"/members/{bo}/{use}", {}) == "not_your_benefit"
