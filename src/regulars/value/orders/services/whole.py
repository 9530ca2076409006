"""An order that was decided here, whole: what its basket saved and brought, and what its returns gave back."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from regulars.value.orders.models import OrderRow, ReturnLineRow, ReturnRow
from regulars.value.orders.rules.extras import extras_from_json
from regulars.value.orders.services import receipts
from regulars.value.orders.services.decided import Stored, decided
from regulars.value.orders.terms import Extras, NoOrder, ReturnReceipt


class Whole(NamedTuple):
    """`extras` is None for an order that was told, not decided."""

    stored: Stored
    extras: Extras | None
    returns: tuple[ReturnReceipt, ...]


def whole(*, program_id: int, order_id: UUID) -> Whole:
    """All that is kept of an order beside its lines.

    Raises: NoOrder.
    """
    row = OrderRow.objects.filter(program_id=program_id, id=order_id).only("extras").first()
    if row is None:
        raise NoOrder
    ids = ReturnLineRow.objects.filter(order_id=order_id).values_list("parent_id", flat=True)
    returns = ReturnRow.objects.filter(id__in=ids).order_by("occurred_at", "id")
    return Whole(
        stored=decided(program_id=program_id, order_id=order_id),
        extras=extras_from_json(row.extras) if row.extras is not None else None,
        returns=tuple([receipts.receipt_kept(r, is_new=False) for r in returns]),
    )
