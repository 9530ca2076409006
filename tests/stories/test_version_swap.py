"""Versions are published while tills sell: not one answer is wrong, and none is refused. Over HTTP, with two workers.

Every version prices the book otherwise and the tea alike. Whoever was told a price gets it: by `tender`, whatever is
published meanwhile; by a digest, where the new version changes nothing for the basket. A digest of another price is the
one thing that is answered `quote_changed`, with the new price. `REGULARS_SWAP_SECONDS` makes it longer.
"""

from __future__ import annotations

import http.client
import os
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.crashes.house import House, house

pytestmark = [pytest.mark.timeout(900)]
SECONDS, CLIENTS = float(os.environ.get("REGULARS_SWAP_SECONDS", "8")), 8
PREPARE = """
import orjson, sys
from regulars.governance.publishing import services as publishing
from regulars.people.members import services as members
from regulars.people.members.terms import Claim, IdentifierType
from regulars.people.staff import services as staff
program_id = publishing.apply(document=sys.argv[1], actor="system:test").program_id
for n in range(8):
    members.register(program_id=program_id, actor="system:test", attested=True,
        identifiers=[Claim(type=IdentifierType.EXTERNAL, value=f"M{n}")])
key, secret = staff.make_key(program_id=program_id, name="till", actor="system:test", rate_per_minute=1_000_000,
    scopes=["sessions:write", "sessions:read", "program:write", "program:read"])
print(secret)
"""


def percent(version: int) -> int:
    """What this version takes off the book."""
    return 1 + version % 40


def document(version: int) -> dict[str, Any]:
    """The program as this version has it: ninety-eight promotions that look at other goods, and two that act."""
    others = [
        {
            "key": f"p{n}",
            "goods": {"include": {"skus": [f"other-{n}"]}},
            "effects": [{"kind": "line_percent", "percent": 5}],
        }
        for n in range(98)
    ]
    stays = {
        "key": "tea",
        "goods": {"include": {"skus": ["tea"]}},
        "effects": [{"kind": "line_percent", "percent": 10}],
    }
    moves = {
        "key": "book",
        "goods": {"include": {"skus": ["book"]}},
        "effects": [{"kind": "line_percent", "percent": percent(version)}],
    }
    return {
        "program": {"key": "swap", "name": "Swap", "zone": "Europe/London", "currency": "GBP", "locale": "en"},
        "channels": [{"key": "web", "name": "Web", "kind": "web"}],
        "units": [{"key": "points", "kind": "spendable", "expiry": {"kind": "never"}}],
        "earn_rules": [{"key": "base", "unit": "points", "rate": {"points": 1, "per": 1}}],
        "promotions": [*others, stays, moves],
    }


class Calls:
    """One connection that stays open, as a till's."""

    def __init__(self, built: House, secret: str) -> None:
        self.line = http.client.HTTPConnection("127.0.0.1", built.port, timeout=60)
        self.headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        self.sent = 0

    def __call__(self, method: str, path: str, body: Any, key: str) -> tuple[int, Any]:
        self.line.request(
            method, f"/api/v1{path}", orjson.dumps(body), {**self.headers, "Idempotency-Key": f"{key}-{self.sent}"}
        )
        self.sent += 1
        answer = self.line.getresponse()
        return answer.status, orjson.loads(answer.read())


class Client(threading.Thread):
    """A till that sells and checks every answer; what is wrong is in `faults`."""

    def __init__(self, built: House, secret: str, number: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.call, self.number, self.stop = Calls(built, secret), number, stop
        self.seen: Counter[str] = Counter()
        self.faults: list[str] = []
        self.newest = 1

    def run(self) -> None:
        ways = (self._tea_by_digest, self._book_tendered, self._book_as_it_stands, self._book_by_digest)
        try:
            while not self.stop.is_set() and not self.faults:
                ways[self.seen["closed"] % 4](f"t{self.number}-{self.seen['closed']}")
        except Exception as broken:
            self.faults.append(repr(broken))

    def _must(self, is_so: bool, what: str, answer: Any) -> None:
        if not is_so:
            self.faults.append(f"{what}: {str(answer)[:600]}")

    def _put(self, key: str, sku: str, amount: int) -> dict[str, Any]:
        line = {"id": "1", "sku": sku, "quantity": "1", "amount_minor": amount}
        told = {"channel": "web", "currency": "GBP", "member": f"external:M{self.number}", "lines": [line]}
        status, quote = self.call("PUT", f"/sessions/{key}", told, key)
        self._must(status == 201, "put", quote)
        self._priced(quote, sku, amount)
        return dict(quote)

    def _priced(self, answer: dict[str, Any], sku: str, amount: int) -> None:
        """What is said is what its version says, and no answer is of an older version than the one before."""
        version = answer.get("version", 0)
        off = 10 if sku == "tea" else percent(version)
        self._must(answer.get("due") == amount - amount * off // 100, "price", answer)
        self._must(version >= self.newest, f"older than {self.newest}", answer)
        self.newest = max(self.newest, version)

    def _closed(self, key: str, body: dict[str, Any], sku: str, amount: int) -> dict[str, Any]:
        status, done = self.call("POST", f"/sessions/{key}/close", body, key)
        self._must(status == 201, "close", done)
        if status == 201:
            self.seen["closed"] += 1
        return dict(done)

    def _tea_by_digest(self, key: str) -> None:
        quote = self._put(key, "tea", 1_000)
        done = self._closed(key, {"digest": quote["digest"]}, "tea", 1_000)
        self._priced(done, "tea", 1_000)

    def _book_tendered(self, key: str) -> None:
        self._put(key, "book", 10_000)
        status, held = self.call("POST", f"/sessions/{key}/tender", {}, key)
        self._must(status == 200, "tender", held)
        self._priced(held, "book", 10_000)
        done = self._closed(key, {"digest": held["digest"]}, "book", 10_000)
        self._must((done["version"], done["due"]) == (held["version"], held["due"]), "frozen", done)

    def _book_as_it_stands(self, key: str) -> None:
        self._put(key, "book", 10_000)
        self._priced(self._closed(key, {}, "book", 10_000), "book", 10_000)

    def _book_by_digest(self, key: str) -> None:
        quote = self._put(key, "book", 10_000)
        digest = quote["digest"]
        for _ in range(50):
            status, done = self.call("POST", f"/sessions/{key}/close", {"digest": digest}, key)
            if status == 201:
                self._priced(done, "book", 10_000)
                self.seen["closed"] += 1
                return
            self._must(done.get("code") == "quote_changed", "close by digest", done)
            if self.faults:
                return
            digest, self.seen["asked again"] = done["facts"]["digest"], self.seen["asked again"] + 1
        self._must(False, "never closed", key)


def publish(built: House, secret: str, stop: threading.Event, told: list[Any]) -> None:
    """A version after the other, four a second at the most; each that is in force is told, or why it is not."""
    call, number = Calls(built, secret), 1
    while not stop.wait(0.25):
        number += 1
        body = {"document": document(number), "expected_version": number - 1}
        status, done = call("POST", "/program/apply", body, f"v{number}")
        if status not in (200, 201) or done["version"] != number:
            told.append((status, done))
            return
        told.append(number)


def test_versions_are_swapped_under_load_without_a_wrong_or_refused_answer(tmp_path: Path) -> None:
    with house(tmp_path) as built:
        code = f"import sys; sys.argv = ['', {orjson.dumps(document(1)).decode()!r}]\n{PREPARE}"
        secret = built.python(code).split()[-1]
        built.serve(workers=2)
        stop, published = threading.Event(), []
        clients = [Client(built, secret, n, stop) for n in range(CLIENTS)]
        publisher = threading.Thread(target=publish, args=(built, secret, stop, published))
        for thread in (*clients, publisher):
            thread.start()
        time.sleep(SECONDS)
        for _ in range(240):  # a machine that is busy with other things takes longer
            if len(published) >= 4 and min(c.seen["closed"] for c in clients) >= 8:
                break
            time.sleep(0.5)
        stop.set()
        for thread in (*clients, publisher):
            thread.join(120)
        assert [c.faults for c in clients] == [[]] * CLIENTS
        seen = sum((c.seen for c in clients), Counter())
        print(f"{seen['closed']} sales under {len(published)} versions, asked again {seen['asked again']} times")
        assert published == list(range(2, len(published) + 2))
        assert len(published) >= 4
        assert min(c.seen["closed"] for c in clients) >= 8
        assert len({c.newest for c in clients}) <= 2  # all are at the last version, or at the one before
        count = built.python("from regulars.value.orders.models import OrderRow; print(OrderRow.objects.count())")
        assert int(count.split()[-1]) == seen["closed"]
        built.run("verify")
