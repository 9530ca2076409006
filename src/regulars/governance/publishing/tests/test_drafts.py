"""A promotion from a draft to a version: checked whole, four eyes, and nothing published over what it never saw."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from tests.stories import cast

from regulars.governance.publishing import services as publishing
from regulars.governance.publishing.services import drafts as publishes
from regulars.governance.publishing.services import previews, trying
from regulars.governance.publishing.terms import PreviewState
from regulars.kernel.errors import Invalid, Refusal
from regulars.value.checkout.terms import LineTold, SessionTold
from regulars.value.orders import services as orders
from regulars.value.promotions.services import drafts
from regulars.value.promotions.terms.drafts import (
    Draft,
    DraftChanged,
    DraftExists,
    DraftOutdated,
    DraftState,
    FourEyes,
    WrongDraftState,
)

ANN, BEN = "staff:1", "staff:2"
TEN = {"key": "ten", "name": {"en": "Ten off"}, "effects": [{"kind": "order_percent", "percent": "10"}]}
TWENTY = {**TEN, "effects": [{"kind": "order_percent", "percent": "20"}]}


@pytest.fixture
def program_id(db: None) -> int:
    return cast.a_program()


def begun(program_id: int, body: dict[str, Any] = TEN) -> Draft:
    return publishes.begin(program_id=program_id, body=body, actor=ANN)


def approved(program_id: int, body: dict[str, Any] = TEN) -> Draft:
    draft = begun(program_id, body)
    publishes.try_out(program_id=program_id, draft_id=draft.draft_id, actor=ANN)
    return drafts.approve(program_id=program_id, draft_id=draft.draft_id, actor=BEN)


def live(program_id: int, body: dict[str, Any] = TEN) -> int:
    draft = approved(program_id, body)
    return publishes.publish(program_id=program_id, draft_id=draft.draft_id, actor=ANN)[1].number


def keys(program_id: int) -> list[Any]:
    return [p["key"] for p in publishes.promotions_of(program_id=program_id)]


def test_a_draft_goes_its_way_and_becomes_the_next_version(program_id: int) -> None:
    draft = approved(program_id)
    assert keys(program_id) == []
    done, version = publishes.publish(program_id=program_id, draft_id=draft.draft_id, actor=ANN, reason="spring")
    assert (done.state, done.version, version.number, version.note) == (DraftState.PUBLISHED, 2, 2, "spring")
    assert keys(program_id) == ["ten"]
    assert [(s.what, s.actor) for s in done.steps] == [
        ("written", ANN), ("tested", ANN), ("approved", BEN), ("published", ANN),
    ]  # fmt: skip


def test_nobody_approves_what_she_wrote_not_even_through_a_key_of_hers(program_id: int) -> None:
    draft = begun(program_id)
    drafts.change(program_id=program_id, draft_id=draft.draft_id, body=TWENTY, actor="key:7", behind=BEN)
    publishes.try_out(program_id=program_id, draft_id=draft.draft_id, actor=ANN)
    for actor, behind in ((ANN, ""), (BEN, ""), ("key:9", ANN), ("key:7", "staff:3")):
        with pytest.raises(FourEyes):
            drafts.approve(program_id=program_id, draft_id=draft.draft_id, actor=actor, behind=behind)
    assert drafts.draft(program_id=program_id, draft_id=draft.draft_id).state is DraftState.TESTING


def test_what_is_not_sound_is_not_tested_and_every_fault_has_its_path(program_id: int) -> None:
    bad = {**TEN, "stores": ["nowhere"], "effects": [{"kind": "order_percent", "percent": "120"}]}
    draft = begun(program_id, bad)
    with pytest.raises(Invalid) as no:
        publishes.try_out(program_id=program_id, draft_id=draft.draft_id, actor=ANN)
    assert sorted(path for path, _ in no.value.errors) == ["effects.0.percent", "stores.0"]
    assert drafts.draft(program_id=program_id, draft_id=draft.draft_id).state is DraftState.DRAFT


@pytest.mark.parametrize("act", ["approve", "publish"])
def test_no_step_is_left_out(program_id: int, act: str) -> None:
    draft = begun(program_id)
    with pytest.raises(WrongDraftState):
        if act == "approve":
            drafts.approve(program_id=program_id, draft_id=draft.draft_id, actor=BEN)
        else:
            publishes.publish(program_id=program_id, draft_id=draft.draft_id, actor=BEN)
    assert keys(program_id) == []


def test_a_change_after_the_approval_must_be_approved_again(program_id: int) -> None:
    draft = approved(program_id)
    changed = drafts.change(program_id=program_id, draft_id=draft.draft_id, body=TWENTY, actor=ANN)
    assert (changed.state, changed.approved_by, changed.revision) == (DraftState.DRAFT, "", 2)
    with pytest.raises(WrongDraftState):
        publishes.publish(program_id=program_id, draft_id=draft.draft_id, actor=ANN)
    same = drafts.change(program_id=program_id, draft_id=draft.draft_id, body=TWENTY, actor=BEN)
    assert (same.revision, same.writers) == (2, (ANN,))


def test_an_approval_is_of_what_was_seen(program_id: int) -> None:
    draft = begun(program_id)
    drafts.change(program_id=program_id, draft_id=draft.draft_id, body=TWENTY, actor=ANN)
    publishes.try_out(program_id=program_id, draft_id=draft.draft_id, actor=ANN)
    with pytest.raises(DraftChanged):
        drafts.approve(program_id=program_id, draft_id=draft.draft_id, actor=BEN, revision=1)
    assert drafts.approve(program_id=program_id, draft_id=draft.draft_id, actor=BEN, revision=2).revision == 2


def test_what_was_published_meanwhile_is_never_overwritten(program_id: int) -> None:
    live(program_id)
    draft = approved(program_id, TWENTY)
    publishes.pause(program_id=program_id, key="ten", actor=BEN, reason="stop")
    with pytest.raises(DraftOutdated):
        publishes.publish(program_id=program_id, draft_id=draft.draft_id, actor=ANN)
    found = publishes.promotion(program_id=program_id, key="ten")
    assert (found["state"], found["effects"][0]["percent"]) == ("paused", "10")


def test_another_promotion_published_meanwhile_is_no_conflict(program_id: int) -> None:
    draft = approved(program_id)
    live(program_id, {**TEN, "key": "other"})
    publishes.publish(program_id=program_id, draft_id=draft.draft_id, actor=ANN)
    assert keys(program_id) == ["other", "ten"]


def test_a_promotion_has_one_open_draft(program_id: int) -> None:
    draft = begun(program_id)
    with pytest.raises(DraftExists), transaction.atomic():
        begun(program_id, TWENTY)
    drafts.discard(program_id=program_id, draft_id=draft.draft_id, actor=ANN, reason="no")
    assert begun(program_id, TWENTY).state is DraftState.DRAFT


def test_paused_and_resumed_are_versions_with_nothing_else_changed(program_id: int) -> None:
    live(program_id)
    before = publishing.export(program_id=program_id)
    assert publishes.pause(program_id=program_id, key="ten", actor=BEN, reason="stop").number == 3
    assert tried(program_id, {**TEN, "key": "none"}, 10_000) == (10_000, 9_000)
    assert publishes.pause(program_id=program_id, key="ten", actor=BEN, reason="go", resume=True).number == 4
    assert publishing.export(program_id=program_id) == before


def tried(program_id: int, body: dict[str, Any], minor: int) -> tuple[int, int]:
    told = SessionTold(
        channel="store",
        store="bund",
        currency="CNY",
        lines=(LineTold(id="1", sku="A", quantity=Decimal(1), amount_minor=minor),),
    )
    found = trying.on_basket(program_id=program_id, body=body, told=told)
    return found.before.pricing.total_minor, found.after.pricing.total_minor


def test_a_basket_is_tried_beside_the_program_as_it_is(program_id: int) -> None:
    live(program_id, {**TEN, "group": "sale"})
    better = {**TWENTY, "key": "twenty", "group": "sale"}
    assert tried(program_id, better, 10_000) == (9_000, 8_000)
    assert keys(program_id) == ["ten"]


def test_last_week_is_decided_twice_and_limits_fill_up(program_id: int) -> None:
    member = cast.a_member(program_id, "c-1")
    for n in range(4):
        told = orders.read_order(cast.an_order(f"A-{n}", member, (10_000,)))
        orders.place(program_id=program_id, told=told, actor="system:test")
    body = {**TEN, "budget": {"amount": "25.00"}, "schedule": {"starts": "2050-01-01"}}
    draft = begun(program_id, body)
    begun_ = previews.begin(program_id=program_id, draft_id=draft.draft_id, actor=ANN)
    assert previews.begin(program_id=program_id, draft_id=draft.draft_id, actor=BEN) == begun_
    done = previews.work(preview_id=begun_.preview_id)
    assert (done.state, done.done, done.total) == (PreviewState.FINISHED, 4, 4), done.report
    report = done.report
    assert (report["baskets"], report["got"], report["discount_minor"], report["cost_minor"]) == (4, 3, 2_500, 2_500)
    assert (report["better"], report["worse"], report["members"], report["earned"]) == (
        3, 0, 1, {"growth": -25, "points": -25},
    )  # fmt: skip
    assert [d["day"] for d in report["days"]] == ["2026-01-05"]


@pytest.mark.django_db(transaction=True)
def test_eight_people_publish_at_once_and_it_becomes_one_version() -> None:
    program_id = cast.a_program()
    draft = approved(program_id)
    said: list[str] = []

    def publish(n: int) -> None:
        try:
            publishes.publish(program_id=program_id, draft_id=draft.draft_id, actor=f"staff:{n}")
            said.append("published")
        except Refusal as no:
            said.append(no.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=publish, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["published"] + ["wrong_draft_state"] * 7
    assert publishing.current(program_id=program_id).number == 2
