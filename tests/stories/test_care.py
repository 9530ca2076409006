"""A personal adviser, what she notes and must not forget, and tea with less ice: over HTTP."""

from datetime import timedelta

import pytest

from regulars.governance.assurance import services as assurance
from regulars.kernel import clock
from regulars.people.staff import services as staff
from tests.stories.cast import DOCUMENT, a_caller, a_member, a_program

pytestmark = pytest.mark.django_db
TODAY = clock.local_day(clock.now(), "Asia/Shanghai")
LIKES = (
    DOCUMENT
    + """
preferences:
  - {{key: ice, name: {{en: Ice, zh-Hans: 冰量}}, type: choice, choices: [{{key: less, name: {{en: Less ice, zh-Hans: 少冰}}}}, {{key: none}}], till: true}}
  - {{key: allergy, name: {{en: Allergies, zh-Hans: 过敏}}, type: text}}
"""
)


@pytest.fixture
def shop():
    program = a_program(document=LIKES)
    desk = a_caller(program)
    desk.program, desk.ada, desk.bob = program, a_member(program, "ADA"), a_member(program, "BOB")
    for name in ("mei", "lin"):
        person = staff.add_person(email=f"{name}@corner.example", name=name.title(), actor="system:test")
        staff.grant(user_id=person.id, role="service", program_id=program, actor="system:test")
    yield desk
    assert assurance.discrepancies(program_id=program) == []


def appoint(desk, name, capacity=1, **more):
    status, made = desk.post("/advisers", {"email": f"{name}@corner.example", "capacity": capacity, **more})
    assert status == 200, made
    return made


def test_tea_with_less_ice_is_remembered_at_every_till(shop):
    status, told = shop.send(
        "PUT", f"/members/{shop.ada}/preferences", {"values": {"ice": "less", "allergy": "nuts"}}
    )
    assert (status, [one["value"] for one in told["items"]]) == (200, ["less", None])
    till = a_caller(shop.program, scopes=["care:read"])
    _, seen = till.get(f"/members/{shop.ada}/preferences?till=true")
    (ice,) = seen["items"]
    assert ice["names"]["zh-Hans"] == "冰量"
    assert ice["chosen"] == [{"key": "less", "names": {"en": "Less ice", "zh-Hans": "少冰"}}]
    _, all_ = till.get(f"/members/{shop.ada}/preferences")
    assert [one["value"] for one in all_["items"]] == ["less", "nuts"]
    status, no = shop.send("PUT", f"/members/{shop.ada}/preferences", {"values": {"ice": "lots", "sugar": "x"}})
    assert (status, [e["path"] for e in no["errors"]]) == (422, ["values.ice", "values.sugar"])
    assert till.send("PUT", f"/members/{shop.ada}/preferences", {"values": {}})[0] == 403


def test_the_next_adviser_in_turn_takes_her_and_a_full_one_does_not(shop):
    mei, lin = appoint(shop, "mei"), appoint(shop, "lin")
    _, first = shop.post(f"/members/{shop.ada}/advisers", {})
    assert (first["now"][0]["adviser"]["name"], first["now"][0]["source"]) == ("Mei", "turn")
    status, no = shop.post(f"/members/{shop.bob}/advisers", {"adviser": mei["id"]})
    assert (status, no["code"]) == (409, "adviser_full")
    assert shop.post(f"/members/{shop.bob}/advisers", {"adviser": lin["id"]})[0] == 200
    status, no = shop.post(f"/members/{a_member(shop.program, 'EVE')}/advisers", {})
    assert (status, no["code"]) == (409, "no_adviser_free")
    appoint(shop, "lin", capacity=2)
    status, moved = shop.post(f"/advisers/{mei['id']}/hand-over", {"retire": True})
    assert (status, moved["moved"], moved["left"], moved["adviser"]["active"]) == (200, 1, 0, False)
    _, told = shop.get(f"/members/{shop.ada}/advisers")
    assert [one["adviser"]["name"] for one in told["now"] + told["before"]] == ["Lin", "Mei"]
    _, ended = shop.post(f"/members/{shop.ada}/advisers/end", {})
    assert ended["now"] == []


def test_a_note_is_read_only_by_who_may_and_each_reading_is_written_down(shop):
    status, made = shop.post(f"/members/{shop.ada}/notes", {"text": "Calls after six only."})
    assert (status, made["text"]) == (201, None)
    clerk = a_caller(shop.program, scopes=["care:read"])
    assert clerk.get(f"/members/{shop.ada}/notes")[1]["items"][0]["text"] is None
    assert clerk.get(f"/members/{shop.ada}/notes?reveal=true")[0] == 403
    assert shop.get(f"/members/{shop.ada}/notes?reveal=true")[1]["items"][0]["text"] == "Calls after six only."
    seen = [e for e in staff.entries(program_id=shop.program).items if e.action == "care.read_notes"]
    assert len(seen) == 1
    assert shop.post(f"/notes/{made['id']}/erase", {})[1]["erased_at"]
    assert shop.get(f"/members/{shop.ada}/notes?reveal=true")[1]["items"][0]["text"] is None


def test_notes_come_in_pages(shop):
    for n in range(5):
        shop.post(f"/members/{shop.ada}/notes", {"text": f"note {n}"})
    texts, cursor = [], ""
    while cursor is not None:
        _, page = shop.get(f"/members/{shop.ada}/notes?reveal=true&limit=2&cursor={cursor}")
        texts += [one["text"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert texts == [f"note {n}" for n in range(4, -1, -1)]
    assert shop.get(f"/members/{shop.ada}/notes?cursor=x")[0] == 422


def test_an_advisers_desk_shows_her_members_and_what_is_due(shop):
    mei = appoint(shop, "mei", capacity=5)
    shop.post(f"/members/{shop.ada}/advisers", {"adviser": mei["id"]})
    for days, text in ((-1, "was to be done"), (0, "today"), (2, "soon"), (30, "later")):
        body = {"text": text, "due_on": str(TODAY + timedelta(days=days)), "email": "mei@corner.example"}
        assert shop.post(f"/members/{shop.ada}/follow-ups", body)[0] == 201
    _, desk = shop.get(f"/advisers/{mei['id']}/desk")
    told = {name: [f["text"] for f in desk[name]] for name in ("overdue", "today", "coming")}
    assert told == {"overdue": ["was to be done"], "today": ["today"], "coming": ["soon"]}
    assert [m["member"] for m in desk["members"]] == [shop.ada]
    late = desk["overdue"][0]["id"]
    assert shop.send("PATCH", f"/follow-ups/{late}", {"state": "done", "outcome": "glad"})[1]["state"] == "done"
    assert shop.send("PATCH", f"/follow-ups/{late}", {"state": "dropped"})[1]["code"] == "already_closed"
    assert shop.get(f"/advisers/{mei['id']}/desk")[1]["overdue"] == []
    assert a_caller(shop.program, scopes=["care:read"]).get(f"/advisers/{mei['id']}/desk")[0] == 403


def test_the_document_gives_back_the_preferences_that_it_was_given(shop):
    _, program = shop.get("/program")
    assert [p["key"] for p in program["document"]["preferences"]] == ["ice", "allergy"]
    document = program["document"]
    document["preferences"][0]["type"] = "text"
    status, no = shop.post("/program/plan", {"document": document})
    assert status == 422, no


def test_a_key_of_one_store_reaches_no_adviser_of_another(shop):
    from regulars.people.programs import services as programs

    bund = programs.store(program_id=shop.program, key="bund")
    mei, lin = appoint(shop, "mei", store="bund"), appoint(shop, "lin", store="web")
    near = a_caller(shop.program, scopes=["care:read", "care:write", "members:reveal"], store_id=bund.id)
    assert near.post(f"/members/{shop.ada}/advisers", {"adviser": lin["id"]})[0] == 403
    assert near.get(f"/advisers/{lin['id']}/desk")[0] == 403
    assert near.post(f"/members/{shop.ada}/advisers", {"adviser": mei["id"]})[0] == 200
    assert near.post(f"/members/{shop.bob}/advisers", {})[0] == 403
    assert near.post("/advisers", {"email": "lin@corner.example", "capacity": 9, "store": "web"})[0] == 403
