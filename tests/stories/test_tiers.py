"""Levels as members and staff live them, over HTTP: risen by a purchase, taken back with it, locked by hand, given."""

import pytest

from regulars.kernel import outbox
from regulars.wiring import WIRING
from tests.stories.cast import DOCUMENT, NOON, a_caller, a_member, a_program, an_order

pytestmark = pytest.mark.django_db
YEARLY = DOCUMENT.replace(
    "    measure: growth\n    levels:",
    "    measure: growth\n    window: {{kind: calendar_year}}\n    validity: {{to: year_end, years: 1}}\n    levels:",
)


@pytest.fixture
def shop():
    program = a_program(document=YEARLY)
    till = a_caller(program)
    till.program, till.ada = program, a_member(program, "ADA")
    return till


def news(shop):
    while outbox.deliver_batch(WIRING):
        pass


def tier(shop):
    status, answer = shop.get(f"/members/{shop.ada}/tier")
    assert status == 200
    return answer["items"][0]


def test_a_purchase_lifts_and_the_answer_says_until_when_and_what_keeps_it(shop):
    shop.post("/orders", an_order("1", shop.ada, (120_000,)))
    news(shop)
    at = tier(shop)
    assert (at["level"], at["by"], at["value"]) == ("gold", "earned", 1_200)
    assert at["valid_until"].startswith("2027-12-31T16:00:00")  # midnight in Shanghai
    assert at["to_keep"] == [{"measure": "growth", "value": 1_200, "at": 1_000, "missing": 0}]
    _, history = shop.get(f"/members/{shop.ada}/tier/history")
    (move,) = history["items"]
    assert (move["from_level"], move["to_level"], move["cause"], move["version"]) == ("green", "gold", "order", 1)


def test_refund_does_not_keep_the_level(shop):
    _, order = shop.post("/orders", an_order("1", shop.ada, (120_000,)))
    news(shop)
    assert tier(shop)["level"] == "gold"
    back = {"ref": "R1", "occurred_at": NOON, "lines": [{"id": "1", "quantity": "1"}]}
    assert shop.post(f"/orders/{order['id']}/returns", back)[0] == 201
    news(shop)
    assert tier(shop)["level"] == "green"


def test_staff_lock_a_level_with_a_reason_and_end_it(shop):
    status, no = shop.send("PUT", f"/members/{shop.ada}/tier/main/lock", {"level": "gold", "reason": " "})
    assert (status, no["code"]) == (422, "lock_needs_reason")
    status, no = shop.send("PUT", f"/members/{shop.ada}/tier/main/lock", {"level": "ruby", "reason": "a guest"})
    assert (status, no["code"]) == (404, "unknown_level")
    status, lock = shop.send("PUT", f"/members/{shop.ada}/tier/main/lock", {"level": "gold", "reason": "a guest"})
    assert (status, lock["kind"], lock["until"]) == (200, "lock", None)
    assert (tier(shop)["level"], tier(shop)["by"], tier(shop)["earned"]) == ("gold", "locked", "green")
    status, _ = shop.send("DELETE", f"/members/{shop.ada}/tier/main/lock")
    assert (status, tier(shop)["level"]) == (200, "green")
    status, no = shop.send("DELETE", f"/members/{shop.ada}/tier/main/lock")
    assert (status, no["code"]) == (404, "nothing_given")


def test_a_level_that_is_given_holds_beside_what_is_earned(shop):
    path = f"/members/{shop.ada}/tier/main/grants/cinema"
    assert shop.send("PUT", path, {"level": "gold", "until": "2020-01-01T00:00:00Z"})[1]["code"] == "already_over"
    assert shop.send("PUT", path, {"level": "gold", "until": "2099-01-01T00:00:00Z"})[0] == 200
    assert (tier(shop)["level"], tier(shop)["by"]) == ("gold", "granted")
    _, given = shop.get(f"/members/{shop.ada}/tier/given?live_only=true")
    assert [(g["source"], g["level"]) for g in given["items"]] == [("api/cinema", "gold")]
    assert shop.send("DELETE", path)[0] == 200
    assert tier(shop)["level"] == "green"
    _, ladders = shop.get("/ladders")
    assert ladders["items"][0]["window"] == {"kind": "calendar_year"}
