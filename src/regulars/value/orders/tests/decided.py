"""Orders as the close of a basket leaves them, made for tests of what a return undoes."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.db import connection

from regulars.value.ledger import services as ledger
from regulars.value.orders import services as orders
from regulars.value.orders.terms import AppliedHere, Extras, SpentHere
from regulars.value.orders.tests import house
from regulars.value.promotions.terms import OnReturn


class Sold(NamedTuple):
    """A line: its price before discounts, what promotions took off, and what points paid of the rest."""

    id: str
    gross: int
    quantity: str = "1"
    off: Mapping[str, int] = {}
    tendered: int = 0
    sku: str = "tea"
    kind: str = "goods"
    attributes: Mapping[str, Any] = {}


def give(program_id: int, member_id: UUID, amount: int) -> None:
    """Points to spend, from an earlier order."""
    house.sell(program_id, house.line("gift", amount * 100), member_id=member_id)


def sell(
    program_id: int,
    *lines: Sold,
    member_id: UUID | None = None,
    policies: Mapping[str, OnReturn] | None = None,
    coupons: Mapping[str, str] | None = None,
    points: int = 0,
    extras: Extras = Extras(),
    question: Mapping[str, Any] | None = None,
    **more: Any,
) -> Any:
    """Close a decided basket. `coupons` maps a promotion to the code that triggered it; `points` paid what is tendered."""
    policies, coupons = policies or {}, coupons or {}
    told = [
        house.line(s.id, s.gross - sum(s.off.values()), s.quantity, s.sku, kind=s.kind, attributes=s.attributes)
        for s in lines
    ]
    receipt = house.sell(program_id, *told, member_id=member_id, source="session", **more)
    worth = sum(s.tendered for s in lines)
    if points:
        key = f"order/session/{receipt.ref}/spend/points"
        done = ledger.spend(
            program_id=program_id,
            member_id=member_id,
            key=key,
            unit="points",
            amount=points,
            actor=house.ACTOR,  # type: ignore[arg-type]
        )
        extras = _with(extras, spent=(SpentHere("points", 1, points, worth, done.seq or 0, key),))
    off: dict[str, int] = {}
    for one in lines:
        for key, minor in one.off.items():
            off[key] = off.get(key, 0) + minor
    applied = tuple(
        AppliedHere(key, coupons.get(key), off.get(key, 0), policies.get(key, OnReturn.KEEP))
        for key in {**off, **policies}
    )
    _keep(receipt, lines, _with(extras, promotions=applied), coupons, question)
    return receipt


def _with(extras: Extras, **more: Any) -> Extras:
    return Extras(**{name: getattr(extras, name) for name in extras.__dataclass_fields__} | more)


def _keep(
    receipt: Any,
    lines: Sequence[Sold],
    extras: Extras,
    coupons: Mapping[str, str],
    question: Mapping[str, Any] | None,
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "update orders_order set extras = %s::jsonb, subtotal_minor = %s where id = %s",
            [orjson.dumps(orders.extras_to_json(extras)).decode(), sum(s.gross for s in lines), receipt.order_id],
        )
        for n, one in enumerate(lines, 1):
            shares = [[key, coupons.get(key), minor] for key, minor in one.off.items()]
            cursor.execute(
                "update orders_line set discount_minor = %s, shares = %s::jsonb, tendered_minor = %s"
                " where order_id = %s and n = %s",
                [sum(one.off.values()), orjson.dumps(shares).decode(), one.tendered, receipt.order_id, n],
            )
        if question is not None:
            cursor.execute(
                "insert into orders_question (order_id, program_id, member_id, body)"
                " select id, program_id, member_id, %s from orders_order where id = %s",
                [zlib.compress(orjson.dumps(question)), receipt.order_id],
            )


def pickup(program_id: int, *lines: Sold, member_id: UUID | None = None) -> Any:
    """An order that waits to be picked up."""
    return sell(program_id, *lines, member_id=member_id, attributes={"fulfilment": "pickup"})


def used(program_id: int) -> dict[str, int]:
    """What of each limit is taken."""
    with connection.cursor() as cursor:
        cursor.execute("select key, used from promotions_usage where program_id = %s order by key", [program_id])
        return dict(cursor.fetchall())


def take(program_id: int, limits: Mapping[str, int]) -> None:
    """Take from limits, as a close does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select promotions_take(%s, %s::text[], %s::bigint[], %s::bigint[])",
            [program_id, list(limits), list(limits.values()), [10**9] * len(limits)],
        )


def counters(member_id: UUID) -> dict[str, int]:
    """The member's own counters."""
    with connection.cursor() as cursor:
        cursor.execute("select counters from ledger_account where member_id = %s", [member_id])
        (found,) = cursor.fetchone()
        return dict(orjson.loads(found) if isinstance(found, str) else found)


def spend_lots(member_id: UUID) -> list[tuple[int, int]]:
    """(remaining, amount) of her lots of points, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select remaining, amount from ledger_lot_facts where member_id = %s and unit = 1 order by seq, n",
            [member_id],
        )
        return list(cursor.fetchall())
