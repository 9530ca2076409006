"""Promotions in the console: pages for who may, a way with four eyes, answers to the editor, and why an order got it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson
import pytest

from regulars.governance.publishing.services import drafts as publishing
from regulars.interfaces.console.promoting.vocabulary import OPERATORS
from regulars.interfaces.console.tests.conftest import Desk
from regulars.kernel import clock, ids
from regulars.people.staff import services as staff
from regulars.value.checkout import services as checkout
from regulars.value.checkout.terms import LineTold, SessionTold
from regulars.value.promotions.services import conditions, drafts
from regulars.value.promotions.services.spending import standing
from regulars.value.promotions.terms.drafts import DraftState

TEN = {"key": "ten", "name": {"en": "Ten off"}, "effects": [{"kind": "order_percent", "percent": "10"}]}


@pytest.mark.parametrize(
    "path", ["/console/promotions/", "/console/drafts/", "/console/drafts/new/", "/console/sessions/"]
)
def test_an_empty_program_shows_its_pages_of_promotions(desk: Desk, path: str) -> None:
    assert desk.sits("owner").get(path).status_code == 200


def written(desk: Desk, client: Any, body: dict[str, Any] = TEN) -> str:
    answer = client.post("/console/drafts/new/", {"body": orjson.dumps(body).decode(), "why": "spring"})
    assert answer.status_code == 302
    (draft,) = drafts.drafts(program_id=desk.program_id, key=body["key"])
    return draft.public_id


def test_a_draft_is_published_by_two_people_with_reasons_that_are_recorded(desk: Desk) -> None:
    mia, olga = desk.sits("marketer"), desk.sits("owner")
    ref = written(desk, mia)
    for client, act, state in (
        (mia, "test", DraftState.TESTING), (mia, "approve", DraftState.TESTING), (olga, "approve", DraftState.APPROVED),
        (mia, "publish", DraftState.PUBLISHED),
    ):  # fmt: skip
        client.post(f"/console/draft/{ref}/do/{act}/", {"why": f"{act} it"})
        found = drafts.draft(program_id=desk.program_id, draft_id=ids.decode("drf", ref))
        assert found.state is state, act
    entries = staff.entries(program_id=desk.program_id, limit=10).items
    acts = [(e.action, e.facts.get("reason")) for e in entries if e.action.startswith("promotions.")]
    assert acts == [
        ("promotions.publish", "publish it"), ("promotions.approve", "approve it"), ("promotions.test", "test it"),
        ("promotions.draft", "spring"),
    ]  # fmt: skip
    assert [p["key"] for p in publishing.promotions_of(program_id=desk.program_id)] == ["ten"]


def test_without_a_reason_or_by_its_writer_nothing_is_approved(desk: Desk) -> None:
    olga = desk.sits("owner")
    ref = written(desk, olga)
    olga.post(f"/console/draft/{ref}/do/test/", {"why": "w"})
    assert olga.post(f"/console/draft/{ref}/do/approve/", {"why": "mine"}).status_code == 409
    assert "A reason is needed." in desk.sits("owner").post(f"/console/draft/{ref}/do/approve/").content.decode()
    found = drafts.draft(program_id=desk.program_id, draft_id=ids.decode("drf", ref))
    assert (found.state, found.approved_by) == (DraftState.TESTING, "")


def look(client: Any, told: Any) -> Any:
    answer = client.post("/console/drafts/look/", orjson.dumps(told), content_type="application/json")
    return orjson.loads(answer.content) if answer.status_code == 200 else answer.status_code


def test_the_editor_hears_faults_with_paths_and_gets_the_same_as_yaml(desk: Desk) -> None:
    client = desk.sits("marketer")
    told = look(client, {"body": {**TEN, "stores": ["moon"]}})
    assert [path for path, _ in told["faults"]] == ["stores.0"]
    assert "percent: 10" in told["yaml"]
    back = look(client, {"yaml": told["yaml"]})
    assert back["body"]["effects"] == [{"kind": "order_percent", "percent": 10}]
    assert look(client, {"yaml": "key: ["})["unreadable"]
    assert [look(client, bad) for bad in ([], {"body": 3}, "x")] == [422, 422, 422]


@pytest.mark.parametrize(
    ("text", "of", "sound"),
    [
        ("basket.goods_minor >= 5000", "when", True), ("line.category == 'coffee'", "lines", True),
        ("line.category == 'coffee'", "when", False), ("member.tier == 3", "when", False), ("(", "when", False),
    ],
)  # fmt: skip
def test_a_condition_is_checked_while_it_is_written(desk: Desk, text: str, of: str, sound: bool) -> None:
    told = orjson.dumps({"text": text, "of": of})
    answer = desk.sits("marketer").post("/console/drafts/condition/", told, content_type="application/json")
    assert (orjson.loads(answer.content)["faults"] == []) == sound


def test_every_type_of_fact_has_comparisons_to_choose_from() -> None:
    kinds = {kind for facts in conditions.facts().values() for kind in facts.values()}
    assert kinds <= set(OPERATORS)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, "live"), ({"state": "paused"}, "paused"), ({"schedule": {"starts": "2999-01-01"}}, "planned"),
        ({"schedule": {"ends": "2020-01-01"}}, "ended"), ({"schedule": {"ends": "2020-01-01T10:00"}}, "ended"),
    ],
)  # fmt: skip
def test_where_a_promotion_stands(body: dict[str, Any], expected: str) -> None:
    assert standing(body, at=clock.now(), zone="Asia/Shanghai") == expected


def test_a_budget_that_is_spent_is_said(desk: Desk) -> None:
    assert standing({}, at=clock.now(), zone="UTC", budget=(100, 100)) == "used_up"
    live(desk, {**TEN, "budget": {"amount": "20.00"}})
    bought(desk, "t-1", 15_000)
    page = desk.sits("owner").get("/console/promotions/").content.decode()
    assert "¥15.00 / ¥20.00" in page


def live(desk: Desk, body: dict[str, Any]) -> None:
    draft = publishing.begin(program_id=desk.program_id, body=body, actor="staff:1")
    publishing.try_out(program_id=desk.program_id, draft_id=draft.draft_id, actor="staff:1")
    drafts.approve(program_id=desk.program_id, draft_id=draft.draft_id, actor="staff:2")
    publishing.publish(program_id=desk.program_id, draft_id=draft.draft_id, actor="staff:1")


def bought(desk: Desk, key: str, minor: int) -> Any:
    line = LineTold(id="1", sku="A", quantity=Decimal(1), amount_minor=minor)
    told = SessionTold(channel="store", store="bund", currency="CNY", member=desk.ann, lines=(line,))
    quoted = checkout.put(program_id=desk.program_id, key=key, told=told, actor="key:1")
    return checkout.close(program_id=desk.program_id, key=key, digest=quoted.digest, actor="key:1")


def test_support_sees_why_an_order_got_this_and_the_same_numbers_as_are_stored(desk: Desk) -> None:
    live(desk, TEN)
    order = ids.encode("ord", bought(desk, "t-1", 20_000).order_id)
    susi = desk.sits("service")
    for path in (f"/console/order/{order}/why/", f"/console/order/{order}/", "/console/session/t-1/"):
        page = susi.get(path).content.decode()
        assert ("Ten off" in page, "¥20.00" in page, "¥180.00" in page) == (True, True, True), path
    assert susi.get("/console/sessions/?q=t-1").status_code == 302
    assert "everything comes out as it is stored" in susi.get(f"/console/order/{order}/why/").content.decode()


def test_an_order_told_by_a_till_has_no_decision_to_make_again(desk: Desk) -> None:
    page = desk.sits("service").get("/console/order/till:A-1/")
    assert ("Why did it get this?" in page.content.decode(), page.status_code) == (False, 200)
