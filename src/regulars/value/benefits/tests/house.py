"""A program with benefits for tests: a ladder, a coupon, points, and whatever benefits a test wants."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from regulars.people.audiences import services as audiences
from regulars.people.members import services as members
from regulars.people.members.terms import Birthday
from regulars.people.programs import services as programs
from regulars.value.benefits import services as benefits
from regulars.value.coupons import services as coupons
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import Parcel
from regulars.value.tiers import services as tiers

ACTOR = "staff:1"
_numbers = itertools.count(1)
LADDER = {
    "key": "main",
    "measure": "growth",
    "levels": [{"key": "member", "enter": 0}, {"key": "silver", "enter": 100}, {"key": "gold", "enter": 500}],
}


def document(*entries: dict[str, Any], packs: Any = (), **more: Any) -> dict[str, Any]:
    return {
        "program": {"key": "shop", "name": "Shop", "zone": "Europe/London", "currency": "GBP"},
        "units": [{"key": "points", "kind": "spendable"}, {"key": "growth", "kind": "measure"}],
        "channels": [{"key": "web", "name": "Web", "kind": "web"}],
        "ladders": [LADDER],
        "coupon_templates": [{"key": "cake", "gives": {"effects": [{"kind": "order_percent", "percent": "10"}]}}],
        "benefits": list(entries),
        "packs": list(packs),
        **more,
    }


def program(
    *entries: dict[str, Any], packs: Any = (), key: str = "shop", zone: str = "Europe/London", **more: Any
) -> int:
    """A program of these benefits; answers its id."""
    benefits.forget_versions()
    coupons.forget_versions()
    coupons.forget_numbers()
    made = programs.create(key=key, name="Shop", zone=zone, currency="GBP", actor=ACTOR)
    programs.define_channel(program_id=made.id, key="web", name="Web", kind="web", actor=ACTOR)
    publish(made.id, *entries, packs=packs, **more)
    return made.id


def publish(program_id: int, *entries: dict[str, Any], packs: Any = (), **more: Any) -> int:
    """The next version of the program, with these benefits; answers its number."""
    wanted = document(*entries, packs=packs, **more)
    audiences.apply(program_id, {"audiences": wanted.get("audiences", [])})
    ledger.apply(program_id, {"units": wanted["units"]}, ACTOR)
    version = programs.by_id(program_id=program_id).current_version + 1
    for context in (tiers, coupons, benefits):
        context.apply(program_id, version, wanted, ACTOR)
    programs.set_current_version(program_id=program_id, version=version)
    return version


def join(program_id: int, *, born: tuple[int, int] | None = None, zone: str | None = None, at: Any = None) -> UUID:
    """A new member with an open account."""
    found = members.register(
        program_id=program_id,
        actor=ACTOR,
        birthday=Birthday(month=born[0], day=born[1]) if born else None,
        zone=zone,
    ).member_id
    with connection.cursor() as cursor:
        cursor.execute("select ledger_open(%s::uuid, %s::int)", [found, program_id])
    return found


def grow(program_id: int, member_id: UUID, amount: int) -> None:
    """Growth by an amount, and the level that follows."""
    ledger.earn(
        program_id=program_id,
        member_id=member_id,
        key=f"g{next(_numbers)}",
        parcels=[Parcel(slot=2, amount=amount)],
        actor=ACTOR,
    )
    tiers.review(program_id=program_id, member_ids=[member_id], cause="order")


def of(program_id: int, member_id: UUID, at: datetime | None = None) -> set[str]:
    """Keys of what the member is entitled to."""
    return {e.benefit.key for e in benefits.of(program_id=program_id, member_id=member_id, at=at)}


def facts(program_id: int, member_id: UUID, at: datetime) -> tuple[list[str], list[str]]:
    """What conditions see."""
    with connection.cursor() as cursor:
        cursor.execute("select * from benefits_of(%s, %s, %s)", [program_id, member_id, at])
        row = cursor.fetchone()
    return row[0], row[1]


def use(program_id: int, member_id: UUID, benefit: str, key: str | None = None, **more: Any) -> Any:
    """One use, by a key of its own unless one is said."""
    return benefits.use(
        program_id=program_id,
        member_id=member_id,
        benefit=benefit,
        key=key or f"u{next(_numbers)}",
        actor=ACTOR,
        **more,
    )


def rows(sql: str, *params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()
