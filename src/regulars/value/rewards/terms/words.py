"""What can be had for value, who asked for it, how far that has come, and what is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

PREFIX = "rdm"
WAIT_PREFIX = "wtg"
POOL_PREFIX = "rcp"


class Kind(StrEnum):
    """What a reward is."""

    GOODS = "goods"
    COUPON = "coupon"
    SERVICE = "service"
    EXPERIENCE = "experience"
    DONATION = "donation"
    DIGITAL_CODE = "digital_code"
    TICKET = "ticket"


class By(StrEnum):
    """How a reward reaches the member; digital and none need nobody's hands."""

    STORE = "store"
    SHIP = "ship"
    DIGITAL = "digital"
    NONE = "none"


class State(StrEnum):
    """How far a redemption has come."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    SHIPPED = "shipped"
    READY = "ready"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    FAILED = "failed"
    EXPIRED = "expired"


class CancelUntil(StrEnum):
    """Up to when a member may take a redemption back: before it is accepted, on its way, fulfilled; while unused."""

    NEVER = "never"
    ACCEPTED = "accepted"
    SENT = "sent"
    FULFILLED = "fulfilled"
    USED = "used"


class Period(StrEnum):
    """Over what a limit counts: calendar periods of the program's zone, or for ever."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    LIFETIME = "lifetime"


class WaitState(StrEnum):
    """Where a place on a waiting list stands."""

    WAITING = "waiting"
    OFFERED = "offered"
    TAKEN = "taken"
    LEFT = "left"
    LAPSED = "lapsed"


class CodeState(StrEnum):
    """Where a code of a pool stands."""

    FREE = "free"
    GIVEN = "given"
    VOID = "void"


@dataclass(frozen=True, kw_only=True)
class Price:
    """One way to pay for one piece: units of the ledger, money in minor units, or both."""

    key: str
    units: Mapping[str, int] = field(default_factory=dict)
    minor: int = 0


@dataclass(frozen=True, kw_only=True)
class Limit:
    """How many pieces a member may have in each period."""

    times: int
    period: Period


@dataclass(frozen=True, kw_only=True)
class Fulfilment:
    """How it is handed over.

    `within_days`: promised to the member. `fetch_days`: how long it waits for her in a store; after that it expires,
    and her value comes back (`give_back`) or not.
    """

    by: By = By.STORE
    within_days: int | None = None
    fetch_days: int | None = None
    give_back: bool = True


@dataclass(frozen=True, kw_only=True)
class Cancel:
    """Until when a member may take it back, and within how many hours of asking (None: no matter)."""

    until: CancelUntil = CancelUntil.SENT
    hours: int | None = None


@dataclass(frozen=True, kw_only=True)
class Auto:
    """Redeemed by itself when a member's balance of a unit reaches a mark."""

    unit: str
    at: int


@dataclass(frozen=True, kw_only=True)
class Gives:
    """Coupons that come with each piece."""

    template: str
    count: int = 1


@dataclass(frozen=True, kw_only=True)
class Session:
    """A date of an experience. `starts` is local time of the program's zone, without offset."""

    key: str
    names: Mapping[str, str] = field(default_factory=dict)
    starts: datetime
    seats: int
    store: str = ""


@dataclass(frozen=True, kw_only=True)
class Cause:
    """For what a donation is; `target` is what should come together, in the unit of the price."""

    key: str
    names: Mapping[str, str] = field(default_factory=dict)
    target: int | None = None


@dataclass(frozen=True, kw_only=True)
class Reward:
    """Something that can be had for value, in one version. No `prices`: it is given, never redeemed."""

    key: str
    version: int = 0
    names: Mapping[str, str] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    kind: Kind = Kind.GOODS
    prices: tuple[Price, ...] = ()
    by_level: Mapping[str, tuple[Price, ...]] = field(default_factory=dict)
    stock: int | None = None
    per_member: Limit | None = None
    levels: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    starts_on: date | None = None
    ends_on: date | None = None
    stores: tuple[str, ...] = ()
    fulfilment: Fulfilment = Fulfilment()
    cancel: Cancel = Cancel()
    pay_hours: int = 24
    offer_hours: int | None = None
    auto: Auto | None = None
    gives: Gives | None = None
    sessions: tuple[Session, ...] = ()
    cause: Cause | None = None

    @property
    def is_at_once(self) -> bool:
        """Whether it is fulfilled in the moment it is paid for, by nobody's hands."""
        return self.fulfilment.by in (By.DIGITAL, By.NONE)


@dataclass(frozen=True, kw_only=True)
class Spend:
    """What one unit paid: `seq` is the journal of `member_id` that spent it, or `hold_id` sets it aside."""

    unit: str
    amount: int
    member_id: UUID
    seq: int | None = None
    hold_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Redemption:
    """What a member asked for and how far it has come. `code` is what she shows at the desk."""

    redemption_id: UUID
    program_id: int
    member_id: UUID
    reward: str
    version: int
    names: Mapping[str, str]
    kind: Kind
    session: str
    count: int
    state: State
    code: str
    store: str
    source: str
    spends: tuple[Spend, ...]
    due_minor: int
    currency: str
    payment_ref: str
    pay_until: datetime | None
    due_at: datetime | None
    fetch_until: datetime | None
    tracking: str
    requested_at: datetime
    changed_at: datetime
    closed_at: datetime | None
    gave_back: bool
    has_delivery: bool


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """One thing that happened to a redemption."""

    kind: str
    at: datetime
    actor: str
    reason: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """How many there are: None `most` is without end. `taken` includes `offered`, kept for those who waited."""

    reward: str
    session: str
    most: int | None
    taken: int
    offered: int
    waiting: int

    @property
    def left(self) -> int | None:
        """How many can be had now."""
        return None if self.most is None else max(0, self.most - self.taken)


@dataclass(frozen=True, kw_only=True)
class Wait:
    """A place on a waiting list. `place` is how many stand before her plus one; 0 once she was offered it."""

    wait_id: UUID
    member_id: UUID
    reward: str
    session: str
    state: WaitState
    joined_at: datetime
    offered_at: datetime | None
    until: datetime | None
    place: int = 0


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A reward as one member sees it: her prices, what is left, and why she cannot have it (empty: she can)."""

    reward: Reward
    prices: tuple[Price, ...]
    shelves: tuple[Shelf, ...]
    refused: str = ""


@dataclass(frozen=True, kw_only=True)
class Total:
    """What a cause was given, in one unit."""

    cause: str
    unit: str
    amount: int
    donations: int


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What an import of codes did; `rejects` are (line, reason): never the code itself."""

    pool_id: UUID
    lines: int
    stored: int
    rejects: tuple[tuple[int, str], ...]
    free: int = 0  # of those stored, how many nobody has and nobody withdrew; told by lists


@dataclass(frozen=True, kw_only=True)
class Withdrawn:
    """What a withdrawal of codes did. `kept`: free ones that stay, because somebody was promised a piece."""

    pool_id: UUID
    withdrawn: int
    kept: int


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """Something that is not as promised. `promise` names the line of README.md."""

    promise: str
    what: str
    program_id: int
    expected: str
    found: str


@dataclass(frozen=True, kw_only=True)
class RewardRedeemed:
    """A member has asked for a reward, or was given it (`source` says by what)."""

    redemption_id: UUID
    member_id: UUID
    reward: str
    kind: str
    count: int
    source: str


@dataclass(frozen=True, kw_only=True)
class RedemptionMoved:
    """A redemption has come further: accepted, shipped, ready, fulfilled, cancelled, failed or expired."""

    redemption_id: UUID
    member_id: UUID
    reward: str
    from_state: str
    to_state: str


@dataclass(frozen=True, kw_only=True)
class RewardOffered:
    """One has come free for a member who waited; it is kept for her until `until`."""

    wait_id: UUID
    member_id: UUID
    reward: str
    session: str
    until: datetime
