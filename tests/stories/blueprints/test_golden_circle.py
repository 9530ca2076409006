"""Rings on nights or points, quotas of comfort, and points for evenings that money cannot buy."""


def stay(nights, price):
    return {"sku": "room", "category": "room", "quantity": str(nights), "amount_minor": nights * price * 100}


def test_nights_or_points_lift_whichever_comes_first(opens):
    house = opens("golden-circle")
    ann, bo = house.joins("Ann Lee"), house.joins("Bo Wu")
    house.buys(ann, stay(20, 800), store="harbour")
    assert house.levels(ann) == {"main": "jade"}
    house.buys(bo, stay(2, 800), ("banquet", 40_000.0), store="harbour")
    assert house.levels(bo) == {"main": "jade"}


def test_a_ring_falls_by_one_when_its_year_is_over(opens):
    house = opens("golden-circle")
    ann = house.joins("Ann Lee")
    house.buys(ann, stay(50, 500), store="harbour")
    assert house.levels(ann) == {"main": "diamond"}
    house.sleeps_until("2028-01-03T12:00")
    assert house.levels(ann) == {"main": "jade"}


def test_the_chef_s_table_has_four_chairs_and_a_cancelled_one_is_free_again(opens):
    house = opens("golden-circle")
    guests = [house.joins(f"Guest {n}") for n in range(5)]
    for guest in guests:
        house.buys(guest, ("dinner", 8_000.0), store="harbour")
    taken = [house.has(guest, "chef-table", session="june") for guest in guests[:4]]
    body = {"member": guests[4], "session": "june"}
    assert house.refused("POST", "/rewards/chef-table/redemptions", body) == "reward_sold_out"
    house.asked("POST", f"/redemptions/{taken[0]['id']}/cancel", {"reason": "ill"})
    assert house.holds(guests[0])["points"] == 1_000
    assert house.has(guests[4], "chef-table", session="june")["session"] == "june"
