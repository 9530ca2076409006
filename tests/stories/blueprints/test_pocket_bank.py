"""Offers by how one thinks of risk and where one stands in life; an hour with an adviser."""


def test_offers_go_to_those_for_whom_they_are(opens):
    house = opens("pocket-bank")
    ann, bo = house.joins("Ann Lee"), house.joins("Bo Wu")
    house.puts_on("careful", ann)
    house.puts_on("bold", bo)
    house.puts_on("young-family", bo)
    fees = (("gold", 20.0), ("funds", 100.0))
    assert house.tells(ann, *fees, store="app", channel="app")["total"] == 12_000 - 1_000
    assert house.tells(bo, *fees, store="app", channel="app")["total"] == 12_000 - 9_000
    assert house.tells(bo, ("insurance", 600.0), store="branch")["total"] == 50_000


def test_the_circle_is_set_by_assets_and_opens_the_adviser_s_calendar(opens):
    house = opens("pocket-bank")
    ann, bo = house.joins("Ann Lee"), house.joins("Bo Wu")
    for member in (ann, bo):
        house.buys(member, ("transfer", 20.0), store="app", channel="app")
    house.gains(ann, "assets", 400, "assets-of-the-month")
    house.lives_until("2026-01-07T12:00")
    assert house.levels(ann) == {"main": "wealth"}
    assert house.has(ann, "video-hour", session="monday")["session"] == "monday"
    body = {"member": bo, "session": "tuesday"}
    assert house.refused("POST", "/rewards/video-hour/redemptions", body) == "reward_not_eligible"
