"""Houses under one roof of points; partners' benefits that members switch on; each pays for its own."""


def test_points_from_one_house_are_spent_in_another(opens):
    house = opens("alliance")
    ann = house.joins("Ann Lee")
    house.buys(ann, ("course", 100.0), store="gym")
    assert house.holds(ann) == {"points": 200}
    paid = house.buys(ann, ("film", 45.0), store="cinema", spend_points=[{"unit": "points", "amount": 200}])
    assert paid["due"] == 4_300


def test_a_partner_app_earns_and_burns_with_a_key_of_its_own(opens):
    house = opens("alliance")
    ann = house.joins("Ann Lee")
    house.gains(ann, "points", 300, "workout")
    house.asked("POST", "/rewards/day-pass/codes", {"codes": ["GYM-1111", "GYM-2222"]})
    day = house.has(ann, "day-pass")
    assert (day["state"], house.holds(ann)["points"]) == ("fulfilled", 0)
    assert house.asked("POST", f"/redemptions/{day['id']}/codes")["codes"][0].startswith("GYM-")


def test_a_member_switches_a_partner_s_benefit_on_and_off(opens):
    house = opens("alliance", "2026-01-06T12:00")  # a Tuesday
    ann = house.joins("Ann Lee")
    film = ("film", 50.0)
    assert house.tells(ann, film, store="cinema")["total"] == 5_000
    house.asked("POST", f"/members/{ann}/packs", {"pack": "cinema", "source": "skill-store"})
    assert house.tells(ann, film, store="cinema")["total"] == 2_500
    house.asked("POST", f"/members/{ann}/packs/end", {"source": "skill-store"})
    assert house.tells(ann, film, store="cinema")["total"] == 5_000


def test_a_trial_hour_is_used_once_in_a_life(opens):
    house = opens("alliance")
    ann = house.joins("Ann Lee")
    house.asked("POST", f"/members/{ann}/packs", {"pack": "gym", "source": "skill-store"})
    house.asked("POST", f"/members/{ann}/benefits/gym-trial/uses", {"store": "gym"})
    assert house.refused("POST", f"/members/{ann}/benefits/gym-trial/uses", {}) == "quota_used_up"
