"""Stories at the console, told in a real browser: what a person sees, does, and cannot do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from regulars.interfaces.console import jobs, uploads
from regulars.interfaces.imports import services as imports
from regulars.kernel import clock
from regulars.kernel.models import FactRow
from regulars.people.staff import services as staff
from tests.browser.conftest import House


def acts(house: House) -> list[tuple[str, str]]:
    """What the audit trail says, newest first: act and reason."""
    found = staff.entries(program_id=house.program_id, limit=20).items
    return [(one.action, str(one.facts.get("reason", ""))) for one in found]


def test_a_clerk_finds_a_member_by_phone_and_traces_her_points(house: House, visit: Any) -> None:
    susi = visit().logs_in("susi")
    susi.goes("/console/members/")
    susi.page.fill("#q", "138 0013 8000")
    susi.presses("Find")
    assert susi.page.url.endswith(f"/console/member/{house.ann}/")
    assert susi.balance() == "345"
    susi.sees("A•• L••")
    assert susi.page.get_by_text("Ann Lee").count() == 0
    assert "13800138000" not in susi.page.content()
    susi.page.locator("details.rg-entry summary").first.click()
    susi.sees("Where it came from")
    susi.sees("till/A-2")


def test_personal_data_is_shown_for_one_look_and_the_look_is_recorded(house: House, visit: Any) -> None:
    susi = visit().logs_in("susi")
    susi.goes(f"/console/member/{house.ann}/")
    susi.page.get_by_text("Show in clear").click()
    susi.page.fill("#why", "she called")
    susi.presses("Show")
    susi.sees("Ann Lee")
    susi.sees("+8613800138000")
    assert acts(house)[0] == ("members.reveal", "she called")
    susi.goes(f"/console/member/{house.ann}/")
    assert susi.page.get_by_text("Ann Lee").count() == 0


def adjusts(person: Any, member: str, amount: int, why: str) -> None:
    person.goes(f"/console/member/{member}/do/adjust/")
    person.page.fill("#id_amount", str(amount))
    person.page.select_option("#id_code", "complaint")
    person.page.fill("#id_why", why)
    person.presses("Continue")
    person.sees("This will happen:")


def test_a_small_correction_happens_at_once(house: House, visit: Any) -> None:
    susi = visit().logs_in("susi")
    adjusts(susi, house.ann, 55, "cold tea")
    susi.sees("from 345 to 400.")
    susi.presses("Adjust")
    susi.sees("Adjusted.")
    assert susi.balance() == "400"
    assert acts(house)[0] == ("points.adjust", "cold tea")


def test_a_big_correction_waits_until_a_second_person_approves_it(house: House, visit: Any) -> None:
    susi = visit().logs_in("susi")
    adjusts(susi, house.ann, 700, "lost parcel")
    susi.sees("waits until a second person approves it")
    susi.presses("Adjust")
    susi.sees("It waits for a second person now.")
    assert susi.balance() == "345"
    susi.goes("/console/approvals/")
    susi.sees("Somebody else decides about your own request.")
    assert susi.page.get_by_role("button", name="Approve").count() == 0
    olga = visit().logs_in("olga")
    olga.goes("/console/approvals/")
    olga.page.get_by_label("Reason").first.fill("I saw the parcel slip")
    olga.presses("Approve")
    olga.sees("Approved and booked.")
    olga.goes(f"/console/member/{house.ann}/")
    assert olga.balance() == "1,045"
    assert acts(house)[:2] == [("points.approve", "I saw the parcel slip"), ("points.ask_adjustment", "lost parcel")]


def test_what_she_does_not_have_cannot_be_taken(house: House, visit: Any) -> None:
    olga = visit().logs_in("olga")
    adjusts(olga, house.ann, -9_000, "test")
    olga.sees("it will be refused")
    with olga.page.expect_response(lambda a: a.status == 409):
        olga.presses("Adjust")
    olga.faults.clear()  # the browser notes every 409 as an error of its own
    olga.sees("Nothing was changed.")
    olga.goes(f"/console/member/{house.ann}/")
    assert olga.balance() == "345"


def test_a_member_is_suspended_and_reopened(house: House, visit: Any) -> None:
    susi = visit().logs_in("susi")
    susi.goes(f"/console/member/{house.bea}/")
    susi.follows("Suspend")
    susi.presses("Continue")
    susi.sees("This field is required.")
    susi.page.fill("#id_why", "stolen card")
    susi.presses("Continue")
    susi.sees("The member can neither earn nor spend until reopened.")
    susi.presses("Suspend")
    susi.sees("Suspended: neither earns nor spends.")
    susi.follows("Reopen")
    susi.page.fill("#id_why", "card found")
    susi.presses("Continue")
    susi.presses("Reopen")
    susi.sees("Reopened.")
    assert acts(house)[:2] == [("members.reopen", "card found"), ("members.suspend", "stolen card")]


def test_two_members_are_merged_and_taken_apart_again(house: House, visit: Any) -> None:
    olga = visit().logs_in("olga")
    olga.goes(f"/console/member/{house.ann}/merge/")
    olga.page.fill("#q", "13900139000")
    olga.presses("Find")
    olga.presses("Compare")
    olga.sees("Who stays?")
    olga.page.fill("#id_why", "one person, two phones")
    olga.presses("Merge")
    olga.sees("Merged. It can be undone for 30 days.")
    assert olga.balance() == "445"
    olga.goes(f"/console/member/{house.bea}/")
    olga.sees("This member was merged into another one.")
    olga.goes(f"/console/member/{house.ann}/?tab=merges")
    olga.follows("Undo")
    olga.page.fill("#id_why", "sisters after all")
    olga.presses("Undo the merge")
    olga.sees("Undone: they are two members again.")
    assert olga.balance() == "345"
    olga.goes(f"/console/member/{house.bea}/")
    assert olga.balance() == "100"


MAPPING = """
kind: orders
source: file
format: csv
zone: Asia/Shanghai
columns: {order: ref, occurred_at: at, sku: sku, quantity: quantity, amount: amount, member: member}
times: [iso]
constants: {channel: store, store: bund}
"""
ROWS = """ref,at,sku,quantity,amount,member
F-1,2026-01-04T10:00:00+08:00,TEA,1,20.00,c-1
F-2,not a day,TEA,1,20.00,c-1
"""


def test_a_file_comes_in_and_what_stayed_out_is_listed(
    house: House, visit: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(uploads, "folder", lambda: tmp_path / "uploads")
    file = tmp_path / "history.csv"
    file.write_text(ROWS, "utf-8")
    olga = visit().logs_in("olga")
    olga.goes("/console/imports/")
    olga.page.set_input_files("#id_file", str(file))
    olga.page.fill("#id_mapping", MAPPING)
    olga.page.fill("#id_why", "last year")
    olga.presses("Upload and import")
    olga.sees("It waits for the worker.")
    (job,) = imports.jobs(program_id=house.program_id)
    jobs.run_import(program_id=house.program_id, job_id=str(job.id))
    olga.sees("Finished")  # the page has refreshed itself
    olga.page.wait_for_load_state("networkidle")
    olga.sees("Rows that stayed out (1)")
    with olga.page.expect_download() as download:
        olga.page.get_by_role("link", name="Download").click()
    assert "F-2" in Path(download.value.path()).read_text("utf-8")
    assert list((tmp_path / "uploads").rglob("*-history.csv")) == []
    olga.goes(f"/console/member/{house.ann}/")
    assert olga.balance() == "365"


def test_a_dead_letter_is_tried_again_with_a_reason(house: House, visit: Any) -> None:
    letter = FactRow.objects.create(
        program_id=house.program_id, kind="OrderPlaced", body={}, announced_at=clock.now(), dead_at=clock.now(),
        tries=12, last_error="review the level: the house was dark",
    )  # fmt: skip
    olga = visit().logs_in("olga")
    olga.goes("/console/outbox/")
    olga.sees("the house was dark")
    olga.page.fill("#why", "the light is back")
    olga.presses("Try again")
    olga.sees("1 letter is tried again.")
    letter.refresh_from_db()
    assert (letter.dead_at, letter.replayed_by.startswith("staff:")) == (None, True)
    assert acts(house)[0] == ("outbox.replay", "the light is back")


def test_the_language_is_switched_and_stays(house: House, visit: Any) -> None:
    susi = visit().logs_in("susi")
    susi.goes("/console/members/")
    susi.presses("中文")
    susi.sees("最新会员")
    susi.goes(f"/console/member/{house.bea}/")
    susi.sees("身份标识")
    assert susi.page.locator("html").get_attribute("lang") == "zh-hans"
    susi.presses("English")
    susi.sees("Identifiers")


@pytest.mark.parametrize(("language", "width", "theme"), [("zh-hans", 390, "dark"), ("en", 1440, "light")])
def test_every_page_fits_its_window(house: House, visit: Any, language: str, width: int, theme: str) -> None:
    olga = visit(width=width, theme=theme)
    olga.goes("/accounts/login/")
    olga.context.add_cookies([{"name": "django_language", "value": language, "url": olga.base}])
    olga.logs_in("olga")
    member = f"/console/member/{house.ann}/"
    for path in (
        "/console/?range=30", "/console/members/", "/console/members/?status=suspended", member,
        f"{member}?tab=lots", f"{member}?tab=orders", f"{member}?tab=timeline", f"{member}?tab=consents",
        f"{member}?tab=merges", f"{member}do/adjust/", f"{member}do/hold/", f"{member}merge/",
        f"{member}journal/1/", "/console/orders/", "/console/order/till:A-1/", "/console/ledger/",
        "/console/approvals/?all=1", "/console/proofs/", "/console/imports/", "/console/outbox/", "/console/audit/",
        "/console/versions/", "/console/versions/1/", "/console/versions/change/", "/console/staff/keyrow/add/",
        "/console/staff/staffuser/", "/console/staff/grantrow/", "/console/programs/storerow/",
    ):  # fmt: skip
        olga.goes(path)
        assert olga.page.locator("h1, h2, [role=alert]").count() > 0
        assert "{%" not in olga.page.inner_text("body")
