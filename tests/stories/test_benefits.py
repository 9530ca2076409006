"""Benefits over HTTP: what a member has, uses, chooses and gets by itself, and that undoing the sale undoes the use."""

from __future__ import annotations

import pytest

from regulars.kernel import outbox
from regulars.value.benefits import services as benefits
from regulars.value.coupons import services as coupons
from regulars.wiring import WIRING
from tests.stories.cast import DOCUMENT, a_caller, a_member, a_program, an_order

pytestmark = pytest.mark.django_db

BENEFITS = """
coupon_templates:
  - key: cake
    gives: {{effects: [{{kind: order_amount, amount: "10.00"}}]}}
promotions:
  - key: free-delivery
    uses_benefit: delivery
    effects: [{{kind: shipping_percent, percent: 100}}]
benefits:
  - key: lounge
    name: {{en: The lounge, zh-Hans: 贵宾室}}
    kind: lounge
    for: {{levels: [main/gold+], packs: [vip]}}
    quota: {{times: 2, period: month}}
    cost: 30.00
    note: ask Lin for the keys
  - {{key: delivery, kind: free_shipping, for: {{everyone: true}}, quota: {{times: 1, period: month}}}}
  - key: up
    kind: upgrade
    for: {{levels: [main/gold]}}
    gives: [{{coupon: {{template: cake}}}}, {{points: {{unit: points, amount: 500}}}}]
  - {{key: pick, kind: choice, for: {{everyone: true}}, choose: {{pick: 1, of: [spa, tea]}}, quota: {{period: year}}}}
  - {{key: spa, kind: service}}
  - {{key: tea, kind: service}}
packs:
  - {{key: vip, name: Guests of the house, benefits: [lounge]}}
"""


@pytest.fixture
def shop():
    coupons.forget_versions()
    coupons.forget_numbers()
    benefits.forget_versions()
    program = a_program(document=DOCUMENT + BENEFITS)
    caller = a_caller(program)
    caller.program, caller.ada = program, a_member(program, "ADA")
    return caller


def has(shop, at=""):
    status, told = shop.get(f"/members/{shop.ada}/benefits{at}")
    assert status == 200
    return {e["benefit"]["key"]: e["left"] for e in told["items"]}


def test_a_pack_opens_the_lounge_twice_a_month_and_undoing_a_visit_gives_it_back(shop):
    assert has(shop) == {"delivery": 1, "pick": None}
    status, no = shop.post(f"/members/{shop.ada}/benefits/lounge/uses", {})
    assert (status, no["code"]) == (409, "not_your_benefit")
    status, told = shop.post(f"/members/{shop.ada}/packs", {"pack": "vip", "source": "fair"})
    assert (status, told["until"]) == (200, None)
    assert has(shop)["lounge"] == 2
    uses = [shop.post(f"/members/{shop.ada}/benefits/lounge/uses", {"store": "bund"}) for _ in range(3)]
    assert [status for status, _ in uses] == [201, 201, 409]
    assert (uses[0][1]["cost_minor"], uses[0][1]["level"], uses[2][1]["code"]) == (
        3000,
        "main/green",
        "quota_used_up",
    )
    status, undone = shop.post(f"/benefit-uses/{uses[0][1]['id']}/undo", {"reason": "she did not come"})
    assert (status, undone["state"]) == (200, "undone")
    assert has(shop)["lounge"] == 1
    _, costs = shop.get("/benefit-costs")
    assert [(c["level"], c["uses"], c["cost_minor"], c["undone"]) for c in costs["items"]] == [
        ("main/green", 1, 3000, 1)
    ]
    _, listed = shop.get("/benefit-uses?limit=1")
    _, rest = shop.get(f"/benefit-uses?limit=1&cursor={listed['next_cursor']}")
    assert [u["state"] for u in (*listed["items"], *rest["items"])] == ["used", "undone"]
    shop.post(f"/members/{shop.ada}/packs/end", {"source": "fair"})
    assert "lounge" not in has(shop)


def test_a_level_brings_its_gift_once_and_refund_does_not_keep_it(shop):
    _, order = shop.post("/orders", an_order("1", shop.ada, (100_000,)))
    outbox.deliver_batch(WIRING)
    outbox.deliver_batch(WIRING)
    _, gifts = shop.get(f"/benefit-gifts?member={shop.ada}")
    assert [(g["occasion"], g["state"]) for g in gifts["items"]] == [("upgrade/main/gold", "given")]
    _, told = shop.get(f"/members/{shop.ada}/balances")
    assert next(b["active"] for b in told["items"] if b["unit"] == "points") == 1500
    back = {"ref": "b1", "occurred_at": "2026-01-06T12:00:00+08:00", "lines": [{"id": "1", "quantity": "1"}]}
    status, _ = shop.post(f"/orders/{order['id']}/returns", back)
    assert status == 201
    for _ in range(3):
        outbox.deliver_batch(WIRING)
    _, gifts = shop.get(f"/benefit-gifts?member={shop.ada}")
    assert [g["state"] for g in gifts["items"]] == ["returned"]
    _, told = shop.get(f"/members/{shop.ada}/balances")
    assert next(b["active"] for b in told["items"] if b["unit"] == "points") == 0


def test_free_delivery_is_taken_at_the_till_and_an_undone_order_gives_it_back(shop):
    basket = {
        "member": shop.ada,
        "channel": "store",
        "store": "bund",
        "currency": "CNY",
        "lines": [
            {"id": "1", "sku": "TEA", "quantity": "1", "amount_minor": 5000},
            {"id": "2", "sku": "POST", "quantity": "1", "amount_minor": 800, "kind": "shipping"},
        ],
    }
    for name, due in (("one", 5000), ("two", 5800)):
        status, told = shop.send("PUT", f"/sessions/{name}", basket)
        assert (status, told["due"]) == (201, due)
        if name == "one":
            assert shop.post("/sessions/one/close", {})[0] == 201
            assert has(shop)["delivery"] == 0
    assert shop.post("/sessions/one/reopen", {})[0] == 200
    assert has(shop)["delivery"] == 1


def test_a_choice_is_picked_and_changed_until_it_is_used(shop):
    choice = f"/members/{shop.ada}/benefits/pick/choice"
    status, told = shop.post(choice, {"picked": ["spa"]})
    assert (status, told["chosen"]) == (200, ["spa"])
    assert shop.post(choice, {"picked": ["spa", "tea"]})[0] == 422
    shop.post(choice, {"picked": ["tea"]})
    assert set(has(shop)) == {"delivery", "pick", "tea"}
    shop.post(f"/members/{shop.ada}/benefits/tea/uses", {})
    status, no = shop.post(choice, {"picked": ["spa"]})
    assert (status, no["code"]) == (409, "choice_used")


def test_what_is_told_twice_is_used_once(shop):
    shop.post(f"/members/{shop.ada}/packs", {"pack": "vip", "source": "fair"})
    first = shop.post(f"/members/{shop.ada}/benefits/lounge/uses", {}, key="same")
    again = shop.post(f"/members/{shop.ada}/benefits/lounge/uses", {}, key="same")
    assert first == again
    assert has(shop)["lounge"] == 1


def test_a_key_of_one_store_uses_and_undoes_benefits_in_its_own(shop):
    from regulars.people.programs import services as programs

    web = programs.store(program_id=shop.program, key="web")
    till = a_caller(shop.program, scopes={"benefits:read", "benefits:write"}, store_id=web.id)
    status, no = till.post(f"/members/{shop.ada}/benefits/delivery/uses", {"store": "bund"})
    assert (status, no["code"], has(shop)["delivery"]) == (403, "store_not_allowed", 1)
    _, used = shop.post(f"/members/{shop.ada}/benefits/delivery/uses", {"store": "bund"})
    status, no = till.post(f"/benefit-uses/{used['id']}/undo", {"reason": "x"})
    assert (status, no["code"], has(shop)["delivery"]) == (403, "store_not_allowed", 0)
    assert shop.post(f"/benefit-uses/{used['id']}/undo", {"reason": "x"})[1]["state"] == "undone"
    assert till.post(f"/members/{shop.ada}/benefits/delivery/uses", {"store": "web"})[0] == 201
