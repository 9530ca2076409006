"""Pages show only what one may see, and act only for a reason."""

from __future__ import annotations

from typing import Any

import pytest
from tests.stories import cast

from regulars.governance.assurance import services as assurance
from regulars.interfaces.console import jobs
from regulars.interfaces.console.reading.finding import find, guesses
from regulars.interfaces.console.tests.conftest import Desk, as_person, buyer
from regulars.kernel import ids
from regulars.kernel.models import FactRow
from regulars.people.members import services as members
from regulars.people.staff import services as staff
from regulars.value.ledger import services as ledger

# page → who may not
CLOSED = {
    "/console/ledger/": "cashier",
    "/console/approvals/": "cashier",
    "/console/proofs/": "cashier",
    "/console/imports/": "service",
    "/console/outbox/": "marketer",
    "/console/audit/": "service",
    "/console/versions/change/": "service",
}


def points(desk: Desk) -> int:
    found = ledger.balances(program_id=desk.program_id, member_id=ids.decode("mem", desk.ann), zone="Asia/Shanghai")
    return found["points"].active


@pytest.mark.parametrize(("path", "role"), CLOSED.items())
def test_a_page_is_closed_to_who_may_not(desk: Desk, path: str, role: str) -> None:
    assert desk.sits(role).get(path).status_code == 403
    assert desk.sits("owner").get(path).status_code == 200


def test_lists_hold_only_what_belongs_to_her_own_program(desk: Desk) -> None:
    stranger = desk.sits("owner", program_id=cast.a_program("other"))
    for path in ("/console/orders/", "/console/members/", "/console/approvals/?all=1", "/console/audit/"):
        assert desk.ann not in stranger.get(path).content.decode()
    assert desk.ann in desk.sits("owner").get("/console/orders/").content.decode()


def test_who_has_no_grant_is_told_so(desk: Desk) -> None:
    nobody = staff.add_person(email="new@shop.example", name="New", actor="system:test")
    assert as_person(nobody.id).get("/console/").status_code == 403
    assert as_person(nobody.id).get("/console/members/").status_code == 403


def test_a_member_of_another_program_is_not_there(desk: Desk) -> None:
    stranger = desk.sits("owner", program_id=cast.a_program("other"))
    for path in ("", "?tab=lots", "journal/1/", "do/adjust/", "merge/"):
        assert stranger.get(f"/console/member/{desk.ann}/{path}").status_code == 404
    assert stranger.get("/console/order/till:A-1/").status_code == 404


def test_the_browser_of_nobody_is_sent_to_the_door(desk: Desk, client: Any) -> None:
    answer = client.get(f"/console/member/{desk.ann}/")
    assert (answer.status_code, "/accounts/login/" in answer.url or "/console/login/" in answer.url) == (302, True)


def test_a_member_is_masked_until_somebody_says_why(desk: Desk) -> None:
    susi = desk.sits("service")
    page = susi.get(f"/console/member/{desk.ann}/").content.decode()
    assert ("Ann Lee" in page, "13800138000" in page, "A•• L••" in page) == (False, False, True)
    assert susi.post(f"/console/member/{desk.ann}/reveal/").status_code == 422
    clear = susi.post(f"/console/member/{desk.ann}/reveal/", {"reason": "she called"})
    assert ("Ann Lee" in clear.content.decode(), "no-store" in clear["Cache-Control"]) == (True, True)
    assert desk.last_act() == ("members.reveal", {"reason": "she called"})
    assert desk.sits("cashier").post(f"/console/member/{desk.ann}/reveal/", {"reason": "x"}).status_code == 403


@pytest.mark.parametrize("text", ["13800138000", "+86 138 0013 8000", "Ann Lee", "ann  LEE", "c-1"])
def test_whatever_she_says_finds_her_and_stays_out_of_the_address(desk: Desk, text: str) -> None:
    answer = desk.sits("cashier").post("/console/members/search/", {"q": text})
    assert (answer.status_code, answer.url) == (302, f"/console/member/{desk.ann}/")


def test_her_number_and_her_id_find_her_and_nonsense_nobody(desk: Desk) -> None:
    number = members.fact(program_id=desk.program_id, member_id=ids.decode("mem", desk.ann)).number
    for text in (number, f"{number[:4]} {number[4:]}", desk.ann):
        assert [str(f.number) for f in find(program_id=desk.program_id, text=text)] == [number]
    for text in ("mem_0", "nobody@example.com", "000", "\x00", "%", "王"):
        assert find(program_id=desk.program_id, text=text) == []
    assert guesses("x@y")[0] == "email"


def test_a_correction_without_a_reason_changes_nothing(desk: Desk) -> None:
    form = {"key": "k", "unit": "points", "amount": "5", "code": "other", "why": "", "do": "1"}
    assert desk.sits("service").post(f"/console/member/{desk.ann}/do/adjust/", form).status_code == 200
    assert points(desk) == 300


def test_a_form_sent_twice_adjusts_once(desk: Desk) -> None:
    susi = desk.sits("service")
    form = {"key": "k", "unit": "points", "amount": "5", "code": "other", "why": "w", "do": "1"}
    for _ in range(2):
        assert susi.post(f"/console/member/{desk.ann}/do/adjust/", form).status_code == 302
    assert points(desk) == 305
    other = susi.post(f"/console/member/{desk.ann}/do/adjust/", {**form, "amount": "6"})
    assert (other.status_code, points(desk)) == (409, 305)


def test_small_corrections_add_up_and_the_page_says_so(desk: Desk) -> None:
    susi, page = desk.sits("service"), f"/console/member/{desk.ann}/do/adjust/"
    limit = ledger.unit(program_id=desk.program_id, key="points").adjust_limit or 500
    form = {"key": "k", "unit": "points", "amount": str(limit), "code": "other", "why": "w"}
    assert "It happens at once" in susi.post(page, form).content.decode()
    assert susi.post(page, {**form, "do": "1"}).status_code == 302
    told = susi.post(page, {**form, "key": "k2", "amount": "1"}).content.decode()
    assert f"With your {limit:,} of the last 24 hours this is more than the {limit:,} you may move alone" in told
    susi.post(page, {**form, "key": "k2", "amount": "1", "do": "1"})
    assert points(desk) == 300 + limit


def test_nobody_approves_her_own_correction_whatever_she_sends(desk: Desk) -> None:
    olga = desk.sits("owner")
    form = {"key": "k", "unit": "points", "amount": "20000", "code": "other", "why": "w", "do": "1"}
    olga.post(f"/console/member/{desk.ann}/do/adjust/", form)
    (waits,) = ledger.adjustments(program_id=desk.program_id)
    olga.post(f"/console/approvals/{waits.id}/", {"why": "mine", "approve": "1"})
    assert (points(desk), len(ledger.adjustments(program_id=desk.program_id))) == (300, 1)
    desk.sits("owner").post(f"/console/approvals/{waits.id}/", {"why": "checked", "approve": "1"})
    assert (points(desk), ledger.adjustments(program_id=desk.program_id)) == (20_300, [])
    assert desk.last_act()[0] == "points.approve"


def test_points_are_held_and_released(desk: Desk) -> None:
    susi = desk.sits("service")
    form = {"key": "h", "unit": "points", "amount": "100", "minutes": "60", "why": "phone order", "do": "1"}
    assert susi.post(f"/console/member/{desk.ann}/do/hold/", form).status_code == 302
    (hold,) = ledger.holds(program_id=desk.program_id, member_id=ids.decode("mem", desk.ann))
    assert (points(desk), hold.amount) == (200, 100)
    page = susi.get(f"/console/member/{desk.ann}/do/release/", {"hold": str(hold.id)})
    assert page.status_code == 200
    form = {"key": "r", "hold": str(hold.id), "why": "not wanted", "do": "1"}
    assert susi.post(f"/console/member/{desk.ann}/do/release/", form).status_code == 302
    assert (points(desk), desk.last_act()[0]) == (300, "points.release")


def test_a_hold_of_another_member_is_not_released_through_this_one(desk: Desk) -> None:
    bea = buyer(desk.program_id, "Bea", "+8613900139000", "c-2", "B-1")
    susi = desk.sits("service")
    form = {"key": "h", "unit": "points", "amount": "100", "minutes": "60", "why": "w", "do": "1"}
    susi.post(f"/console/member/{bea}/do/hold/", form)
    (hold,) = ledger.holds(program_id=desk.program_id, member_id=ids.decode("mem", bea))
    form = {"key": "r", "hold": str(hold.id), "why": "w", "do": "1"}
    assert susi.post(f"/console/member/{desk.ann}/do/release/", form).status_code == 409
    assert len(ledger.holds(program_id=desk.program_id, member_id=ids.decode("mem", bea))) == 1


def test_an_identifier_is_released_and_finds_nobody_then(desk: Desk) -> None:
    member_id = ids.decode("mem", desk.ann)
    phone = next(i for i in members.identifiers(program_id=desk.program_id, member_id=member_id) if i.type == "phone")
    form = {"identifier": str(phone.identifier_id), "why": "new number", "do": "1"}
    assert desk.sits("service").post(f"/console/member/{desk.ann}/do/free/", form).status_code == 302
    assert members.lookup(program_id=desk.program_id, type="phone", value="13800138000") == []


def test_dead_letters_of_another_program_are_left_alone(desk: Desk) -> None:
    other = cast.a_program("other")
    letter = FactRow.objects.create(program_id=other, kind="X", body={}, dead_at="2026-01-01T00:00:00Z", tries=12)
    desk.sits("owner").post("/console/outbox/replay/", {"letter": [str(letter.id)], "why": "w"})
    letter.refresh_from_db()
    assert letter.dead_at is not None


def test_the_program_is_changed_by_its_document_under_a_new_number(desk: Desk) -> None:
    olga = desk.sits("owner")
    text = olga.get("/console/versions/1/?as=yaml").content.decode().replace("name: Corner", "name: Corner Two")
    look = olga.post("/console/versions/change/", {"text": text, "base": "1", "why": ""}).content.decode()
    assert "Corner Two" in look
    done = olga.post("/console/versions/change/", {"text": text, "base": "1", "why": "new sign", "do": "1"})
    assert (done.status_code, done.url) == (302, "/console/versions/2/")
    late = olga.post(
        "/console/versions/change/", {"text": text.replace("Two", "Three"), "base": "1", "why": "w", "do": "1"}
    )
    assert late.status_code == 422
    broken = olga.post("/console/versions/change/", {"text": "program: [", "base": "2", "why": "w", "do": "1"})
    assert broken.status_code == 422


def test_cursors_that_are_none_of_ours_are_refused_without_a_crash(desk: Desk) -> None:
    olga = desk.sits("owner")
    for path in (
        "/console/members/?after=x", "/console/orders/?after=x", "/console/imports/?before=x",
        f"/console/member/{desk.ann}/?tab=orders&after=x|y", f"/console/member/{desk.ann}/?tab=timeline&after=x",
        f"/console/member/{desk.ann}/?tab=lots&before=x.y", f"/console/member/{desk.ann}/?tab=journal&before=99999999999999999999",
        "/console/ledger/?from=x&to=y", "/console/ledger/?from=2026-02-01&to=2026-01-01", "/console/audit/?after=x",
        "/console/?range=x&by=y&unit=z", "/console/versions/99/", "/console/import/imp_0/", "/console/order/no:such/",
    ):  # fmt: skip
        assert olga.get(path).status_code < 500


def test_the_proofs_run_in_the_worker_and_their_result_is_shown(desk: Desk) -> None:
    olga = desk.sits("owner")
    assert olga.post("/console/proofs/").status_code == 302
    assert (desk.last_act()[0], "The proofs run …" in olga.get("/console/proofs/").content.decode()) == (
        "ledger.verify",
        True,
    )
    assert olga.post("/console/proofs/").status_code == 409
    (run,) = assurance.runs(program_id=desk.program_id)
    jobs.prove(run_id=run.id)
    assert "Every promise holds." in olga.get("/console/proofs/").content.decode()
