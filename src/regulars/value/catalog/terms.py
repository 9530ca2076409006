"""Words of the catalog: goods with their prices and stock, and who may buy them when, and how many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from regulars.kernel.errors import NotFound, Refusal

MOST_AT_ONCE = 1_000  # products, or counts of stock, in one call
_NOTHING: Mapping[str, Any] = {}


class Span(StrEnum):
    """How long a limited right counts; `window` is the window in which she buys."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    LIFETIME = "lifetime"
    WINDOW = "window"


class Window(NamedTuple):
    """A time in which some may buy: presale and early access. Nobody named: everybody may.

    `from_at` is inclusive, `until_at` exclusive; None is open.
    """

    from_at: datetime | None = None
    until_at: datetime | None = None
    members_only: bool = False
    tiers: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()


class Right(NamedTuple):
    """Who may buy the goods it stands on. All rights on a product must be satisfied.

    Of tiers and audiences any one is enough. With `windows`, one must be open for her. `most` whole units a member
    and `span`. It stands from `starts_at` (inclusive) until `ends_at` (exclusive): afterwards the goods are for all.
    """

    key: str
    members_only: bool = False
    tiers: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    windows: tuple[Window, ...] = ()
    most: int | None = None
    span: Span = Span.LIFETIME
    starts_at: datetime | None = None
    ends_at: datetime | None = None


class Goods(NamedTuple):
    """A product as a basket needs to see it, in one place (channel and store), at one moment.

    `price_minor` and `member_minor` are for one unit, in the currency that was asked for; None where the catalog says
    no price. `categories` holds the category and all above it. `stock` is None where it is not tracked.
    """

    sku: str
    name: str
    category: str | None = None
    categories: tuple[str, ...] = ()
    brand: str | None = None
    attributes: Mapping[str, Any] = _NOTHING
    price_minor: int | None = None
    member_minor: int | None = None
    rights: tuple[Right, ...] = ()
    stock: Decimal | None = None
    tracked: bool = False


class Ask(NamedTuple):
    """One line that somebody wishes to buy."""

    n: int
    sku: str
    quantity: Decimal
    rights: tuple[Right, ...] = ()


class Buyer(NamedTuple):
    """What rights may look at of a member. `counters` are those of her account."""

    tier: str | None = None
    audiences: frozenset[str] = frozenset()
    counters: Mapping[str, int] = _NOTHING


class Why(StrEnum):
    """Why a line may not be bought."""

    MEMBERS_ONLY = "members_only"
    TIER_ONLY = "tier_only"
    AUDIENCE_ONLY = "audience_only"
    NOT_YET = "not_yet"
    OVER = "over"
    LIMIT_REACHED = "limit_reached"


class Unlock(NamedTuple):
    """The smallest change that would let her buy.

    `kind`: join, tier, audience, wait_until, fewer_units. `amount` in units, `what` names the tier or audience.
    """

    kind: str
    amount: int = 0
    what: str = ""
    at: datetime | None = None
    text: str = ""


class Barred(NamedTuple):
    """A line that may not be bought (`not_entitled`): which right says so, why, and what would unlock it."""

    n: int
    sku: str
    right: str
    why: Why
    detail: str
    unlock: Unlock | None = None


class Take(NamedTuple):
    """Units that line `n` uses up of a limited right, to be added to the counter `key` of the member's account."""

    n: int
    key: str
    units: int


class Entitlement(NamedTuple):
    """Which lines may not be bought, and what the others use up."""

    barred: tuple[Barred, ...] = ()
    takes: tuple[Take, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Category:
    """A shelf of the tree. `above` is its own key and all above it, nearest first."""

    key: str
    names: Mapping[str, str] = field(default_factory=dict)
    parent: str | None = None
    above: tuple[str, ...] = ()
    active: bool = True


class AttributeType(StrEnum):
    """What values an attribute takes."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    CHOICE = "choice"


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """A fact that products may have, with its type; `choices` only for the type choice."""

    key: str
    type: AttributeType
    names: Mapping[str, str] = field(default_factory=dict)
    choices: tuple[str, ...] = ()


class Price(NamedTuple):
    """What one unit costs in a place and time. "" and None mean any channel and store; a store's own comes first,
    then the channel's, then the one that began last. `currency` None is the program's."""

    price_minor: int
    member_minor: int | None = None
    channel: str = ""
    store: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    currency: str | None = None


@dataclass(frozen=True, kw_only=True)
class ProductTold:
    """A product as somebody tells it, whole: what is left out is empty. `prices` None leaves the prices alone."""

    sku: str
    name: str
    category: str | None = None
    brand: str | None = None
    uom: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    active: bool = True
    prices: tuple[Price, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Product:
    """A product with all its prices."""

    sku: str
    name: str
    category: str | None
    brand: str | None
    uom: str
    attributes: Mapping[str, Any]
    active: bool
    prices: tuple[Price, ...]
    updated_at: datetime


class Count(NamedTuple):
    """What lies in a store. `quantity` None: it is not tracked there. `counted_at` None: now.

    A count that is older than the last one changes nothing.
    """

    sku: str
    store: str | None
    quantity: Decimal | None
    counted_at: datetime | None = None


class Stock(NamedTuple):
    """What lies in a store now: `counted` − `taken` + `given_back`."""

    sku: str
    store: str | None
    tracked: bool
    quantity: Decimal
    counted: Decimal
    counted_at: datetime
    taken: Decimal
    given_back: Decimal


@dataclass(frozen=True, kw_only=True)
class Done:
    """What became of one entry of a batch: `created`, `changed`, `unchanged` or `refused` with every fault."""

    key: str
    outcome: str
    errors: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class RightTold:
    """A purchase right with the goods it stands on: skus, and categories with all below them."""

    right: Right
    names: Mapping[str, str] = field(default_factory=dict)
    skus: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    active: bool = True


class Place(NamedTuple):
    """Where goods are sold: a channel, and a store if it has one."""

    channel: str
    store: str | None = None


class Cell(NamedTuple):
    """Price and stock of a product in one place. `sellable` is False where it is tracked and none is left."""

    price_minor: int | None
    member_minor: int | None
    stock: Decimal | None
    sellable: bool


class Disparity(NamedTuple):
    """A product that is not the same everywhere: one cell a place, and what differs."""

    sku: str
    name: str
    cells: tuple[Cell, ...]
    price_differs: bool
    member_differs: bool
    stock_differs: bool


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """A promise that does not hold."""

    promise: str
    what: str
    expected: str = ""
    found: str = ""


class UnknownProduct(NotFound):
    """There is no such product in the catalog."""


class UnknownCategory(NotFound):
    """There is no such category."""


class UnknownRight(NotFound):
    """There is no such purchase right."""


class OutOfStock(Refusal):
    """Not enough of it is left in this store."""


class NotEntitled(Refusal):
    """Something in this basket may not be bought by this person now."""
