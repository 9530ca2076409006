"""A small program for tests: a shop and a web shop, points and growth, and what tellings look like."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from regulars.kernel import clock, ids
from regulars.people.members import services as members
from regulars.people.members.terms import Claim, IdentifierType
from regulars.people.programs import services as programs
from regulars.value.orders import services as orders
from regulars.value.orders.terms import Back, OrderTold, ReturnTold
from regulars.value.promotions import services as promotions
from regulars.value.promotions.terms import Line, Tender

ACTOR = "key:1"
_numbers = itertools.count(1)

POINTS = {"key": "points", "unit": "points", "rate": {"points": 1, "per": "1.00"}}
GROWTH = {"key": "growth", "unit": "growth", "rate": {"points": 1, "per": "1.00"}}


def document(*rules: dict[str, Any], currency: str = "GBP", **policies: Any) -> dict[str, Any]:
    return {
        "program": {"currency": currency},
        "units": [{"key": "points"}, {"key": "growth"}],
        "policies": policies,
        "earn_rules": list(rules) or [POINTS, GROWTH],
    }


def program(*rules: dict[str, Any], debt_policy: str = "owe", key: str = "shop", **policies: Any) -> int:
    promotions.forget()
    made = programs.create(key=key, name="A shop", zone="Europe/London", currency="GBP", actor=ACTOR)
    for channel, kind in (("web", "web"), ("store", "store")):
        programs.define_channel(program_id=made.id, key=channel, name=channel, kind=kind, actor=ACTOR)
    programs.define_store(program_id=made.id, key="high-street", name="High Street", actor=ACTOR)
    programs.define_store(program_id=made.id, key="north", name="North", kind="region", actor=ACTOR)
    with connection.cursor() as cursor:
        for slot, unit, kind, debt in (
            (1, "points", "spendable", debt_policy),
            (2, "growth", "measure", "within_balance"),
        ):
            cursor.execute(
                "insert into ledger_unit (program_id, slot, key, names, kind, scale, expiry, activation, debt_policy,"
                " renewed_by, transferable) values (%s, %s, %s, '{}', %s, 0, '{}', '{}', %s, '{}', false)",
                [made.id, slot, unit, kind, debt],
            )
    publish(made.id, *rules, **policies)
    return made.id


def publish(program_id: int, *rules: dict[str, Any], **policies: Any) -> int:
    version = programs.by_id(program_id=program_id).current_version + 1
    promotions.apply(program_id, version, document(*rules, **policies), ACTOR)
    programs.set_current_version(program_id=program_id, version=version)
    return version


def member(program_id: int, **identifiers: str) -> UUID:
    claims = [Claim(type=IdentifierType(kind), value=value) for kind, value in identifiers.items()]
    return members.register(
        program_id=program_id, actor=ACTOR, identifiers=claims, attested=True, channel="web"
    ).member_id


def line(id: str = "1", amount: int = 1000, quantity: str = "1", sku: str = "tea", **more: Any) -> Line:
    return Line(id=id, n=0, sku=sku, quantity=Decimal(quantity), amount_minor=amount, **more)


def told(*lines: Line, ref: str | None = None, at: datetime | None = None, **more: Any) -> OrderTold:
    return OrderTold(
        ref=ref or f"r{next(_numbers)}",
        channel=more.pop("channel", "web"),
        currency=more.pop("currency", "GBP"),
        occurred_at=at or clock.now() - timedelta(minutes=5),
        lines=tuple(x._replace(n=n) for n, x in enumerate(lines or (line(),), 1)),
        **more,
    )


def sell(program_id: int, *lines: Line, member_id: UUID | None = None, **more: Any) -> Any:
    if member_id is not None:
        more["member"] = mem(member_id)
    return orders.place(program_id=program_id, told=told(*lines, **more), actor=ACTOR)


def back(*lines: Back, ref: str | None = None, at: datetime | None = None, **more: Any) -> ReturnTold:
    return ReturnTold(ref=ref or f"b{next(_numbers)}", occurred_at=at or clock.now(), lines=lines, **more)


def give_back(program_id: int, *lines: Back, **more: Any) -> Any:
    return orders.take_back(program_id=program_id, told=back(*lines, **more), actor=ACTOR)


def part(quantity: str, line: str = "1", amount: int | None = None) -> Back:
    return Back(Decimal(quantity), line=line, amount_minor=amount)


def goods(quantity: str, sku: str = "tea", amount: int = 1000) -> Back:
    return Back(Decimal(quantity), sku=sku, amount_minor=amount)


def mem(member_id: UUID) -> str:
    return ids.encode("mem", member_id)


def ord_(receipt: Any) -> str:
    return ids.encode("ord", receipt.order_id)


def card(type: str, amount: int, token: str | None = None) -> Tender:
    return Tender(type, amount, token)


def holds(member_id: UUID) -> dict[str, tuple[int, int]]:
    """(active, debt) by unit, as the account says."""
    with connection.cursor() as cursor:
        cursor.execute("select active, debt from ledger_context(%s)", [member_id])
        active, debt = cursor.fetchone()
    slots = {"points": 0, "growth": 1}
    return {u: (active[i] if i < len(active) else 0, debt[i] if i < len(debt) else 0) for u, i in slots.items()}


def spend(program_id: int, member_id: UUID, amount: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select ledger_spend(%s::uuid, ledger_entry(%s::int, %s::text, 'spend', 'test', 'x', null, null, now(),"
            " now(), 'test', null, '\\x00'), 1::smallint, %s::bigint)",
            [member_id, program_id, f"spend/{next(_numbers)}", amount],
        )


TABLES = (
    "orders_order orders_line orders_return orders_return_line ledger_journal ledger_posting ledger_lot_facts kernel_fact"
    " kernel_idempotency"
).split()


def everything() -> dict[str, Any]:
    """All that a refusal must leave alone: row counts, balances and line sums."""
    found: dict[str, Any] = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"select count(*) from {table}")
            found[table] = cursor.fetchone()[0]
        cursor.execute(
            "select member_id, version, active, pending, debt, counters::text from ledger_account order by 1"
        )
        found["accounts"] = cursor.fetchall()
        cursor.execute("select order_id, n, returned, returned_minor, reversed from orders_line order by 1, 2")
        found["lines"] = cursor.fetchall()
    return found
