"""A shop played through sessions, in order of time, by a few processes with real commits.

Told apart by customer, so that each one's history keeps its order; limits, budgets and shared codes are fought over.
What is not in the files is chosen by the basket's own name, so that two runs play the same: who pays with points, which
baskets are tendered first, what comes back, and every coupon: redemptions are synthetic (the file of them is not public).
"""

from __future__ import annotations

import heapq
import json
import multiprocessing
import os
import sys
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import DEFAULT_DB_ALIAS, connection, connections

from regulars.governance.publishing import services as publishing
from regulars.kernel import clock, ids, outbox
from regulars.people.audiences import services as audiences
from regulars.people.members import services as members
from regulars.people.members.terms import Birthday, Claim, IdentifierType
from regulars.value.catalog import services as catalog
from regulars.value.catalog.terms import Price, ProductTold
from regulars.value.checkout import services as checkout
from regulars.value.checkout.terms import LineTold, QuoteChanged, Session, SessionTold
from regulars.value.coupons import services as coupons
from regulars.value.orders import services as orders
from regulars.value.orders.terms import Back, BundleIncomplete, ReturnTold
from regulars.value.promotions.terms import Spend, Tender
from regulars.wiring import WIRING
from tests.realdata import program
from tests.realdata.shops import CouponKind, Sale, Shop

ACTOR = "system:replay"
PROCESSES = 2
MOST_FAULTS = 20
MOST_CODES = 3
SOON = timedelta(hours=20)


def number(name: str) -> int:
    """A number that a name stands for, the same in every run."""
    return zlib.crc32(name.encode())


class Opened(NamedTuple):
    """A shop that is open: its program, its members, and one shared code for each campaign."""

    shop: Shop
    program_id: int
    members: dict[str, UUID]
    codes: dict[str, CouponKind]


class Back_(NamedTuple):
    """What will come back."""

    at: datetime
    order: str
    ref: str
    lines: tuple[Back, ...]
    whole: tuple[Back, ...]


def open_shop(shop: Shop) -> Opened:
    """Publish the program, register the customers, target the campaigns and share a code for each of them."""
    began = shop.sales[0].at - timedelta(days=1)
    with clock.at(began):
        program_id = publishing.apply(document=program.document(shop), actor=ACTOR).program_id
        known = {c: _member(program_id, c) for c in sorted({s.customer for s in shop.sales if s.customer})}
        for sku in shop.favourites[12:18]:
            price = Price(price_minor=200, member_minor=150)
            catalog.put(program_id=program_id, told=ProductTold(sku=sku, name=sku, prices=(price,)))
        lists = {c.key: [h for h in sorted(c.households) if h in known] for c in shop.campaigns}
        for key, them in {**lists, "insiders": sorted(known)[::10]}.items():
            for n in range(0, len(them), 1000):
                refs = [f"external:{h}" for h in them[n : n + 1000]]
                told = audiences.add(program_id=program_id, key=key, refs=refs, source="file", actor=ACTOR)
                assert told.unknown == ()
        codes = {}
        for campaign in shop.campaigns:
            kind = max((k for k in shop.coupons if k.campaign == campaign.key), key=lambda k: len(k.goods))
            code = f"OPEN{campaign.key.removeprefix('campaign-')}X"
            coupons.share(program_id=program_id, template=kind.template, code=code, actor=ACTOR)
            codes[code] = kind
    return Opened(shop, program_id, known, codes)


def _member(program_id: int, customer: str) -> UUID:
    n = number(customer)
    return members.register(
        program_id=program_id, actor=ACTOR, attested=True, key_for_repeat=customer,
        identifiers=[Claim(type=IdentifierType.EXTERNAL, value=customer)],
        birthday=Birthday(month=n % 12 + 1, day=n // 12 % 28 + 1),
    ).member_id  # fmt: skip


def play(opened: Opened, folder: Path) -> list[dict[str, Any]]:
    """Play everything; what each process noted, together."""
    began, notes = time.perf_counter(), []
    connection.close()
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=_work, args=(opened, n, folder / f"{n}.jsonl")) for n in range(PROCESSES)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for n in range(PROCESSES):
        notes += [json.loads(line) for line in (folder / f"{n}.jsonl").read_text().splitlines()]
    took = time.perf_counter() - began
    with clock.at(opened.shop.sales[-1].at + SOON):
        while outbox.deliver_batch(WIRING, limit=500):
            pass
    done = sum(1 for x in notes if x["what"] == "sale")
    print(f"{opened.shop.key}: {done} sessions in {took:.0f} s, {done / took:.1f} a second", file=sys.stderr)
    assert [w.exitcode for w in workers] == [0] * PROCESSES
    return notes


def _share(sales: list[Sale]) -> list[list[Sale]]:
    """The sales by process, each customer's at one; who buys most goes first, to whoever has least to do."""
    work = Counter(s.customer or s.key for s in sales)
    least = [(0, n) for n in range(PROCESSES)]
    whose: dict[str, int] = {}
    for name, count in sorted(work.items(), key=lambda one: (-one[1], one[0])):
        done, n = heapq.heappop(least)
        whose[name] = n
        heapq.heappush(least, (done + count, n))
    return [[s for s in sales if whose[s.customer or s.key] == n] for n in range(PROCESSES)]


def _work(opened: Opened, which: int, path: Path) -> None:
    # a fork never talks through a connection of its parent, and never drops one either: that would end it for both
    parents = connections[DEFAULT_DB_ALIAS]
    connections[DEFAULT_DB_ALIAS] = parents.copy()
    mine = _share(opened.shop.sales)[which]
    with path.open("w") as out:
        till = Till(opened, out)
        for n, sale in enumerate(mine, 1):
            till.play(sale)
            if n % 100 == 0 and which == 0:
                with clock.at(opened.shop.sales[-1].at + SOON):  # the other process may be far ahead
                    outbox.deliver_batch(WIRING, limit=500)
            if n % 500 == 0:
                print(f"{opened.shop.key}/{which}: {n} of {len(mine)} {till.seen}", file=sys.stderr, flush=True)
            if till.seen["fault"] >= MOST_FAULTS:
                break
        till.finish()
    connection.close()
    sys.stderr.flush()
    os._exit(0)  # nothing of the parent's is torn down here


class Till:
    """One process: sells, takes back, and notes what was told about every coupon."""

    def __init__(self, opened: Opened, out: Any) -> None:
        self.opened, self.shop, self.out = opened, opened.shop, out
        self.zone = ZoneInfo(self.shop.zone)
        self.seen: Counter[str] = Counter()
        self.waiting: list[Back_] = []
        self.of_sku: dict[str, list[CouponKind]] = {}
        self.marks: dict[str, dict[str, str]] = {}
        for kind in self.shop.coupons:
            for sku in kind.goods:
                self.of_sku.setdefault(sku, []).append(kind)
                if len(kind.goods) > program.LONGEST_LIST:
                    self.marks.setdefault(sku, {})[program.mark_of(kind)] = "yes"
        self.creditors = {s.customer for s in self.shop.sales if s.is_credit}
        self.open: dict[str, dict[str, str]] = {}  # household: template → code, empty once it is used
        self.used: dict[str, str] = {}
        self.spare: dict[str, tuple[str, str]] = {}

    def play(self, sale: Sale) -> None:
        """One thing of the file, and before it what comes back earlier."""
        while self.waiting and self.waiting[0].at <= sale.at:
            self._safely(self._take_back, heapq.heappop(self.waiting))
        self._safely(self._credit if sale.is_credit else self._sell, sale)

    def finish(self) -> None:
        """What still has to come back."""
        while self.waiting:
            self._safely(self._take_back, heapq.heappop(self.waiting))
        print(f"{self.shop.key}: {dict(self.seen)}", file=sys.stderr, flush=True)

    def _safely(self, do: Any, what: Any) -> None:
        try:
            with clock.at(what.at):
                do(what)
        except Exception as no:
            self.seen["fault"] += 1
            self._note(
                "fault",
                why=f"{no!r} {getattr(no, 'errors', '')}",
                of=repr(what)[:400],
                trace=traceback.format_exc()[-3000:],
            )

    def _note(self, what: str, **more: Any) -> None:
        self.out.write(json.dumps({"what": what, **more}) + "\n")

    def _sell(self, sale: Sale) -> None:
        n = number(sale.key)
        codes = dict(self._codes(sale, n)) if sale.customer and self.shop.coupons else {}
        told = self._told(sale, n, codes)
        for _ in range(8):
            put = checkout.put(program_id=self.opened.program_id, key=sale.key, told=told, actor=ACTOR)
            try:
                closed = self._close(sale, n, told, put)
                break
            except QuoteChanged:  # the other process was faster at a limit: the customer is asked again
                self.seen["asked again"] += 1
        body = closed.body
        self.seen["sale"] += 1
        self.seen["discounted"] += body["discount_total"] > 0
        self.seen["inexact"] += not body["search"]["exact"]
        answers = [
            (codes.get(c["code"], "?"), c["code"], c["template"], c["state"], c["reason"]) for c in body["coupons"]
        ]
        earned = [a["key"] for a in body["applied"] if a["kind"] == "earn_rule"]
        self._note(
            "sale", key=sale.key, at=sale.at.isoformat(), customer=sale.customer, coupons=answers, earned=earned
        )
        comes_back = self._comes_back(sale, n, closed)
        for _, code, template, state, _ in answers:
            if state == "applied" and sale.customer:
                self.open.setdefault(sale.customer, {})[template] = ""
                self.seen["coupon redeemed"] += 1
                if not comes_back and not code.startswith("OPEN"):
                    self.used[sale.customer] = code

    def _close(self, sale: Sale, n: int, told: SessionTold, put: Session) -> Session:
        key, program_id = sale.key, self.opened.program_id
        if n % 5 == 0:
            put = checkout.tender(program_id=program_id, key=key, actor=ACTOR, digest=put.digest)
            self.seen["tender"] += 1
            if n % 35 == 0:  # the customer remembers something: told again, and all that was reserved is free
                put = checkout.put(program_id=program_id, key=key, told=told, actor=ACTOR)
                self.seen["told again"] += 1
        return checkout.close(program_id=program_id, key=key, actor=ACTOR, digest=put.digest)

    def _told(self, sale: Sale, n: int, codes: dict[str, str]) -> SessionTold:
        lines = [
            LineTold(id=str(i), sku=p.sku, quantity=Decimal(int(p.quantity)), amount_minor=p.minor, kind=p.kind,
                     category=p.category, brand=p.brand, attributes=self.marks.get(p.sku))
            for i, p in enumerate(sale.pieces, 1)
        ]  # fmt: skip
        member = self.opened.members.get(sale.customer or "")
        due = sum(p.minor for p in sale.pieces)
        return SessionTold(
            channel=self.shop.channel, currency=self.shop.currency, lines=tuple(lines), occurred_at=sale.at,
            store=sale.store or (self.shop.stores[0] if self.shop.channel == "store" else None),
            member=ids.encode("mem", member) if member else None, coupons=tuple(codes),
            spend=(Spend("points", None),) if member and n % 6 == 1 else (),
            tenders=(Tender("card", due),) if n % 2 and due > 0 else (),
            identifiers=(f"device-{number(sale.customer or 'guest') % 500}",) if n % 3 == 0 else (),
        )  # fmt: skip

    def _codes(self, sale: Sale, n: int) -> Iterator[tuple[str, str]]:
        """The codes that a household brings, each with what is meant by it."""
        customer, day = str(sale.customer), sale.at.astimezone(self.zone).date()
        held = self.open.setdefault(customer, {})
        fits = {k.template: k for p in sale.pieces for k in self.of_sku.get(p.sku, ())}
        brought = 0
        for template in sorted(fits, key=lambda t: number(t + sale.key)):
            kind, campaign = fits[template], self.shop.campaign(fits[template].campaign)
            if (
                not campaign.starts <= day <= campaign.ends
                or customer not in campaign.households
                or brought == MOST_CODES
            ):
                continue
            if template not in held and number(customer + template) % 3 == 0:
                held[template] = self._issue(customer, kind)
            if held.get(template):
                brought += 1
                yield held[template], "mine"
        if n % 7 == 0 and self.opened.codes:
            yield sorted(self.opened.codes)[n // 7 % len(self.opened.codes)], "shared"
        if n % 11 == 0 and customer in self.used:
            yield self.used.pop(customer), "again"
        if n % 13 == 0 and self.spare:
            code, owner = self.spare[sorted(self.spare)[n // 13 % len(self.spare)]]
            if owner != customer:
                yield code, "foreign"
        if n % 97 == 0:
            yield "NOSUCHCODE", "unknown"

    def _issue(self, customer: str, kind: CouponKind) -> str:
        told = {
            "program_id": self.opened.program_id,
            "template": kind.template,
            "member_id": self.opened.members[customer],
        }
        issued = coupons.issue(**told, key=f"{customer}/{kind.template}", actor=ACTOR)[0]
        if kind.campaign not in self.spare:
            other = coupons.issue(**told, key=f"spare/{customer}/{kind.template}", actor=ACTOR)[0]
            self.spare[kind.campaign] = (coupons.canonical(other.code), customer)
        return coupons.canonical(issued.code)

    def _comes_back(self, sale: Sale, n: int, closed: Session) -> bool:
        """Whether some of it will: one basket in 20 of those that the file has no credit notes for."""
        whole = [
            Back(Decimal(int(p.quantity)), line=str(i)) for i, p in enumerate(sale.pieces, 1) if p.kind == "goods"
        ]
        if n % 20 != 3 or (sale.customer and sale.customer in self.creditors) or not whole:
            return False
        part = [whole[0]._replace(quantity=max(whole[0].quantity // 2, Decimal(1)))]
        order, lines = ids.encode("ord", closed.order_id), tuple(whole if n % 60 == 3 else part)
        heapq.heappush(self.waiting, Back_(sale.at + SOON, order, f"back-{sale.key}", lines, tuple(whole)))
        return True

    def _take_back(self, back: Back_) -> None:
        told = ReturnTold(ref=back.ref, occurred_at=back.at, lines=back.lines, order=back.order)
        try:
            receipt = orders.take_back(program_id=self.opened.program_id, told=told, actor=ACTOR)
        except BundleIncomplete:  # what was bought as a set comes back as one
            self.seen["set brought whole"] += 1
            told = replace(told, lines=back.whole)
            receipt = orders.take_back(program_id=self.opened.program_id, told=told, actor=ACTOR)
        assert receipt.is_new
        self.seen["return"] += 1

    def _credit(self, sale: Sale) -> None:
        lines = [Back(Decimal(int(p.quantity)), sku=p.sku, amount_minor=p.minor) for p in sale.pieces]
        member = self.opened.members.get(sale.customer or "")
        told = ReturnTold(
            ref=sale.key,
            occurred_at=sale.at,
            lines=tuple(lines),
            member=ids.encode("mem", member) if member else None,
        )
        try:
            orders.take_back(program_id=self.opened.program_id, told=told, actor=ACTOR)
            self.seen["credit note"] += 1
        except BundleIncomplete as no:
            self.seen["credit note of half a set"] += 1
            self._note("refused", key=sale.key, why=no.code)
