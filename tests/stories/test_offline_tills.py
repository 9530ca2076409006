"""Pain 17, points at tills without a line: doubled on retry, never taken, nothing to redeem. Told with the real client."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from regulars.governance.assurance import services as assurance
from regulars.value.allowances import services as allowances
from regulars_till import AllowanceExpired, AllowanceUsedUp, DeviceKey, NotForThisTill, Till, UploadFailed
from tests.stories.cast import DOCUMENT, a_caller, a_member, a_program, an_order

pytestmark = pytest.mark.django_db

OFFLINE = (
    DOCUMENT
    + """
offline:
  hours: 48
  grace_hours: 24
  max_open: {{member: 3, device: 100}}
  units: [{{unit: points, max_amount: 500}}]
"""
)
TEA = {"sku": "TEA", "quantity": "1", "amount_minor": 10_000}


class Line:
    """The line between a till and the house, which can be cut: before the request, or before its answer."""

    def __init__(self, caller):
        self.caller, self.is_cut, self.loses_answer = caller, False, False

    def __call__(self, method, path, body, headers):
        if self.is_cut:
            raise OSError("no route to host")
        given = {k: v for k, v in headers.items() if k != "Idempotency-Key"}
        status, answer = self.caller.send(method, path, body, headers["Idempotency-Key"], **given)
        if self.loses_answer:
            raise TimeoutError("the answer did not come")
        return status, json.dumps(answer).encode()


@pytest.fixture
def shop(tmp_path):
    program = a_program(document=OFFLINE)
    house = a_caller(program)
    house.program, house.line, house.path = program, Line(house), tmp_path
    house.ada, house.bob = a_member(program, "ADA"), a_member(program, "BOB")
    house.post("/orders", an_order("before", house.ada, (100_000,)))
    house.till = a_till(house, "bund-1")
    house.till.sync(house.line)
    yield house
    assert assurance.discrepancies(program_id=program) == []


def a_till(house, name, store="bund", **more):
    key = DeviceKey.make(name)
    status, _ = house.post("/devices", {"key": name, "store": store, "public_key": key.public})
    assert status == 200
    return Till(store, key, house.path / name, **more)


def an_allowance(house, amount, member=None, **bound):
    status, made = house.post(
        f"/members/{member or house.ada}/allowances",
        {"unit": "points", "amount": amount, **(bound or {"store": "bund"})},
    )
    assert status == 200, made
    return made


def held(house, member=None):
    _, answer = house.get(f"/members/{member or house.ada}/balances")
    points = next(b for b in answer["items"] if b["unit"] == "points")
    return points["active"], points["held"]


def test_points_are_earned_once_although_the_till_uploads_again_and_again(shop):
    sale = shop.till.sell([TEA], member=shop.ada)
    assert dict(sale.estimate) == {"points": 100, "growth": 100}
    shop.line.loses_answer = True
    for _ in range(3):
        with pytest.raises(UploadFailed):
            shop.till.sync(shop.line)
    shop.line.loses_answer = False
    report = shop.till.sync(shop.line)
    assert (report.sent, report.repeated, report.conflicts, shop.till.pending()) == (1, 1, (), [])
    assert held(shop) == (1_100, 0)


def test_points_pay_without_a_line_and_are_taken_exactly_once(shop):
    made = an_allowance(shop, 300)
    assert held(shop) == (700, 300)
    shop.till.sync(shop.line)
    shop.line.is_cut = True
    card = shop.till.scan(made["text"])
    shop.till.sell([TEA], burns=[(card, 120, 1_200)], tenders=[{"type": "cash", "amount_minor": 8_800}])
    assert shop.till.remaining(card) == 180
    with pytest.raises(AllowanceUsedUp):
        shop.till.sell([TEA], burns=[(card, 181, 1_810)])
    with pytest.raises(UploadFailed):
        shop.till.sync(shop.line)
    shop.line.is_cut = False
    report = shop.till.sync(shop.line)
    assert (report.accepted, report.conflicts) == (1, ())
    assert held(shop) == (800, 180)
    _, now = shop.get(f"/members/{shop.ada}/allowances")
    assert [(a["used"], a["left"], a["state"]) for a in now["items"]] == [(120, 180, "open")]
    assert shop.till.remaining(card) == 180


def conflicts(shop, **asked):
    query = "&".join(f"{k}={v}" for k, v in asked.items())
    status, answer = shop.get(f"/offline-conflicts?{query}")
    assert status == 200
    return [(c["rule"], c["state"], c["unit"], c["paid"], c["unpaid"]) for c in answer["items"]]


def burn(shop, till, made, amount, **more):
    return till.sell([TEA], burns=[(till.scan(made["text"]), amount, amount * 10)], **more)


def test_two_tills_with_one_allowance_are_both_believed_and_only_the_first_is_paid_by_it(shop):
    other, made = a_till(shop, "bund-2"), an_allowance(shop, 300)
    for till in (shop.till, other):
        till.sync(shop.line)
        burn(shop, till, made, 200)
    first, second = shop.till.sync(shop.line), other.sync(shop.line)
    assert (first.accepted, second.accepted) == (1, 0)
    assert conflicts(shop) == [("allowance_overspent", "open", "points", 100, 100)]
    assert held(shop) == (700 + 200, 0)  # both sales earned; nothing beyond the 300 was taken
    _, orders = shop.get(f"/members/{shop.ada}/orders")
    assert len(orders["items"]) == 3


def test_what_nothing_paid_is_decided_by_a_person_once(shop):
    other, made = a_till(shop, "bund-2"), an_allowance(shop, 300)
    for till in (shop.till, other):
        till.sync(shop.line)
        burn(shop, till, made, 200)
    for till in (shop.till, other):
        till.sync(shop.line)
    _, listed = shop.get("/offline-conflicts?state=open")
    (one,) = listed["items"]
    told = {"action": "charge_member", "reason": "she agreed on the phone"}
    status, done = shop.post(f"/offline-conflicts/{one['id']}/resolve", told)
    assert (status, done["state"], done["resolution"]) == (200, "resolved", "charge_member")
    assert held(shop) == (700 + 200 - 100, 0)
    status, no = shop.post(f"/offline-conflicts/{one['id']}/resolve", told)
    assert (status, no["code"]) == (409, "nothing_to_resolve")
    assert held(shop) == (800, 0)


def test_a_till_lets_nothing_pay_that_is_over_used_up_or_bound_elsewhere(shop):
    now = [time.time()]
    late = a_till(shop, "bund-2", clock=lambda: now[0])
    late.sync(shop.line)
    mine = an_allowance(shop, 100, device="bund-1")
    hers = an_allowance(shop, 100, store="web")
    soon = an_allowance(shop, 100, device="bund-2", hours=1)
    for text in (mine["text"], hers["text"]):
        with pytest.raises(NotForThisTill):
            late.scan(text)
    assert late.scan(soon["text"]).amount == 100
    now[0] += 3_700
    with pytest.raises(AllowanceExpired):
        late.scan(soon["text"])


def test_members_who_wish_so_have_points_at_the_till_without_showing_anything(shop):
    status, wishes = shop.post(
        f"/members/{shop.ada}/offline-wishes", {"store": "bund", "unit": "points", "amount": 150}
    )
    assert (status, [w["amount"] for w in wishes["items"]]) == (200, [150])
    shop.till.sync(shop.line)
    (card,) = shop.till.allowances_of(shop.ada)
    assert (card.amount, card.bound_to, held(shop)) == (150, "bund-1", (850, 150))
    shop.till.sell([TEA], burns=[(card, 150, 1_500)])
    shop.till.sync(shop.line)  # used up: the next snapshot brings another
    (again,) = shop.till.allowances_of(shop.ada)
    assert (again.id != card.id, held(shop)) == (True, (800, 150))
    shop.post(f"/members/{shop.ada}/offline-wishes", {"store": "bund", "unit": "points", "amount": 0})
    assert shop.post(f"/allowances/{again.id}/cancel", {})[1]["state"] == "cancelled"
    shop.till.sync(shop.line)
    assert (shop.till.allowances_of(shop.ada), held(shop)) == ([], (950, 0))


def test_a_till_that_dies_sells_on_where_its_journal_ends(shop):
    key = DeviceKey.make("bund-3")
    shop.post("/devices", {"key": "bund-3", "store": "bund", "public_key": key.public})
    made = an_allowance(shop, 300, device="bund-3")
    with Till("bund", key, shop.path / "3") as till:
        till.sync(shop.line)
        burn(shop, till, made, 100)
    with open(shop.path / "3", "ab") as journal:
        journal.write(b"0123456789abcdef torn by a power cut")
    with Till("bund", key, shop.path / "3") as till:
        assert till.remaining(till.scan(made["text"])) == 200
        burn(shop, till, made, 150)
        assert [p["seq"] for p in till.pending()] == [1, 2]
        assert till.sync(shop.line).accepted == 2
        till.renew()
        assert till.remaining(till.scan(made["text"])) == 50
        till.sell([TEA], member=shop.ada)
        assert till.sync(shop.line).accepted == 1
    assert held(shop) == (700 + 300, 50)


def test_an_upload_that_the_till_did_not_sign_is_refused(shop):
    shop.till.sell([TEA], member=shop.ada)
    thief = Till("bund", DeviceKey("bund-1", b"x" * 32), shop.path / "thief")
    thief.learn(json.loads((shop.path / "bund-1.snapshot").read_text()))
    thief.sell([TEA], member=shop.bob)
    with pytest.raises(UploadFailed, match="403"):
        thief.sync(shop.line)
    assert shop.till.sync(shop.line).accepted == 1


def test_a_stolen_till_sells_but_moves_nobodys_points(shop):
    made = an_allowance(shop, 300)
    shop.till.sync(shop.line)
    burn(shop, shop.till, made, 50)
    status, gone = shop.post("/devices/bund-1/revoke", {"reason": "stolen"})
    assert (status, gone["state"]) == (200, "revoked")
    time.sleep(0.01)
    burn(shop, shop.till, made, 60)
    shop.till.sell([TEA], member=shop.bob)
    report = shop.till.sync(shop.line, refresh=False)
    assert (report.accepted, len(report.conflicts)) == (1, 2)
    assert conflicts(shop) == [("device_revoked", "noted", None, 0, 0), ("device_revoked", "open", "points", 0, 60)]
    assert held(shop) == (700 + 100, 250)
    with pytest.raises(UploadFailed, match="403"):
        shop.till.sync(shop.line)


def test_points_come_back_when_goods_that_they_paid_come_back(shop):
    made = an_allowance(shop, 300)
    shop.till.sync(shop.line)
    sale = burn(shop, shop.till, made, 300, tenders=[{"type": "cash", "amount_minor": 7_000}])
    shop.till.sync(shop.line)
    assert held(shop) == (800, 0)
    _, order = shop.get(f"/orders/till.bund-1:{sale.ref}")
    status, back = shop.post(
        f"/orders/{order['id']}/returns",
        {"ref": "R1", "occurred_at": datetime.now(UTC).isoformat(), "lines": [{"id": "1", "quantity": "1"}]},
    )
    assert status == 201, back
    assert held(shop) == (1_000, 0)


def test_a_member_who_was_merged_meanwhile_pays_and_earns_as_whom_she_became(shop):
    made = an_allowance(shop, 300)
    shop.till.sync(shop.line)
    burn(shop, shop.till, made, 100)
    shop.post(f"/members/{shop.bob}/merge", {"from": shop.ada, "reason": "twice at the desk"})
    report = shop.till.sync(shop.line)
    assert report.accepted + len(report.conflicts) >= 1
    assert conflicts(shop) == [("member_merged", "noted", None, 0, 0)]
    assert held(shop, shop.bob) == (700 + 100, 200)


def test_gaps_in_a_tills_numbers_are_told_and_filled_later(shop):
    for _ in range(3):
        shop.till.sell([TEA], member=shop.ada)
    first = shop.till._pending.pop(1)
    report = shop.till.sync(shop.line)
    assert (report.accepted, report.missing) == (2, ((1, 1),))
    shop.till._pending[1] = first
    report = shop.till.sync(shop.line)
    assert (report.accepted, report.missing) == (1, ())
    _, devices = shop.get("/devices")
    assert [(d["upto"], d["last_seq"]) for d in devices["items"]] == [(3, 3)]


def test_a_clock_that_is_wrong_is_put_right_and_said(shop):
    slow = a_till(shop, "bund-2", clock=lambda: time.time() - 7_200)
    slow.sync(shop.line)
    slow.sell([TEA], member=shop.ada)
    report = slow.sync(shop.line)
    assert 7_190_000 < report.clock_offset_ms < 7_210_000
    assert conflicts(shop) == [("clock_skew", "noted", None, 0, 0)]
    _, orders = shop.get(f"/members/{shop.ada}/orders")
    newest = orders["items"][0]
    assert newest["occurred_at"][:13] == newest["recorded_at"][:13] or newest["occurred_at"] < newest["recorded_at"]


def test_a_sale_that_cannot_be_read_is_kept_and_listed_and_holds_nothing_up(shop):
    shop.till.sell([TEA], member=shop.ada, channel="no-such-channel")
    shop.till.sell([TEA], member=shop.ada)
    report = shop.till.sync(shop.line)
    assert (report.accepted, [c["rule"] for c in report.conflicts]) == (1, ["not_readable"])
    assert conflicts(shop) == [("not_readable", "open", None, 0, 0)]
    assert held(shop) == (1_100, 0)


def test_a_new_signing_key_leaves_what_the_old_one_signed(shop):
    made = an_allowance(shop, 100)
    status, fresh = shop.post("/signing-keys/rotate", {})
    assert (status, len(shop.get("/signing-keys")[1]["items"])) == (200, 2)
    newer = an_allowance(shop, 100)
    shop.till.sync(shop.line)
    assert shop.till.scan(made["text"]).kid != shop.till.scan(newer["text"]).kid == fresh["kid"]


def test_a_night_gives_back_what_no_till_used(shop):
    an_allowance(shop, 300)
    assert held(shop) == (700, 300)
    later = datetime.now(UTC) + timedelta(hours=49)
    assert allowances.end_due(program_id=shop.program, before=later) == 0  # a till may still upload
    assert allowances.end_due(program_id=shop.program, before=later + timedelta(hours=24)) == 1
    assert held(shop) == (1_000, 0)
