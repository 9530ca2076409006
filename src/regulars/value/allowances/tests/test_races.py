"""Uploads at once, over real commits: each order once, an allowance never more than it was, nothing half done."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection
from tests.stories.cast import a_caller, a_member, a_program, an_order
from tests.stories.test_offline_tills import OFFLINE, TEA

from regulars.governance.assurance import services as assurance
from regulars.kernel import ids
from regulars.value.allowances import services as allowances
from regulars.value.allowances.models import ConflictRow, UploadRow
from regulars.value.allowances.services import settling
from regulars.value.allowances.terms import Bound
from regulars.value.ledger import services as ledger
from regulars.value.orders.models import OrderRow
from regulars_till import DeviceKey, Till

pytestmark = pytest.mark.django_db(transaction=True)


class World:
    def __init__(self, path):
        self.path = path
        self.program = a_program(document=OFFLINE)
        self.ada = a_member(self.program, "ADA")
        a_caller(self.program).post("/orders", an_order("before", self.ada, (100_000,)))

    @property
    def member_id(self):
        return ids.decode("mem", self.ada)

    def till(self, name):
        key = DeviceKey.make(name)
        allowances.register_device(
            program_id=self.program, key=name, name="", store="bund", public_key=key.public, actor="system:test"
        )
        till = Till("bund", key, self.path / name)
        till.learn(self.snapshot())
        return till

    def snapshot(self):
        keys = allowances.signing_keys(program_id=self.program)
        told = [{"kid": k.kid, "public_key": allowances.public_text(k.public), "ends_at": None} for k in keys]
        return {
            "store": "bund", "currency": "CNY", "rule_version": 1, "server_time": "", "signing_keys": told,
            "earn_rates": [], "tender_rates": [], "allowances": [],
        }  # fmt: skip

    def allowance(self, amount):
        return allowances.issue(
            program_id=self.program, member_id=self.member_id, unit="points", amount=amount, bound=Bound.STORE,
            bound_to="bund", key=f"k{random.random()}", actor="system:test",
        )  # fmt: skip

    def upload(self, till, orders):
        body = json.dumps({"orders": orders}).encode()
        items = [{**o, "chain": "0" * 64, "occurred_at": datetime.fromisoformat(o["occurred_at"])} for o in orders]
        try:
            return allowances.upload(
                program_id=self.program, device=till.device.name, sent_at=datetime.now(UTC), items=items,
                signature=till.device.sign(body), signed=body, actor="key:1",
            )  # fmt: skip
        finally:
            connection.close()

    def held(self):
        b = ledger.balances(program_id=self.program, member_id=self.member_id, zone="Asia/Shanghai")["points"]
        return b.active, b.held


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    assert assurance.discrepancies(program_id=world.program) == []


def test_the_same_upload_six_times_at_once_and_out_of_order_counts_once(world):
    till, made = world.till("t1"), world.allowance(300)
    card = till.scan(made.text)
    for _ in range(4):
        till.sell([TEA], burns=[(card, 50, 500)])
    orders = [dict(o) for o in till.pending()]
    parts = [orders, orders[::-1], orders[2:], orders[:2], orders[1:3], orders]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda part: world.upload(till, part), parts))
    outcomes = [i.outcome for a in answers for i in a.items]
    assert (outcomes.count("accepted"), outcomes.count("conflict"), len(outcomes)) == (4, 0, 18)
    assert (OrderRow.objects.filter(source="till.t1").count(), UploadRow.objects.count()) == (4, 4)
    assert world.held() == (700 + 400, 100)


def test_two_tills_race_for_one_allowance_and_no_point_is_taken_twice(world):
    made = world.allowance(300)
    tills = [world.till(f"t{n}") for n in range(4)]
    for till in tills:
        till.sell([TEA], burns=[(till.scan(made.text), 120, 1_200)])
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda t: world.upload(t, [dict(o) for o in t.pending()]), tills))
    assert sorted(i.outcome for a in answers for i in a.items) == ["accepted", "accepted", "conflict", "conflict"]
    assert sorted(ConflictRow.objects.values_list("rule", "paid", "unpaid")) == [
        ("allowance_overspent", 0, 120),
        ("allowance_overspent", 60, 60),
    ]
    assert world.held() == (700 + 400, 0)
    assert OrderRow.objects.filter(source__startswith="till.").count() == 4


@pytest.mark.parametrize("step", ["_place", "_kept"])
def test_a_worker_that_dies_between_capture_and_order_leaves_neither(world, monkeypatch, step):
    till, made = world.till("t1"), world.allowance(300)
    till.sell([TEA], burns=[(till.scan(made.text), 100, 1_000)])
    orders = [dict(o) for o in till.pending()]

    def dies(*_args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(settling, step, dies)
        world.upload(till, orders)
    assert (world.held(), UploadRow.objects.count()) == ((700, 300), 0)
    assert not OrderRow.objects.filter(source="till.t1").exists()
    assert world.upload(till, orders).items[0].outcome == "accepted"
    assert world.held() == (800, 200)


def test_eight_callers_cannot_issue_more_than_the_member_may_have_open(world):
    def issue(_n):
        try:
            return world.allowance(10).amount
        except Exception as no:
            return type(no).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(issue, range(8)))
    assert sorted(map(str, found)) == ["10"] * 3 + ["TooManyOpen"] * 5
    assert world.held() == (970, 30)


def test_a_proof_sees_an_allowance_without_its_hold(world):
    made = world.allowance(100)
    ledger.release(program_id=world.program, hold_id=made.hold_id, key="behind its back", actor="system:test")
    (found,) = allowances.discrepancies(program_id=world.program)
    assert (found.promise, found.member_id) == ("F3", world.member_id)
    allowances.forget(program_id=world.program, member_id=world.member_id)
    assert world.held() == (1_000, 0)
