"""One person, one account: whoever registers in the shop with the phone the web shop knows is the same member."""

import pytest

from tests.stories.cast import a_caller, a_member, a_program

pytestmark = pytest.mark.django_db
PHONE = "+86 199 1234 5678"


@pytest.fixture
def program():
    return a_program()


def test_the_web_member_is_found_again_in_the_shop(program):
    shop = a_caller(program)
    at = "2026-01-01T10:00:00+08:00"
    web = {"identifiers": [{"type": "phone", "value": PHONE, "verified_at": at, "method": "sms"}], "channel": "web"}
    status, ada = shop.post("/members", web)
    assert status == 201
    assert ada["created"]
    store = {"identifiers": [{"type": "phone", "value": "19912345678"}], "channel": "store", "store": "bund"}
    status, again = shop.post("/members", store)
    assert (status, again["id"], again["matched_by"]) == (200, ada["id"], "phone")


def test_typing_a_number_never_hands_over_an_account(program):
    shop = a_caller(program)
    owner = a_member(program, "M1", phone=PHONE)
    stranger = a_caller(program, scopes=["members:write", "members:read"])
    status, other = stranger.post("/members", {"identifiers": [{"type": "phone", "value": PHONE}]})
    assert status == 201
    assert other["id"] != owner
    assert [p["type"] for p in other["pending"]] == ["phone"]
    assert "1234" not in str(other["pending"]) or other["pending"][0]["hint"].endswith("5678")
    status, found = shop.post("/members/lookup", {"type": "phone", "value": PHONE})
    assert [m["id"] for m in found["items"]] == [owner]


def test_only_an_attesting_key_may_say_that_a_number_was_verified(program):
    plain = a_caller(program, scopes=["members:write"])
    body = {"identifiers": [{"type": "phone", "value": PHONE, "verified_at": "2026-01-01T10:00:00+08:00"}]}
    status, answer = plain.post("/members", body)
    assert (status, answer["code"]) == (403, "missing_scope")


def test_a_released_number_can_belong_to_somebody_else(program):
    shop = a_caller(program)
    ada = a_member(program, "M1", phone=PHONE)
    _, shown = shop.get(f"/members/{ada}")
    phone = next(i for i in shown["identifiers"] if i["type"] == "phone")
    status, _ = shop.post(f"/members/{ada}/identifiers/{phone['id']}/release", {"reason": "the number was recycled"})
    assert status == 200
    status, bob = shop.post("/members", {"identifiers": [{"type": "phone", "value": PHONE}]})
    assert status == 201
    assert bob["id"] != ada


def test_personal_data_is_masked_unless_a_key_may_reveal_it(program):
    shop = a_caller(program)
    ada = a_member(program, "M1", phone=PHONE)
    shop.send("PATCH", f"/members/{ada}", {"name": "Ada Lovelace"})
    _, masked = shop.get(f"/members/{ada}")
    assert "Lovelace" not in str(masked)
    assert "1234567" not in str(masked)
    _, open_ = shop.get(f"/members/{ada}?reveal=true")
    assert open_["name"] == "Ada Lovelace"
    assert open_["revealed"]
    status, answer = a_caller(program, scopes=["members:read"]).get(f"/members/{ada}?reveal=true")
    assert (status, answer["code"]) == (403, "missing_scope")


def test_another_programs_member_does_not_exist_here(program):
    other = a_program("harbour")
    eve = a_member(other, "E1")
    for ref in (eve, "mem_00000000000000000000000001", "external:E1", "nonsense"):
        status, answer = a_caller(program).get(f"/members/{ref}")
        assert (status, answer["status"]) == (404, 404)
