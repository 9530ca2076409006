"""Rules told, agreed and honest: what takes something from members waits, is told, confirmed, and kept for a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from tests.stories import cast

from regulars.governance.publishing import services as publishing
from regulars.governance.publishing.models import DraftRow, ScheduleRow
from regulars.governance.publishing.services import costing, drafting, scheduling
from regulars.governance.publishing.terms import (
    BaseChanged,
    NeedsApproval,
    NothingToDo,
    NoticeNeeded,
    PreviewState,
    Schedule,
    ScheduleEnded,
    ScheduleState,
)
from regulars.kernel import clock, ids
from regulars.kernel.errors import Busy, Invalid
from regulars.kernel.models import FactRow
from regulars.people.agreements import services as agreements
from regulars.people.agreements.terms import TellingOver
from regulars.value.promotions.terms.drafts import FourEyes, WrongDraftState

Later = Callable[..., None]
ANN, BEN = "staff:1", "staff:2"
KEPT = "notice_days: 30, old_terms: {{keep: until_confirmed, most_days: 60}}"


@pytest.fixture
def program_id(db: None) -> int:
    agreements.forget()
    return cast.a_program(document=_document(f", {KEPT}"))


def _document(more: str) -> str:
    return cast.DOCUMENT.replace("future_tolerance_minutes: 10}}", f"future_tolerance_minutes: 10{more}}}}}")


def now_of(program_id: int) -> dict[str, Any]:
    return dict(publishing.current(program_id=program_id).document)


def rated(program_id: int, per: str = "2.00") -> dict[str, Any]:
    """The document with a dearer point: it takes something from members."""
    document = now_of(program_id)
    rules = [{**r, "rate": {"points": 1, "per": per}} if r["key"] == "base" else r for r in document["earn_rules"]]
    return {**document, "earn_rules": rules}


def named(program_id: int, name: str) -> dict[str, Any]:
    """The document with another name: safe."""
    document = now_of(program_id)
    return {**document, "program": {**document["program"], "name": name}}


def member(program_id: int, external: str = "ann") -> UUID:
    return ids.decode("mem", cast.a_member(program_id, external))


@pytest.fixture
def later() -> Iterator[Callable[..., None]]:
    """Lets days go by; the clock is put right after the test."""
    with ExitStack() as stack:

        def go(days: int, minutes: int = 0) -> None:
            stack.enter_context(clock.at(clock.now() + timedelta(days=days, minutes=minutes)))

        yield go


def bought(till: cast.Caller, ref: str, member: str) -> dict[str, int]:
    """An order of ¥100 now; what it earned by unit."""
    told = cast.an_order(ref, member, occurred_at=clock.now().isoformat())
    status, answer = till.post("/orders", told)
    assert status == 201, answer
    return dict(answer["earned"])


def scheduled(program_id: int, days: int = 30) -> Schedule:
    return scheduling.schedule(
        program_id=program_id,
        document=rated(program_id),
        at=clock.now() + timedelta(days=days, minutes=1),
        actor=ANN,
        note="dearer",
    )


def test_members_were_told_the_program_got_worse_before_it_did(program_id: int) -> None:
    plan = publishing.plan(document=rated(program_id), program_id=program_id)
    assert [(c.key, c.needs_notice, c.reasons) for c in plan.changes] == [("base", True, ("less",))]
    assert plan.notice is not None and plan.notice.days == 30
    assert "! it gives less" in plan.text and "rate.per: 1.00 → 2.00" in plan.text
    with pytest.raises(NoticeNeeded) as no:
        publishing.apply(document=rated(program_id), program_id=program_id, actor=ANN)
    assert no.value.facts["notice_days"] == 30
    with pytest.raises(NoticeNeeded):
        scheduled(program_id, days=29)
    assert (publishing.current(program_id=program_id).number, ScheduleRow.objects.count()) == (1, 0)
    assert publishing.apply(document=named(program_id, "Corners"), program_id=program_id, actor=ANN).number == 2


def test_what_is_scheduled_is_told_waits_and_applies(program_id: int, later: Later) -> None:
    made = scheduled(program_id)
    (told,) = agreements.tellings(program_id=program_id)
    assert (told.telling_id, told.applies_at, told.version) == (made.telling_id, made.at, None)
    assert [(c["key"], c["reasons"]) for c in told.changes] == [("base", ["less"])]
    assert scheduling.apply_due() == 0
    publishing.apply(document=named(program_id, "Corners"), program_id=program_id, actor=ANN)
    later(30, 2)
    assert (scheduling.apply_due(), scheduling.apply_due()) == (1, 0)
    done = scheduling.find(program_id=program_id, schedule_id=made.schedule_id)
    assert (done.state, done.version) == (ScheduleState.APPLIED, 3)
    document = now_of(program_id)
    assert document["program"]["name"] == "Corners", "what others published meanwhile stays"
    assert document["earn_rules"][0]["rate"]["per"] == "2.00"
    (told,) = agreements.tellings(program_id=program_id)
    assert (told.version, told.before_version) == (3, 2)
    assert told.keep_until == told.applied_at + timedelta(days=60)
    assert agreements.discrepancies(program_id) == []


def test_a_schedule_over_a_changed_base_is_refused_and_members_are_told_so(program_id: int, later: Later) -> None:
    made = scheduled(program_id)
    publishing.apply(document=rated(program_id, per="0.50"), program_id=program_id, actor=BEN)
    later(30, 2)
    assert scheduling.apply_due() == 1
    done = scheduling.find(program_id=program_id, schedule_id=made.schedule_id)
    assert (done.state, done.refusal["code"]) == (ScheduleState.REFUSED, "base_changed")
    assert publishing.current(program_id=program_id).number == 2
    (told,) = agreements.tellings(program_id=program_id)
    assert told.withdrawn_at is not None
    assert FactRow.objects.filter(kind="ScheduleRefused").count() == 1


def test_a_schedule_that_meets_a_lock_or_an_accident_is_tried_again_and_keeps_no_other_waiting(
    program_id: int, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = scheduled(program_id), scheduled(program_id, days=32)
    later(33)
    really = scheduling.over_now
    for accident in (Busy(), ValueError("an accident")):

        def once(accident: Exception = accident, **asked: Any) -> dict[str, Any]:
            monkeypatch.setattr(scheduling, "over_now", really)
            raise accident

        monkeypatch.setattr(scheduling, "over_now", once)
        scheduling.apply_due()
        assert scheduling.find(program_id=program_id, schedule_id=first.schedule_id).state == ScheduleState.WAITING
    assert scheduling.apply_due() == 1
    states = [scheduling.find(program_id=program_id, schedule_id=s.schedule_id).state for s in (first, second)]
    assert states == [ScheduleState.APPLIED] * 2


def test_a_schedule_can_be_withdrawn_once(program_id: int, later: Later) -> None:
    made = scheduled(program_id)
    scheduling.withdraw(program_id=program_id, schedule_id=made.schedule_id, actor=BEN)
    with pytest.raises(ScheduleEnded):
        scheduling.withdraw(program_id=program_id, schedule_id=made.schedule_id, actor=BEN)
    later(31)
    assert scheduling.apply_due() == 0
    with pytest.raises(TellingOver):
        agreements.acknowledge(
            program_id=program_id, member_id=member(program_id), telling_id=made.telling_id, source="app", actor=ANN
        )


def test_who_has_not_confirmed_keeps_the_old_terms_until_she_does(program_id: int, later: Later) -> None:
    ann, bea = member(program_id, "ann"), member(program_id, "bea")
    made = scheduled(program_id)
    agreements.acknowledge(
        program_id=program_id, member_id=bea, telling_id=made.telling_id, source="app", actor="key:1"
    )
    later(30, 2)
    scheduling.apply_due()
    cid = member(program_id, "cid")
    agreements.forget()

    def of(who: UUID) -> int:
        joined = agreements.members.facts(program_id=program_id, member_ids=[who])[who].joined_at
        return agreements.version_for(program_id=program_id, version=2, member_id=who, joined_at=joined)

    assert (of(ann), of(bea), of(cid)) == (1, 2, 2)
    assert agreements.versions_for(program_id=program_id, member_ids=[ann, bea, cid]) == {ann: 1}
    assert [t.version for t in agreements.waiting_for(program_id=program_id, member_id=ann)] == [2]
    assert agreements.waiting_for(program_id=program_id, member_id=bea) == []
    till = cast.a_caller(program_id)
    assert [bought(till, name, f"external:{name}")["points"] for name in ("ann", "bea")] == [100, 50]
    agreements.acknowledge(program_id=program_id, member_id=ann, version=2, source="letter", actor="key:1")
    assert of(ann) == 2


def test_old_terms_end_with_their_period(program_id: int, later: Later) -> None:
    ann = member(program_id)
    scheduled(program_id)
    later(30, 2)
    scheduling.apply_due()
    later(61)
    assert agreements.versions_for(program_id=program_id, member_ids=[ann]) == {}


def test_without_a_keeping_period_nothing_is_asked(program_id: int, django_assert_num_queries: Any) -> None:
    ann = member(program_id)
    joined = clock.now() - timedelta(days=3)
    asked = {"program_id": program_id, "version": 1, "member_id": ann, "joined_at": joined}
    agreements._running[program_id, 1] = (agreements.time.monotonic_ns(), ())
    with django_assert_num_queries(0):
        assert agreements.version_for(**asked) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "update agreements_acknowledgement set source = 'x'",
        "delete from agreements_acknowledgement",
        "update agreements_telling set changes = '[]'",
        "update agreements_telling set told_at = told_at - interval '1 day'",
        "delete from agreements_telling",
        "update agreements_telling set applies_at = told_at - interval '1 day'",
        "update agreements_telling set version = 1, before_version = 1, applied_at = now()",
        "insert into agreements_acknowledgement (program_id, member_id, source, actor, at, recorded_at)"
        " select program_id, member_id, 'x', 'x', now(), now() from agreements_acknowledgement",
        "insert into agreements_acknowledgement (program_id, member_id, telling_id, source, actor, at, recorded_at)"
        " select program_id, member_id, telling_id, 'x', 'x', now(), now() from agreements_acknowledgement",
        "update publishing_schedule set at = at + interval '1 day'",
        "update publishing_schedule set state = 'applied', ended_at = now()",
    ],
)
def test_what_was_told_and_confirmed_never_changes(program_id: int, sql: str) -> None:
    made = scheduled(program_id)
    agreements.acknowledge(
        program_id=program_id, member_id=member(program_id), telling_id=made.telling_id, source="app", actor=ANN
    )
    with pytest.raises(DatabaseError, match=r"A[1-7]_|V9_"):  # noqa: SIM117
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


def test_a_draft_of_a_document_needs_two_people(program_id: int) -> None:
    text = drafting.as_yaml(named(program_id, "Corners"))
    draft = drafting.begin(program_id=program_id, title="A new name", text=text, actor=ANN)
    said: dict[str, Any] = {"program_id": program_id, "draft_id": draft.draft_id}
    with pytest.raises(WrongDraftState):
        drafting.publish(**said, actor=ANN)
    drafting.submit(**said, actor=ANN)
    with pytest.raises(FourEyes):
        drafting.approve(**said, actor=ANN)
    drafting.approve(**said, actor=BEN)
    with pytest.raises(DatabaseError, match="V10_"), transaction.atomic():
        DraftRow.objects.filter(id=draft.draft_id).update(approved_by=ANN)
    done, version = drafting.publish(**said, actor=ANN, reason="agreed")
    assert (done.state.value, done.version, version.number) == ("published", 2, 2)
    assert [s.what for s in done.steps] == ["written", "submitted", "approved", "published"]
    changed = drafting.begin(program_id=program_id, title="Another", text=text, actor=ANN)
    with pytest.raises(WrongDraftState):
        drafting.approve(program_id=program_id, draft_id=changed.draft_id, actor=BEN)


def test_a_draft_whose_objects_were_changed_meanwhile_is_not_published(program_id: int) -> None:
    text = drafting.as_yaml(named(program_id, "Corners"))
    draft = drafting.begin(program_id=program_id, title="A new name", text=text, actor=ANN)
    publishing.apply(document=named(program_id, "Nooks"), program_id=program_id, actor=BEN)
    with pytest.raises(BaseChanged) as no:
        drafting.plan(program_id=program_id, draft_id=draft.draft_id)
    assert no.value.facts == {"changed": ["program"]}


def test_who_may_not_harm_members_alone_needs_a_second_person(program_id: int) -> None:
    with pytest.raises(NeedsApproval):
        publishing.apply(document=rated(program_id), program_id=program_id, actor=ANN, may_harm=False)
    assert publishing.current(program_id=program_id).number == 1


def test_going_back_is_a_new_version_with_a_reason(program_id: int) -> None:
    publishing.apply(document=named(program_id, "Corners"), program_id=program_id, actor=ANN)
    with pytest.raises(Invalid):
        scheduling.roll_back(program_id=program_id, number=1, actor=BEN, reason=" ")
    done = scheduling.roll_back(program_id=program_id, number=1, actor=BEN, reason="a slip")
    assert (done.number, done.note, done.document["program"]["name"]) == (3, "back to version 1: a slip", "Corner")
    with pytest.raises(NothingToDo):
        scheduling.roll_back(program_id=program_id, number=1, actor=BEN, reason="again")
    (change,) = publishing.compare(program_id=program_id, number=2, with_number=1)
    assert [(f.path, f.before, f.after) for f in change.fields] == [("name", "Corner", "Corners")]


def test_a_plan_says_what_apply_would_refuse(program_id: int) -> None:
    till = cast.a_caller(program_id)
    cast.a_member(program_id, "ann")
    bought(till, "1", "external:ann")
    document = now_of(program_id)
    gone = {**document, "units": [u for u in document["units"] if u["key"] != "points"],
            "earn_rules": [r for r in document["earn_rules"] if r["unit"] != "points"]}  # fmt: skip
    plan = publishing.plan(document=gone, program_id=program_id)
    assert [(r.path, r.message) for r in plan.refused] == [("units", "1 members still hold points.")]
    assert "refused: units: 1 members still hold points." in plan.text
    assert publishing.current(program_id=program_id).number == 1


def test_the_cost_of_a_change_is_counted_on_the_orders_of_last_year(program_id: int) -> None:
    till = cast.a_caller(program_id)
    cast.a_member(program_id, "ann")
    for n in range(6):
        bought(till, f"{n}", "external:ann")
    document = {
        **rated(program_id),
        "promotions": [{"key": "ten", "effects": [{"kind": "order_percent", "percent": 10}]}],
    }
    seen: list[tuple[int, int]] = []
    begun = costing.begin(program_id=program_id, document=document, actor=ANN, seed=7)
    done = costing.work(estimate_id=begun.estimate_id, on_progress=lambda n, of: seen.append((n, of)))
    assert done.state is PreviewState.FINISHED, done.report
    assert (done.report["baskets"], done.report["population"], seen) == (6, 6, [(6, 6)])
    assert done.report["cost_minor"] == {"estimate": 60_00, "low": 60_00, "high": 60_00}
    assert done.report["units"]["points"]["estimate"] == 6 * (45 - 100)
    few = costing.begin(program_id=program_id, document=document, actor=ANN, seed=7, most=3)
    report = costing.work(estimate_id=few.estimate_id).report
    assert (report["baskets"], report["cost_minor"]["estimate"]) == (3, 60_00)
    assert publishing.current(program_id=program_id).number == 1


def test_a_struck_through_price_was_the_lowest_of_its_days(db: None, later: Later) -> None:
    program_id = cast.a_program(document=_document(", lowest_price_days: 30"))

    def priced(minor: int) -> None:
        told = {"name": "Tea", "prices": [{"price_minor": minor}]}
        status, answer = cast.a_caller(program_id).send("PUT", "/products/tea", told)
        assert status in (200, 201), answer

    def promoted(was: str) -> dict[str, Any]:
        document = now_of(program_id)
        effect = {"kind": "fixed_price", "price": "8.00"}
        goods = {"include": {"skus": ["tea"]}}
        return {**document, "promotions": [{"key": "tea", "goods": goods, "effects": [effect], "was": {"tea": was}}]}

    unknown = publishing.plan(document=promoted("20.00"), program_id=program_id).refused
    assert unknown[0].message == "the catalog knows no price of the last 30 days"
    priced(15_00)
    priced(20_00)
    later(1)
    plan = publishing.plan(document=promoted("20.00"), program_id=program_id)
    assert [(r.path, r.message) for r in plan.refused] == [
        ("promotions.0.was.tea", "was 15.00 within the last 30 days: that is the lowest")
    ]
    with pytest.raises(Invalid):
        publishing.apply(document=promoted("20.00"), program_id=program_id, actor=ANN)
    done = publishing.apply(document=promoted("15.00"), program_id=program_id, actor=ANN)
    assert publishing.apply(document=done.document, program_id=program_id, actor=ANN).unchanged
    later(40)
    twenty = publishing.apply(document=promoted("20.00"), program_id=program_id, actor=ANN)
    assert twenty.number == 3, "nothing but 20.00 was charged in the last 30 days"
