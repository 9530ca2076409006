"""A program with a ladder and members with growth, for the tests of tiers."""

from __future__ import annotations

import json
import secrets
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from regulars.governance.publishing import services as publishing
from regulars.kernel import clock
from regulars.people.members import services as members
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import Parcel
from regulars.value.tiers import services as tiers

DOCUMENT = """
program: {key: shop, name: Shop, zone: Europe/London, currency: GBP}
units: [{key: points, kind: spendable}, {key: growth, kind: measure}]
ladders:
  - key: main
    measure: growth
    levels: [{key: member, enter: 0}, {key: silver, name: Silver, enter: 100}, {key: gold, enter: 500}]
"""
GROWTH = 2  # its slot


def publish(document: str = DOCUMENT) -> int:
    """The program of a document; answers its id."""
    return publishing.apply(document=document, actor="staff:1").program_id


def join(program_id: int) -> UUID:
    """A new member with an open account."""
    member_id = members.register(program_id=program_id, actor="system:test").member_id
    with connection.cursor() as cursor:
        cursor.execute("select ledger_open(%s::uuid, %s::int)", [member_id, program_id])
    return member_id


def grow(program_id: int, member_id: UUID, amount: int) -> None:
    """Growth by `amount` (negative: taken back)."""
    key = secrets.token_hex(8)
    if amount > 0:
        parcels = [Parcel(slot=GROWTH, amount=amount)]
        ledger.earn(program_id=program_id, member_id=member_id, key=key, parcels=parcels, actor="system:test")
    else:
        for n, entry in enumerate(given(member_id)):
            taken = min(-amount, entry[1])
            amount += taken
            if taken:
                ledger.clawback(
                    program_id=program_id, member_id=member_id, key=f"{key}/{n}", reverses=entry[0],
                    amounts={GROWTH: taken}, actor="system:test",
                )  # fmt: skip


def given(member_id: UUID) -> list[tuple[int, int]]:
    """The journals that gave growth with what is left of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select seq, sum(remaining)::bigint from ledger_lot_facts where member_id = %s and unit = %s group by 1 order by 1",
            [member_id, GROWTH],
        )
        return cursor.fetchall()


def ladder(zone: str = "Europe/London", **settings: object) -> str:
    """A document with one ladder on growth, told as `settings`: member 0, silver 100 (kept by 60), gold 500."""
    told = {
        "key": "main",
        "measure": "growth",
        "levels": [
            {"key": "member", "enter": 0},
            {"key": "silver", "name": "Silver", "enter": 100, "keep": 60},
            {"key": "gold", "enter": 500},
        ],
        **settings,
    }
    return json.dumps(
        {
            "program": {"key": "shop", "name": "Shop", "zone": zone, "currency": "GBP"},
            "units": [{"key": "points", "kind": "spendable"}, {"key": "growth", "kind": "measure"}],
            "ladders": [told],
        }
    )


def instant(text: str, zone: str = "Europe/London") -> datetime:
    """A local time as an instant: `2026-01-31 23:59` (a day alone: its midnight)."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def buy(program_id: int, member_id: UUID, when: datetime, amount: int, *, told: datetime | None = None) -> int:
    """A purchase that gave growth, told then or later; answers its journal."""
    with clock.at(told or when):
        moved = ledger.earn(
            program_id=program_id, member_id=member_id, key=secrets.token_hex(8), actor="system:test",
            parcels=[Parcel(slot=GROWTH, amount=amount)], occurred_at=when,
        )  # fmt: skip
    return moved.seq


def bring_back(program_id: int, member_id: UUID, seq: int, when: datetime, amount: int) -> None:
    """A return of what a purchase gave."""
    with clock.at(when):
        ledger.clawback(
            program_id=program_id, member_id=member_id, key=secrets.token_hex(8), reverses=seq,
            amounts={GROWTH: amount}, actor="system:test", occurred_at=when,
        )  # fmt: skip


def level_at(program_id: int, member_id: UUID, when: datetime, cause: str = "order") -> str:
    """Her level once she was reviewed at an instant."""
    with clock.at(when):
        tiers.review(program_id=program_id, member_ids=[member_id], cause=cause)
        standing = tiers.standing(program_id=program_id, member_id=member_id)
    assert standing is not None
    return standing.level
