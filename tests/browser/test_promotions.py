"""A promotion's story in a real browser: written by one, approved by another, met by a till, explained to a customer."""

from __future__ import annotations

from typing import Any

import pytest

from regulars.governance.publishing.services import drafts as publishing
from regulars.governance.publishing.services import previews
from regulars.value.promotions.services import drafts
from regulars.value.promotions.terms.drafts import DraftState
from tests.browser.conftest import House
from tests.stories import cast

TEN = {"key": "ten", "name": {"en": "Ten off"}, "effects": [{"kind": "order_percent", "percent": "10"}]}
BASKET = {
    "channel": "store", "store": "bund", "currency": "CNY",
    "lines": [
        {"id": "1", "sku": "BEANS", "quantity": "2", "amount_minor": 15_800, "category": "coffee"},
        {"id": "2", "sku": "MILK", "quantity": "1", "amount_minor": 1_290},
    ],
}  # fmt: skip


def fills(person: Any, label: str, text: str) -> None:
    person.page.get_by_label(label, exact=True).first.fill(text)


def acts(person: Any, button: str, why: str) -> None:
    person.page.fill("#why", why)
    person.page.get_by_role("button", name=button).first.click()
    person.page.wait_for_load_state("networkidle")
    person.check()


def publish(house: House, body: dict[str, Any]) -> None:
    """A promotion that is live already."""
    draft = publishing.begin(program_id=house.program_id, body=body, actor="staff:1")
    publishing.try_out(program_id=house.program_id, draft_id=draft.draft_id, actor="staff:1")
    drafts.approve(program_id=house.program_id, draft_id=draft.draft_id, actor="staff:2")
    publishing.publish(program_id=house.program_id, draft_id=draft.draft_id, actor="staff:1")


def test_a_promotion_is_built_by_choosing_and_a_till_gives_it(house: House, visit: Any) -> None:
    olga = visit().logs_in("olga")
    olga.goes("/console/promotions/")
    olga.sees("No promotion yet")
    olga.page.get_by_role("link", name="New promotion").click()
    olga.page.get_by_text("Still to do").wait_for()
    olga.page.locator("[data-path=key] input").fill("coffee-15")
    olga.page.get_by_label("Name on receipts: English").fill("Coffee week")
    olga.page.get_by_label("Name on receipts: Chinese").fill("咖啡周")
    olga.page.get_by_label("Add an effect").select_option("line_percent")
    olga.page.locator("[data-path='effects.0.percent'] input").fill("15")
    olga.page.locator("[data-path=goods] textarea").nth(1).fill("coffee")
    olga.page.get_by_text("More conditions").click()
    olga.page.get_by_role("button", name="Add a condition").first.click()
    row = olga.page.locator(".rg-cel-row").first
    row.locator("select").first.select_option("basket.goods_minor")
    row.locator("select").nth(1).select_option(">=")
    row.get_by_label("Value").fill("5000")
    olga.sees("basket.goods_minor >= 5000")
    olga.sees("Can be understood")
    olga.sees("It is sound inside the program.")
    olga.page.get_by_role("button", name="Save the draft").click()
    olga.sees("The draft is kept.")
    acts(olga, "Check and put to test", "for the coffee week")
    olga.sees("You wrote on it: somebody else must approve it.")
    (draft,) = drafts.drafts(program_id=house.program_id)
    assert draft.body["when"] == "basket.goods_minor >= 5000"
    assert draft.body["goods"] == {"include": {"categories": ["coffee"]}}

    oleg = visit(width=390).logs_in("oleg")
    oleg.goes(f"/console/draft/{draft.public_id}/")
    acts(oleg, "Approve", "looked at it")
    acts(oleg, "Publish", "from today")
    oleg.sees("Published as part of version 2.")
    assert drafts.draft(program_id=house.program_id, draft_id=draft.draft_id).state is DraftState.PUBLISHED

    till = cast.a_caller(house.program_id)
    status, session = till.send("PUT", "/sessions/till-1-9", {**BASKET, "member": house.ann})
    assert status == 201, session
    assert (session["discount_total"], session["due"]) == (2_370, 14_720)
    olga.goes("/console/sessions/")
    olga.follows("till-1-9")
    olga.sees("Coffee week")
    olga.sees("applied")
    status, done = till.post("/sessions/till-1-9/close", {"digest": session["digest"]})
    assert status in (200, 201), done
    olga.goes(f"/console/order/{done['order']}/")
    olga.page.get_by_role("link", name="Why did it get this?").click()
    olga.sees("everything comes out as it is stored.")
    olga.sees("¥147.20")


def test_what_is_typed_wrongly_is_told_at_its_field_and_in_yaml(house: House, visit: Any) -> None:
    publish(house, {**TEN, "group": "sale"})
    olga = visit().logs_in("olga")
    olga.goes("/console/drafts/new/")
    olga.page.get_by_role("tab", name="YAML").click()
    olga.page.fill("#rg-yaml", "key: [")
    olga.page.click("#rg-yaml-take")
    olga.page.locator("#rg-yaml-fault").wait_for()
    olga.page.fill(
        "#rg-yaml",
        "key: more\ngroup: sale\nwhen: member.tier == 3\nstores: [moon]\neffects: [{kind: order_percent, percent: 120}]\n",
    )
    olga.page.click("#rg-yaml-take")
    olga.page.locator("[data-path='effects.0.percent'] .errorlist li").wait_for()
    assert olga.page.locator("[data-path=stores] .errorlist li").count() == 1
    assert olga.page.locator("[data-path=when] .rg-down").count() >= 1
    olga.sees("only one of the group")
    olga.page.locator("[data-path='effects.0.percent'] input").fill("12")
    olga.page.locator("[data-path='effects.0.percent'] .errorlist li").wait_for(state="detached")


def test_a_draft_is_tried_on_a_basket_and_on_last_week(house: House, visit: Any, monkeypatch: Any) -> None:
    from regulars.interfaces.console import jobs

    publish(house, {**TEN, "group": "sale"})
    body = {**TEN, "key": "twenty", "name": {"en": "Twenty off"}, "group": "sale"}
    body["effects"] = [{"kind": "order_percent", "percent": "20"}]
    draft = publishing.begin(program_id=house.program_id, body=body, actor="staff:1")
    olga = visit().logs_in("olga")
    olga.goes(f"/console/draft/{draft.public_id}/?view=try")
    olga.page.locator("[data-line] [name=sku]").fill("BEANS")
    olga.page.locator("[data-line] [name=amount]").fill("100.00")
    olga.page.get_by_role("button", name="What would it save?").click()
    olga.sees("What it changes about others")
    olga.sees("Ten off: ¥10.00 → replaced")
    olga.sees("¥80.00")
    monkeypatch.setattr(jobs.preview_week, "defer", lambda preview_id: None)
    olga.page.get_by_role("button", name="Try it on last week").click()
    olga.page.wait_for_load_state("load")
    olga.sees("0 of 0 baskets")
    found = previews.latest(program_id=house.program_id, draft_id=draft.draft_id)
    assert found is not None
    previews.work(preview_id=found.preview_id)
    olga.sees("3 baskets cost less")
    olga.page.locator("#rg-week").get_by_text("Ten off").wait_for()
    olga.check()


def test_a_promotion_is_paused_at_once_for_a_reason(house: House, visit: Any) -> None:
    publish(house, TEN)
    till = cast.a_caller(house.program_id)
    assert till.send("PUT", "/sessions/a", BASKET)[1]["discount_total"] == 1_709
    olga = visit(width=390, theme="dark").logs_in("olga")
    olga.goes("/console/promotion/ten/")
    olga.page.get_by_role("button", name="Pause it now").click()
    olga.sees("A reason is needed.")
    acts(olga, "Pause it now", "priced wrongly")
    olga.sees("Paused")
    assert till.send("PUT", "/sessions/a", BASKET)[1]["discount_total"] == 0
    acts(olga, "Let it run again", "mended")
    assert till.send("PUT", "/sessions/a", BASKET)[1]["discount_total"] == 1_709


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_of_promotions_fits_a_phone_in_chinese(house: House, visit: Any, theme: str) -> None:
    publish(house, TEN)
    draft = publishing.begin(program_id=house.program_id, body={**TEN, "key": "b"}, actor="staff:1")
    susi = visit(width=390, theme=theme).logs_in("olga")
    susi.presses("中文")
    for path in ("promotions/", "promotion/ten/", "drafts/", f"draft/{draft.public_id}/", "sessions/"):
        susi.goes(f"/console/{path}")
    assert drafts.drafts(program_id=house.program_id)[0].key == "b"
