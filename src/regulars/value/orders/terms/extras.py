"""What a basket that was decided here left on its order, beside points by line; returns work from it alone.

Lists of lists in the database: an order carries them for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from regulars.value.promotions.terms import OnReturn, Outcome


class AppliedHere(NamedTuple):
    """A promotion that acted on the order: what it took off, through which coupon, and what a return does to it."""

    key: str
    coupon: str | None
    minor: int
    on_return: OnReturn = OnReturn.KEEP


class CouponUsed(NamedTuple):
    """A coupon that the order redeemed. `coupon_id` is None for a shared code."""

    coupon_id: UUID | None
    code: str
    template: str
    is_shared: bool = False


class SpentHere(NamedTuple):
    """Points that paid: `amount` units were worth `minor`. `seq` is the journal of the spend or capture."""

    unit: str
    slot: int
    amount: int
    minor: int
    seq: int
    key: str


class Issued(NamedTuple):
    """A coupon that the order brought its member, and the promotion that gave it."""

    coupon_id: UUID
    promotion: str | None = None


class StockTaken(NamedTuple):
    """Goods that the order took from a store's stock."""

    store: str
    sku: str
    quantity: Decimal


class Counted(NamedTuple):
    """How far the order raised one of the member's own counters (`earn/…`, `promo/…`, `right/…`).

    `lines` are the numbers of the lines that raised it, where that is known (rights); empty otherwise.
    """

    key: str
    amount: int
    lines: tuple[int, ...] = ()


class BenefitUsed(NamedTuple):
    """A benefit of which the order used one, and the promotions that rest on it."""

    use_id: UUID
    benefit: str
    promotions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Extras:
    """All that the close of a session brought about beside the order's lines and what they earned."""

    session: str | None = None
    promotions: tuple[AppliedHere, ...] = ()
    coupons: tuple[CouponUsed, ...] = ()
    spent: tuple[SpentHere, ...] = ()
    takes: tuple[tuple[str, int], ...] = ()  # limits and budgets beyond the member: (key, amount)
    counted: tuple[Counted, ...] = ()  # the member's own
    issued: tuple[Issued, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    stock: tuple[StockTaken, ...] = ()
    benefits: tuple[BenefitUsed, ...] = ()
