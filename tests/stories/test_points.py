"""Points by hand, by hold and from member to member, over HTTP."""

import pytest

from regulars.kernel import ids
from regulars.people.members import services as members
from regulars.value.ledger import services as ledger
from tests.stories.cast import a_caller, a_member, a_program, an_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    program = a_program()
    till = a_caller(program)
    till.program, till.ada, till.bob = program, a_member(program, "ADA"), a_member(program, "BOB")
    till.post("/orders", an_order("1", till.ada, (50_000,)))
    return till


def held(shop, member=None):
    _, answer = shop.get(f"/members/{member or shop.ada}/balances")
    points = next((b for b in answer["items"] if b["unit"] == "points"), None)
    return (points["active"], points["held"]) if points else (0, 0)


def move(shop, kind, amount, member=None, key=None):
    body = {"unit": "points", "kind": kind, "amount": amount, "reason": "goodwill"}
    return shop.post(f"/members/{member or shop.ada}/points", body, key)


def test_spending_takes_points_and_never_more_than_there_are(shop):
    status, done = move(shop, "spend", 120)
    assert (status, done["state"], done["balance"]["active"]) == (200, "done", 380)
    status, no = move(shop, "spend", 381)
    assert (status, no["code"]) == (409, "not_enough_points")
    assert held(shop) == (380, 0)


def test_a_spend_repeated_with_its_key_happens_once(shop):
    first = move(shop, "spend", 120, key="same")
    assert move(shop, "spend", 120, key="same") == first
    assert held(shop) == (380, 0)


def test_giving_points_beyond_the_keys_limit_waits_for_a_second_person(shop):
    status, small = move(shop, "adjust", 500)
    assert (status, small["state"]) == (200, "done")
    for kind in ("adjust", "earn"):
        status, big = move(shop, kind, 1_001)
        assert (status, big["state"]) == (202, "waiting")
        assert big["adjustment"]
    assert held(shop) == (1_000, 0)


def test_earning_by_hand_does_not_get_round_four_eyes(shop):
    careless = a_caller(shop.program, adjust_limit=0)
    status, answer = move(careless, "earn", 1, member=shop.ada)
    assert (status, answer["state"]) == (202, "waiting")
    assert held(shop) == (500, 0)


def test_a_note_is_kept_sealed_beside_the_books(shop):
    body = {"unit": "points", "kind": "spend", "amount": 5, "reason": "reward", "note": "gave her a red scarf"}
    assert shop.post(f"/members/{shop.ada}/points", body)[0] == 200
    member_id = ids.decode("mem", shop.ada)
    sealed = ledger.notes(program_id=shop.program, member_id=member_id)
    assert b"scarf" not in b"".join(sealed.values())
    opened = members.open_words(program_id=shop.program, member_id=member_id, sealed=sealed, purpose="ledger note")
    assert list(opened.values()) == ["gave her a red scarf"]


def test_held_points_cannot_be_spent_and_come_back_when_released(shop):
    status, hold = shop.post(f"/members/{shop.ada}/holds", {"unit": "points", "amount": 300, "reason": "checkout"})
    assert (status, hold["state"]) == (201, "open")
    assert held(shop) == (200, 300)
    assert move(shop, "spend", 201)[0] == 409
    status, let_go = shop.post(f"/holds/{hold['id']}/release", None)
    assert (status, let_go["state"]) == (200, "released")
    assert held(shop) == (500, 0)


def test_part_of_a_hold_is_captured_and_the_rest_is_released(shop):
    _, hold = shop.post(f"/members/{shop.ada}/holds", {"unit": "points", "amount": 300, "reason": "checkout"})
    status, taken = shop.post(f"/holds/{hold['id']}/capture", {"amount": 120})
    assert (status, taken["captured"], taken["released"]) == (200, 120, 180)
    assert held(shop) == (380, 0)
    status, no = shop.post(f"/holds/{hold['id']}/capture", {"amount": 1})
    assert (status, no["code"]) == (409, "hold_not_open")


def test_points_move_from_one_member_to_another_with_their_history(shop):
    body = {"from": shop.ada, "to": shop.bob, "unit": "points", "amount": 200, "reason": "birthday"}
    status, moved = shop.post("/transfers", body)
    assert status == 201
    assert (held(shop), held(shop, shop.bob)) == ((300, 0), (200, 0))
    _, spent = move(shop, "spend", 50, member=shop.bob)
    _, trace = shop.get(f"/journal/{spent['entry']}")
    earliest = trace["parts"][0]
    while earliest["before"]:
        earliest = earliest["before"][0]
    assert earliest["order"]["ref"] == "1"
    assert earliest["rule_version"] == 1


def test_a_spent_point_is_traced_to_the_line_and_the_rule_that_gave_it(shop):
    _, spent = move(shop, "spend", 10)
    _, trace = shop.get(f"/journal/{spent['entry']}")
    part = trace["parts"][0]
    assert part["amount"] == 10
    assert part["order"]["lines"] == [{"id": "1", "sku": "SKU1", "earned": 500}]
    assert part["order"]["rules"] == [{"key": "base", "amount": 500}]


def test_a_suspended_member_neither_earns_nor_spends_and_one_who_may_only_earn_does(shop):
    shop.post(f"/members/{shop.ada}/status", {"status": "suspended", "reason": "under review"})
    assert move(shop, "spend", 1)[1]["code"] == "member_suspended"
    status, order = shop.post("/orders", an_order("2", shop.ada))
    assert (status, order["earned"]) == (201, {})
    shop.post(f"/members/{shop.ada}/status", {"status": "earn_only", "reason": "settled in part"})
    assert shop.post("/orders", an_order("3", shop.ada))[1]["earned"]["points"] == 100
    assert move(shop, "spend", 1)[1]["code"] == "member_earn_only"
    assert held(shop) == (600, 0)


def test_merging_and_undoing_moves_points_there_and_back(shop):
    shop.post("/orders", an_order("2", shop.bob, (7_000,)))
    status, merge = shop.post(f"/members/{shop.ada}/merge", {"from": shop.bob, "reason": "same person"})
    assert status == 201
    assert held(shop) == (570, 0)
    assert shop.get(f"/members/{shop.bob}")[1]["id"] == shop.ada
    status, undone = shop.post(f"/merges/{merge['id']}/undo", {"reason": "two people after all"})
    assert status == 200
    assert undone["undone_at"]
    assert (held(shop), held(shop, shop.bob)) == ((500, 0), (70, 0))


def test_the_journal_pages_without_gap_or_repetition(shop):
    for n in range(7):
        move(shop, "spend", 1, key=f"s{n}")
    seen, cursor = [], ""
    while cursor is not None:
        _, page = shop.get(f"/members/{shop.ada}/journal?limit=3{'&cursor=' + cursor if cursor else ''}")
        seen += [e["seq"] for e in page["items"]]
        cursor = page["next_cursor"]
    assert seen == list(range(8, 0, -1))
