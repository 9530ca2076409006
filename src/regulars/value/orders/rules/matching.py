"""Matching the returns of a whole history: purchases are added as they happen, returns take from them, latest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from regulars.value.orders.rules.returning import match_credit, spread
from regulars.value.orders.terms import Bought, Match, OrderTold, Part, ReturnTold


class Kept(NamedTuple):
    """A line of a sale as matching sees it; `left` is not yet returned."""

    order_id: UUID
    n: int
    occurred_at: datetime
    line_ref: str
    sku: str
    left: Decimal


class Matched(NamedTuple):
    """Every line of a return with its parts and their money; `counts` says how many lines found what."""

    parts: tuple[tuple[int, str, Part, int], ...]
    counts: Mapping[str, int]


class Purchases:
    """What members (of `wanted` goods) and orders bought and have not returned, at the moment that is being looked at."""

    def __init__(
        self,
        bought: Mapping[tuple[UUID, str], Sequence[Kept]],
        orders: Mapping[tuple[str, str], Sequence[Kept]],
        wanted: Mapping[UUID, set[str]],
    ) -> None:
        self._bought = {key: {(k.order_id, k.n): k for k in kept} for key, kept in bought.items()}
        self._orders = {key: {(k.order_id, k.n): k for k in kept} for key, kept in orders.items()}
        self._wanted = wanted

    def add(self, order_id: UUID, told: OrderTold, member_id: UUID | None) -> None:
        """A sale happened."""
        wanted = self._wanted.get(member_id, set()) if member_id else set()
        of_order: dict[tuple[UUID, int], Kept] = {}
        for line in told.lines:
            if line.quantity > 0 and line.kind != "adjustment":
                kept = Kept(order_id, line.n, told.occurred_at, line.id, line.sku, line.quantity)
                of_order[order_id, line.n] = kept
                if member_id and line.sku in wanted:
                    self._bought.setdefault((member_id, line.sku), {})[order_id, line.n] = kept
        self._orders[told.source, told.ref] = of_order

    def match(self, told: ReturnTold, member_id: UUID | None, later: frozenset[int]) -> Matched | str:
        """What a return takes from; or the code of the reason why it cannot be."""
        found: list[tuple[int, str, Part, int]] = []
        counts: dict[str, int] = {}
        of_order = None
        if told.order is not None:
            of_order = self._orders.get((told.order_source or told.source, told.order))
            if not of_order:
                return "no_order"
        taken: dict[tuple[UUID, int], Decimal] = {}
        for n, back in enumerate(told.lines, 1):
            if of_order is not None:
                among = [
                    k for k in of_order.values() if (k.line_ref == back.line if back.line else k.sku == back.sku)
                ]
            else:
                among = list(self._bought.get((member_id, back.sku or ""), {}).values()) if member_id else []
            sku = back.sku or (among[0].sku if among else "")
            parts = self._parts(back.quantity, told.occurred_at, among, taken)
            if of_order is not None and any(p.match != Match.MATCHED for p in parts):
                return "return_exceeds"
            if member_id is None and of_order is None:
                parts = tuple(p._replace(match=Match.NO_MEMBER) for p in parts)
            elif n in later:
                parts = tuple(
                    p._replace(match=Match.BOUGHT_LATER) if p.match == Match.NEVER_BOUGHT else p for p in parts
                )
            shares = spread(total=back.amount_minor or 0, over=[p.quantity for p in parts])
            for part, share in zip(parts, shares, strict=True):
                found.append((n, sku, part, share))
                if part.order_id is not None and part.n is not None:
                    at = (part.order_id, part.n)
                    taken[at] = taken.get(at, Decimal(0)) + part.quantity
            kind = "partly_matched" if len({p.match for p in parts}) > 1 else str(parts[0].match)
            counts[kind] = counts.get(kind, 0) + 1
        self._take(taken)
        return Matched(tuple(found), counts)

    @staticmethod
    def _parts(
        quantity: Decimal, at: datetime, among: Iterable[Kept], taken: Mapping[tuple[UUID, int], Decimal]
    ) -> tuple[Part, ...]:
        bought = [
            Bought(k.order_id, k.n, k.occurred_at, k.left - taken.get((k.order_id, k.n), Decimal(0))) for k in among
        ]
        return match_credit(quantity=quantity, at=at, bought=bought)

    def _take(self, taken: Mapping[tuple[UUID, int], Decimal]) -> None:
        for kept in (*self._bought.values(), *self._orders.values()):
            for at in taken.keys() & kept.keys():
                kept[at] = kept[at]._replace(left=kept[at].left - taken[at])
