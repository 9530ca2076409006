"""Stars, a birthday drink, free drinks by level, a camera, and tastes remembered."""


def test_stars_lift_and_each_level_has_its_drink(opens):
    house = opens("stars")
    ann = house.joins("Ann Lee")
    drinks = [("drinks", 40.0), ("drinks", 36.0), ("drinks", 30.0), ("drinks", 26.0)]
    assert house.tells(ann, *drinks, store="bund")["total"] == 13_200 - 2_600
    house.buys(ann, ("beans", 800.0), store="bund")
    assert (house.holds(ann)["stars"], house.levels(ann)) == (16, {"main": "gold"})
    assert house.tells(ann, *drinks[:3], store="bund")["total"] == 10_600 - 3_000
    (welcome,) = house.coupons(ann)
    assert house.buys(ann, ("drinks", 40.0), store="app", channel="app", coupons=[welcome["code"]])["total"] == 0


def test_a_return_takes_stars_level_and_the_unused_gift_back(opens):
    house = opens("stars")
    ann = house.joins("Ann Lee")
    receipt = house.buys(ann, ("beans", 800.0), store="bund")
    assert len(house.coupons(ann)) == 1
    house.returns(receipt)
    house.lives_until("2026-01-07T12:00")
    assert (house.holds(ann)["stars"], house.levels(ann), house.coupons(ann)) == (0, {"main": "silver"}, [])


def test_nine_stars_are_a_drink_sixty_a_camera_and_there_is_one(opens):
    house = opens("stars")
    ann, bo = house.joins("Ann Lee"), house.joins("Bo Wu")
    house.buys(ann, ("beans", 3_500.0), store="bund")
    house.buys(bo, ("beans", 450.0), store="bund")
    assert house.has(bo, "nine-stars")["state"] == "fulfilled"
    assert house.holds(bo)["stars"] == 0
    camera = house.has(ann, "camera", delivery="2 Lane of Beans")
    house.asked("POST", f"/redemptions/{camera['id']}/ship", {"tracking": "SF1"})
    assert house.refused("POST", "/rewards/camera/redemptions", {"member": bo}) == "reward_not_eligible"


def test_the_birthday_drink_comes_to_jade_and_gold_once_a_year(opens):
    house = opens("stars")
    ann = house.joins("Ann Lee", birthday={"month": 1, "day": 8})
    bo = house.joins("Bo Wu", birthday={"month": 1, "day": 8})
    house.buys(ann, ("beans", 200.0), store="bund")
    assert house.levels(ann) == {"main": "jade"}
    house.lives_until("2026-01-09T12:00")
    assert (len(house.coupons(ann)), len(house.coupons(bo))) == (1, 0)


def test_she_gives_a_friend_a_drink_and_stars(opens):
    house = opens("stars")
    ann, bo = house.joins("Ann Lee"), house.joins("Bo Wu")
    house.buys(ann, ("beans", 450.0), store="bund")
    house.asked("POST", "/transfers", {"from": ann, "to": bo, "unit": "stars", "amount": 4, "reason": "gift"})
    assert (house.holds(ann)["stars"], house.holds(bo)["stars"]) == (5, 4)
