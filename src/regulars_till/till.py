"""A till without a line. Read `Till.sell` and `Till.sync`: everything else serves these two."""

from __future__ import annotations

import hashlib
import json
import os
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Callable

from regulars_till import snapshot as snapshots
from regulars_till.allowance import Allowance, read_allowance
from regulars_till.device import DeviceKey
from regulars_till.errors import AllowanceExpired, AllowanceUsedUp, NotForThisTill, TillError, UploadFailed
from regulars_till.journal import Journal
from regulars_till.transport import Send

MOST_ITEMS = 500
MOST_BYTES = 900_000  # an upload may have 1 MiB
FORM = 1


@dataclass(frozen=True)
class Sale:
    """A sale that is in the journal. `estimate` is what it may earn by unit: the house decides when it is told."""

    seq: int
    ref: str
    key: str
    line_ids: tuple[str, ...]
    estimate: Mapping[str, int]
    item: Mapping[str, Any]


@dataclass(frozen=True)
class SyncReport:
    """What became of an upload. `conflicts` are the house's own words; `missing` are gaps it sees in our numbers."""

    sent: int = 0
    accepted: int = 0
    repeated: int = 0
    conflicts: tuple[Mapping[str, Any], ...] = ()
    missing: tuple[tuple[int, int], ...] = ()
    clock_offset_ms: int | None = None


class Till:
    """One till: its journal at `path`, its key, its store. Use it from one thread; `close` it at the end."""

    def __init__(
        self,
        store: str,
        device_key: DeviceKey,
        path: os.PathLike[str] | str,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store = store
        self.device = device_key
        self._clock = clock
        self._journal = Journal(path)
        self._beside = Path(f"{os.fspath(path)}.snapshot")
        self._seq = 0
        self._pending: dict[int, tuple[str, dict[str, Any]]] = {}  # seq -> (chain, item)
        self._used: dict[str, int] = {}  # allowance -> what this till let it pay
        self._used_told: dict[str, int] = {}  # ... of which the house knows
        self._elsewhere: dict[str, int] = {}  # what the house knew to be used at other tills
        self._keys_seen: set[str] = set()
        try:
            self._resume()
        except BaseException:
            self._journal.close()
            raise
        self._snapshot = snapshots.Snapshot()
        told = snapshots.kept(self._beside)
        if told is not None:
            self._take(told)

    def __enter__(self) -> Till:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the journal."""
        self._journal.close()

    def _resume(self) -> None:
        """Be as the journal says, or begin it."""
        records = self._journal.records
        if not records:
            self._journal.append({"kind": "begin", "form": FORM, "device": self.device.name, "store": self.store})
        begin = records[0][1]
        if (begin.get("kind"), begin.get("form")) != ("begin", FORM) or begin.get("device") != self.device.name:
            raise TillError("this journal is another till's")
        for chain, record in records:
            self._replay(chain, record)

    def _replay(self, chain: str, record: Mapping[str, Any]) -> None:
        if record["kind"] == "begin":
            self._seq = record.get("seq", 0)
            self._used = dict(record.get("used", {}))
            self._used_told = dict(self._used)
        elif record["kind"] == "sale":
            item = record["item"]
            self._seq = item["seq"]
            self._pending[item["seq"]] = (chain, item)
            _count(self._used, item)
        elif record["kind"] == "taken":
            for seq in record["seqs"]:
                found = self._pending.pop(seq, None)
                if found is not None:
                    _count(self._used_told, found[1])

    @property
    def snapshot(self) -> snapshots.Snapshot:
        """What was last learnt from the house."""
        return self._snapshot

    def learn(self, told: Mapping[str, Any]) -> None:
        """Take a snapshot, as `POST /devices/{device}/snapshot` answers it, and keep it for the next start."""
        snapshots.read_snapshot(told)
        snapshots.keep(self._beside, told)
        self._take(told)

    def _take(self, told: Mapping[str, Any]) -> None:
        self._snapshot = snapshots.read_snapshot(told)
        amounts = {a["id"]: a["amount"] for a in told["allowances"]}
        for name, left in self._snapshot.left.items():
            self._elsewhere[name] = max(0, amounts[name] - left - self._used_told.get(name, 0))

    def scan(self, allowance_text: str) -> Allowance:
        """The allowance of a QR code, if it can pay at this till now.

        Raises UnknownSigningKey, BadSignature, AllowanceExpired, NotForThisTill, AllowanceUsedUp, BadAllowance.
        """
        found = read_allowance(allowance_text, self._snapshot.keys)
        self._usable(found)
        if self.remaining(found) < 1:
            raise AllowanceUsedUp("nothing is left of it")
        return found

    def _usable(self, found: Allowance) -> None:
        own = self.device.name if found.bound == "device" else self.store
        if found.bound_to != own:
            raise NotForThisTill(f"it is for the {found.bound} {found.bound_to}")
        if self._clock() >= found.expires_at:
            raise AllowanceExpired("its time is over")

    def remaining(self, allowance: Allowance) -> int:
        """What is left of an allowance, as far as this till can know."""
        return allowance.amount - self._used.get(allowance.id, 0) - self._elsewhere.get(allowance.id, 0)

    def allowances_of(self, member: str) -> list[Allowance]:
        """The downloaded allowances of a member (`mem_…`) that can pay now; most left first."""
        found = []
        for text in self._snapshot.allowances:
            try:
                one = self.scan(text)
            except TillError:
                continue
            if one.member == member:
                found.append(one)
        return sorted(found, key=lambda a: (-self.remaining(a), a.id))

    def sell(
        self,
        lines: Sequence[Mapping[str, Any]],
        *,
        channel: str = "store",
        currency: str | None = None,
        member: str | None = None,
        tenders: Iterable[Mapping[str, Any]] = (),
        burns: Iterable[tuple[Allowance, int, int]] = (),
    ) -> Sale:
        """Make an order and write it to the journal; when this returns, it is on the disk and counts.

        `lines`: mappings with sku, quantity (text), amount_minor (what is paid for the whole line), and what else an
        order's line may have. `burns`: (allowance, points, minor): what an allowance pays, and the money that is.
        Raises TillError for what the house would not understand, and as `scan` for an allowance; nothing is written.
        """
        seq, key = self._seq + 1, uuid.uuid4().hex
        sold = [{"id": str(n), **line} for n, line in enumerate(lines, 1)]
        paid = self._burns(burns)
        who = {a["member"] for a in paid} | ({member} if member else set())
        if len(who) > 1:
            raise TillError("an allowance pays for its own member's order")
        item: dict[str, Any] = {
            "seq": seq,
            "key": key,
            "ref": f"{self.device.name}-{seq}-{key[:6]}",
            "occurred_at": _instant(self._clock()),
            "rule_version": self._snapshot.rule_version,
            "channel": channel,
            "currency": currency or self._snapshot.currency,
            "lines": sold,
            "tenders": [dict(t) for t in tenders],
            "burns": [{n: a[n] for n in ("allowance", "amount", "amount_minor")} for a in paid],
        }
        if who:
            item["member"] = who.pop()
        _check(item)
        chain = self._journal.append({"kind": "sale", "item": item})
        self._replay(chain, {"kind": "sale", "item": item})
        return Sale(
            seq=seq,
            ref=item["ref"],
            key=key,
            line_ids=tuple(x["id"] for x in sold),
            estimate=self._snapshot.estimate(sold) if "member" in item else {},
            item=item,
        )

    def _burns(self, burns: Iterable[tuple[Allowance, int, int]]) -> list[dict[str, Any]]:
        asked: dict[str, int] = {}
        found = []
        for given, amount, minor in burns:
            allowance = self.scan(given.text)  # what is handed over is checked again: nothing trusts an object
            asked[allowance.id] = asked.get(allowance.id, 0) + amount
            if amount < 1 or minor < 0 or asked[allowance.id] > self.remaining(allowance):
                raise AllowanceUsedUp(f"{self.remaining(allowance)} are left of it")
            found.append(
                {"allowance": allowance.id, "amount": amount, "amount_minor": minor, "member": allowance.member}
            )
        return found

    def pending(self) -> list[Mapping[str, Any]]:
        """The sales that the house has not taken yet, in their order."""
        return [item for _, (_, item) in sorted(self._pending.items())]

    def sync(self, send: Send, *, refresh: bool = True) -> SyncReport:
        """Upload what is pending, at least once, and learn the newest snapshot.

        Safe to call at any time and again after any failure: the house knows what it has. Raises UploadFailed.
        """
        total = SyncReport()
        while self._pending:
            total = _sum(total, self._upload(send))
        if refresh:
            status, told = _send(send, "POST", f"/devices/{self.device.name}/snapshot", b"{}", {})
            if status != 200:
                raise UploadFailed(f"no snapshot: {status} {told.get('detail', '')}")
            self.learn(told)
        return total

    def _upload(self, send: Send) -> SyncReport:
        batch: list[dict[str, Any]] = []
        size = 0
        for seq in sorted(self._pending)[:MOST_ITEMS]:
            chain, item = self._pending[seq]
            one = {**item, "chain": chain}
            size += len(json.dumps(one))
            if batch and size > MOST_BYTES:
                break
            batch.append(one)
        body = json.dumps(
            {"device": self.device.name, "sent_at": _instant(self._clock()), "orders": batch}, sort_keys=True
        ).encode()
        status, told = _send(send, "POST", "/offline-batches", body, {"Till-Signature": self.device.sign(body)})
        if status != 200:
            raise UploadFailed(f"{status}: {told.get('detail', 'no answer')}")
        items, own = told.get("items") or [], {b["seq"] for b in batch}
        seqs = sorted({i["seq"] for i in items} & own)
        if not seqs:
            raise UploadFailed("the answer names none of the orders")
        record = {"kind": "taken", "seqs": seqs, "outcomes": [i["outcome"] for i in items]}
        chain = self._journal.append(record)
        self._replay(chain, record)
        return SyncReport(
            sent=len(batch),
            accepted=sum(i["outcome"] == "accepted" for i in items),
            repeated=sum(i["outcome"] == "repeated" for i in items),
            conflicts=tuple(c for i in items for c in i["conflicts"]),
            missing=tuple((gap["from"], gap["to"]) for gap in told.get("missing", [])),
            clock_offset_ms=told.get("clock_offset_ms"),
        )

    def renew(self) -> Path:
        """Begin a new journal file and keep the old one beside it; only when nothing is pending.

        Do it now and then, so that a start stays fast. Answers where the old one is. Raises TillError.
        """
        if self._pending:
            raise TillError("sync first: sales are pending")
        path, head = self._journal.path, self._journal.head
        old = Path(f"{path}.{self._seq}")
        fresh = Path(f"{path}.fresh")
        fresh.unlink(missing_ok=True)
        next_one = Journal(fresh)
        begin = {"kind": "begin", "form": FORM, "device": self.device.name, "store": self.store, "after": head}
        next_one.append({**begin, "seq": self._seq, "used": self._used})
        next_one.close()
        self._journal.close()
        if not old.exists():
            os.link(path, old)  # a crash between the two leaves the journal where it was
        os.replace(fresh, path)
        self._journal = Journal(path)
        return old


def _count(used: dict[str, int], item: Mapping[str, Any]) -> None:
    for burn in item["burns"]:
        used[burn["allowance"]] = used.get(burn["allowance"], 0) + burn["amount"]


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")


def _check(item: Mapping[str, Any]) -> None:
    """What would be a mistake of the till's own program is said before the sale, not at the upload."""
    ids = [x["id"] for x in item["lines"]]
    if not ids or len(set(ids)) != len(ids):
        raise TillError("an order has lines, each with an id of its own")
    if not item["currency"]:
        raise TillError("say the currency, or sync once")
    for line in item["lines"]:
        if not isinstance(line.get("sku"), str) or not isinstance(line.get("quantity"), str):
            raise TillError("sku and quantity of a line are texts")
    for part in [*item["lines"], *item["tenders"]]:
        if type(part.get("amount_minor")) is not int:
            raise TillError("amount_minor is a whole number of minor units")


def _send(send: Send, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    once = {"Idempotency-Key": hashlib.sha256(body + uuid.uuid4().bytes).hexdigest()}
    try:
        status, answer = send(method, path, body, {**once, **headers})
    except OSError as no:
        raise UploadFailed(f"no line: {no}") from no
    try:
        told = json.loads(answer or b"{}")
    except ValueError:
        told = {}
    return status, told if isinstance(told, dict) else {}


def _sum(one: SyncReport, other: SyncReport) -> SyncReport:
    return SyncReport(
        sent=one.sent + other.sent,
        accepted=one.accepted + other.accepted,
        repeated=one.repeated + other.repeated,
        conflicts=one.conflicts + other.conflicts,
        missing=other.missing,
        clock_offset_ms=other.clock_offset_ms,
    )
