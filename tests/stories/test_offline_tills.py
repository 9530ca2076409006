"""Pain 17, points at tills without a line: doubled on retry, never taken, nothing to redeem. Told with the real client."""

from __future__ import annotations

import json
import time

import pytest

from regulars.governance.assurance import services as assurance
from regulars.kernel import ids
from regulars.value.allowances import services as allowances
from regulars_till import AllowanceExpired, AllowanceUsedUp, DeviceKey, NotForThisTill, Till, UploadFailed
from tests.stories.cast import DOCUMENT, a_caller, a_member, a_program, an_order

pytestmark = pytest.mark.django_db

OFFLINE = DOCUMENT + """
offline:
  hours: 48
  grace_hours: 24
  max_open: {{member: 3, device: 100}}
  units: [{{unit: points, max_amount: 500}}]
"""
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
        f"/members/{member or house.ada}/allowances", {"unit": "points", "amount": amount, **(bound or {"store": "bund"})}
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
    assert (report.sent, report.repeated, shop.till.pending()) == (1, 1, [])
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
