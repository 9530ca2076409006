"""What returns have left of what an order's promotions brought: asked by whoever brings it, and takes it back."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from regulars.value.orders.models import OrderRow, ReturnLineRow
from regulars.value.orders.rules.extras import extras_from_json, undone_from_json
from regulars.value.promotions.terms import Outcome


class Brought(NamedTuple):
    """An order's outcomes, and the promotions among them that act on nothing any more."""

    order_id: UUID
    member_id: UUID | None
    outcomes: tuple[Outcome, ...]
    gone: frozenset[str]


def brought(*, program_id: int, order_id: UUID) -> Brought | None:
    """What an order brought and returns have undone of it; no return changes that before the transaction ends.

    Returns: None for an order that was not decided here.
    """
    found = _of(program_id, [order_id])
    return found[0] if found else None


def brought_by_orders_of(*, program_id: int, return_id: UUID) -> tuple[Brought, ...]:
    """`brought` of each order that a return gave goods of, in order of their ids."""
    orders = ReturnLineRow.objects.filter(program_id=program_id, parent_id=return_id, order_id__isnull=False)
    return tuple(_of(program_id, {o for o in orders.values_list("order_id", flat=True) if o is not None}))


def _of(program_id: int, orders: Collection[UUID]) -> list[Brought]:
    rows = OrderRow.objects.filter(program_id=program_id, id__in=orders, extras__isnull=False).order_by("id")
    return [_brought(row) for row in rows.select_for_update(no_key=True)]


def _brought(row: OrderRow) -> Brought:
    gone = frozenset(a.key for a in undone_from_json(row.undone).promotions)
    return Brought(row.id, row.member_id, extras_from_json(row.extras or {}).outcomes, gone)
