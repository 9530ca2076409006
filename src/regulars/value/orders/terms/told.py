"""The words of orders: what a till tells, what it is answered, what is kept, and why a call is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from regulars.kernel.errors import NotFound, Refusal
from regulars.value.promotions.terms import Line, Tender

PREFIX = "ord"  # of public ids: ord_01h455vb4pex5vsknk084sn02q
RETURN_PREFIX = "ret"
DEFAULT_SOURCE = "api"  # who tells an order when nobody says
UNDO_SOURCE = "undo"  # of the return that undoes a whole order
PICKUP = "pickup"  # the value of the attribute `fulfilment` of an order that waits for its customer
MOST_LINES = 5_000
MOST_TENDERS = 100

ByUnit = Mapping[str, int]


class OrderState(StrEnum):
    """How much of an order still stands."""

    PLACED = "placed"
    PARTIALLY_RETURNED = "partially_returned"
    RETURNED = "returned"
    CANCELLED = "cancelled"


class ReturnKind(StrEnum):
    """Which call brought goods back."""

    RETURN = "return"
    CANCELLATION = "cancellation"  # of what was not handed over yet
    EXCHANGE = "exchange"
    UNDO = "undo"  # of the whole order, to make it anew or not at all


class Match(StrEnum):
    """What a returned quantity was matched to, or why to nothing."""

    MATCHED = "matched"
    NEVER_BOUGHT = "never_bought"  # the member never bought these goods
    BOUGHT_LATER = "bought_later"  # bought, but only after the return
    EXHAUSTED = "exhausted"  # bought before, and all of it given back already
    NO_MEMBER = "no_member"  # no order and no member, so nothing to look among


@dataclass(frozen=True, kw_only=True)
class OrderTold:
    """A sale as a till or a shop tells it. `descriptions` belong to `lines`, one each (empty: none at all)."""

    ref: str
    channel: str
    currency: str
    occurred_at: datetime
    lines: tuple[Line, ...]
    source: str = DEFAULT_SOURCE
    member: str | None = None
    identifier: tuple[str, str] | None = None
    store: str | None = None
    tenders: tuple[Tender, ...] = ()
    descriptions: tuple[str | None, ...] = ()
    attributes: Mapping[str, Any] | None = None


class Repeat(NamedTuple):
    """The caller's idempotency key and what it asked (16 bytes), kept with the answer in the order's own commit."""

    key: str
    request_hash: bytes


class Applied(NamedTuple):
    """What one rule gave: `wanted` before caps, `amount` after them."""

    key: str
    unit: str
    amount: int
    wanted: int


class Refused(NamedTuple):
    """Why a rule gave nothing, or less than it wanted."""

    key: str
    code: str
    detail: str


class Holding(NamedTuple):
    """What a member holds of a unit, right after the order."""

    active: int
    pending: int
    held: int
    debt: int


class LineReceipt(NamedTuple):
    """What one line earned, by unit."""

    id: str
    earned: ByUnit


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """The answer to an order; telling the order again gives the same one.

    `is_new` is False for an order that was told before. `body` holds the JSON of the answer.
    """

    order_id: UUID
    source: str
    ref: str
    state: OrderState
    member_id: UUID | None
    channel: str
    store: str | None
    total_minor: int
    currency: str
    occurred_at: datetime
    rule_version: int
    terms_version: int | None = None  # the older version whose terms decided, where the member keeps them
    earned: ByUnit
    lines: tuple[LineReceipt, ...]
    applied: tuple[Applied, ...]
    rejected: tuple[Refused, ...]
    balances: Mapping[str, Holding]
    is_new: bool = True
    status: int = 201
    body: bytes = b""


class Back(NamedTuple):
    """One thing that comes back: a line of an order (`line`), or goods (`sku`), so many, for so much if said.

    `restock` False: it is not fit for the shelf.
    """

    quantity: Decimal
    line: str | None = None
    sku: str | None = None
    amount_minor: int | None = None
    restock: bool = True


@dataclass(frozen=True, kw_only=True)
class ReturnTold:
    """Goods that come back, as a till tells it: of one order (`order`), or against earlier purchases of a member.

    `is_dated`: the caller said when. What comes back "now" is the same return when it is told again later.
    """

    ref: str
    occurred_at: datetime
    lines: tuple[Back, ...]
    source: str = DEFAULT_SOURCE
    order: str | None = None
    order_source: str | None = None
    member: str | None = None
    identifier: tuple[str, str] | None = None
    is_dated: bool = True


class Bought(NamedTuple):
    """An earlier line of the member with the same goods, as the matching rule sees it; `left` is not yet returned."""

    order_id: UUID
    n: int
    occurred_at: datetime
    left: Decimal


class Part(NamedTuple):
    """A share of a returned quantity: of a line of an order, or of nothing, with the reason."""

    match: Match
    quantity: Decimal
    order_id: UUID | None = None
    n: int | None = None


@dataclass(frozen=True, kw_only=True)
class LineTaken:
    """What became of a part of a returned line: matched to what, worth how much, value taken back by unit.

    `refund_minor` is the money of `amount_minor`: less what points had paid and what was charged for it.
    """

    n: int
    match: Match
    sku: str
    quantity: Decimal
    amount_minor: int
    order_id: UUID | None
    line: str | None
    clawed: ByUnit
    refund_minor: int = 0


@dataclass(frozen=True, kw_only=True)
class OrderLine:
    """A line as kept: what was sold, earned, given back and taken back."""

    n: int
    id: str
    sku: str
    quantity: Decimal
    uom: str
    amount_minor: int
    tax_rate: Decimal | None
    tax_included: bool
    kind: str
    category: str | None
    brand: str | None
    description: str | None
    attributes: Mapping[str, Any]
    earned: ByUnit
    returned: Decimal
    returned_minor: int
    reversed: ByUnit


@dataclass(frozen=True, kw_only=True)
class OrderSummary:
    """An order as lists show it."""

    order_id: UUID
    source: str
    ref: str
    member_id: UUID | None
    store: str | None
    channel: str
    currency: str
    occurred_at: datetime
    recorded_at: datetime
    state: OrderState
    total_minor: int
    earned: ByUnit


@dataclass(frozen=True, kw_only=True)
class Order:
    """An order whole, with the rules that gave and refused, and its returns."""

    summary: OrderSummary
    lines: tuple[OrderLine, ...]
    tenders: tuple[tuple[str, int], ...]
    rule_version: int
    terms_version: int | None
    seq: int | None
    claimed_at: datetime | None
    attributes: Mapping[str, Any]
    applied: tuple[Applied, ...]
    rejected: tuple[Refused, ...]
    returns: tuple[ReturnSummary, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReturnSummary:
    """A return as lists show it."""

    return_id: UUID
    source: str
    ref: str
    member_id: UUID | None
    occurred_at: datetime
    recorded_at: datetime
    refund_minor: int


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of orders; `cursor` begins the next one, None at the end."""

    items: tuple[OrderSummary, ...]
    cursor: tuple[Any, ...] | None


@dataclass(frozen=True, kw_only=True)
class Moment:
    """Something that happened between a member and the shops. `what`: order, return or journal; `id`: its id."""

    at: datetime
    what: str
    id: str
    kind: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """A broken promise: which, of what, and both numbers."""

    promise: str
    what: str
    expected: str
    found: str


@dataclass(frozen=True, kw_only=True)
class OrderPlaced:
    """An order was recorded; whatever it earned has been given."""

    order_id: UUID
    member_id: UUID | None
    ref: str
    channel: str
    total_minor: int
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class OrderReturned:
    """Goods came back; what they had earned has been taken back."""

    return_id: UUID
    member_id: UUID | None
    ref: str
    refund_minor: int
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class OrderClaimed:
    """A guest's order now belongs to a member, and has earned for her."""

    order_id: UUID
    member_id: UUID
    claimed_at: datetime


class NoOrder(NotFound):
    """There is no such order here."""


class OrderDiffers(Refusal):
    """An order with this reference was told before, with other content."""


class ReturnDiffers(Refusal):
    """A return with this reference was told before, with other content."""


class ReturnExceeds(Refusal):
    """More would come back than was sold and not yet returned."""


class NotReturnable(Refusal):
    """A line of this kind cannot come back."""


class BundleIncomplete(Refusal):
    """What was sold together for one price comes back together, or not at all."""


class NotHandedOver(Refusal):
    """These goods were not handed over yet: they can be cancelled, not returned."""


class NotOpen(Refusal):
    """This order is not waiting to be picked up."""


class NothingLeft(Refusal):
    """All of this order has come back already."""


class AlreadyClaimed(Refusal):
    """This order already belongs to a member."""


class TooLateToClaim(Refusal):
    """The time in which a receipt can be claimed is over."""


class OrderMoved(Refusal):
    """Somebody changed the order in between; the caller reads again and repeats. Never leaves this context."""
