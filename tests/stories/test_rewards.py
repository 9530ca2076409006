"""The rewards mall over HTTP: what members have for their points, how it reaches them, and how it comes back."""

from __future__ import annotations

import pytest

from regulars.governance.publishing import services as publishing
from regulars.kernel import outbox
from regulars.value.coupons import services as coupons
from regulars.value.rewards import services as rewards
from regulars.wiring import WIRING
from tests.stories.cast import DOCUMENT, a_caller, a_member, a_program, an_order

pytestmark = pytest.mark.django_db

REWARDS = """
coupon_templates:
  - key: ten
    gives: {{effects: [{{kind: order_amount, amount: "10.00"}}]}}
rewards:
  - key: mug
    name: {{en: A mug, zh-Hans: 马克杯}}
    price: {{units: {{points: 300}}}}
    price_by_level: {{main/gold: {{units: {{points: 250}}}}}}
    stock: 1
    waiting_list: {{hours: 2}}
    per_member: {{times: 2, period: year}}
    fulfilment: {{by: store, within_days: 3, fetch_days: 14}}
    cancel: {{until: fulfilled}}
    stores: [bund]
    note: ask Lin for the boxes
  - key: lamp
    name: A lamp
    price:
      - {{key: mixed, units: {{points: 200}}, amount: 59.90}}
      - {{key: points, units: {{points: 900}}}}
    fulfilment: {{by: ship}}
  - {{key: voucher, name: Ten off, kind: coupon, price: {{units: {{points: 100}}}}, gives: {{template: ten}}}}
  - {{key: film, name: A film, kind: digital_code, price: {{units: {{points: 100}}}}}}
  - key: trees
    name: Plant trees
    kind: donation
    price: {{units: {{points: 10}}}}
    cause: {{name: Trees for the hills, target: 100000}}
  - key: tasting
    name: A tasting
    kind: experience
    price: {{units: {{points: 50}}}}
    sessions: [{{key: may, starts: 2099-05-01T18:30, seats: 2, store: bund}}]
  - key: coffee
    name: The tenth coffee
    price: {{units: {{points: 500}}}}
    auto: {{unit: points, at: 500}}
"""


@pytest.fixture
def shop():
    coupons.forget_versions()
    rewards.forget_versions()
    program = a_program(document=DOCUMENT + REWARDS)
    caller = a_caller(program)
    caller.program, caller.ada, caller.bob = program, a_member(program, "ADA"), a_member(program, "BOB")
    return caller


def points(shop, member, n):
    status, _ = shop.post(
        f"/members/{member}/points", {"kind": "adjust", "unit": "points", "amount": n, "reason": "gift"}
    )
    assert status == 200


def balance(shop, member):
    _, told = shop.get(f"/members/{member}/balances")
    return next((b["active"], b["held"]) for b in told["items"] if b["unit"] == "points")


def redeem(shop, reward, member, **more):
    return shop.post(f"/rewards/{reward}/redemptions", {"member": member, **more})


def test_the_mall_shows_each_member_her_prices_and_what_is_left(shop):
    status, told = shop.get(f"/rewards?member={shop.ada}")
    assert status == 200
    mug = next(r for r in told["items"] if r["key"] == "mug")
    assert mug["prices"] == [{"key": "1", "units": {"points": 300}, "amount_minor": 0}]
    assert mug["shelves"] == [{"session": "", "starts": None, "most": 1, "left": 1, "waiting": 0}]
    assert mug["refused"] == ""
    lamp = next(r for r in told["items"] if r["key"] == "lamp")
    assert [(p["key"], p["amount_minor"]) for p in lamp["prices"]] == [("mixed", 5990), ("points", 0)]
    shop.post("/orders", an_order("1", shop.ada, (100_000,)))
    outbox.deliver_batch(WIRING)
    _, told = shop.get(f"/rewards?member={shop.ada}")
    assert next(r["prices"] for r in told["items"] if r["key"] == "mug")[0]["units"] == {"points": 250}


def test_a_mug_is_had_fetched_and_the_next_who_waits_is_offered_the_one_that_comes_back(shop):
    for who in (shop.ada, shop.bob):
        points(shop, who, 300)
    status, got = redeem(shop, "mug", shop.ada, store="bund")
    assert (status, got["state"], got["paid"]) == (
        201,
        "requested",
        [{"unit": "points", "amount": 300, "held": False}],
    )
    status, no = redeem(shop, "mug", shop.bob)
    assert (status, no["code"]) == (409, "reward_sold_out")
    assert balance(shop, shop.bob) == (300, 0)
    status, place = shop.post("/rewards/mug/waiting", {"member": shop.bob})
    assert (status, place["place"], place["state"]) == (201, 1, "waiting")
    status, back = shop.post(f"/redemptions/{got['id']}/cancel", {"reason": "changed her mind"})
    assert (status, back["state"], back["gave_back"]) == (200, "cancelled", True)
    assert balance(shop, shop.ada) == (300, 0)
    assert redeem(shop, "mug", shop.ada)[1]["code"] == "reward_sold_out"
    _, mine = shop.get(f"/members/{shop.bob}/waiting")
    assert [(w["state"], w["reward"]) for w in mine["items"]] == [("offered", "mug")]
    status, his = redeem(shop, "mug", shop.bob)
    assert status == 201
    for step, body in (("accept", None), ("ready", {"store": "bund"})):
        assert shop.post(f"/redemptions/{his['id']}/{step}", body)[0] == 200
    status, desk = shop.get(f"/redemption-codes/{his['code'].lower()}")
    assert (status, desk["id"], desk["state"]) == (200, his["id"], "ready")
    status, done = shop.post(f"/redemptions/{his['id']}/fulfil", {"store": "bund"})
    assert (status, done["state"]) == (200, "fulfilled")
    _, told = shop.get(f"/redemptions/{his['id']}")
    assert [c["kind"] for c in told["story"]] == ["requested", "accepted", "ready", "fulfilled"]


def test_points_and_money_together_keep_the_points_aside_until_the_shop_has_the_money(shop):
    points(shop, shop.ada, 300)
    status, got = redeem(shop, "lamp", shop.ada, price="mixed", delivery="1 Nanjing Road")
    assert (status, got["due_minor"], got["currency"]) == (201, 5990, "CNY")
    assert balance(shop, shop.ada) == (100, 200)
    assert shop.post(f"/redemptions/{got['id']}/ship", {"tracking": "SF1"})[1]["code"] == "redemption_wrong_state"
    status, paid = shop.post(f"/redemptions/{got['id']}/payment", {"payment_ref": "web-77"})
    assert (status, paid["state"], paid["payment_ref"], paid["pay_until"]) == (200, "accepted", "web-77", None)
    assert balance(shop, shop.ada) == (100, 0)
    assert shop.get(f"/redemptions/{got['id']}/delivery") == (200, {"delivery": "1 Nanjing Road"})
    assert shop.post(f"/redemptions/{got['id']}/ship", {"tracking": "SF1"})[1]["state"] == "shipped"


def test_a_voucher_a_code_and_a_donation_are_there_at_once(shop):
    points(shop, shop.ada, 500)
    assert redeem(shop, "voucher", shop.ada)[1]["state"] == "fulfilled"
    assert len(shop.get(f"/members/{shop.ada}/coupons")[1]["items"]) == 1
    assert redeem(shop, "film", shop.ada)[1]["code"] == "reward_sold_out"
    status, pool = shop.post("/rewards/film/codes", {"codes": ["AAA", "BBB", "AAA"]})
    assert (status, pool["lines"], pool["stored"]) == (201, 3, 2)
    assert pool["rejected"] == [{"line": 3, "reason": "stands in the file twice"}]
    _, film = redeem(shop, "film", shop.ada)
    assert shop.post(f"/redemptions/{film['id']}/codes", None)[1] == {"codes": ["AAA"]}
    status, no = shop.post(f"/redemptions/{film['id']}/cancel", {"as_member": False})
    assert (status, no["code"]) == (409, "redemption_not_cancellable")
    redeem(shop, "trees", shop.ada, count=5)
    assert shop.get("/causes")[1]["items"] == [{"cause": "trees", "unit": "points", "amount": 50, "donations": 1}]


def test_seats_of_a_date_run_out_and_more_can_be_put_up(shop):
    points(shop, shop.ada, 500)
    assert redeem(shop, "tasting", shop.ada)[1]["code"] == "reward_session_gone"
    assert redeem(shop, "tasting", shop.ada, session="may", count=2)[1]["store"] == "bund"
    assert redeem(shop, "tasting", shop.ada, session="may")[1]["code"] == "reward_sold_out"
    status, told = shop.post("/rewards/tasting/stock", {"count": 1, "session": "may", "reason": "a larger table"})
    assert (status, told["items"][0]["left"]) == (200, 1)
    assert redeem(shop, "tasting", shop.ada, session="may")[0] == 201


def test_the_order_that_fills_the_balance_redeems_the_reward_by_itself_once(shop):
    shop.post("/orders", an_order("1", shop.ada, (49_900,)))
    outbox.deliver_batch(WIRING)
    assert shop.get(f"/redemptions?member={shop.ada}")[1]["items"] == []
    shop.post("/orders", an_order("2", shop.ada, (10_000,)))
    while outbox.deliver_batch(WIRING):
        pass
    (mine,) = shop.get(f"/redemptions?member={shop.ada}")[1]["items"]
    assert (mine["reward"], mine["source"], balance(shop, shop.ada)[0]) == ("coffee", "auto", 99)


def test_a_reward_given_costs_nothing_and_is_told_by_what_gave_it(shop):
    status, got = shop.post("/rewards/mug/grants", {"member": shop.ada, "source": "complaint 12"})
    assert (status, got["paid"], got["source"]) == (201, [], "complaint 12")
    assert shop.post("/rewards/mug/grants", {"member": shop.bob, "source": "x"})[1]["code"] == "reward_sold_out"


def test_the_document_comes_back_as_it_was_and_says_when_a_price_goes_up(shop):
    text = publishing.export(program_id=shop.program)
    told = publishing.plan(document=text)
    assert told.changes == ()
    assert "ask Lin for the boxes" in text
    dearer = publishing.plan(document=text.replace("points: 900", "points: 950"))
    assert [(c.section, c.key, c.adverse) for c in dearer.changes] == [("rewards", "lamp", True)]


def test_a_key_of_one_store_hands_over_there_and_changes_no_stock(shop):
    from regulars.people.programs import services as programs

    points(shop, shop.ada, 300)
    _, got = redeem(shop, "mug", shop.ada)
    store = programs.store(program_id=shop.program, key="bund")
    till = a_caller(shop.program, scopes={"rewards:read", "rewards:write"}, store_id=store.id)
    assert till.post("/rewards/mug/stock", {"count": 1, "reason": "x"})[0] == 403
    assert till.post(f"/redemptions/{got['id']}/fulfil", {"store": "web"})[0] == 403
    status, done = till.post(f"/redemptions/{got['id']}/fulfil", {})
    assert (status, done["store"]) == (200, "bund")


def test_a_key_of_one_store_does_nothing_with_what_is_fetched_in_another(shop):
    """A till in one town handed over, failed and cancelled what lay in a store of another."""
    from regulars.people.programs import services as programs

    points(shop, shop.ada, 300)
    _, got = redeem(shop, "mug", shop.ada, store="bund")
    web = programs.store(program_id=shop.program, key="web")
    till = a_caller(shop.program, scopes={"rewards:read", "rewards:write"}, store_id=web.id)
    for step, told in (
        ("accept", None), ("ready", {}), ("fulfil", {}), ("cancel", {"reason": "x"}), ("fail", {"reason": "x"}),
        ("payment", {"payment_ref": "p"}), ("ship", {}), ("codes", None),
    ):  # fmt: skip
        status, no = till.post(f"/redemptions/{got['id']}/{step}", told)
        assert (step, status, no["code"]) == (step, 403, "store_not_allowed")
    assert shop.get(f"/redemptions/{got['id']}")[1]["state"] == "requested"
    status, no = shop.post(f"/redemptions/{got['id']}/fulfil", {"store": "web"})  # which has no mugs
    assert (status, no["errors"][0]["path"]) == (422, "store")
    assert shop.post(f"/redemptions/{got['id']}/fulfil", {})[1]["store"] == "bund"
