"""Words of earning: the basket, the member as rules see her, earn rules, the decision and its reasons.

What exists once per line or per decision is a NamedTuple: as immutable as a frozen dataclass, and several times
cheaper to make, which matters when a history of millions of lines is imported.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from regulars.kernel.errors import NotFound

EVERYTHING = "*"
_NOTHING: Mapping[str, Any] = {}
_NO_LINES: Mapping[int, tuple[int, ...]] = {}


class LineKind(StrEnum):
    """What a line is: only the kinds that a rule includes can earn, and an adjustment never does."""

    GOODS = "goods"
    SHIPPING = "shipping"
    GIFT_CARD = "gift_card"
    ADJUSTMENT = "adjustment"
    REWARD = "reward"  # a gift: it neither earns nor qualifies


class Line(NamedTuple):
    """One line of a basket. `amount_minor` is authoritative, after discounts; `n` orders lines and breaks ties."""

    id: str
    n: int
    sku: str
    quantity: Decimal
    amount_minor: int
    uom: str = ""
    tax_rate: Decimal | None = None
    tax_included: bool = True
    kind: str = "goods"
    category: str | None = None
    brand: str | None = None
    attributes: Mapping[str, Any] = _NOTHING
    member_minor: int | None = None  # the whole line at the member price, where the catalog has one
    categories: tuple[str, ...] = ()  # the category and all above it


class Tender(NamedTuple):
    """How a part was paid. `token` is the acquirer's payment token; rules never see it."""

    type: str
    amount_minor: int
    token: str | None = None


class Basket(NamedTuple):
    """What was bought, as rules need to see it. `lines` come in order of `n`; `store_zone` is an IANA zone."""

    currency: str
    occurred_at: datetime
    channel: str
    store: str | None
    store_zone: str
    lines: tuple[Line, ...]
    tenders: tuple[Tender, ...] = ()


class MemberFacts(NamedTuple):
    """The member at the time of the purchase, as the context query read her. `counters` come from her account."""

    member_id: UUID
    status: str
    tier: str | None
    active: Mapping[str, int]
    attributes: Mapping[str, Any]
    joined_at: datetime
    birth_month: int | None
    birth_day: int | None
    zone: str
    locale: str
    counters: Mapping[str, int]
    audiences: frozenset[str] = frozenset()
    consents: frozenset[str] = frozenset()  # "purpose/channel"
    orders: int | None = None  # orders before this one; None: not asked for
    benefits: frozenset[str] = frozenset()  # that she may use now; empty where nothing asks
    plans: frozenset[str] = frozenset()  # paid plans that run; empty where nothing asks


class Basis(StrEnum):
    """Which amount of a line earns: as it stands, before our discounts, or brought to with tax or without tax."""

    AFTER_DISCOUNT = "after_discount"
    BEFORE_DISCOUNT = "before_discount"
    WITH_TAX = "with_tax"
    WITHOUT_TAX = "without_tax"


class Period(StrEnum):
    """How long a cap counts. Days are local days of the program's zone, so that a member has one clock."""

    ORDER = "order"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    LIFETIME = "lifetime"


class OnExcess(StrEnum):
    """What happens above a cap: the part above is cut, or the whole of it is dropped."""

    CAP = "cap"
    REJECT = "reject"


class ReturnPolicy(StrEnum):
    """How a return takes earnings back (value.md, part 3)."""

    PROPORTIONAL = "proportional"


@dataclass(frozen=True, kw_only=True)
class Cap:
    """At most `amount` units a period from one rule for one member."""

    amount: int
    period: Period = Period.ORDER
    on_excess: OnExcess = OnExcess.CAP


@dataclass(frozen=True, kw_only=True)
class Rate:
    """`points` units for each whole `per_minor` minor units of money."""

    points: int
    per_minor: int


@dataclass(frozen=True, kw_only=True)
class Multiplier:
    """Adds (num − den) / den of what the multiplied rules give; `rules` are keys, or `("*",)` for all of its unit."""

    num: int
    den: int
    rules: tuple[str, ...] = (EVERYTHING,)


@dataclass(frozen=True, kw_only=True)
class EarnRule:
    """One way to earn. Exactly one of `rates`, `fixed`, `per_unit` and `multiplies` is set.

    `when` is CEL over the basket, `lines` CEL over each line; None is always true. `starts_on` and `ends_on` are
    local days of the store's zone, both inclusive; `weekdays` are 1 (Monday) to 7. Empty lists mean "any".
    `rates` maps a currency to its rate. `tenders` lets only the part paid that way earn.
    """

    key: str
    unit: str
    name: Mapping[str, str] = field(default_factory=dict)
    when: str | None = None
    lines: str | None = None
    rates: Mapping[str, Rate] = field(default_factory=dict)
    fixed: int | None = None
    per_unit: int | None = None
    multiplies: Multiplier | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    weekdays: tuple[int, ...] = ()
    stores: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    tenders: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()  # none said: goods; for a multiplier, whatever the multiplied rules took
    basis: Basis = Basis.AFTER_DISCOUNT
    caps: tuple[Cap, ...] = ()
    priority: int = 0
    funder: str | None = None
    note: str = ""


class LotTimes(NamedTuple):
    """When value earned at one moment becomes usable and ends; None is at once, and never."""

    activates_at: datetime | None = None
    event: str | None = None
    deadline: datetime | None = None
    expires_at: datetime | None = None


class Earned(NamedTuple):
    """What one rule gives: `wanted` before caps, `amount` after; `lines` are (n, part), parts sum to the amount."""

    rule: str
    unit: str
    amount: int
    wanted: int
    lines: tuple[tuple[int, int], ...]


class Rejected(NamedTuple):
    """Why a rule gave nothing, or less than it wanted. Codes: docs/reference/facts.md."""

    rule: str
    code: str
    detail: str


class LotPlan(NamedTuple):
    """A lot to be made by the ledger. `slot` is the unit's place in the account's arrays, from 1."""

    slot: int
    amount: int
    activates_at: datetime | None
    event: str | None
    deadline: datetime | None
    expires_at: datetime | None
    funder: str | None


class Decision(NamedTuple):
    """What a basket earns, and why. `counters` None means unchanged.

    `earned_by_line` maps n to amounts by slot (index 0 is slot 1), for lines that earned; `lots` are in order of
    slot, then as the rules came.
    """

    earned: tuple[Earned, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    counters: Mapping[str, int] | None = None
    earned_by_line: Mapping[int, tuple[int, ...]] = _NO_LINES
    lots: tuple[LotPlan, ...] = ()

    @property
    def digest(self) -> bytes:
        """16 bytes over earnings, reasons, lots and counters: equal digests are equal decisions."""
        told = [
            [list(e) for e in self.earned],
            [list(r) for r in self.rejected],
            sorted(self.counters.items()) if self.counters is not None else None,
            [list(lot) for lot in self.lots],
        ]
        return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_UTC_Z)).digest()[:16]


class UnitPlan(NamedTuple):
    """A unit as rules need it: its slot, and when value earned at an instant by a tier becomes usable and ends."""

    key: str
    slot: int
    times: Callable[[datetime, str | None], LotTimes]


class NoSuchVersion(NotFound):
    """The program has no rules under this version number."""
