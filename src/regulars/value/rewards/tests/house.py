"""A small program for tests: points, stamps and growth, two stores, a ladder, an audience, and rewards of every sort."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from regulars.kernel.errors import Busy, Refusal
from regulars.people.audiences import services as audiences
from regulars.people.members import services as members
from regulars.people.programs import services as programs
from regulars.value.coupons import services as coupons
from regulars.value.ledger import services as ledger
from regulars.value.rewards import services as rewards
from regulars.value.rewards.terms import Redemption
from regulars.value.tiers import services as tiers

ACTOR = "key:1"
_numbers = itertools.count(1)
UNITS = {
    "units": [
        {"key": "points", "name": {"en": "Points"}},
        {"key": "stamps", "name": {"en": "Stamps"}},
        {"key": "growth", "name": {"en": "Growth"}, "kind": "measure"},
    ]
}
LADDERS = {
    "ladders": [
        {
            "key": "club",
            "name": {"en": "Club"},
            "measure": "growth",
            "levels": [
                {"key": "basic", "name": {"en": "Basic"}, "enter": 0},
                {"key": "gold", "name": {"en": "Gold"}, "enter": 100},
            ],
        }
    ]
}
TEMPLATE = {"key": "ten", "gives": {"effects": [{"kind": "order_percent", "percent": "10"}]}}


def reward(key: str = "mug", points: int | None = 100, **more: Any) -> dict[str, Any]:
    price = {} if points is None else {"price": {"units": {"points": points}}}
    return {"key": key, "name": {"en": key.title()}, **price, **more}


def coupon(key: str = "tenner", points: int = 100, **more: Any) -> dict[str, Any]:
    return reward(key, points, **{"kind": "coupon", "gives": {"template": "ten"}, **more})


def program(*told: dict[str, Any], key: str = "shop", zone: str = "Europe/London") -> int:
    """A program whose first version has these rewards (a mug when none is said)."""
    rewards.forget_versions()
    coupons.forget_versions()
    coupons.forget_numbers()
    made = programs.create(key=key, name="A shop", zone=zone, currency="GBP", actor=ACTOR)
    programs.define_store(program_id=made.id, key="north", name="North", kind="region", actor=ACTOR)
    programs.define_store(program_id=made.id, key="high-street", name="High Street", parent="north", actor=ACTOR)
    programs.define_store(program_id=made.id, key="station", name="Station", actor=ACTOR)
    ledger.apply(made.id, UNITS, ACTOR)
    audiences.declare(program_id=made.id, key="friends", names={"en": "Friends"})
    publish(made.id, *(told or [reward()]))
    return made.id


def publish(program_id: int, *told: dict[str, Any]) -> int:
    version = programs.by_id(program_id=program_id).current_version + 1
    coupons.apply(program_id, version, {"coupon_templates": [TEMPLATE]}, ACTOR)
    tiers.apply(program_id, version, {**UNITS, **LADDERS}, ACTOR)
    rewards.apply(program_id, version, {"rewards": list(told), "program": {"currency": "GBP"}}, ACTOR)
    programs.set_current_version(program_id=program_id, version=version)
    return version


def member(program_id: int, points: int = 0, *, expires_at: datetime | None = None, **more: int) -> UUID:
    """A new member who has so many points (and of other units, by name)."""
    found = members.register(program_id=program_id, actor=ACTOR, channel="web").member_id
    for unit, amount in {"points": points, **more}.items():
        if amount:
            earn(program_id, found, amount, unit, expires_at=expires_at)
    return found


def earn(program_id: int, member_id: UUID, amount: int, unit: str = "points", **more: Any) -> int:
    slot = ledger.unit(program_id=program_id, key=unit).slot
    lot = ledger_parcel(slot, amount, more.get("expires_at"))
    done = ledger.earn(
        program_id=program_id, member_id=member_id, key=f"e{next(_numbers)}", kind="gift", parcels=[lot], actor=ACTOR
    )
    return int(done.seq or 0)


def ledger_parcel(slot: int, amount: int, expires_at: datetime | None) -> Any:
    from regulars.value.ledger.terms import Parcel

    return Parcel(slot=slot, amount=amount, expires_at=expires_at)


def redeem(program_id: int, member_id: UUID, reward: str = "mug", **more: Any) -> Redemption:
    key = more.pop("key", f"k{next(_numbers)}")
    return rewards.redeem(program_id=program_id, member_id=member_id, reward=reward, key=key, actor=ACTOR, **more)


def cancel(one: Redemption, **more: Any) -> Redemption:
    return rewards.cancel(program_id=one.program_id, redemption_id=one.redemption_id, actor=ACTOR, **more)


def wallet(member_id: UUID, unit: int = 1) -> tuple[int, int]:
    """(active, held) of a unit by its slot: points, stamps, growth."""
    ((active, held),) = rows(f"select active[{unit}], held[{unit}] from ledger_context('{member_id}')")
    return active or 0, held or 0


def lots(member_id: UUID) -> list[tuple[Any, ...]]:
    """(amount, remaining, state, expires_at) of every lot."""
    return rows(
        f"select amount, remaining, state, expires_at from ledger_lot_facts where member_id = '{member_id}' order by seq, n"
    )


def shelf(program_id: int, reward: str = "mug", session: str = "") -> tuple[int | None, int]:
    """(most, taken)."""
    found = next(s for s in rewards.shelves(program_id=program_id).get(reward, ()) if s.session == session)
    return found.most, found.taken


def rows(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


_COUNTED = ("rewards_redemption", "rewards_chapter", "rewards_gift", "rewards_stocking", "kernel_fact",
            "ledger_journal", "ledger_hold", "coupons_event")  # fmt: skip
_SEEN = {
    "shelves": "select program_id, reward, session, base, added, taken, over from rewards_shelf order by 1, 2, 3",
    "tallies": "select member_id, reward, period, used from rewards_tally where used > 0 order by 1, 2, 3",
    "codes": "select id, state, redemption_id from rewards_code order by 1",
    "waits": "select id, state, member_id from rewards_wait order by 1",
    "accounts": "select member_id, active, held from ledger_account order by 1",
    "coupons": "select id, state from coupons_coupon order by 1",
    "redemptions": "select id, state, gave_back from rewards_redemption order by 1",
}


def everything() -> dict[str, Any]:
    """All that a refusal must leave alone; in one statement, because a machine asks at every step."""
    parts = {table: f"(select count(*)::text from {table})" for table in _COUNTED}
    parts |= {name: f"(select string_agg(x::text, chr(10)) from ({sql}) x)" for name, sql in _SEEN.items()}
    return dict(zip(parts, rows("select " + ", ".join(parts.values()))[0], strict=True))


def at_once(calls: list[Callable[[], Any]], workers: int = 20) -> list[Any]:
    """Run all, as many at the same moment as there are workers, each on its own connection; a refusal is an answer."""
    gate = Barrier(workers)

    def run(mine: list[Callable[[], Any]]) -> list[Any]:
        found: list[Any] = []
        try:
            with connection.cursor() as cursor:
                cursor.execute("select 1")
            gate.wait()
            for call in mine:
                while True:
                    try:
                        with transaction.atomic():
                            found.append(call())
                    except Busy:
                        continue
                    except Refusal as no:
                        found.append(no.code)
                    break
        finally:
            connection.close()
        return found

    with ThreadPoolExecutor(workers) as pool:
        return [one for many in pool.map(run, [calls[n::workers] for n in range(workers)]) for one in many]
