"""Matching the returns of a whole history: purchases are added, returns take from them, latest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from regulars.value.orders.rules.returning import match_credit, spread
from regulars.value.orders.terms import Bought, Match, OrderTold, Part, ReturnTold

PARTLY = "partly_matched"
_NOTHING = Decimal(0)


class Kept(NamedTuple):
    """A line of a sale as matching sees it, with what was not yet returned when it was looked at."""

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


Place = tuple[UUID, int]


class Purchases:
    """What members bought of the goods that come back, and what orders hold that returns name, at one moment.

    Args: bought: by (member, sku). orders: by (source, ref); those that are not there yet have no lines. wanted: the
    goods that come back, by member.
    """

    def __init__(
        self,
        *,
        bought: Mapping[tuple[UUID, str], Sequence[Kept]],
        orders: Mapping[tuple[str, str], Sequence[Kept]],
        wanted: Mapping[UUID, set[str]],
    ) -> None:
        self._bought = {key: list(kept) for key, kept in bought.items()}
        self._orders = {key: list(kept) for key, kept in orders.items()}
        self._wanted = wanted
        self._left: dict[Place, Decimal] = {
            (k.order_id, k.n): k.left for found in (bought, orders) for kept in found.values() for k in kept
        }

    def add(self, order_id: UUID, told: OrderTold, member_id: UUID | None) -> None:
        """A sale happened."""
        wanted = self._wanted.get(member_id) if member_id else None
        of_order = self._orders.get((told.source, told.ref))
        if wanted is None and of_order is None:
            return
        for line in told.lines:
            if line.quantity <= 0 or line.kind == "adjustment":
                continue
            kept = Kept(order_id, line.n, told.occurred_at, line.id, line.sku, line.quantity)
            if of_order is not None:
                of_order.append(kept)
                self._left[order_id, line.n] = line.quantity
            if member_id and wanted and line.sku in wanted:
                self._bought.setdefault((member_id, line.sku), []).append(kept)
                self._left[order_id, line.n] = line.quantity

    def match(self, told: ReturnTold, member_id: UUID | None, later: frozenset[int]) -> Matched | str:
        """What a return takes from, latest purchase first; or the code of the reason why it cannot be.

        Args: later: the numbers of its lines (from 1) whose goods the member is known to buy later.
        """
        taken: dict[Place, Decimal] = {}
        found: list[tuple[int, str, Part, int]] = []
        counts: dict[str, int] = {}
        of_order = None
        if told.order is not None:
            of_order = self._orders.get((told.order_source or told.source, told.order))
            if not of_order:
                return "no_order"
        for n, back in enumerate(told.lines, 1):
            if of_order is not None:
                among = [k for k in of_order if (k.line_ref == back.line if back.line else k.sku == back.sku)]
            else:
                among = self._bought.get((member_id, back.sku or ""), []) if member_id else []
            parts = self._parts(back.quantity, told.occurred_at, among, taken)
            if of_order is not None and any(p.match != Match.MATCHED for p in parts):
                return "return_exceeds"
            parts = _why_not(parts, is_guest=member_id is None and of_order is None, is_later=n in later)
            sku = back.sku or (among[0].sku if among else "")
            shares = spread(total=back.amount_minor or 0, over=[p.quantity for p in parts])
            found += [(n, sku, part, share) for part, share in zip(parts, shares, strict=True)]
            kind = PARTLY if len({p.match for p in parts}) > 1 else parts[0].match.value
            counts[kind] = counts.get(kind, 0) + 1
        for place, quantity in taken.items():
            self._left[place] -= quantity
        return Matched(tuple(found), counts)

    def _parts(
        self, quantity: Decimal, at: datetime, among: Iterable[Kept], taken: dict[Place, Decimal]
    ) -> tuple[Part, ...]:
        bought = []
        for k in among:
            place = (k.order_id, k.n)
            bought.append(Bought(k.order_id, k.n, k.occurred_at, self._left[place] - taken.get(place, _NOTHING)))
        parts = match_credit(quantity=quantity, at=at, bought=bought)
        for part in parts:
            if part.order_id is not None and part.n is not None:
                place = (part.order_id, part.n)
                taken[place] = taken.get(place, _NOTHING) + part.quantity
        return parts


def _why_not(parts: tuple[Part, ...], *, is_guest: bool, is_later: bool) -> tuple[Part, ...]:
    if is_guest:
        return tuple([part._replace(match=Match.NO_MEMBER) for part in parts])
    if is_later:
        return tuple([p._replace(match=Match.BOUGHT_LATER) if p.match == Match.NEVER_BOUGHT else p for p in parts])
    return parts
