"""Coupons over HTTP: made by the million's way, held, given, fetched, guessed at and told about."""

from __future__ import annotations

import pytest
from django.test import Client

from regulars.interfaces.http_api import answers
from regulars.value.coupons import services as coupons
from tests.stories.cast import DOCUMENT, a_caller, a_member, a_program

pytestmark = pytest.mark.django_db

TEMPLATES = """
coupon_templates:
  - key: ten
    name: {{en: Ten off, zh-Hans: 立减十元}}
    giftable: true
    limits: {{redeem: 2, claim: 1}}
    gives: {{effects: [{{kind: order_amount, amount: "10.00"}}]}}
  - key: gold
    who: {{tiers: [gold]}}
    validity: {{ends: 2026-12-31}}
    gives: {{effects: [{{kind: order_percent, percent: "10"}}]}}
"""


@pytest.fixture
def shop():
    coupons.forget_versions()
    coupons.forget_numbers()
    program = a_program(document=DOCUMENT + TEMPLATES)
    caller = a_caller(program)
    caller.program, caller.ada, caller.bob = program, a_member(program, "ADA"), a_member(program, "BOB")
    return caller


def issued(shop, member=None, **more):
    status, made = shop.post(f"/members/{member or shop.ada}/coupons", {"template": "ten", **more})
    assert status == 201
    return made["items"]


def codes(shop, batch):
    answer = Client().get(f"/api/v1/coupon-batches/{batch}/codes", headers={"Authorization": f"Bearer {shop.secret}"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/csv")
    return [line.split(",")[0] for line in b"".join(answer.streaming_content).decode().splitlines()[1:]]


def test_a_batch_is_made_exported_and_made_once_however_often_it_is_asked_for(shop):
    body = {"template": "ten", "size": 250, "note": "flyers"}
    status, batch = shop.post("/coupon-batches", body, "flyers")
    assert (status, batch["state"], batch["made"]) == (201, "done", 250)
    assert shop.post("/coupon-batches", body, "flyers") == (201, batch)
    assert shop.get(f"/coupon-batches/{batch['id']}") == (200, batch)
    found = codes(shop, batch["id"])
    assert len(set(found)) == 250
    status, coupon = shop.get(f"/coupons/{found[0].lower()}")
    assert (status, coupon["state"], coupon["member"], coupon["story"][0]["kind"]) == (200, "open", None, "made")


def test_a_large_batch_is_made_in_the_background_and_says_how_far_it_is(shop):
    status, batch = shop.post("/coupon-batches", {"template": "ten", "size": 10_001})
    assert (status, batch["state"], batch["made"]) == (202, "making", 0)
    status, no = shop.get(f"/coupon-batches/{batch['id']}/codes")
    assert (status, no["code"]) == (409, "batch_running")
    ((program, batch_id),) = coupons.unfinished()
    coupons.make_batch(program_id=program, batch_id=batch_id)
    assert shop.get(f"/coupon-batches/{batch['id']}")[1]["state"] == "done"


def test_bulk_codes_neither_time_out_nor_exhaust_memory(shop):
    """Elsewhere: generating 10,000 codes times out, and objects of all of them are built in memory."""
    status, batch = shop.post("/coupon-batches", {"template": "ten", "size": 100_000})
    assert status == 202
    ((program, batch_id),) = coupons.unfinished()
    seen = []
    coupons.make_batch(program_id=program, batch_id=batch_id, part=40_000, told=lambda made, size: seen.append(made))
    assert seen == [40_000, 80_000, 100_000]
    parts = coupons.codes_of(program_id=program, batch_id=batch_id)
    assert max(len(p) for p in parts) < 1_000_000  # a piece at a time


def test_a_member_sees_her_wallet_and_a_support_person_the_whole_story(shop):
    (coupon,) = issued(shop)
    status, wallet = shop.get(f"/members/{shop.ada}/coupons")
    assert (status, [c["code"] for c in wallet["items"]], wallet["next_cursor"]) == (200, [coupon["code"]], None)
    assert wallet["items"][0]["name"] == {"en": "Ten off", "zh-Hans": "立减十元"}
    status, given = shop.post(f"/coupons/{coupon['code']}/gift", {"giver": shop.ada, "to": shop.bob, "accept": True})
    assert (status, given["offered_to"], given["member"]) == (200, shop.bob, shop.ada)
    status, taken = shop.post(f"/coupons/{coupon['code']}/gift/answer", {"member": shop.bob, "accept": True})
    assert (status, taken["member"], taken["offered_to"]) == (200, shop.bob, None)
    status, no = shop.post(f"/coupons/{coupon['code']}/gift/answer", {"member": shop.bob, "accept": True})
    assert (status, no["code"]) == (409, "no_offer")
    status, void = shop.post(f"/coupons/{coupon['code']}/void", {"reason": "asked back"})
    assert (status, void["state"]) == (200, "voided")
    status, no = shop.post(f"/coupons/{coupon['code']}/void", {"reason": "again"})
    assert (status, no["code"]) == (409, "coupon_voided")
    _, told = shop.get(f"/coupons/{coupon['code']}")
    assert [(c["kind"], c["member"], c["other"], c["ref"]) for c in told["story"]] == [
        ("issued", shop.ada, None, "api"),
        ("offered", shop.ada, shop.bob, None),
        ("gifted", shop.ada, shop.bob, None),
        ("voided", shop.bob, None, "asked back"),
    ]


def test_a_page_gives_each_member_one_and_refuses_whom_it_is_not_for(shop):
    status, page = shop.post("/coupon-claims", {"template": "ten", "total": 2})
    assert status == 201
    status, got = shop.post(f"/coupon-claims/{page['claim']}", {"member": shop.ada}, "one")
    assert (status, got["member"], got["state"]) == (201, shop.ada, "open")
    assert shop.post(f"/coupon-claims/{page['claim']}", {"member": shop.ada}, "one") == (201, got)
    status, no = shop.post(f"/coupon-claims/{page['claim']}", {"member": shop.ada}, "two")
    assert (status, no["code"]) == (409, "coupon_limit_reached")
    _, gold = shop.post("/coupon-claims", {"template": "gold"})
    status, no = shop.post(f"/coupon-claims/{gold['claim']}", {"member": shop.ada})
    assert (status, no["code"]) == (403, "coupon_not_entitled")
    assert shop.get(f"/coupon-claims/{page['claim']}")[1]["claimed"] == 1
    assert shop.post("/coupon-claims/none", {"member": shop.ada})[1]["code"] == "unknown_claim"


def test_guessing_codes_is_slowed_down_and_tells_nothing(shop):
    other = a_program("other", DOCUMENT + TEMPLATES)
    theirs = a_caller(other)
    theirs.ada = a_member(other, "ADA")
    (foreign,) = issued(theirs, theirs.ada)
    answers = [shop.get(f"/coupons/{code}") for code in (foreign["code"], "AAAAAAAAAAA", "%20", "a" * 300)]
    assert {(status, body["code"], body["detail"]) for status, body in answers} == {
        (404, "unknown_code", "This code cannot be used here.")
    }
    found = [shop.get(f"/coupons/GUESS{n}")[0] for n in range(20)]
    assert (found[0], found[-1]) == (404, 429)
    assert int(shop.headers["Retry-After"]) >= 1
    assert sum(misses for _, _, misses in coupons.misses(program_id=shop.program)) == 2 * 20  # the key, its address


def test_a_code_for_many_is_made_once(shop):
    status, made = shop.post("/coupon-codes", {"template": "ten", "code": "Spring-20", "most": 100})
    assert (status, made["shared"], made["most"]) == (201, True, 100)
    status, no = shop.post("/coupon-codes", {"template": "ten", "code": "SPRING20"})
    assert (status, no["code"]) == (409, "code_taken")


def test_a_key_that_may_only_read_makes_and_exports_nothing(shop):
    reader = a_caller(shop.program, scopes={"coupons:read"})
    (coupon,) = issued(shop)
    assert reader.get(f"/coupons/{coupon['code']}")[0] == 200
    for path, body in (("/coupon-batches", {"template": "ten", "size": 1}), (f"/members/{shop.ada}/coupons", {})):
        assert reader.post(path, body)[0] in (403, 422)


def test_batches_are_listed_newest_first_page_by_page(shop):
    made = [shop.post("/coupon-batches", {"template": "ten", "size": 2})[1]["id"] for _ in range(3)]
    _, first = shop.get("/coupon-batches?limit=2")
    assert [b["id"] for b in first["items"]] == [made[2], made[1]]
    _, last = shop.get(f"/coupon-batches?limit=2&cursor={first['next_cursor']}")
    assert ([b["id"] for b in last["items"]], last["next_cursor"]) == ([made[0]], None)
    for wrong in ("x", answers.cursor_text(["cpb_x"]), answers.cursor_text([shop.ada])):
        assert shop.get(f"/coupon-batches?cursor={wrong}")[0] in (404, 422), wrong


def test_a_batch_is_withdrawn_once_and_its_codes_are_good_for_nothing(shop):
    _, batch = shop.post("/coupon-batches", {"template": "ten", "size": 3})
    code = codes(shop, batch["id"])[0]
    path = f"/coupon-batches/{batch['id']}/void"
    status, gone = shop.post(path, {"reason": "printed twice"}, key="v")
    assert (status, gone["state"], gone["voided"]) == (200, "voided", 3)
    assert shop.post(path, {"reason": "printed twice"}, key="v") == (200, gone)
    assert shop.post(path, {"reason": "again"})[1]["voided"] == 0
    assert shop.get(f"/coupons/{code}")[1]["state"] == "voided"
    assert shop.post("/coupon-batches/cpb_00000000000000000000000000/void", {"reason": "x"})[0] == 404


def test_a_page_that_is_closed_gives_nothing_more_and_what_was_fetched_stays(shop):
    _, page = shop.post("/coupon-claims", {"template": "ten"})
    assert shop.post(f"/coupon-claims/{page['claim']}", {"member": shop.ada})[0] == 201
    status, closed = shop.post(f"/coupon-claims/{page['claim']}/close", None)
    assert (status, closed["claimed"], closed["ends_at"] is not None) == (200, 1, True)
    status, no = shop.post(f"/coupon-claims/{page['claim']}", {"member": shop.bob})
    assert (status >= 400, no["code"] != "") == (True, True)
    assert len(shop.get(f"/members/{shop.ada}/coupons")[1]["items"]) == 1
    assert shop.get(f"/members/{shop.bob}/coupons")[1]["items"] == []
