"""The program as a document over HTTP: planned, told, confirmed, scheduled, drafted by two, gone back to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from regulars.governance.publishing.services import scheduling
from regulars.kernel import clock
from regulars.people.agreements import services as agreements
from regulars.people.staff import services as staff
from tests.stories import cast

POLICIES = "notice_days: 30, old_terms: {{keep: until_confirmed, most_days: 60}}"


@pytest.fixture
def house(db: None) -> cast.Caller:
    agreements.forget()
    document = cast.DOCUMENT.replace(
        "future_tolerance_minutes: 10}}", f"future_tolerance_minutes: 10, {POLICIES}}}}}"
    )
    return cast.a_caller(cast.a_program(document=document))


def harder(house: cast.Caller) -> dict[str, Any]:
    """Gold from 2,000 on instead of 1,000."""
    _, now = house.get("/program")
    document: dict[str, Any] = now["document"]
    document["ladders"][0]["levels"][1]["enter"] = 2000
    return document


def test_the_rules_never_change_behind_a_members_back(house: cast.Caller) -> None:
    document = harder(house)
    status, plan = house.post("/program/plan", {"document": document})
    assert status == 200
    (change,) = plan["changes"]
    assert (change["adverse"], change["needs_notice"], change["reasons"]) == (True, True, ["higher"])
    assert change["fields"] == [{"path": "levels.gold.enter", "before": 1000, "after": 2000}]
    assert plan["notice"]["days"] == 30
    status, no = house.post("/program/apply", {"document": document})
    assert (status, no["code"]) == (409, "notice_needed")
    at = (clock.now() + timedelta(days=31)).isoformat()
    status, made = house.post("/program/schedules", {"document": document, "at": at, "note": "Gold is harder"})
    assert (status, made["state"]) == (201, "waiting")
    ann = program_member(house, "ann")
    _, terms = house.get(f"/members/{ann}/terms")
    assert (terms["version"], [t["id"] for t in terms["waiting"]]) == (1, [made["telling"]])
    with clock.at(clock.now() + timedelta(days=31, minutes=5)):
        assert scheduling.apply_due() == 1
        _, listed = house.get("/program/schedules?state=applied")
        assert [(s["id"], s["version"]) for s in listed["items"]] == [(made["id"], 2)]
        _, terms = house.get(f"/members/{ann}/terms")
        assert terms["version"] == 1, "she has not confirmed: the terms of before are hers"
        status, yes = house.post(f"/members/{ann}/acknowledgements", {"telling": made["telling"], "source": "app"})
        assert (status, yes["telling"]) == (201, made["telling"])
        _, terms = house.get(f"/members/{ann}/terms")
        assert (terms["version"], terms["waiting"], len(terms["confirmed"])) == (2, [], 1)


def program_member(house: cast.Caller, external: str) -> str:
    body = {"identifiers": [{"type": "external", "value": external}]}
    status, answer = house.post("/members", body)
    assert status == 201, answer
    return str(answer["id"])


def test_nobody_publishes_alone_what_takes_from_members(house: cast.Caller) -> None:
    _, now = house.get("/program")
    document = {**now["document"], "policies": {**now["document"]["policies"], "claims_within_days": 10}}
    document["policies"].pop("notice_days")
    _, program = house.get("/program/versions")
    assert [v["number"] for v in program["items"]] == [1]
    writer = cast.a_caller(_program_id(), scopes={"program:read", "program:write"})
    status, no = writer.post("/program/apply", {"document": document})
    assert (status, no["code"]) == (409, "needs_approval")
    status, draft = writer.post("/program/drafts", {"title": "Shorter claims", "document": document})
    assert (status, draft["state"]) == (201, "draft")
    path = f"/program/drafts/{draft['id']}"
    assert writer.post(f"{path}/submit", {})[1]["state"] == "submitted"
    assert writer.post(f"{path}/approve", {})[0] == 403
    assert cast.a_caller(_program_id()).post(f"{path}/approve", {})[1]["code"] == "four_eyes", "made by one person"
    _, secret = staff.make_key(program_id=_program_id(), name="boss", scopes={"program:approve"}, actor="system:boss")
    other = cast.Caller(secret)
    assert other.post(f"{path}/approve", {})[1]["state"] == "approved"
    status, no = writer.post(f"{path}/publish", {})
    assert (status, no["code"]) == (409, "notice_needed"), "the policies in force still ask for notice"
    at = (clock.now() + timedelta(days=31)).isoformat()
    status, done = writer.post(f"{path}/publish", {"at": at})
    assert (status, done["state"]) == (200, "published")
    assert done["history"][-1]["what"] == "scheduled"


def _program_id() -> int:
    from regulars.people.programs import services as programs

    return programs.get(key="corner").id


def test_a_wrong_version_is_undone_by_going_back(house: cast.Caller) -> None:
    _, now = house.get("/program")
    document = {**now["document"], "program": {**now["document"]["program"], "name": "Wrong"}}
    assert house.post("/program/apply", {"document": document})[0] == 200
    _, found = house.get("/program/versions/2/difference?with_version=1")
    assert [(c["section"], c["fields"][0]["after"]) for c in found["changes"]] == [("program", "Wrong")]
    status, back = house.post("/program/versions/1/restore", {"reason": "a slip"})
    assert (status, back["version"], back["document"]["program"]["name"]) == (200, 3, "Corner")
    assert house.get("/program/drift") == (200, {"changes": []})
    assert house.post("/program/drift", {"act": "take", "reason": "x"})[1]["code"] == "nothing_to_do"
    status, schema = house.get("/program/schema")
    assert (status, schema["title"]) == (200, "Program document")


def test_drift_that_takes_from_members_is_taken_in_only_by_who_may_approve(db: None) -> None:
    agreements.forget()
    program_id = cast.a_program()  # no days of notice: only the second person stands before it
    writer = cast.a_caller(program_id, scopes=["program:read", "program:write"])
    with connection.cursor() as cursor:
        cursor.execute("update ledger_unit set expiry = %s where key = 'points'", ['{"kind": "rolling", "days": 30}'])
    told = {"act": "take", "reason": "it was so already"}
    status, no = writer.post("/program/drift", told)
    assert (status, no["code"]) == (409, "needs_approval")
    assert [c["key"] for c in writer.get("/program/drift")[1]["changes"]] == ["points"]
    status, done = cast.a_caller(program_id).post("/program/drift", told)
    assert (status, done["version"]) == (200, 2)
