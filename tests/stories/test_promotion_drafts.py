"""A promotion's way over HTTP: written, tested, approved by another hand, published; or given up."""

from __future__ import annotations

import pytest

from regulars.people.staff import services as staff
from tests.stories.cast import Caller, a_caller, a_program

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
