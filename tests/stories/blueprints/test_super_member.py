"""Growth by the day, faster by the year; a level that sinks when it lapses."""


def test_who_pays_by_the_year_grows_faster_and_who_lapses_sinks(opens):
    house = opens("super-member")
    ann, bo = house.joins("Ann Lee"), house.joins("Bo Wu")
    house.subscribes(ann, "monthly")
    house.subscribes(bo, "yearly")
    house.lives_until("2026-01-10T12:00")
    grown = (house.holds(ann)["growth"], house.holds(bo)["growth"])
    assert grown[0] * 15 == grown[1] * 10 > 0
    assert house.levels(ann) == {"super": "s1"}


def test_a_lapsed_month_gives_nothing_more(opens):
    house = opens("super-member")
    ann = house.joins("Ann Lee")
    made = house.subscribes(ann, "monthly")
    house.asked("POST", f"/subscriptions/{made['id']}/cancel", {"reason": "enough", "when": "period_end"})
    house.lives_until("2026-02-07T12:00")
    grown = house.holds(ann)["growth"]
    assert house.subscription(made)["state"] == "ended"
    house.lives_until("2026-02-09T12:00")
    assert house.holds(ann)["growth"] == grown
    house.sleeps_until("2026-09-15T12:00")
    assert house.levels(ann) == {"super": "s0"}


def test_level_two_has_its_gift_once_a_month(opens):
    house = opens("super-member")
    ann = house.joins("Ann Lee")
    house.gains(ann, "growth", 300, "campaign")
    house.lives_until("2026-01-06T12:00")
    use = f"/members/{ann}/benefits/gifts/uses"
    house.asked("POST", use, {})
    assert house.holds(ann)["coins"] == 100
    assert house.refused("POST", use, {}) == "quota_used_up"
