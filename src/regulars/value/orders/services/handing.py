"""Orders to be picked up: what was handed over can come back, what was not can be cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.db import transaction

from regulars.kernel.errors import Busy, Invalid
from regulars.value.orders.models import LineRow, OrderRow
from regulars.value.orders.rules.answers import plain
from regulars.value.orders.services import asking
from regulars.value.orders.services.reading import get, order_row
from regulars.value.orders.terms import PICKUP, NotOpen, Order, OrderMoved, OrderState, ReturnExceeds


def hand_over(*, program_id: int, ref: str, lines: Sequence[tuple[str, Decimal]]) -> Order:
    """Note that goods of an order to be picked up are in the customer's hands now. Not idempotent by itself.

    Args: lines: (line, quantity > 0) pairs. Raises: NoOrder; NotOpen for an order that is not to be picked up, or is
    over; Invalid for a line it has not; ReturnExceeds for more than waits.
    """
    with transaction.atomic():
        named = order_row(program_id=program_id, ref=ref)
        order = OrderRow.objects.select_for_update().get(id=named.id)
        if (order.attributes or {}).get("fulfilment") != PICKUP or order.state == OrderState.CANCELLED:
            raise NotOpen
        rows = {line.line_ref: line for line in LineRow.objects.filter(order_id=order.id).exclude(kind="adjustment")}
        faults = [
            (f"lines.{i}", "must name a line of this order, and more than nothing of it")
            for i, (line, quantity) in enumerate(lines)
            if line not in rows or quantity <= 0
        ]
        if faults or not lines:
            raise Invalid(errors=faults or [("lines", "must have 1 entry or more")])
        asked: dict[str, Decimal] = {}
        for line, quantity in lines:
            asked[line] = asked.get(line, Decimal(0)) + quantity
        for line, quantity in asked.items():
            waits = rows[line].quantity - rows[line].handed_over - rows[line].cancelled
            if quantity > waits:
                raise ReturnExceeds(
                    f"Of line {line!r} only {plain(waits)} wait to be picked up.", line=line, left=plain(waits)
                )
        try:
            asking.call(
                "select orders_hand_over(%s::uuid, %s::int[], %s::numeric[])",
                (order.id, [rows[line].n for line in asked], list(asked.values())),
            )
        except OrderMoved as moved:  # cannot be while the order is locked
            raise Busy from moved
        return get(program_id=program_id, ref=ref)
