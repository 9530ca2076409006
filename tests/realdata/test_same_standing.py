"""The same history of a real shop leads to the same standings, however it arrives. Needs REGULARS_DATA.

Customers of the gift shop three times over: one by one over the API as it happened, in bulk by import, and told late,
shuffled by arrival (credit notes after what they bring back, in order of time: one that no purchase precedes takes
nothing back). The API takes goods back by their receipt, so the shop looks up which order each credit note is about: the
latest ones. Growth does not depend on the level, so nothing else may. `REGULARS_STANDING_SHARE=1` plays all 4,372 customers.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pandas as pd
import pytest
from django.db import connection

from regulars.governance.publishing import services as publishing
from regulars.interfaces.imports import services as imports
from regulars.interfaces.imports.terms import State
from regulars.kernel import clock, nights, outbox
from regulars.people.members import services as members
from regulars.people.members.terms import Claim, IdentifierType
from regulars.value.orders import services as orders
from regulars.value.orders.terms import Back, OrderTold, ReturnTold
from regulars.value.promotions.terms import Line
from regulars.value.tiers import services as tiers
from regulars.value.tiers.terms import Reviewed
from regulars.wiring import WIRING
from tests.realdata import shops
from tests.realdata.shops import Sale
from tests.stories.cast import a_caller

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.deep, pytest.mark.timeout(7200)]
SHARE = int(os.environ.get("REGULARS_STANDING_SHARE", "20"))
ACTOR, ZONE, LAST = "system:test", "Europe/London", date(2012, 1, 1)
BEFORE = datetime(2010, 11, 30, tzinfo=UTC)
LADDERS: dict[str, dict[str, Any]] = {
    "quarter": {"window": {"kind": "rolling", "months": 3}},
    "half": {"window": {"kind": "rolling", "months": 6}, "validity": {"months": 2}, "grace_days": 20},
    "year": {
        "window": {"kind": "calendar_year"}, "validity": {"to": "year_end", "years": 0}, "grace_days": 31,
        "downgrade": "one_level", "on_return": "keep",
    },
    "strict": {"window": {"kind": "calendar_year"}, "validity": {"to": "year_end", "years": 0}},
    "joined": {
        "window": {"kind": "anniversary"}, "validity": {"to": "anniversary", "years": 0}, "upgrade": "next_period",
        "measures": ["growth", "visits"], "match": "all",
    },
}  # fmt: skip


def ladder(key: str, **said: Any) -> dict[str, Any]:
    """Four levels: 300, 1,000 and 4,000 pounds, and as many visits as a measure beside them asks for."""
    found = []
    for n, (enter, keep) in enumerate([(0, 0), (300, 200), (1000, 800), (4000, 4000)]):
        level = {"key": f"{key}-{n}", "enter": enter, **({"keep": keep} if n else {})}
        if "measures" in said:
            level |= {x: {"growth": level[x], "visits": 2 * n} for x in ("enter", "keep") if x in level}
        found.append(level)
    return {"key": key, **({} if "measures" in said else {"measure": "growth"}), **said, "levels": found}


def a_program(key: str) -> int:
    """The shop once more, under a key of its own."""
    told = {
        "program": {"key": key, "name": key, "zone": ZONE, "currency": "GBP"},
        "channels": [{"key": "web", "name": "Web", "kind": "web"}],
        "units": [{"key": "growth", "kind": "measure"}, {"key": "visits", "kind": "measure"}],
        "earn_rules": [
            {"key": "growth", "unit": "growth", "rate": {"points": 1, "per": 1.00}},
            {"key": "visits", "unit": "visits", "fixed": 1},
        ],
        "ladders": [ladder(key, **said) for key, said in LADDERS.items()],
    }
    with clock.at(BEFORE):
        return publishing.apply(document=json.dumps(told), actor=ACTOR).program_id


def told_of(sale: Sale) -> OrderTold:
    """An invoice, as the import reads it."""
    lines = [
        Line(id=str(n), n=n, sku=p.sku, quantity=Decimal(p.quantity), amount_minor=p.minor, kind=_kind(p))
        for n, p in enumerate(sale.pieces, 1)
    ]
    return OrderTold(
        ref=sale.key, channel="web", currency="GBP", occurred_at=sale.at, lines=tuple(lines),
        member=f"external:{sale.customer}",
    )  # fmt: skip


def _kind(piece: shops.Piece) -> str:
    return "goods" if piece.kind == "shipping" else piece.kind


def tell(program_id: int, sale: Sale) -> None:
    """One invoice or credit note, and what follows from it."""
    if sale.is_credit:
        lines = tuple([Back(Decimal(p.quantity), sku=p.sku, amount_minor=p.minor) for p in sale.pieces])
        told = ReturnTold(ref=sale.key, occurred_at=sale.at, lines=lines, member=f"external:{sale.customer}")
        orders.take_back(program_id=program_id, told=told, actor=ACTOR)
    else:
        orders.place(program_id=program_id, told=told_of(sale), actor=ACTOR)
    follow()


def follow() -> None:
    """What follows from what was told, and from that, until nothing is left."""
    while outbox.deliver_batch(WIRING, limit=500) == 500:
        pass


class Till:
    """A shop that tells each sale over the API, and knows of each customer what she has bought and not brought back."""

    def __init__(self, program_id: int) -> None:
        self.caller = a_caller(program_id, scopes=["orders:write"])
        self.bought: dict[tuple[str, str], list[list[Any]]] = {}

    def tell(self, sale: Sale) -> None:
        """One invoice, or one credit note as returns of the orders it is about; and what follows."""
        if not sale.is_credit:
            self._send("/orders", self._order(sale))
        for n, (ref, lines) in enumerate(self._receipts(sale).items()):
            at = {"ref": f"{sale.key}/{n}", "occurred_at": sale.at.isoformat()}
            self._send(f"/orders/{ref}/returns", {**at, "lines": [{"id": i, "quantity": str(q)} for i, q in lines]})
        follow()

    def _send(self, path: str, body: dict[str, Any]) -> None:
        status, answer = self.caller.post(path, body)
        assert status == 201, answer

    def _order(self, sale: Sale) -> dict[str, Any]:
        lines = []
        for n, piece in enumerate(sale.pieces, 1):
            id_, kind = str(n), _kind(piece)
            said = {"sku": piece.sku, "quantity": str(piece.quantity), "amount_minor": piece.minor}
            lines.append({"id": id_, "kind": kind, **said})
            if kind == "goods":
                self.bought.setdefault((str(sale.customer), piece.sku), []).append([sale.key, id_, piece.quantity])
        at = sale.at.isoformat()
        return {"ref": sale.key, "channel": "web", "currency": "GBP", "occurred_at": at,
                "member": f"external:{sale.customer}", "lines": lines}  # fmt: skip

    def _receipts(self, sale: Sale) -> dict[str, list[tuple[str, int]]]:
        """What a credit note brings back, by order: the latest first; what was never bought is nobody's."""
        found: dict[str, list[tuple[str, int]]] = {}
        for piece in sale.pieces if sale.is_credit else ():
            rest = piece.quantity
            for line in reversed(self.bought.get((str(sale.customer), piece.sku), [])):
                taken = min(rest, line[2])
                if taken:
                    found.setdefault(line[0], []).append((line[1], taken))
                    line[2], rest = line[2] - taken, rest - taken
        return found


def join(program_id: int, sales: Iterable[Sale]) -> None:
    """Everybody joins with the first thing that is known of her, as the import has it."""
    for customer, at in first_of(sales).items():
        with clock.at(at):
            claim = Claim(type=IdentifierType.EXTERNAL, value=customer)
            members.register(program_id=program_id, actor=ACTOR, attested=True, identifiers=[claim])


def first_of(sales: Iterable[Sale]) -> dict[str, datetime]:
    """When each customer is first heard of."""
    found: dict[str, datetime] = {}
    for sale in sales:
        found.setdefault(str(sale.customer), sale.at)
    return found


def one_by_one(sales: list[Sale]) -> int:
    """Told over the API when it happened."""
    program_id = a_program("live")
    join(program_id, sales)
    till = Till(program_id)
    for sale in sales:
        with clock.at(sale.at):
            till.tell(sale)
    return program_id


def shuffled(sales: list[Sale], end: datetime) -> int:
    """Told at the end: purchases in any order, then credit notes."""
    program_id = a_program("late")
    join(program_id, sales)
    bought = [s for s in sales if not s.is_credit]
    random.Random(11).shuffle(bought)
    with clock.at(end):
        for sale in [*bought, *(s for s in sales if s.is_credit)]:
            tell(program_id, sale)
    return program_id


def imported(folder: Path, customers: set[str], end: datetime, path: Path) -> int:
    """The file's own rows of these customers, in one import."""
    program_id = a_program("bulk")
    rows = pd.read_csv(folder / "online_retail" / "online_retail.csv.gz", dtype=str, keep_default_na=False)
    rows[("c" + rows.CustomerID).isin(customers)].assign(CustomerID="c" + rows.CustomerID).to_csv(path, index=False)
    mapping = imports.ready_mapping("online-retail")
    with clock.at(end):
        job = imports.start(program_id=program_id, path=path, mapping=mapping, actor=ACTOR)
        done = imports.run(program_id=program_id, job_id=job.id, wait_seconds=60)
        assert done.state == State.FINISHED
        assert done.report["rows_rejected"] == 0
        follow()
    return program_id


def end_of(program_id: int, customers: Iterable[str], end: datetime) -> dict[str, Any]:
    """Where everybody stands at the end. The night has put everybody there: reviewed once more, nobody moves."""
    step = nights.Step("review levels", tiers.review_at_night, only_latest=True)
    with clock.at(end):
        nights.run_due([step], program_id=program_id, zone=ZONE, upto=end, first_day=LAST)
        again = tiers.review_all(program_id=program_id)
        assert again == Reviewed(seen=again.seen, raised=0, lowered=0)
        assert tiers.discrepancies(program_id) == []
        assert outbox.health(program_id=program_id).dead == {}
    return {c: standing(members.resolve(program_id=program_id, ref=f"external:{c}")) for c in customers}


def standing(member_id: UUID) -> list[tuple[Any, ...]]:
    """All that a member can read of her standings."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select ladder, level, since, by, valid_until, grace_until, amounts, falls_on, falls_to, rises_on, rises_to"
            " from tiers_standing where member_id = %s order by ladder",
            [member_id],
        )
        # of whom only credit notes are told that bring nothing back, an import leaves no row: she never stood anywhere
        return [row for row in cursor.fetchall() if row[2] or row[7] or row[9] or any(row[6] or ())]


def timed(
    name: str, tell_all: Callable[[], int], sales: list[Sale], customers: list[str], end: datetime
) -> dict[str, Any]:
    """Where everybody stands by one telling; says how long it took."""
    began = time.perf_counter()
    program_id = tell_all()
    told = time.perf_counter()
    found = end_of(program_id, customers, end)
    ended = time.perf_counter()
    sys.stderr.write(
        f"\n{name}: {len(customers)} customers, {len(sales)} invoices and credit notes told in {told - began:.0f} s;"
        f" night, review of all and proof {ended - told:.0f} s\n"
    )
    return found


def test_one_by_one_in_bulk_or_shuffled_leads_to_the_same_standings(real_data: Path, tmp_path: Path) -> None:
    sales = [s for s in shops.online_retail(real_data, SHARE).sales if s.customer]
    customers = set(first_of(sales))
    end = clock.day_starts(LAST, ZONE)
    tellings: dict[str, Callable[[], int]] = {
        "live": lambda: one_by_one(sales),
        "bulk": lambda: imported(real_data, customers, end, tmp_path / "file.csv"),
        "late": lambda: shuffled(sales, end),
    }
    ends = {name: timed(name, tell_all, sales, sorted(customers), end) for name, tell_all in tellings.items()}
    for other in ("bulk", "late"):
        differs = {c: (ends["live"][c], ends[other][c]) for c in customers if ends["live"][c] != ends[other][c]}
        assert differs == {}, f"{len(differs)} of {len(customers)} stand elsewhere by {other}"
    levels = {(row[0], row[1]) for rows in ends["live"].values() for row in rows}
    assert {ladder for ladder, _ in levels} == set(LADDERS)
    assert len(levels) >= 12  # it is no sameness of nobody having risen
