"""Small shops: ordered online and picked up next door, one price, and coupons that go both ways."""


def test_a_coupon_from_the_shop_is_used_online_and_the_reverse(opens):
    house = opens("neighbourhood")
    ann = house.joins("Ann Lee")
    house.buys(ann, ("bread", 60.0), store="gate")
    (coupon,) = house.coupons(ann)
    online = house.buys(ann, ("bread", 60.0), channel="app", store="web", coupons=[coupon["code"]])
    assert online["total"] == 5_500
    (given,) = house.asked("POST", f"/members/{ann}/coupons", {"template": "online", "count": 1})["items"]
    assert house.buys(ann, ("bread", 60.0), store="gate", coupons=[given["code"]])["total"] == 5_500


def test_the_same_member_pays_the_same_price_in_both_channels(opens):
    house = opens("neighbourhood")
    milk = house.sells("milk", 20.0, 18.0)
    ann = house.joins("Ann Lee")
    assert house.tells(ann, milk, store="gate")["total"] == 1_800
    assert house.tells(ann, milk, channel="web", store="web")["total"] == 1_800
    assert house.tells(None, milk, store="gate")["total"] == 2_000


def test_an_order_from_the_web_is_picked_up_and_what_was_left_is_cancelled(opens):
    house = opens("neighbourhood")
    ann = house.joins("Ann Lee")
    receipt = house.buys(
        ann, ("rice", 40.0), ("oil", 60.0), channel="web", store="web", attributes={"fulfilment": "pickup"}
    )
    assert house.holds(ann) == {"points": 120}
    order = f"/orders/{receipt['order']}"
    oil = {"ref": "C1", "occurred_at": house.now, "lines": [{"id": "2", "quantity": "1"}]}
    house.asked("POST", f"{order}/cancel-lines", oil)
    house.hears_the_news()
    assert house.holds(ann)["points"] < 120
    house.asked("POST", f"{order}/hand-over", {"lines": [{"id": "1", "quantity": "1"}]})
