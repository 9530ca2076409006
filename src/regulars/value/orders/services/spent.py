"""Points that paid a told order: noted beside it, so that a return gives them back as of an order decided here."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from regulars.kernel import money
from regulars.value.orders.models import LineRow, OrderRow
from regulars.value.orders.rules.extras import extras_to_json
from regulars.value.orders.terms import Extras, SpentHere


@transaction.atomic
def note_spent(*, program_id: int, order_id: UUID, spent: Sequence[SpentHere]) -> None:
    """Say which journals paid for a fresh told order, and share their worth over its lines by what each costs.

    In the transaction that placed it. What is worth more than the lines cost is not shared.
    """
    lines = list(LineRow.objects.filter(program_id=program_id, order_id=order_id, amount_minor__gt=0).order_by("n"))
    whole = min(sum(s.minor for s in spent), sum(line.amount_minor for line in lines))
    parts = money.spread(whole, [line.amount_minor for line in lines])
    for line, part in zip(lines, parts, strict=True):
        LineRow.objects.filter(order_id=order_id, n=line.n).update(tendered_minor=part)
    extras = extras_to_json(Extras(spent=tuple(spent)))
    OrderRow.objects.filter(program_id=program_id, id=order_id).update(extras=extras)
