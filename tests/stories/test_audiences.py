"""Named lists of members, through HTTP."""

from datetime import timedelta

import pytest

from regulars.governance.assurance import services as assurance
from regulars.kernel import clock
from tests.stories.cast import a_caller, a_member, a_program

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(db):
    """A caller of Corner with an audience, and Ada and Bob."""
    program = a_program()
    shop = a_caller(program)
    shop.program = program
    shop.ada, shop.bob = a_member(program, "ADA"), a_member(program, "BOB")
    assert shop.post("/audiences", {"key": "spring", "names": {"en": "Spring", "zh-Hans": "春季"}})[0] == 201
    return shop


def on(shop, ref):
    _, told = shop.get(f"/members/{ref}/audiences")
    return {one["audience"]: one["removed_at"] for one in told["items"]}


def test_an_audience_is_made_filled_read_and_emptied(shop):
    status, told = shop.post("/audiences/spring/members", {"members": [shop.ada, "external:BOB", "external:NO"]})
    assert status == 200
    assert told == {"added": 2, "removed": 0, "changed": 0, "unchanged": 0, "unknown": ["external:NO"]}
    assert shop.get("/audiences/spring")[1]["members"] == 2
    status, page = shop.get("/audiences/spring/members?limit=1")
    assert [m["member"] for m in page["items"]] == [shop.ada]
    _, rest = shop.get(f"/audiences/spring/members?limit=1&cursor={page['next_cursor']}")
    assert ([m["member"] for m in rest["items"]], rest["next_cursor"]) == ([shop.bob], None)
    assert rest["items"][0]["source"] == "api"
    _, told = shop.post("/audiences/spring/members/remove", {"members": [shop.ada], "source": "crm"})
    assert (told["removed"], told["unchanged"]) == (1, 0)
    assert on(shop, shop.ada)["spring"] is not None
    assert on(shop, shop.bob) == {"spring": None}
    assert [f for f in assurance.discrepancies(program_id=shop.program) if f.context == "audiences"] == []


def test_a_batch_sent_again_is_answered_as_at_first(shop):
    first = shop.post("/audiences/spring/members", {"members": [shop.ada]}, key="same")
    assert shop.post("/audiences/spring/members", {"members": [shop.ada]}, key="same") == first
    assert shop.headers["Idempotent-Replayed"] == "true"
    _, told = shop.post("/audiences/spring/members", {"members": [shop.ada]})
    assert (told["added"], told["unchanged"]) == (0, 1)


def test_somebody_who_joins_for_a_week_leaves_by_herself(shop):
    ends = clock.now() + timedelta(days=7)
    shop.post("/audiences/spring/members", {"members": [shop.ada], "expires_at": ends.isoformat()})
    assert len(shop.get("/audiences/spring/members")[1]["items"]) == 1
    with clock.at(ends):
        assert shop.get("/audiences/spring/members")[1]["items"] == []


def test_after_a_merge_one_person_is_on_it_once(shop):
    shop.post("/audiences/spring/members", {"members": [shop.ada, shop.bob]})
    status, merged = shop.post(f"/members/{shop.ada}/merge", {"from": shop.bob, "reason": "one person"})
    assert status in (200, 201), merged
    assert shop.get("/audiences/spring")[1]["members"] == 1
    status, _ = shop.post(f"/merges/{merged['id']}/undo", {"reason": "two people"})
    assert status == 200
    assert shop.get("/audiences/spring")[1]["members"] == 2


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"members": []}, 422),
        ({"members": ["x"] * 1_001}, 422),
        ({"members": [1]}, 422),
        ({"members": ["external:ADA"], "source": ""}, 422),
        ({"members": ["external:ADA"], "source": "a b"}, 422),
        ({"members": ["external:ADA"], "expires_at": "2020-01-01T00:00:00Z"}, 422),
        ({"members": ["external:ADA"], "surprise": 1}, 422),
    ],
)
def test_nonsense_is_refused_and_changes_nothing(shop, body, status):
    assert shop.post("/audiences/spring/members", body)[0] == status
    assert shop.get("/audiences/spring")[1]["members"] == 0


def test_unknown_audiences_and_missing_scopes_are_refused(shop):
    assert shop.post("/audiences/autumn/members", {"members": [shop.ada]})[0] == 404
    assert shop.get("/audiences/autumn")[0] == 404
    reader = a_caller(shop.program, scopes=["audiences:read"])
    assert reader.get("/audiences")[0] == 200
    assert reader.post("/audiences", {"key": "x"})[0] == 403
    stranger = a_caller(a_program("other"))
    assert stranger.get("/audiences/spring")[0] == 404
    assert stranger.get("/audiences")[1]["items"] == []


def test_the_document_names_audiences_and_retires_those_it_leaves_out(shop):
    shop.post("/audiences/spring/members", {"members": [shop.ada]})
    _, program = shop.get("/program")
    _, plan = shop.post("/program/plan", {"document": {**program["document"], "audiences": [{"key": "press"}]}})
    assert [(c["section"], c["key"], c["change"]) for c in plan["changes"]] == [
        ("audiences", "press", "added"),
        ("audiences", "spring", "removed"),
    ]
    status, _ = shop.post("/program/apply", {"document": {**program["document"], "audiences": [{"key": "press"}]}})
    assert status in (200, 201)
    found = {a["key"]: a["active"] for a in shop.get("/audiences")[1]["items"]}
    assert found == {"press": True, "spring": False}
    assert shop.post("/audiences/spring/members", {"members": [shop.bob]})[1]["code"] == "audience_retired"
