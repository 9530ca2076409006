"""The pages of care and the statement: what is seen, done and written down there."""

from __future__ import annotations

import json

from regulars.governance.assurance import rules
from regulars.interfaces.console.tests.conftest import SYSTEM, Desk
from regulars.kernel import clock, ids
from regulars.people.care import services as care
from regulars.people.care.tests.conftest import PREFERENCES
from regulars.people.staff import services as staff


def acts(desk: Desk) -> list[str]:
    return [e.action for e in staff.entries(program_id=desk.program_id, limit=100).items]


def test_an_adviser_looks_after_a_member_in_the_console(desk: Desk) -> None:
    care.apply(desk.program_id, PREFERENCES)
    boss, page = desk.sits("owner"), f"/console/member/{desk.ann}/care/"
    told = {
        "email": staff.person(user_id=int(boss.session["_auth_user_id"])).email,
        "kind": "adviser",
        "capacity": "1",
    }
    assert "no advisers yet" in boss.get("/console/advisers/").content.decode()
    boss.post("/console/advisers/appoint/", told)
    boss.post(f"{page}assign/", {"adviser": "", "kind": "adviser"})
    today = clock.local_day(clock.now(), "Asia/Shanghai").isoformat()
    boss.post(
        f"{page}ask/", {"text": "Ask about the coat", "due_on": today, "assignee": boss.session["_auth_user_id"]}
    )
    boss.post(f"{page}note/", {"text": "Size 38"})
    boss.post(f"{page}like/", {"p-ice": "less", "p-likes": ["tea", "cake"], "p-receipt": "no", "p-allergy": "nuts"})
    seen = boss.get(page).content.decode()
    assert ("Size 38" in seen, "Ask about" in seen, "••••" in seen, 'value="nuts"' in seen) == (
        False,
        False,
        True,
        True,
    )
    shown = boss.post(f"{page}reveal/", {"reason": "she calls"})
    assert ("Size 38" in shown.content.decode(), "no-store" in shown["Cache-Control"]) == (True, True)
    assert boss.post(f"{page}reveal/", {"reason": ""}).status_code == 422
    assert {"care.assign", "care.write_note", "care.read_notes", "care.read_follow_ups"} <= set(acts(desk))
    mine = boss.get("/console/my-members/").content.decode()
    assert ("Ask about the coat" in mine, "In my care" in mine) == (True, True)
    member_id = ids.decode("mem", desk.ann)
    (todo,) = care.follow_ups(program_id=desk.program_id, member_id=member_id)
    boss.post(f"{page}close/", {"follow_up": ids.encode("fup", todo.id), "outcome": "bought it"})
    assert "Ask about the coat" not in boss.get("/console/my-members/").content.decode()
    (note,) = care.notes(program_id=desk.program_id, member_id=member_id)
    boss.post(f"{page}erase/", {"note": ids.encode("cnt", note.id)})
    assert "Erased" in boss.get(page).content.decode()
    boss.post(
        "/console/advisers/appoint/", {"retire": ids.encode("adv", care.advisers(program_id=desk.program_id)[0].id)}
    )
    assert "still hers" in boss.get("/console/advisers/").content.decode()


def test_a_cashier_reads_how_she_likes_it_and_no_words(desk: Desk) -> None:
    care.apply(desk.program_id, PREFERENCES)
    member_id = ids.decode("mem", desk.ann)
    care.set_likings(program_id=desk.program_id, member_id=member_id, values={"ice": "less"}, actor=SYSTEM)
    care.write_note(program_id=desk.program_id, member_id=member_id, text="private", actor=SYSTEM)
    clerk, page = desk.sits("cashier"), f"/console/member/{desk.ann}/care/"
    seen = clerk.get(page).content.decode()
    assert ("private" in seen, "selected" in seen) == (False, True)
    assert clerk.post(f"{page}reveal/", {"reason": "x"}).status_code == 403
    assert clerk.post(f"{page}note/", {"text": "x"}).status_code == 403
    assert len(care.notes(program_id=desk.program_id, member_id=member_id)) == 1


def test_a_note_of_another_member_is_not_erased_from_this_page(desk: Desk) -> None:
    from regulars.interfaces.console.tests.conftest import buyer

    bob = buyer(desk.program_id, "Bob Ray", "+8613800138111", "c-2", "A-2")
    note = care.write_note(program_id=desk.program_id, member_id=ids.decode("mem", bob), text="x", actor=SYSTEM)
    boss = desk.sits("owner")
    asked = {"note": ids.encode("cnt", note.id)}
    assert boss.post(f"/console/member/{desk.ann}/care/erase/", asked).status_code == 404
    assert boss.post(f"/console/member/{desk.ann}/care/nonsense/", {}).status_code == 404
    assert care.note(program_id=desk.program_id, note_id=note.id).erased_at is None


def test_a_statement_is_shown_printed_and_given_as_a_file_that_proves_itself(desk: Desk) -> None:
    boss = desk.sits("owner")
    today = clock.local_day(clock.now(), "Asia/Shanghai")
    page = f"/console/member/{desk.ann}/statement/"
    asked = f"?from={today}&to={today}"
    shown = boss.get(page + asked).content.decode()
    assert ("A-1" in shown, "data-print" in shown, "Ann Lee" in shown.split("<article")[1]) == (True, True, False)
    assert "not over yet" in shown
    file = boss.get(f"{page}{asked}&download=1")
    assert "attachment" in file["Content-Disposition"]
    assert rules.check(rules.read(file.content)) == []
    assert json.loads(file.content)["units"][0]["totals"]["earned"] == 300
    assert desk.last_act()[0] == "members.statement"
    assert boss.get(page).status_code == 200
    assert boss.get(f"{page}?from={today}&to=2020-01-01").status_code == 422
    assert desk.sits("cashier").get(page).status_code == 403
    boss.cookies["django_language"] = "zh-hans"
    assert boss.get(page + asked).status_code == 200
