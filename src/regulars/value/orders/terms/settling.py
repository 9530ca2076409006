"""The words of a return of a decided order: what the rule sees, and what is settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from regulars.value.orders.terms.extras import BenefitUsed, CouponUsed, Issued, SpentHere
from regulars.value.orders.terms.told import ByUnit, LineTaken, Part, ReturnKind
from regulars.value.promotions.terms import Share


class Piece(NamedTuple):
    """A part of a told line on its way to the database; `is_strict`: its amount must fit into the line's.

    `n` is the told line, `at` its own number among the parts of that line.
    """

    n: int
    at: int
    part: Part
    sku: str
    amount_minor: int | None
    is_strict: bool = False
    restock: bool = True


class Applying(NamedTuple):
    """A promotion as it acted once: by itself, or through one coupon."""

    key: str
    coupon: str | None


class SoldLine(NamedTuple):
    """A line of a decided order, with all that has come back of it. `restocked` of it went back on the shelf.

    `gift_of` is the promotion whose gift the line is, None for what was bought.
    """

    n: int
    id: str
    sku: str
    kind: str
    quantity: Decimal
    net_minor: int
    tendered_minor: int
    shares: tuple[Share, ...]
    returned: Decimal
    returned_minor: int
    restocked: Decimal = Decimal(0)
    gift_of: str | None = None

    @classmethod
    def kept(cls, *, shares: Sequence[Sequence[Any]] | None, **facts: Any) -> SoldLine:
        """A line as the database keeps it, with its shares as lists."""
        return cls(shares=tuple(Share(*one) for one in shares or ()), **facts)


class Held(NamedTuple):
    """What the rest of an order still holds: the discount each promotion would give it, and which would not act.

    `clawed` says of each rule that earned how much of its unit is taken back in all, of how much.
    """

    deserved: Mapping[str, int] = {}
    lost: frozenset[str] = frozenset()
    clawed: Mapping[str, tuple[int, int]] = {}


class Repriced(NamedTuple):
    """A promotion priced again: what the rest keeps of it by the sale's shares, and what it deserves."""

    promotion: str
    kept_minor: int
    deserved_minor: int


class NotUndone(NamedTuple):
    """Something that the sale caused and the return did not undo."""

    what: str
    why: str
    promotion: str | None = None


@dataclass(frozen=True, kw_only=True)
class Undone:
    """How much of what a decided order brought about its returns have undone so far.

    `money_minor` and `points_minor` are what came back of the total, in money and as points' worth. `charged_minor`
    is what is kept back at present because promotions no longer hold for what remains: it alone may fall again.
    """

    money_minor: int = 0
    points_minor: int = 0
    charged_minor: int = 0
    units: Mapping[str, int] = field(default_factory=dict)  # by key of the spend
    takes: Mapping[str, int] = field(default_factory=dict)
    counted: Mapping[str, int] = field(default_factory=dict)
    stock: Mapping[str, Decimal] = field(default_factory=dict)  # by "store/sku"
    coupons: frozenset[str] = frozenset()  # codes
    issued: frozenset[str] = frozenset()  # ids
    promotions: frozenset[Applying] = frozenset()
    benefits: frozenset[str] = frozenset()  # ids of uses


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """What one return settles of one order, beside its lines; `undone` is the sum with all before it."""

    money_minor: int
    points_minor: int
    charged_minor: int
    units: tuple[tuple[SpentHere, int], ...]
    takes: tuple[tuple[str, int], ...]
    counted: tuple[tuple[str, int], ...]
    stock: tuple[tuple[str, Decimal], ...]
    coupons: tuple[CouponUsed, ...]
    issued: tuple[Issued, ...]
    not_undone: tuple[NotUndone, ...]
    repriced: tuple[Repriced, ...]
    undone: Undone
    benefits: tuple[BenefitUsed, ...] = ()


class CouponBack(NamedTuple):
    """A coupon that the order redeemed and nothing uses any more; `why` says why it stays used, if it does."""

    code: str
    restored: bool
    why: str


class CouponVoided(NamedTuple):
    """A coupon that the order had brought and does not deserve any more; `why` says why it stays, if it does."""

    coupon_id: str
    code: str
    voided: bool
    why: str


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What a return settled beside the lines, over all its orders.

    By unit: `restored` points are back in the lots that had paid, with the end those had; `expired` of them ended at
    once. `limits` are the keys of limits, budgets and counters that are free again by so much.
    """

    tendered_minor: int = 0
    charged_minor: int = 0
    restored: ByUnit = field(default_factory=dict)
    expired: ByUnit = field(default_factory=dict)
    coupons: tuple[CouponBack, ...] = ()
    issued: tuple[CouponVoided, ...] = ()
    limits: tuple[tuple[str, int], ...] = ()
    restocked: tuple[tuple[str, Decimal], ...] = ()
    repriced: tuple[Repriced, ...] = ()
    not_undone: tuple[NotUndone, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReturnReceipt:
    """The answer to a return. By unit: `clawed` = taken from the wallet + `owed` + `forgiven`.

    `order_id`: of the one order whose lines came back, if it is one. `refund_minor` is money; what points had paid is
    in `settled`.
    """

    return_id: UUID
    source: str
    ref: str
    member_id: UUID | None
    order_id: UUID | None
    occurred_at: datetime
    refund_minor: int
    clawed: ByUnit
    owed: ByUnit
    forgiven: ByUnit
    lines: tuple[LineTaken, ...]
    kind: ReturnKind = ReturnKind.RETURN
    settled: Settled = field(default_factory=Settled)
    is_new: bool = True
    status: int = 201
    body: bytes = b""
