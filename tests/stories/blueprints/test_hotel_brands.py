"""One account over many brands; nights make the year's level, and all nights a level for life."""


def stay(nights, price, brand):
    line = {"sku": "room", "category": "room", "brand": brand, "quantity": str(nights)}
    return {**line, "amount_minor": nights * price * 100}


def test_each_brand_earns_at_its_rate_into_one_account(opens):
    house = opens("hotel-brands")
    ann = house.joins("Ann Lee")
    house.buys(ann, stay(1, 200, "grand"), store="grand-ny")
    house.buys(ann, stay(1, 100, "express"), store="express-sh")
    assert house.holds(ann)["points"] == 2_000 + 500


def test_elite_ends_with_its_year_and_the_level_for_life_stays(opens):
    house = opens("hotel-brands")
    ann = house.joins("Ann Lee")
    house.buys(ann, stay(50, 100, "express"), store="express-sh")
    assert house.levels(ann) == {"elite": "platinum", "life": "life-gold"}
    house.sleeps_until("2028-01-03T12:00")
    assert house.levels(ann) == {"elite": "member", "life": "life-gold"}


def test_a_stay_that_was_not_gives_nights_and_points_back(opens):
    house = opens("hotel-brands")
    ann = house.joins("Ann Lee")
    receipt = house.buys(ann, stay(40, 100, "grand"), store="grand-ny")
    assert house.levels(ann)["life"] == "life-gold"
    house.returns(receipt)
    held = house.holds(ann)
    assert (held["points"], held["nights"], held["lifetime_nights"]) == (0, 0, 0)


def test_a_free_night_costs_points_or_points_and_money(opens):
    house = opens("hotel-brands")
    ann = house.joins("Ann Lee")
    house.buys(ann, stay(10, 200, "grand"), store="grand-ny")
    house.has(ann, "free-night", store="grand-ny")
    assert house.holds(ann)["points"] == 0
