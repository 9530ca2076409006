"""Baskets over HTTP: told, tendered, closed once however often it is asked, given up, opened again."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client

from tests.stories.cast import NOON, a_caller, a_member, a_program


@pytest.fixture
def shop(db):
    program = a_program()
    till = a_caller(program)
    till.program, till.ada = program, a_member(program, "ADA")
    return till


def a_basket(member=None, amounts=(10_000,), **more):
    """The body of a basket of one line per amount (fen)."""
    return {
        **({"member": member} if member else {}),
        "channel": "store",
        "store": "bund",
        "currency": "CNY",
        "occurred_at": NOON,
        "lines": [
            {"id": str(n), "sku": f"SKU{n}", "quantity": "1", "amount_minor": amount}
            for n, amount in enumerate(amounts, start=1)
        ],
        **more,
    }


def put(shop, key, body, query=""):
    return shop.send("PUT", f"/sessions/{key}{query}", body)


def points(shop, member=None):
    _, answer = shop.get(f"/members/{member or shop.ada}/balances")
    return {b["unit"]: b["active"] for b in answer["items"]}


def test_a_basket_is_told_and_closed_and_the_receipt_says_what_it_earned(shop):
    status, quote = put(shop, "b1", a_basket(shop.ada, (12_345, 655)))
    assert (status, quote["state"], quote["total"], quote["due"]) == (201, "open", 13_000, 13_000)
    assert quote["earn"] == {"points": 130, "growth": 130}
    assert points(shop).get("points", 0) == 0
    status, receipt = shop.post("/sessions/b1/close", {"digest": quote["digest"]})
    assert (status, receipt["state"], receipt["earn"]["points"]) == (201, "closed", 130)
    assert receipt["balances"]["points"]["active"] == points(shop)["points"] == 130
    _, order = shop.get(f"/orders/{receipt['order']}")
    assert (order["total_minor"], order["ref"], order["source"]) == (13_000, "b1", "session")


def test_closing_again_gives_the_same_receipt_and_no_second_order(shop):
    put(shop, "b1", a_basket(shop.ada))
    _, first = shop.post("/sessions/b1/close", {})
    status, again = shop.post("/sessions/b1/close", {})
    assert (status, again) == (200, first)
    assert shop.headers["Idempotent-Replayed"] == "true"
    assert points(shop)["points"] == 100
    assert shop.get("/sessions/b1") == (200, first)


def test_a_dry_basket_is_not_kept(shop):
    status, quote = put(shop, "b1", a_basket(shop.ada), "?dry=true")
    assert (status, quote["earn"]["points"]) == (200, 100)
    assert shop.get("/sessions/b1")[0] == 404
    assert shop.post("/sessions/b1/close", {})[0] == 404


def test_a_guest_s_basket_becomes_the_member_s_in_another_channel(shop):
    _, quote = put(shop, "b1", a_basket())
    assert (quote["member"], quote["earn"]) == (None, {})
    _, quote = put(shop, "b1", a_basket(shop.ada, channel="web", store="web"))
    assert (quote["member"], quote["revision"], quote["earn"]["points"]) == (shop.ada, 2, 100)
    _, quote = put(shop, "b1", a_basket(amounts=(20_000,)))
    assert (quote["member"], quote["earn"]["points"]) == (shop.ada, 200)
    _, quote = put(shop, "b1", {**a_basket(), "member": None})
    assert quote["member"] is None


def test_after_the_card_was_charged_nothing_strands_the_cashier(shop):
    put(shop, "b1", a_basket(shop.ada))
    status, quote = shop.post("/sessions/b1/tender", {"minutes": 5})
    assert (status, quote["state"]) == (200, "tendering")
    assert quote["tender_until"]
    status, again = shop.post("/sessions/b1/tender", {"minutes": 10})
    assert (status, again["state"], again["digest"]) == (200, "tendering", quote["digest"])
    assert again["tender_until"] > quote["tender_until"]
    status, receipt = shop.post("/sessions/b1/close", {"digest": quote["digest"]})
    assert (status, receipt["state"]) == (201, "closed")
    assert points(shop)["points"] == 100


def test_another_price_than_the_customer_was_told_is_refused_with_the_differences(shop):
    _, quote = put(shop, "b1", a_basket(shop.ada))
    put(shop, "b1", a_basket(shop.ada, (9_000,)))
    for call in ("tender", "close"):
        status, answer = shop.post(f"/sessions/b1/{call}", {"digest": quote["digest"]})
        assert (status, answer["code"], answer["facts"]["due"]) == (409, "quote_changed", 9_000)
    assert points(shop).get("points", 0) == 0


def test_a_cancelled_basket_is_over_and_a_closed_one_is_not_cancelled(shop):
    put(shop, "b1", a_basket(shop.ada))
    assert shop.post("/sessions/b1/cancel", None)[1]["state"] == "cancelled"
    assert shop.post("/sessions/b1/cancel", None)[0] == 200
    assert shop.post("/sessions/b1/close", {})[1]["code"] == "session_cancelled"
    put(shop, "b2", a_basket(shop.ada))
    shop.post("/sessions/b2/close", {})
    assert shop.post("/sessions/b2/cancel", None)[1]["code"] == "session_closed"
    assert put(shop, "b2", a_basket(shop.ada))[1]["code"] == "session_closed"


def test_a_reopened_basket_gives_everything_back_and_closes_as_a_new_order(shop):
    put(shop, "b1", a_basket(shop.ada))
    _, first = shop.post("/sessions/b1/close", {})
    status, quote = shop.post("/sessions/b1/reopen", {})
    assert (status, quote["state"], quote["order"]) == (200, "open", None)
    assert points(shop)["points"] == 0
    assert shop.get(f"/orders/{first['order']}")[1]["state"] == "cancelled"
    put(shop, "b1", a_basket(shop.ada, (5_000,)))
    status, second = shop.post("/sessions/b1/close", {})
    assert (status, points(shop)["points"]) == (201, 50)
    assert shop.get(f"/orders/{second['order']}")[1]["ref"] == "b1~2"


def test_a_session_says_what_came_back_of_its_order_and_is_not_reopened(shop):
    put(shop, "b1", a_basket(shop.ada, (10_000, 5_000)))
    _, receipt = shop.post("/sessions/b1/close", {})
    back = {"ref": "R1", "occurred_at": "2026-01-06T12:00:00+08:00", "lines": [{"id": "1", "quantity": "1"}]}
    assert shop.post(f"/orders/{receipt['order']}/returns", back)[0] == 201
    assert shop.get("/sessions/b1")[1]["state"] == "partially_returned"
    assert shop.post("/sessions/b1/reopen", {})[1]["code"] == "partly_returned"


def test_a_key_bound_to_a_store_has_its_own_baskets_only(shop):
    from regulars.people.programs import services as programs

    bund = programs.store(program_id=shop.program, key="bund").id
    till = a_caller(shop.program, scopes=("sessions:read", "sessions:write"), store_id=bund)
    assert put(till, "b1", a_basket(shop.ada))[0] == 201
    put(shop, "b2", a_basket(shop.ada, store="web", channel="web"))
    assert till.get("/sessions/b2")[1]["code"] == "store_not_allowed"
    assert put(till, "b2", a_basket(shop.ada))[1]["code"] == "store_not_allowed"
    for call in ("tender", "close", "reopen"):
        assert till.post(f"/sessions/b2/{call}", {})[1]["code"] == "store_not_allowed"
    assert till.post("/sessions/b2/cancel", None)[1]["code"] == "store_not_allowed"
    reader = a_caller(shop.program, scopes=("sessions:read",))
    assert reader.get("/sessions/b2")[0] == 200
    assert put(reader, "b2", a_basket())[1]["code"] == "missing_scope"


@pytest.mark.parametrize(
    ("change", "status", "path"),
    [
        ({"lines": []}, 422, "lines"),
        ({"currency": "USD"}, 422, "currency"),
        ({"channel": "moon"}, 422, "channel"),
        ({"store": "moon"}, 422, "store"),
        ({"occurred_at": "2199-01-01T00:00:00Z"}, 422, "occurred_at"),
        ({"lines": [{"id": "1", "sku": "A", "quantity": "0", "amount_minor": 1}]}, 422, "quantity"),
        ({"lines": [{"id": "1", "sku": "A", "quantity": "1"}]}, 422, "amount_minor"),
        ({"coupons": ["A", "A"]}, 422, "coupons"),
        ({"spend_points": [{"unit": "points", "amount": -1}]}, 422, "amount"),
        ({"surprise": 1}, 422, "surprise"),
        ({"member": "mem_00000000000000000000000001"}, 404, None),
    ],
)
def test_nonsense_is_refused_with_its_path_and_keeps_nothing(shop, change, status, path):
    answer = put(shop, "b1", {**a_basket(shop.ada), **change})
    assert answer[0] == status, answer
    if path:
        assert any(path in e["path"] for e in answer[1]["errors"]), answer
    assert shop.get("/sessions/b1")[0] == 404


@pytest.mark.django_db(transaction=True)
def test_a_basket_closed_by_eight_tills_at_once_is_one_order():
    program = a_program()
    ada = a_member(program, "ADA")
    tills = [a_caller(program) for _ in range(8)]
    put(tills[0], "b1", a_basket(ada))

    def close(till):
        try:
            return till.post("/sessions/b1/close", {})
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(close, tills))
    assert sorted(status for status, _ in told) == [200] * 7 + [201]
    assert len({answer["order"] for _, answer in told}) == 1
    _, balances = tills[0].get(f"/members/{ada}/balances")
    assert {b["unit"]: b["active"] for b in balances["items"]} == {"points": 100, "growth": 100}


def test_a_close_that_comes_late_again_does_not_close_what_was_opened_again(shop):
    put(shop, "b1", a_basket(shop.ada))
    status, first = shop.post("/sessions/b1/close", {}, key="close-1")
    assert (status, "Idempotent-Replayed" in shop.headers) == (201, False)
    assert shop.post("/sessions/b1/reopen", {}, key="reopen-1")[1]["state"] == "open"
    status, again = shop.post("/sessions/b1/close", {}, key="close-1")
    assert (status, again, shop.headers["Idempotent-Replayed"]) == (201, first, "true")
    assert shop.get("/sessions/b1")[1]["state"] == "open"
    _, second = shop.post("/sessions/b1/close", {}, key="close-2")
    assert second["order"] != first["order"]
    # and the reopening that comes again opens nothing
    assert shop.post("/sessions/b1/reopen", {}, key="reopen-1")[1]["state"] == "open"
    assert shop.headers["Idempotent-Replayed"] == "true"
    assert shop.get("/sessions/b1")[1]["state"] == "closed"
    assert points(shop)["points"] == 100


def test_one_idempotency_key_is_one_call_of_a_session(shop):
    for key in ("b1", "b2"):
        put(shop, key, a_basket(shop.ada))
    shop.post("/sessions/b1/close", {}, key="k")
    for path, body in (
        ("/sessions/b2/close", {}),
        ("/sessions/b2/tender", {}),
        ("/sessions/b2/cancel", None),
        ("/sessions/b2/reopen", {}),
        ("/sessions/b1/close", {"digest": "00" * 16}),
    ):
        status, answer = shop.post(path, body, key="k")
        assert (status, answer["code"]) == (422, "idempotency_mismatch"), path
    assert shop.get("/sessions/b2")[1]["state"] == "open"


@pytest.mark.parametrize("call", ["tender", "cancel"])
def test_a_tender_or_a_cancel_that_comes_late_again_answers_as_at_first(shop, call):
    put(shop, "b1", a_basket(shop.ada))
    status, first = shop.post(f"/sessions/b1/{call}", {} if call == "tender" else None, key="k")
    assert status == 200
    if call == "tender":
        put(shop, "b1", a_basket(shop.ada, (500,)))
    assert shop.post(f"/sessions/b1/{call}", {} if call == "tender" else None, key="k") == (200, first)
    assert shop.headers["Idempotent-Replayed"] == "true"
    assert shop.get("/sessions/b1")[1]["state"] == {"tender": "open", "cancel": "cancelled"}[call]


@pytest.mark.django_db(transaction=True)
def test_one_key_sent_for_two_baskets_at_once_closes_one_of_them():
    program = a_program()
    ada = a_member(program, "ADA")
    till = a_caller(program)
    for key in ("b1", "b2"):
        put(till, key, a_basket(ada))

    def close(key):
        try:
            return a_caller(program).post(f"/sessions/{key}/close", {}, key="k")
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(close, ("b1", "b2")))
    assert sorted(status for status, _ in told) == [201, 422]
    assert sorted(till.get(f"/sessions/{key}")[1]["state"] for key in ("b1", "b2")) == ["closed", "open"]


def test_a_call_of_a_session_needs_no_idempotency_key(shop):
    put(shop, "b1", a_basket(shop.ada))
    answer = Client().post(
        "/api/v1/sessions/b1/close", {}, "application/json", headers={"Authorization": f"Bearer {shop.secret}"}
    )
    assert (answer.status_code, answer.json()["state"]) == (201, "closed")


def test_a_session_may_have_any_key_that_a_till_can_encode_but_for_a_tilde_and_a_slash(shop):
    for key in ("till 1 · 收银 #7?", "100%", "a+b&c=d", "a.b:c;d@e"):
        encoded = quote(key, safe="")
        status, told = put(shop, encoded, a_basket(shop.ada))
        assert (status, told["key"]) == (201, key)
        status, receipt = shop.post(f"/sessions/{encoded}/close", {})
        assert (status, receipt["state"]) == (201, "closed"), key
        assert shop.get(f"/sessions/{encoded}")[1]["order"] == receipt["order"]
    assert put(shop, "a~2", a_basket())[0] == 422
    status, answer = put(shop, "a%2Fb", a_basket())
    assert (status, answer["code"]) == (404, "not_found")
