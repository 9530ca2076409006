"""A made-up history of a small shop, as a file and as the events it tells."""

from __future__ import annotations

import csv
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import connection

from regulars.governance.publishing import services as publishing
from regulars.interfaces.imports import services
from regulars.interfaces.imports.terms import Job
from regulars.value.orders.terms import Back, OrderTold, ReturnTold
from regulars.value.promotions.terms import Line

MAPPING: dict[str, Any] = {
    "source": "old-till",
    "currency": "GBP",
    "columns": {
        "order": "no", "sku": "sku", "description": "what", "quantity": "q", "amount": "total", "occurred_at": "at",
        "member": "who",
    },
    "constants": {"channel": "web"},
    "attributes": {"country": "land"},
    "returns": {"when": {"column": "no", "matches": "^C"}},
}  # fmt: skip
HEADER = ["no", "sku", "what", "q", "total", "at", "who", "land"]
DOCUMENT = """
program: {{key: {key}, name: Shop, zone: Europe/London, currency: GBP, locale: en}}
channels: [{{key: web, name: Web, kind: web}}]
units:
  - {{key: points, kind: spendable, expiry: {{kind: never}}, debt: owe}}
  - {{key: growth, kind: measure}}
earn_rules:
  - {{key: base, unit: points, rate: {{points: 1, per: 1.00}}{more}}}
  - {{key: growth, unit: growth, rate: {{points: 1, per: 1.00}}}}
ladders:
  - {{key: main, measure: growth, levels: [{{key: green, enter: 0}}, {{key: gold, enter: 500}}]}}
"""
START = datetime(2024, 1, 1, 9, tzinfo=UTC)
Event = OrderTold | ReturnTold


def a_shop(key: str = "shop", more: str = "") -> int:
    """A program with one point a pound; its id."""
    return publishing.apply(document=DOCUMENT.format(key=key, more=more), actor="system:test").program_id


ACTOR = "system:test"


def bring(program_id: int, path: Path, mapping: dict[str, Any] = MAPPING) -> Job:
    """Start and run an import."""
    job = services.start(program_id=program_id, path=path, mapping=mapping, actor=ACTOR)
    return services.run(program_id=program_id, job_id=job.id, wait_seconds=20)


def history(*, seed: int, events: int, members: int = 4, goods: int = 5) -> list[tuple[Event, str | None]]:
    """Sales and returns in the order of time, some at the same minute, some of guests, with the member of each."""
    chance = random.Random(seed)
    told: list[tuple[Event, str | None]] = []
    at = START
    for n in range(events):
        at += timedelta(minutes=chance.choice((0, 0, 1, 500)))
        who = chance.choice([None, *(f"m{i}" for i in range(members))])
        if n > 2 and chance.random() < 0.35:
            skus = [
                f"s{chance.randrange(goods)}" if chance.random() < 0.9 else "never"
                for _ in range(chance.randint(1, 3))
            ]
            backs = tuple(Back(Decimal(chance.randint(1, 4)), None, sku, chance.randint(0, 900)) for sku in skus)
            told.append((ReturnTold(ref=f"C{n}", occurred_at=at, lines=backs, source="old-till"), who))
            continue
        lines = []
        for i in range(1, chance.randint(1, 4) + 1):
            quantity = Decimal(chance.choice((1, 1, 2, 3, 10, -1, 0)))
            amount = chance.randint(0, 5000) if quantity > 0 else chance.randint(-500, 0)
            kind = "goods" if quantity > 0 else "adjustment"
            lines.append(Line(str(i), i, f"s{chance.randrange(goods)}", quantity, amount, kind=kind))
        order = OrderTold(
            ref=f"N{n}", channel="web", currency="GBP", occurred_at=at, lines=tuple(lines), source="old-till",
            descriptions=tuple("Tea, \"green\"\tand\\or 茶" if i % 2 else None for i in range(len(lines))),
            attributes={"country": "UK"},
        )  # fmt: skip
        told.append((order, who))
    return told


def bought_later(events: list[tuple[Event, str | None]]) -> int:
    """How many returned lines name goods that their member bought only later, by looking at each plainly."""
    bought = [
        (n, who, line.sku)
        for n, (event, who) in enumerate(events)
        if isinstance(event, OrderTold)
        for line in event.lines
        if line.quantity > 0
    ]
    return sum(
        who is not None
        and not any(w == who and sku == back.sku and m < n for m, w, sku in bought)
        and any(w == who and sku == back.sku for _, w, sku in bought)
        for n, (event, who) in enumerate(events)
        if isinstance(event, ReturnTold)
        for back in event.lines
    )


def written(path: Path, events: list[tuple[Event, str | None]], broken: dict[str, str] | None = None) -> Path:
    """The file that tells these events; `broken` replaces the quantity of the first line of a document."""
    with path.open("w", newline="", encoding="utf-8") as out:
        rows = csv.writer(out)
        rows.writerow(HEADER)
        for event, who in events:
            for row in _rows(event, who):
                if broken and row[0] in broken:
                    row[3] = broken.pop(row[0])
                rows.writerow(row)
    return path


def _rows(event: Event, who: str | None) -> list[list[Any]]:
    at = event.occurred_at.isoformat(timespec="seconds").removesuffix("+00:00")
    if isinstance(event, ReturnTold):
        return [
            [event.ref, b.sku, "", -b.quantity, f"-{(b.amount_minor or 0) / 100:.2f}", at, who or "", "UK"]
            for b in event.lines
        ]
    what = event.descriptions or [None] * len(event.lines)
    return [
        [event.ref, x.sku, d or "", x.quantity, f"{x.amount_minor / 100:.2f}", at, who or "", "UK"]
        for x, d in zip(event.lines, what, strict=True)
    ]


WHAT_IS_KEPT = {
    "journal": """select m.ref, j.seq, j.kind, regexp_replace(j.key, '[0-9a-f-]{36}$', ''), j.source_type, j.source_ref, j.rule_version, j.occurred_at, j.reverses,
        j.digest from ledger_journal j join who m using (member_id) where j.program_id = %(p)s order by 1, 2""",
    "posting": """select m.ref, x.seq, x.n, x.unit, x.debit, x.credit, x.amount, x.party
        from ledger_posting x join who m using (member_id) where x.program_id = %(p)s order by 1, 2, 3""",
    "lot": """select m.ref, x.seq, x.n, x.unit, x.amount, x.remaining, x.state, x.activates_at, x.expires_at
        from ledger_lot_facts x join who m using (member_id) where x.program_id = %(p)s order by 1, 2, 3""",
    "allocation": """select m.ref, x.seq, x.n, x.unit, x.lot_seq, x.lot_n, x.kind, x.amount
        from ledger_allocation x join who m using (member_id) where x.program_id = %(p)s order by 1, 2, 3""",
    "account": """select m.ref, a.seq, a.version, a.active, a.pending, a.held, a.debt
        from ledger_account a join who m using (member_id) where a.program_id = %(p)s order by 1""",
    "order": """select o.source, o.ref, m.ref, o.channel, o.currency, o.occurred_at, o.state, o.total_minor, o.rule_version,
        o.seq, o.earned, o.digest, o.attributes::text, o.decision->>'applied', o.decision->>'rejected'
        from orders_order o left join who m using (member_id) where o.program_id = %(p)s order by 1, 2""",
    "line": """select o.ref, l.n, m.ref, l.line_ref, l.sku, l.quantity, l.uom, l.amount_minor, l.kind, l.description, l.earned,
        l.returned, l.returned_minor, l.reversed from orders_line l join orders_order o on o.id = l.order_id
        left join who m on m.member_id = l.member_id where o.program_id = %(p)s order by 1, 2""",
    "return": """select r.ref, m.ref, r.occurred_at, r.refund_minor, r.digest, r.answer::text
        from orders_return r left join who m using (member_id) where r.program_id = %(p)s order by 1""",
    "return line": """select r.ref, l.n, l.part, o.ref, l.order_n, l.sku, l.quantity, l.amount_minor,
        replace(l.match, 'bought_later', 'never_bought'), l.reversed
        from orders_return_line l join orders_return r on r.id = l.return_id left join orders_order o on o.id = l.order_id
        where r.program_id = %(p)s order by 1, 2, 3""",
}


def kept(program_id: int, members: dict[str, Any]) -> dict[str, list[tuple[Any, ...]]]:
    """All that is recorded in a program, without ids, hashes and the time of recording.

    Goods that are bought only later count as never bought: who tells one by one cannot know.
    """
    found = {}
    pairs = ", ".join(f"('{ref}', '{member}'::uuid)" for ref, member in members.items())
    with connection.cursor() as cursor:
        for name, query in WHAT_IS_KEPT.items():
            cursor.execute(f"with who(ref, member_id) as (values {pairs}) {query}", {"p": program_id})
            found[name] = cursor.fetchall()
    return found


def everything(program_id: int) -> dict[str, int]:
    """How many rows each table of the program has; to show that nothing changed."""
    tables = (
        "members_member ledger_account ledger_journal ledger_posting ledger_lot_facts ledger_allocation orders_order"
        " orders_line orders_return orders_return_line imports_reject"
    ).split()
    with connection.cursor() as cursor:
        counts = {}
        for table in tables:
            cursor.execute(f"select count(*), coalesce(sum(hashtext(t::text)::bigint), 0) from {table} t"
                           " where program_id = %s", [program_id])  # fmt: skip
            counts[table] = cursor.fetchone()
        return counts
