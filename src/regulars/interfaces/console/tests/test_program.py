"""The program's pages: versions side by side, going back, drafts by two, schedules, drift, what was told; public rules."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from regulars.governance.publishing import services as publishing
from regulars.governance.publishing.services import costing, drafting, scheduling
from regulars.interfaces.console.tests.conftest import Desk
from regulars.people.programs.models import StoreRow


def text_of(desk: Desk, **changed: Any) -> str:
    text = publishing.export(program_id=desk.program_id)
    for before, after in changed.items():
        text = text.replace(before, after)
    return text


def posted(client: Client, path: str, **fields: Any) -> str:
    return client.post(path, fields, follow=True).content.decode()


def test_versions_are_shown_side_by_side_and_one_goes_back_with_a_reason(desk: Desk) -> None:
    olga = desk.sits("owner")
    text = text_of(desk, Corner="Corner <b>Two</b>")
    posted(olga, "/console/versions/change/", text=text, base="1", why="new sign", do="apply")
    shown = olga.get("/console/versions/2/?with=1").content.decode()
    assert "<del>Corner</del>" in shown
    assert "<ins>Corner &lt;b&gt;Two&lt;/b&gt;</ins>" in shown
    assert "Go back" in posted(olga, "/console/versions/1/", look="1")
    posted(olga, "/console/versions/1/", do="1", why="")
    assert publishing.current(program_id=desk.program_id).number == 2
    posted(olga, "/console/versions/1/", do="1", why="a slip")
    assert publishing.current(program_id=desk.program_id).note == "back to version 1: a slip"
    assert desk.last_act()[0] == "program.restore"


def test_a_marketer_keeps_what_harms_members_as_a_draft_that_the_owner_approves(desk: Desk) -> None:
    mia, olga = desk.sits("marketer"), desk.sits("owner")
    text = text_of(desk, **{"points: 1\n": "points: 1\n      x: 1\n"})
    assert "faults" in posted(mia, "/console/versions/change/", text=text, base="1", look="1")
    dear = text_of(desk, **{"enter: 1000": "enter: 2000"})
    look = posted(mia, "/console/versions/change/", text=dear, base="1", look="1")
    assert "more is asked for" in look
    assert 'value="apply"' not in look
    assert "second person" in posted(mia, "/console/versions/change/", text=dear, base="1", why="w", do="apply")
    posted(mia, "/console/versions/change/", text=dear, base="1", why="dearer gold", do="draft")
    (draft,) = drafting.drafts(program_id=desk.program_id)
    page = f"/console/versions/draft/{draft.public_id}/"
    for client, act, state in (
        (mia, "submit", "submitted"), (mia, "approve", "submitted"), (olga, "approve", "approved"),
        (mia, "publish", "published"),
    ):  # fmt: skip
        client.post(page, {"do": act, "why": act, "text": draft.text})
        assert drafting.draft(program_id=desk.program_id, draft_id=draft.draft_id).state.value == state, act
    assert publishing.current(program_id=desk.program_id).number == 2
    assert "dearer gold" in olga.get("/console/versions/drafts/").content.decode()
    assert "more is asked for" in olga.get("/console/versions/told/").content.decode()


def test_a_document_is_scheduled_and_withdrawn(desk: Desk) -> None:
    olga = desk.sits("owner")
    text = text_of(desk, Corner="Nook")
    early = posted(
        olga, "/console/versions/change/", text=text, base="1", why="w", do="schedule", at="2020-01-01T09:00"
    )
    assert "must lie ahead" in early
    posted(olga, "/console/versions/change/", text=text, base="1", why="w", do="schedule", at="2099-01-01T09:00")
    (made,) = scheduling.schedules(program_id=desk.program_id)
    assert made.at.isoformat() == "2099-01-01T01:00:00+00:00"
    posted(olga, "/console/versions/scheduled/", schedule=made.public_id)
    (made,) = scheduling.schedules(program_id=desk.program_id)
    assert made.state.value == "withdrawn"


def test_drift_is_shown_and_put_back(desk: Desk) -> None:
    olga = desk.sits("owner")
    StoreRow.objects.filter(program_id=desk.program_id, key="bund").update(name="Wrong")
    assert "differs from the version in force" in olga.get("/console/versions/").content.decode()
    assert "<ins>Wrong</ins>" in olga.get("/console/versions/drift/").content.decode()
    posted(olga, "/console/versions/drift/", do="put_back", why="a slip")
    assert publishing.drift(program_id=desk.program_id) == ()


def test_drift_that_takes_from_members_is_taken_in_only_by_who_may_approve(desk: Desk) -> None:
    with connection.cursor() as cursor:
        cursor.execute("update ledger_unit set expiry = %s where key = 'points'", ['{"kind": "rolling", "days": 30}'])
    page = posted(desk.sits("marketer"), "/console/versions/drift/", do="take", why="it was so already")
    assert "a second person approves" in page
    assert publishing.current(program_id=desk.program_id).number == 1
    posted(desk.sits("owner"), "/console/versions/drift/", do="take", why="it was so already")
    assert publishing.current(program_id=desk.program_id).number == 2


def test_the_cost_of_a_change_is_begun_from_the_page_and_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    from regulars.interfaces.console import jobs

    monkeypatch.setattr(jobs.estimate, "defer", lambda estimate_id: begun.append(estimate_id))
    olga = desk.sits("owner")
    text = text_of(desk, **{"points: 1\n": "points: 2\n"})
    page = posted(olga, "/console/versions/change/", text=text, base="1", do="cost")
    assert "baskets" in page
    done = costing.work(estimate_id=begun[0])  # type: ignore[arg-type]
    assert done.report["units"]["points"]["estimate"] == 300
    shown = olga.get(f"/console/versions/cost/{done.public_id}/").content.decode()
    assert "+300" in shown


@pytest.mark.parametrize(("language", "says"), [("en", "1 point for every ¥1"), ("zh-Hans", "每消费 ¥1")])
def test_the_rules_of_a_program_are_public_in_both_languages_and_escaped(
    desk: Desk, language: str, says: str
) -> None:
    evil = text_of(desk, Corner="<script>alert(1)</script>")
    publishing.apply(document=evil, program_id=desk.program_id, actor="staff:1")
    answer = Client().get("/rules/corner/", {"lang": language})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert says in page
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "public" in answer["Cache-Control"]
    again = Client().get("/rules/corner/", {"lang": language}, headers={"If-None-Match": answer["ETag"]})
    assert again.status_code == 304
    assert Client().get("/rules/nowhere/").status_code == 404
