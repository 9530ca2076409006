"""A promotion's way over HTTP: written, tested, approved by another hand, published; or given up."""

from __future__ import annotations

import pytest

from regulars.people.staff import services as staff
from tests.stories.cast import DOCUMENT, Caller, a_caller, a_program

pytestmark = pytest.mark.django_db
TEN = {"key": "ten", "effects": [{"kind": "order_percent", "percent": 10}]}


@pytest.fixture
def desks():
    program = a_program()
    _, secret = staff.make_key(
        program_id=program, name="head office", scopes=["program:approve"], actor="system:head office"
    )
    return a_caller(program), Caller(secret)


def step(desk, draft, name, **more):
    return desk.post(f"/promotion-drafts/{draft}/{name}", {"reason": f"to {name}", **more})


def test_a_draft_goes_its_way_and_nobody_approves_her_own(desks):
    writer, other = desks
    status, draft = writer.post("/promotion-drafts", {"promotion": TEN, "reason": "spring"})
    assert (status, draft["state"], draft["revision"]) == (201, "draft", 1)
    assert step(writer, draft["id"], "test", revision=2)[0] == 409
    assert step(writer, draft["id"], "test")[1]["state"] == "testing"
    status, refused = step(writer, draft["id"], "approve")
    assert (status, refused["code"]) == (403, "four_eyes")
    assert step(other, draft["id"], "approve")[1]["state"] == "approved"
    status, done = step(writer, draft["id"], "publish")
    assert (status, done["state"], done["version"]) == (200, "published", 2)
    assert [s["what"] for s in done["history"]] == ["written", "tested", "approved", "published"]
    assert [s["reason"] for s in done["history"]] == ["spring", "to test", "to approve", "to publish"]


def test_a_draft_that_is_given_up_is_listed_among_those_only(desks):
    writer, _ = desks
    _, first = writer.post("/promotion-drafts", {"promotion": TEN})
    _, second = writer.post("/promotion-drafts", {"promotion": {**TEN, "key": "twelve"}})
    assert step(writer, first["id"], "discard")[1]["state"] == "discarded"
    assert [d["id"] for d in writer.get("/promotion-drafts")[1]["items"]] == [second["id"]]
    assert [d["id"] for d in writer.get("/promotion-drafts?state=discarded")[1]["items"]] == [first["id"]]
    _, page = writer.get("/promotion-drafts?limit=1")
    assert writer.get(f"/promotion-drafts?limit=1&cursor={page['next_cursor']}")[1]["items"] == []
    status, no = writer.get("/promotion-drafts?cursor=WzFd")
    assert (status, no["errors"][0]["path"]) == (422, "cursor")


SHELF = """
promotions:
  - {key: ten, name: {en: Ten}, effects: [{kind: order_percent, percent: 10}], budget: {amount: 3.00}}
  - {key: autumn, effects: [{kind: order_percent, percent: 1}], schedule: {ends: '2020-10-31'}}
  - {key: spring, effects: [{kind: order_percent, percent: 1}], schedule: {starts: '2999-03-01'}}
  - key: few
    effects: [{kind: order_percent, percent: 20}]
    state: paused
    limits: [{per: program, period: day, limit: 5}]
"""


def test_published_promotions_are_listed_with_where_they_stand_and_what_is_spent():
    shop = a_caller(a_program("shelf", DOCUMENT + SHELF.replace("{", "{{").replace("}", "}}")))
    states = {one["key"]: one["state"] for one in shop.get("/promotions")[1]["items"]}
    assert states == {"autumn": "ended", "few": "paused", "spring": "planned", "ten": "live"}
    basket = {
        "channel": "web",
        "currency": "CNY",
        "lines": [{"id": "1", "sku": "TEA", "quantity": "1", "amount_minor": 2000}],
    }
    assert shop.send("PUT", "/sessions/b1", basket)[1]["due"] == 1800
    assert shop.post("/sessions/b1/close", {})[0] == 201
    status, ten = shop.get("/promotions/ten")
    assert (status, ten["name"], ten["starts_at"], ten["ends_at"]) == (200, {"en": "Ten"}, None, None)
    assert ten["budget"] == {"amount_minor": 300, "spent_minor": 200, "left_minor": 100}
    assert ten["promotion"]["effects"] == [{"kind": "order_percent", "percent": "10"}]
    assert shop.send("PUT", "/sessions/b2", basket)[1]["due"] == 1900
    assert shop.post("/sessions/b2/close", {})[0] == 201
    assert [(p["key"], p["state"]) for p in shop.get("/promotions?state=used_up")[1]["items"]] == [("ten", "used_up")]
    _, first = shop.get("/promotions?limit=3")
    assert [p["key"] for p in first["items"]] == ["autumn", "few", "spring"]
    _, rest = shop.get(f"/promotions?limit=3&cursor={first['next_cursor']}")
    assert ([p["key"] for p in rest["items"]], rest["next_cursor"]) == (["ten"], None)
    assert shop.get("/promotions?state=moon")[0] == 422
    assert shop.get("/promotions/none")[1]["code"] == "no_promotion"
    assert a_caller(a_program("other")).get("/promotions")[1]["items"] == []
