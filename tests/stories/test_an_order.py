"""An order told over HTTP: it earns, it counts once, parts of it come back, a guest's receipt can be claimed."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from tests.stories.cast import a_caller, a_member, a_program, an_order


@pytest.fixture
def shop(db):
    program = a_program()
    till = a_caller(program)
    till.program, till.ada = program, a_member(program, "ADA")
    return till


def points(shop, member=None):
    _, answer = shop.get(f"/members/{member or shop.ada}/balances")
    return {b["unit"]: b["active"] for b in answer["items"]}


def test_an_order_earns_a_point_a_yuan_and_says_why(shop):
    status, order = shop.post("/orders", an_order("1", shop.ada, (12_345, 655)))
    assert status == 201
    assert order["earned"] == {"points": 130, "growth": 130}
    assert [line["earned"]["points"] for line in order["lines"]] == [123, 7]
    assert [(a["key"], a["amount"]) for a in order["applied"]] == [("base", 130), ("growth", 130)]
    assert points(shop) == {"points": 130, "growth": 130}


def test_an_order_told_again_answers_as_at_first(shop):
    _, first = shop.post("/orders", an_order("1", shop.ada), key="a")
    status, same = shop.post("/orders", an_order("1", shop.ada), key="a")
    assert same == first
    assert shop.headers["Idempotent-Replayed"] == "true"
    status, other_key = shop.post("/orders", an_order("1", shop.ada), key="b")
    assert (status, other_key["id"]) == (200, first["id"])
    assert points(shop)["points"] == 100


def test_a_key_cannot_name_two_requests(shop):
    shop.post("/orders", an_order("1", shop.ada), key="a")
    status, answer = shop.post("/orders", an_order("2", shop.ada), key="a")
    assert (status, answer["code"]) == (422, "idempotency_mismatch")
    assert points(shop)["points"] == 100


def test_a_reference_cannot_name_two_sales(shop):
    shop.post("/orders", an_order("1", shop.ada))
    status, answer = shop.post("/orders", an_order("1", shop.ada, (99_900,)))
    assert (status, answer["code"]) == (409, "order_differs")
    assert points(shop)["points"] == 100


def test_refund_never_keeps_the_points(shop):
    _, order = shop.post("/orders", an_order("1", shop.ada, (10_000, 5_000)))
    back = {"ref": "R1", "occurred_at": "2026-01-06T12:00:00+08:00", "lines": [{"id": "1", "quantity": "1"}]}
    status, answer = shop.post(f"/orders/{order['id']}/returns", back)
    assert status == 201
    assert (answer["refund_minor"], answer["clawed"]) == (10_000, {"points": 100, "growth": 100})
    assert points(shop) == {"points": 50, "growth": 50}
    _, now = shop.get(f"/orders/{order['id']}")
    assert now["state"] == "partially_returned"
    status, again = shop.post(f"/orders/{order['id']}/returns", {**back, "ref": "R2"})
    assert status == 409
    assert points(shop)["points"] == 50


def test_what_was_spent_before_the_refund_is_owed_and_repaid_first(shop):
    _, order = shop.post("/orders", an_order("1", shop.ada))
    shop.post(f"/members/{shop.ada}/points", {"unit": "points", "kind": "spend", "amount": 70, "reason": "reward"})
    back = {"ref": "R1", "occurred_at": "2026-01-06T12:00:00+08:00", "lines": [{"id": "1", "quantity": "1"}]}
    _, answer = shop.post(f"/orders/{order['id']}/returns", back)
    assert answer["owed"] == {"points": 70}
    _, later = shop.post("/orders", an_order("2", shop.ada))
    assert later["earned"]["points"] == 100
    assert points(shop)["points"] == 30


def test_a_guests_receipt_is_claimed_once(shop):
    _, order = shop.post("/orders", an_order("1", occurred_at=_yesterday()))
    assert order["member"] is None
    assert order["earned"] == {}
    status, claimed = shop.post(f"/orders/{order['id']}/claim", {"member": shop.ada})
    assert status == 200
    assert claimed["earned"]["points"] == 100
    bob = a_member(shop.program, "BOB")
    status, answer = shop.post(f"/orders/{order['id']}/claim", {"member": bob})
    assert (status, answer["code"]) == (409, "already_claimed")
    assert points(shop)["points"] == 100
    assert points(shop, bob).get("points", 0) == 0


def _yesterday():
    from datetime import timedelta

    from regulars.kernel import clock

    return (clock.now() - timedelta(days=1)).isoformat()


@pytest.mark.parametrize(
    ("change", "status", "path"),
    [
        ({"lines": []}, 422, "lines"),
        ({"currency": "USD"}, 422, "currency"),
        ({"currency": "yuan"}, 422, "currency"),
        ({"channel": "moon"}, 422, "channel"),
        ({"store": "moon"}, 422, "store"),
        ({"occurred_at": "2199-01-01T00:00:00Z"}, 422, "occurred_at"),
        ({"occurred_at": "yesterday"}, 422, "occurred_at"),
        ({"occurred_at": "2026-01-05T12:00:00"}, 422, "occurred_at"),
        ({"lines": [{"id": "1", "sku": "A", "quantity": "0", "amount_minor": 1}]}, 422, "quantity"),
        ({"lines": [{"id": "1", "sku": "A", "quantity": "-1", "amount_minor": 1}]}, 422, "quantity"),
        ({"lines": [{"id": "1", "sku": "A", "quantity": 1, "amount_minor": 1}]}, 422, "quantity"),
        ({"lines": [{"id": "1", "sku": "A", "quantity": "1", "amount_minor": 1.5}]}, 422, "amount_minor"),
        ({"lines": [{"id": "1", "sku": "A", "quantity": "1", "amount_minor": "1"}]}, 422, "amount_minor"),
        ({"surprise": 1}, 422, "surprise"),
        ({"member": "mem_00000000000000000000000001"}, 404, None),
    ],
)
def test_nonsense_is_refused_with_its_path_and_changes_nothing(shop, change, status, path):
    answer = shop.post("/orders", {**an_order("1", shop.ada), **change})
    assert answer[0] == status, answer
    if path:
        assert any(path in e["path"] for e in answer[1]["errors"]), answer
    assert shop.get("/orders/till:1")[0] == 404
    assert points(shop).get("points", 0) == 0


@pytest.mark.parametrize("body", [b"{", b"", b"[]", b"null", b'"x"', b"\xff\xfe", b"{" * 5000])
def test_bad_json_is_a_clear_refusal(shop, body):
    status, answer = shop.send("POST", "/orders", body)
    assert status in (400, 422)
    assert answer["code"]


@pytest.mark.django_db(transaction=True)
def test_an_order_told_by_eight_tills_at_once_counts_once():
    program = a_program()
    ada = a_member(program, "ADA")
    tills = [a_caller(program) for _ in range(8)]

    def tell(till):
        try:
            return till.post("/orders", an_order("1", ada), key=f"till-{till.number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(tell, tills))
    assert {answer["id"] for status, answer in told if status in (200, 201)} == {told[0][1]["id"]}
    assert sorted(status for status, _ in told) == [200] * 7 + [201]
    _, balances = tills[0].get(f"/members/{ada}/balances")
    assert {b["unit"]: b["active"] for b in balances["items"]} == {"points": 100, "growth": 100}
