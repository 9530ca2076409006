"""Server and worker are killed at random under load; whatever was acknowledged is there, once."""

from __future__ import annotations

import random
import threading
import time
from http.client import HTTPException
from pathlib import Path

import psycopg
import pytest

from tests.crashes.house import House, house

pytestmark = [pytest.mark.timeout(1500)]

PREPARE = """
from regulars.governance.publishing import services as publishing
from regulars.people.members import services as members
from regulars.people.members.terms import Claim, IdentifierType
from regulars.people.staff import services as staff
text = publishing.blueprint(key="online-retail").text
program_id = publishing.apply(document=text, actor="system:test").program_id
for n in range(20):
    members.register(program_id=program_id, actor="system:test", attested=True,
        identifiers=[Claim(type=IdentifierType.EXTERNAL, value=f"M{n}")])
key, secret = staff.make_key(program_id=program_id, name="till", actor="system:test",
    scopes=["orders:write", "orders:read", "points:write", "points:read"], rate_per_minute=1_000_000)
print(secret)
"""


def _order(n: int, chance: random.Random) -> dict:
    return {
        "source": "till",
        "ref": f"O{n}",
        "member": f"external:M{chance.randrange(20)}",
        "channel": "web",
        "currency": "GBP",
        "occurred_at": "2026-01-05T12:00:00+08:00",
        "lines": [
            {"id": str(i), "sku": f"S{i}", "quantity": "1", "amount_minor": chance.randrange(100, 9_000)}
            for i in range(3)
        ],
    }


class Tills:
    """Threads that tell orders and repeat each, with the same key, until it is acknowledged."""

    def __init__(self, built: House, secret: str, seed: int) -> None:
        self.built, self.secret, self.chance = built, secret, random.Random(seed)
        self.acknowledged: dict[str, str] = {}
        self.faults: list[str] = []
        self.stop = threading.Event()
        self.next, self.lock = 0, threading.Lock()
        self.ended = 0
        self.threads = [threading.Thread(target=self._till, daemon=True) for _ in range(8)]
        for thread in self.threads:
            thread.start()

    def _till(self) -> None:
        while not self.stop.is_set():
            with self.lock:
                self.next += 1
                order = _order(self.next, self.chance)
            while True:
                try:
                    status, answer = self.built.call(
                        "POST", "/api/v1/orders", order,
                        Authorization=f"Bearer {self.secret}", Idempotency_Key=f"k{order['ref']}",
                    )  # fmt: skip
                except (OSError, ValueError, HTTPException):
                    time.sleep(0.05)  # the server is gone; the till tries again with the same key
                    continue
                if status in (200, 201):
                    self.acknowledged[order["ref"]] = answer["id"]
                    break
                if status not in (409, 429, 503):
                    self.faults.append(f"{status} {answer}")
                    break
                time.sleep(0.02)
        with self.lock:
            self.ended += 1

    def end(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(60)
            if thread.is_alive():
                self.faults.append("a till waits for ever")


def _storm(tmp_path: Path, kills: int) -> None:
    seed = random.randrange(10**9)
    print(f"seed {seed}")
    chance = random.Random(seed)
    with house(tmp_path) as built:
        secret = built.python(PREPARE).strip().splitlines()[-1]
        built.serve()
        built.work()
        tills = Tills(built, secret, seed)
        for _ in range(kills):
            time.sleep(chance.uniform(0.2, 1.5))
            if chance.random() < 0.6:
                built.kill(built.server)
                built.serve()
            else:
                built.kill(built.worker)
                built.work()
        time.sleep(1)
        tills.end()
        assert not tills.faults, tills.faults[:3]
        assert tills.ended == len(tills.threads), "a till died"
        assert len(tills.acknowledged) > kills
        with psycopg.connect(built.url) as db:
            kept = dict(db.execute("select ref, count(*) from orders_order group by ref").fetchall())
            earned = db.execute(
                "select count(*) from orders_order o where seq is not null and not exists"
                " (select 1 from ledger_journal j where j.member_id = o.member_id and j.seq = o.seq)"
            ).fetchone()
        assert all(kept.get(ref) == 1 for ref in tills.acknowledged)
        assert set(kept.values()) == {1}
        assert earned == (0,)
        built.run("verify")


def test_three_kills_lose_nothing_and_repeat_nothing(tmp_path):
    _storm(tmp_path, kills=3)


@pytest.mark.deep
def test_fifty_kills_lose_nothing_and_repeat_nothing(tmp_path):
    _storm(tmp_path, kills=50)
