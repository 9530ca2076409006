"""Goods, their prices and stock, and who may buy them, through HTTP."""

import pytest

from regulars.people.programs import services as programs
from regulars.value.catalog.terms import MOST_AT_ONCE
from tests.stories.cast import a_caller, a_program

pytestmark = pytest.mark.django_db
TEA = {
    "name": "Green tea",
    "category": "tea",
    "uom": "tin",
    "prices": [{"price_minor": 4_800, "member_minor": 4_200}],
}


@pytest.fixture
def shop(db):
    """A caller of Corner with a shelf of tea."""
    program = a_program()
    shop = a_caller(program)
    shop.program = program
    told = {"items": [{"key": "tea", "parent": "drinks"}, {"key": "drinks", "names": {"en": "Drinks"}}]}
    assert shop.post("/categories", told)[1]["created"] == 2
    return shop


def put(shop, sku, body):
    return shop.send("PUT", f"/products/{sku}", body)


def count(shop, *items, key=None):
    return shop.send("PUT", "/stock", {"items": list(items)}, key)


def test_a_product_is_told_read_and_told_again(shop):
    status, tea = put(shop, "T/1", TEA)
    assert status == 201
    assert tea["prices"] == [
        {"price_minor": 4_800, "member_minor": 4_200, "channel": None, "store": None, "starts_at": None,
         "ends_at": None, "currency": "CNY"}
    ]  # fmt: skip
    assert shop.get("/products/T/1")[1] == tea
    assert put(shop, "T/1", TEA) == (200, tea)
    _, changed = put(shop, "T/1", {"name": "Greener tea"})
    assert (changed["category"], changed["prices"]) == (None, tea["prices"])
    assert shop.get("/products/unknown")[0] == 404


def test_a_webhook_tells_a_thousand_products_and_bad_ones_stop_nothing(shop):
    items = [{**TEA, "sku": f"T{n:04}"} for n in range(MOST_AT_ONCE - 1)] + [
        {**TEA, "sku": "BAD", "category": "moon"}
    ]
    status, told = shop.post("/products/batch", {"items": items}, key="night")
    assert status == 200
    assert (told["created"], told["refused"]) == (999, 1)
    assert told["items"][-1]["errors"] == [{"path": "category", "message": "there is no category 'moon'"}]
    assert shop.post("/products/batch", {"items": items}, key="night")[1] == told
    _, again = shop.post("/products/batch", {"items": items[:3]})
    assert again["unchanged"] == 3
    _, page = shop.get("/products?limit=2")
    assert [p["sku"] for p in page["items"]] == ["T0000", "T0001"]
    _, page = shop.get(f"/products?limit=2&cursor={page['next_cursor']}")
    assert [p["sku"] for p in page["items"]] == ["T0002", "T0003"]


def test_goods_that_nobody_told_do_not_stop_a_sale(shop):
    order = {
        "source": "till", "ref": "1", "channel": "store", "store": "bund", "currency": "CNY",
        "occurred_at": "2026-01-05T12:00:00+08:00",
        "lines": [{"id": "1", "sku": "NEVER-HEARD-OF", "quantity": "1", "amount_minor": 100}],
    }  # fmt: skip
    assert shop.post("/orders", order)[0] == 201


def test_stock_that_is_told_late_or_twice_changes_nothing(shop):
    put(shop, "T1", TEA)
    at = "2026-01-05T12:00:00+08:00"
    entry = {"sku": "T1", "store": "bund", "quantity": "7.5", "counted_at": at}
    assert count(shop, entry)[1]["created"] == 1
    assert count(shop, entry)[1]["unchanged"] == 1
    assert count(shop, {**entry, "quantity": "9", "counted_at": "2026-01-05T11:00:00+08:00"})[1]["unchanged"] == 1
    _, told = shop.get("/stock?sku=T1")
    assert [(s["store"], s["quantity"], s["taken"]) for s in told["items"]] == [("bund", "7.5", "0")]
    _, told = shop.get("/stock?store=bund")
    assert [s["sku"] for s in told["items"]] == ["T1"]
    assert count(shop, {**entry, "sku": "T9"})[1]["items"][0]["errors"][0]["path"] == "sku"


def test_a_till_of_one_store_counts_there_and_nowhere_else(shop):
    put(shop, "T1", TEA)
    bund = programs.store(program_id=shop.program, key="bund").id
    till = a_caller(shop.program, scopes=["stock:write", "catalog:read"], store_id=bund)
    assert count(till, {"sku": "T1", "store": "bund", "quantity": "3"})[0] == 200
    assert count(till, {"sku": "T1", "store": "web", "quantity": "3"})[0] == 403
    assert count(till, {"sku": "T1", "store": None, "quantity": "3"})[0] == 403
    assert put(till, "T2", TEA)[0] == 403
    assert [s["store"] for s in shop.get("/stock?sku=T1")[1]["items"]] == ["bund"]


def test_a_price_that_differs_between_channels_is_shown(shop):
    put(shop, "T1", TEA)
    put(shop, "T2", {**TEA, "prices": [{"price_minor": 10}, {"price_minor": 9, "channel": "web"}]})
    _, told = shop.get("/catalog/parity")
    assert told["places"] == ["store", "web"]
    assert [(d["sku"], d["price_differs"], [c["price_minor"] for c in d["cells"]]) for d in told["items"]] == [
        ("T2", True, [10, 9])
    ]
    count(shop, {"sku": "T1", "store": "bund", "quantity": "0"})
    _, told = shop.get("/catalog/parity?places=web,store@bund")
    assert [(d["sku"], d["stock_differs"]) for d in told["items"]] == [("T1", True), ("T2", False)]
    assert shop.get("/catalog/parity?places=web,moon")[0] == 422


def test_a_purchase_right_is_told_and_read(shop):
    body = {
        "skus": ["T1"], "categories": ["drinks"], "tiers": ["gold"], "most": 2, "span": "month",
        "windows": [{"from_at": "2026-01-05T12:00:00+08:00", "tiers": ["gold"]}],
    }  # fmt: skip
    status, told = shop.send("PUT", "/purchase-rights/drop", body)
    assert status == 201
    assert (told["skus"], told["most"], told["span"], told["windows"][0]["from_at"]) == (
        ["T1"], 2, "month", "2026-01-05T04:00:00+00:00",
    )  # fmt: skip
    assert shop.send("PUT", "/purchase-rights/drop", body)[0] == 200
    assert shop.get("/purchase-rights/drop")[1] == told
    assert [r["key"] for r in shop.get("/purchase-rights")[1]["items"]] == ["drop"]
    status, no = shop.send("PUT", "/purchase-rights/empty", {"skus": ["T1"]})
    assert (status, no["code"]) == (422, "invalid")
    assert shop.get("/purchase-rights/empty")[0] == 404


def test_a_right_on_what_is_not_there_is_refused_by_name_and_on_goods_that_come_later_it_stands_at_once(shop):
    windows = [{"from_at": "2026-01-05T12:00:00Z", "tiers": ["ruby"], "audiences": ["vips"]}]
    body = {"skus": ["T9"], "tiers": ["gold", "platinum"], "audiences": ["vips"], "windows": windows}
    status, no = shop.send("PUT", "/purchase-rights/vip", body)
    assert (status, no["code"]) == (422, "invalid")
    assert [(e["path"], e["message"].split("'")[1]) for e in no["errors"]] == [
        ("tiers.1", "platinum"), ("audiences.0", "vips"), ("windows.0.tiers.0", "ruby"),
        ("windows.0.audiences.0", "vips"),
    ]  # fmt: skip
    assert shop.get("/purchase-rights/vip")[0] == 404
    status, told = shop.send("PUT", "/purchase-rights/vip", {"skus": ["T1", "T9"], "tiers": ["gold"]})
    assert (status, told["unknown_skus"]) == (201, ["T1", "T9"])
    basket = {"channel": "web", "currency": "CNY", "lines": [
        {"id": "1", "sku": "T9", "quantity": "1", "amount_minor": 900}]}  # fmt: skip
    assert shop.send("PUT", "/sessions/b1", basket)[1]["not_entitled"] == []
    put(shop, "T9", TEA)
    assert shop.get("/purchase-rights/vip")[1]["unknown_skus"] == ["T1"]
    (barred,) = shop.send("PUT", "/sessions/b2", basket)[1]["not_entitled"]
    assert (barred["line"], barred["code"]) == ("1", "members_only")


def test_attributes_are_declared_and_typed(shop):
    status, _ = shop.post("/product-attributes", {"key": "leaf", "type": "choice", "choices": ["whole", "broken"]})
    assert status == 201
    assert put(shop, "T1", {**TEA, "attributes": {"leaf": "whole"}})[0] == 201
    status, no = put(shop, "T1", {**TEA, "attributes": {"leaf": "dust", "grade": 1.5}})
    assert [e["path"] for e in no["errors"]] == ["attributes.leaf", "attributes.grade"]
    assert status == 422
    assert shop.get("/products/T1")[1]["attributes"] == {"leaf": "whole"}


def test_another_program_sees_none_of_it(shop):
    put(shop, "T1", TEA)
    stranger = a_caller(a_program("other"))
    assert stranger.get("/products/T1")[0] == 404
    assert stranger.get("/products")[1]["items"] == []
    assert stranger.get("/stock?sku=T1")[0] == 404
