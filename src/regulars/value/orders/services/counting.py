"""Caps of earn rules after a return of a told order: what is taken back no longer counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from uuid import UUID

import orjson

from regulars.value.orders.models import LineRow, OrderRow, ReturnLineRow
from regulars.value.orders.rules.returning import share
from regulars.value.orders.services import asking
from regulars.value.orders.terms.closing import SESSION_SOURCE
from regulars.value.promotions import services as promotions


def give_caps_back(*, program_id: int, return_id: UUID, member_id: UUID) -> tuple[tuple[str, int], ...]:
    """Lower the member's counters by what a return has taken back of her told orders, rule by rule.

    In the return's transaction, after its lines are written; by shares of all that came back so far, so any split of
    a return ends the same. Orders that were decided here settle their counters themselves.
    """
    named = ReturnLineRow.objects.filter(parent_id=return_id, order_id__isnull=False).values("order_id")
    rows = OrderRow.objects.filter(program_id=program_id, id__in=named, seq__isnull=False)
    free: dict[str, int] = {}
    for order in rows.exclude(source=SESSION_SOURCE).order_by("id"):
        for key, amount in _of_order(order, return_id):
            free[key] = free.get(key, 0) + amount
    if free:
        less = orjson.dumps({key: -amount for key, amount in free.items()}).decode()
        asking.call("select ledger_count(%s::uuid, %s::int, null, %s::jsonb)", (member_id, program_id, less))
    return tuple(sorted(free.items()))


def _of_order(order: OrderRow, return_id: UUID) -> list[tuple[str, int]]:
    snapshot = asking.rules_of(order)
    slots = {plan.key: plan.slot for plan in snapshot.units.values()}
    capped = [
        (slots[unit], amount, keys)
        for rule, unit, amount, *_ in (order.decision or {}).get("applied", ())
        if unit in slots
        and (keys := promotions.counter_keys(snapshot=snapshot, rule=rule, occurred_at=order.occurred_at))
    ]
    if not capped:
        return []
    after = _sums(LineRow.objects.filter(order_id=order.id).values_list("reversed", flat=True))
    now = _sums(
        ReturnLineRow.objects.filter(parent_id=return_id, order_id=order.id).values_list("reversed", flat=True)
    )
    found = []
    for slot, amount, keys in capped:
        whole, back = asking.at(order.earned or (), slot), after.get(slot, 0)
        step = _part(amount, back, whole) - _part(amount, back - now.get(slot, 0), whole)
        found += [(key, step) for key in keys if step > 0]
    return found


def _part(amount: int, back: int, whole: int) -> int:
    return share(total=amount, part=Decimal(back), whole=Decimal(whole)) if whole else 0


def _sums(columns: Iterable[Sequence[int] | None]) -> dict[int, int]:
    sums: dict[int, int] = {}
    for column in columns:
        for slot, amount in enumerate(column or (), 1):
            sums[slot] = sums.get(slot, 0) + amount
    return sums
