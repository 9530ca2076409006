"""What a key opens: its rights are read again for an answer given again, its store and its networks bind it."""

from __future__ import annotations

import pytest
from django.test import Client

from regulars.kernel.models import FactRow, IdempotencyRow
from regulars.people.programs import services as programs
from regulars.people.staff import services as staff
from tests.stories.cast import a_caller, a_member, a_program, an_order

pytestmark = pytest.mark.django_db
PHONE = "+8613912345678"


@pytest.fixture
def program():
    return a_program()


def test_a_weaker_key_never_reads_the_answer_that_a_stronger_one_was_given(program):
    ada = a_member(program, "ADA", PHONE)
    strong = a_caller(program, scopes=["members:write", "members:attest"])
    weak = a_caller(program, scopes=["members:write"])
    body = {"identifiers": [{"type": "phone", "value": PHONE}]}
    assert strong.post("/members", body, key="same")[1]["id"] == ada
    status, answer = weak.post("/members", body, key="same")
    assert (status, answer["code"]) == (422, "idempotency_mismatch")
    assert ada not in str(answer)


def test_a_key_that_took_another_ones_place_gets_its_answers(program):
    old, new = (a_caller(program, scopes=["members:write"]) for _ in range(2))
    first = old.post("/members", {"name": "Ann Lee"}, key="same")
    assert new.post("/members", {"name": "Ann Lee"}, key="same") == first
    assert new.headers["Idempotent-Replayed"] == "true"


def test_what_is_kept_of_an_answer_and_of_news_names_nobody(program):
    shop = a_caller(program)
    _, made = shop.post("/members", {"name": "Ann Lee", "birthday": {"month": 5, "day": 6}})
    ann = f"/members/{made['id']}"
    shop.post(f"{ann}/identifiers", {"type": "phone", "value": PHONE})
    shop.send("PATCH", ann, {"name": "Ann Unique"}, key="patch")
    shop.post(f"{ann}/status", {"status": "suspended", "reason": "Ann Unique asked"}, key="status")
    shop.post("/events", {"items": [{"id": "1", "member": "x", "type": PHONE, "at": "2026-01-01T00:00:00Z"}]})
    kept = b"".join(bytes(row.body) for row in IdempotencyRow.objects.all())
    assert IdempotencyRow.objects.count() == 5
    for word in ("Ann", "A••", "Unique", "5678", "birth", PHONE):
        assert word.encode() not in kept, word
        assert not [f for f in FactRow.objects.all() if word in str(f.body)], word
    assert shop.send("PATCH", ann, {"name": "Ann Unique"}, key="patch")[1]["name"] == "A•• U••"
    assert shop.headers["Idempotent-Replayed"] == "true"


def test_why_a_member_was_suspended_stands_in_the_audit_trail(program):
    shop = a_caller(program)
    ada = a_member(program, "ADA")
    shop.post(f"/members/{ada}/status", {"status": "suspended", "reason": "under review"})
    (line,) = staff.entries(program_id=program, action="members.status").items
    assert (line.object, dict(line.facts)) == (ada, {"status": "suspended", "reason": "under review"})


def test_a_key_bound_to_a_store_sells_there_and_nowhere_else(program):
    bund = programs.store(program_id=program, key="bund")
    till = a_caller(program, scopes=["orders:read", "orders:write"], store_id=bund.id)
    assert till.post("/orders", an_order("1"))[0] == 201
    for elsewhere in ({"store": "web", "channel": "web"}, {"store": None}):
        status, answer = till.post("/orders", an_order("2", **elsewhere))
        assert (status, answer["code"], answer["facts"]) == (403, "store_not_allowed", {"store": "bund"})
    assert till.post("/orders", an_order("3", store="nowhere"))[1]["errors"][0]["path"] == "store"
    assert [o["ref"] for o in till.get("/orders")[1]["items"]] == ["1"]
    back = {"ref": "R", "occurred_at": "2026-01-06T12:00:00+08:00", "lines": [{"id": "1", "quantity": "1"}]}
    a_caller(program).post("/orders", an_order("4", store="web", channel="web"))
    assert till.post("/orders/till:4/returns", back)[0] == 201, "customers bring goods back to any shop"


def test_a_key_behind_our_proxy_is_known_by_the_address_that_the_proxy_saw(program, settings):
    caller = a_caller(program, ip_allow=["10.0.0.0/8"])

    def status(**headers: str) -> int:
        headers["Authorization"] = f"Bearer {caller.secret}"
        return Client().get("/api/v1/members", headers=headers).status_code

    assert status(**{"X-Forwarded-For": "10.1.1.1"}) == 403, "without a proxy anybody may write this header"
    settings.IS_BEHIND_PROXY = True
    assert status(**{"X-Forwarded-For": "10.1.1.1"}) == 200
    assert status(**{"X-Forwarded-For": "10.1.1.1, 203.0.113.9"}) == 403, (
        "what the caller wrote before counts nothing"
    )
    assert status() == 403
