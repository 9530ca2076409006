"""A shop where baskets are decided: what `orders.tests.house` has, and how baskets are told here."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from regulars.kernel import clock
from regulars.value.checkout import services as checkout
from regulars.value.checkout.terms import LineTold, Session, SessionTold
from regulars.value.orders import services as orders
from regulars.value.orders.terms import Back, ReturnTold
from regulars.value.orders.tests import house
from regulars.value.promotions.terms import Spend, Tender

ACTOR = "key:1"
_keys = itertools.count(1)

program, member, mem, holds, publish = house.program, house.member, house.mem, house.holds, house.publish


def line(id: str = "1", amount: int | None = 1000, quantity: str = "1", sku: str = "tea", **more: Any) -> LineTold:
    return LineTold(id=id, sku=sku, quantity=Decimal(quantity), amount_minor=amount, **more)


def told(*lines: LineTold, member_id: UUID | None = None, **more: Any) -> SessionTold:
    if member_id is not None:
        more["member"] = mem(member_id)
    return SessionTold(
        channel=more.pop("channel", "web"),
        currency=more.pop("currency", "GBP"),
        lines=lines or (line(),),
        **more,
    )


def key() -> str:
    return f"basket-{next(_keys)}"


def put(shop: int, *lines: LineTold, key: str, **more: Any) -> Session:
    options = {name: more.pop(name) for name in ("dry", "only") if name in more}
    return checkout.put(program_id=shop, key=key, told=told(*lines, **more), actor=ACTOR, **options)


def tender(shop: int, key: str, **more: Any) -> Session:
    return checkout.tender(program_id=shop, key=key, actor=ACTOR, **more)


def close(shop: int, key: str, **more: Any) -> Session:
    return checkout.close(program_id=shop, key=key, actor=ACTOR, **more)


def cancel(shop: int, key: str) -> Session:
    return checkout.cancel(program_id=shop, key=key, actor=ACTOR)


def reopen(shop: int, key: str) -> Session:
    return checkout.reopen(program_id=shop, key=key, actor=ACTOR)


def body(session: Session) -> dict[str, Any]:
    return session.body


def pay(amount: int | None = None, unit: str = "points") -> Spend:
    return Spend(unit, amount)


def card(amount: int, token: str | None = None) -> Tender:
    return Tender("card", amount, token)


def wallet(member_id: UUID) -> tuple[int, int]:
    """(active, held) points."""
    with connection.cursor() as cursor:
        cursor.execute("select active[1], held[1] from ledger_context(%s)", [member_id])
        active, held = cursor.fetchone()
    return active or 0, held or 0


def one(sql: str, *params: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        row = cursor.fetchone()
    return row[0] if row else None


TABLES = (*house.TABLES, "ledger_hold", "coupons_use", "orders_question")


def everything() -> dict[str, Any]:
    """All that a refusal must leave alone."""
    found: dict[str, Any] = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"select count(*) from {table}")
            found[table] = cursor.fetchone()[0]
        for sql in (
            "select member_id, version, active, pending, held, debt, counters::text from ledger_account order by 1",
            "select key, used from promotions_usage where used > 0 order by 1",
            "select id, state, used from coupons_coupon order by 1",
            "select product_id, store_id, quantity from catalog_stock order by 1, 2",
            "select id, state, revision, reserved::text, order_id from checkout_session order by 1",
        ):
            cursor.execute(sql)
            found[sql] = cursor.fetchall()
    return found


def give_back(program: int, order: str, *told: tuple[str, str], ref: str = "r") -> Any:
    """(line, quantity) of an order's goods come back."""
    return orders.take_back(
        program_id=program,
        told=ReturnTold(
            ref=ref,
            order=f"session:{order}",
            occurred_at=clock.now(),
            lines=tuple(Back(line=line, quantity=Decimal(q)) for line, q in told),
        ),
        actor=ACTOR,
    )
