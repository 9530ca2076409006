"""The answer to a return, from what was kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regulars.value.orders.models import LineRow, OrderRow, ReturnLineRow, ReturnRow
from regulars.value.orders.rules import answers
from regulars.value.orders.services.reading import keys_of
from regulars.value.orders.terms import LineTaken, Match, ReturnKind, ReturnReceipt


def receipt_kept(row: ReturnRow, *, is_new: bool) -> ReturnReceipt:
    """The answer to a return, from what was kept; without its JSON."""
    parts = list(ReturnLineRow.objects.filter(parent_id=row.id).order_by("n", "part"))
    orders = {o.id: o for o in OrderRow.objects.filter(id__in={p.order_id for p in parts if p.order_id})}
    lines = LineRow.objects.filter(order_id__in=orders, n__in={p.order_n for p in parts if p.order_n})
    refs = {(order_id, n): ref for order_id, n, ref in lines.values_list("order_id", "n", "line_ref")}
    keys: Mapping[int, str] = {}
    for order in orders.values():
        keys = {**keys, **keys_of(order)}
    taken = tuple(
        LineTaken(
            n=p.n,
            match=Match(p.match),
            sku=p.sku,
            quantity=p.quantity,
            amount_minor=p.amount_minor,
            order_id=p.order_id,
            line=refs.get((p.order_id, p.order_n)) if p.order_id and p.order_n else None,
            clawed=answers.by_unit(p.reversed, keys),
            refund_minor=p.amount_minor if p.refund_minor is None else p.refund_minor,
        )
        for p in parts
    )
    answer: dict[str, Any] = row.answer
    return ReturnReceipt(
        return_id=row.id,
        source=row.source,
        ref=row.ref,
        member_id=row.member_id,
        order_id=next(iter(orders)) if len(orders) == 1 else None,
        occurred_at=row.occurred_at,
        refund_minor=row.refund_minor,
        clawed=answers.by_unit(answer["clawed"], keys),
        owed=answers.by_unit(answer["owed"], keys),
        forgiven=answers.by_unit(answer["forgiven"], keys),
        lines=taken,
        kind=ReturnKind(row.kind),
        settled=answers.settled_kept(answer.get("settled")),
        is_new=is_new,
    )
