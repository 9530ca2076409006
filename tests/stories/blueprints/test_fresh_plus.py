"""Fresh food: benefits by who she is at table, a day of the week, and a feast."""


def test_each_segment_has_its_own_prices_and_the_calendar_has_its_days(opens):
    house = opens("fresh-plus")
    ann, bo = house.joins("Ann Lee"), house.joins("Bo Wu")
    house.puts_on("often", ann)
    house.puts_on("vegetables", ann)
    house.puts_on("meat", bo)
    basket = (("vegetables", 50.0), ("meat", 50.0))
    assert house.tells(ann, *basket)["total"] == 10_000 - 500 - 300
    assert house.tells(bo, *basket)["total"] == 10_000 - 500
    house.it_is("2026-01-06")  # a Tuesday
    assert house.tells(bo, *basket)["total"] == 10_000 - 500 - 800
    house.it_is("2026-02-12")
    assert house.tells(None, ("meat", 250.0))["total"] == 22_000
