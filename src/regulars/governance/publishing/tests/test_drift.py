"""What the tables say otherwise than the version in force: seen, taken in by who may, told before, or put back."""

from __future__ import annotations

import pytest
from django.db import connection
from tests.stories import cast

from regulars.governance.publishing import services as publishing
from regulars.governance.publishing.services import numbered, scheduling
from regulars.governance.publishing.terms import NeedsApproval, NothingToDo, NoticeNeeded
from regulars.people.agreements import services as agreements
from regulars.people.programs.models import StoreRow

ANN = "staff:1"


@pytest.fixture
def program_id(db: None) -> int:
    agreements.forget()
    policies = "future_tolerance_minutes: 10, notice_days: 30"
    return cast.a_program(document=cast.DOCUMENT.replace("future_tolerance_minutes: 10", policies))


def test_what_a_form_changed_is_seen_taken_in_or_put_back(program_id: int) -> None:
    assert publishing.drift(program_id=program_id) == ()
    StoreRow.objects.filter(program_id=program_id, key="bund").update(name="The Bund 18")
    (drift,) = publishing.drift(program_id=program_id)
    assert (drift.section, drift.key, drift.detail) == ("stores", "bund", "name: The Bund → The Bund 18")
    plan = publishing.plan(document=publishing.current(program_id=program_id).document, program_id=program_id)
    assert "drift: stores.bund" in plan.text
    taken = scheduling.take_drift(program_id=program_id, actor=ANN, reason="it moved")
    assert (taken.number, publishing.drift(program_id=program_id)) == (2, ())
    StoreRow.objects.filter(program_id=program_id, key="bund").update(name="Wrong")
    back = scheduling.put_back(program_id=program_id, actor=ANN, reason="a slip")
    assert (back.number, numbered.drift(program_id=program_id)) == (3, ())
    assert StoreRow.objects.get(program_id=program_id, key="bund").name == "The Bund 18"
    with pytest.raises(NothingToDo):
        scheduling.put_back(program_id=program_id, actor=ANN, reason="again")


def test_what_got_worse_in_the_tables_alone_is_not_taken_in_untold(program_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("update ledger_unit set expiry = %s where key = 'points'", ['{"kind": "rolling", "days": 30}'])
    (drift,) = publishing.drift(program_id=program_id)
    assert (drift.section, drift.key) == ("units", "points")
    with pytest.raises(NoticeNeeded) as no:
        scheduling.take_drift(program_id=program_id, actor=ANN, reason="it was so already")
    assert no.value.facts["changes"] == ["units.points"]
    as_it_is = publishing.export(program_id=program_id)
    plan = publishing.plan(document=as_it_is, program_id=program_id)
    assert (plan.changes, plan.notice is not None) == ((), True)
    with pytest.raises(NoticeNeeded):
        other = as_it_is.replace("name: Corner", "name: Corners", 1)
        publishing.apply(document=other, program_id=program_id, actor=ANN)
    assert publishing.current(program_id=program_id).number == 1
    assert publishing.drift(program_id=program_id) == (drift,)
    back = scheduling.put_back(program_id=program_id, actor=ANN, reason="nobody was told")
    assert (back.number, publishing.drift(program_id=program_id)) == (2, ())


def test_who_may_not_harm_members_alone_takes_no_drift_in_that_does(program_id: int) -> None:
    StoreRow.objects.filter(program_id=program_id, key="bund").update(name="The Bund 18")
    taken = scheduling.take_drift(program_id=program_id, actor=ANN, reason="it moved", may_harm=False)
    assert taken.number == 2
    with connection.cursor() as cursor:
        cursor.execute("update ledger_unit set expiry = %s where key = 'points'", ['{"kind": "rolling", "days": 30}'])
    with pytest.raises(NeedsApproval):
        scheduling.take_drift(program_id=program_id, actor=ANN, reason="it was so already", may_harm=False)
    assert publishing.current(program_id=program_id).number == 2
    assert [c.key for c in publishing.drift(program_id=program_id)] == ["points"]
