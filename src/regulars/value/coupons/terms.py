"""Words of coupons: templates, codes and their states, what was found by a code, and every way to be refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from regulars.kernel.errors import Forbidden, NotFound, Refusal

PREFIX = "cpn"
BATCH_PREFIX = "cpb"
CLAIM_PREFIX = "cpl"


class State(StrEnum):
    """Where a coupon stands. An open one whose end has passed counts as expired, whatever is stored."""

    OPEN = "open"
    RESERVED = "reserved"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    VOIDED = "voided"


class UseState(StrEnum):
    """Where one use of a coupon stands: taken by a basket, redeemed by its order, let go, or given back."""

    RESERVED = "reserved"
    REDEEMED = "redeemed"
    RELEASED = "released"
    RESTORED = "restored"


class EventKind(StrEnum):
    """What can happen to a coupon."""

    ISSUED = "issued"
    CLAIMED = "claimed"
    OFFERED = "offered"
    WITHDRAWN = "withdrawn"
    DECLINED = "declined"
    GIFTED = "gifted"
    RESERVED = "reserved"
    RELEASED = "released"
    REDEEMED = "redeemed"
    RESTORED = "restored"
    EXPIRED = "expired"
    VOIDED = "voided"
    MERGED = "merged"


class Returns(StrEnum):
    """What a return of the whole order does to a redeemed coupon that is still valid."""

    RESTORE = "restore"
    KEEP = "keep"


class Alphabet(StrEnum):
    """Which signs a code draws: without 0 O 1 I L, letters of those only, or digits."""

    CLEAR = "clear"
    LETTERS = "letters"
    DIGITS = "digits"


@dataclass(frozen=True, kw_only=True)
class Validity:
    """From when to when, in days of the program's zone. All None: from issue, without end.

    Args: starts_on, ends_on: fixed days, both included. days: so many days from the day of issue, which counts as the
    first. months: to the end of the month of issue (1), of the month after (2) …. after_days: begins so many days
    after issue (with days or months).
    """

    starts_on: date | None = None
    ends_on: date | None = None
    days: int | None = None
    months: int | None = None
    after_days: int = 0


@dataclass(frozen=True, kw_only=True)
class Holders:
    """Who may hold and use a coupon. Empty tiers or audiences: whoever."""

    members_only: bool = False
    tiers: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()

    @property
    def is_for_members(self) -> bool:
        """Whether a guest is refused."""
        return self.members_only or bool(self.tiers) or bool(self.audiences)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How many a member may claim ever, hold at once and redeem ever; `total`: redeemed by all. None: no limit."""

    claim: int | None = None
    hold: int | None = None
    redeem: int | None = None
    total: int | None = None


@dataclass(frozen=True, kw_only=True)
class Template:
    """A kind of coupon in one version. `gives` is a promotion without key, as the document writes it."""

    key: str
    version: int = 0
    names: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    gives: Mapping[str, Any] = field(default_factory=dict)
    validity: Validity = Validity()
    stores: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    holders: Holders = Holders()
    limits: Limits = Limits()
    pattern: str = "###########"
    alphabet: Alphabet = Alphabet.CLEAR
    giftable: bool = False
    returns: Returns = Returns.RESTORE
    reminders: tuple[int, ...] = ()


class Held(NamedTuple):
    """What was found by a code. `refused` is why it cannot be used now, empty when it can; `detail` in English.

    The first five fields are promotions' CouponHeld: `CouponHeld(*held[:5])`. Reasons: unknown_code, already_used,
    expired, not_yet, not_yours, wrong_store, wrong_channel, limit_reached, reserved_elsewhere, voided, not_entitled.
    """

    code: str
    template: str
    coupon_id: UUID | None = None
    refused: str = ""
    detail: str = ""
    row_id: UUID | None = None
    version: int = 0
    is_shared: bool = False


class Coined(NamedTuple):
    """A code made and not stored yet, for `coupons_issue`."""

    id: UUID
    code: str
    template: str
    version: int
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Coupon:
    """A coupon as it stands at the moment of asking; `code` as it is shown."""

    coupon_id: UUID
    code: str
    template: str
    names: Mapping[str, str]
    version: int
    state: State
    starts_at: datetime
    ends_at: datetime | None
    issued_at: datetime
    member_id: UUID | None
    offered_to: UUID | None
    owner: str | None
    batch_id: UUID | None
    is_shared: bool
    most: int | None
    used: int


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """One thing that happened to a coupon: what, when, who did it, and to what it refers."""

    kind: str
    at: datetime
    actor: str
    member_id: UUID | None = None
    other_id: UUID | None = None
    ref: str | None = None


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Many codes made at once; `made` of `size` are stored. `pattern` is empty for an imported pool."""

    batch_id: UUID
    template: str
    version: int
    pattern: str
    size: int
    made: int
    starts_at: datetime
    ends_at: datetime | None
    note: str
    actor: str
    created_at: datetime
    done_at: datetime | None
    voided_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A page where members fetch a coupon by themselves. `token` is the secret part of its address."""

    claim_id: UUID
    token: str
    template: str
    per_member: int | None
    per_day: int | None
    total: int | None
    claimed: int
    starts_at: datetime
    ends_at: datetime | None
    note: str


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What giving back did to one coupon of an order; `why` says why it stays used: policy, expired, voided."""

    coupon_id: UUID
    code: str
    template: str
    restored: bool
    why: str


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What an import of a pool did; `rejected` lines stand in the rejects file."""

    batch_id: UUID
    lines: int
    stored: int
    rejected: int


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """A coupon that is not what its uses, tallies or rules say. `promise` names the line of README.md."""

    promise: str
    what: str
    program_id: int
    expected: str
    found: str


@dataclass(frozen=True, kw_only=True)
class CouponIssued:
    """A member has got a coupon: by hand, by an order, or from a page."""

    coupon_id: UUID
    member_id: UUID
    template: str
    ends_at: datetime | None
    source: str


@dataclass(frozen=True, kw_only=True)
class CouponExpiring:
    """A member's coupon ends soon: announced once for each of the template's reminders."""

    coupon_id: UUID
    member_id: UUID
    template: str
    ends_at: datetime
    days: int


@dataclass(frozen=True, kw_only=True)
class CouponExpired:
    """A member's coupon has ended unused."""

    coupon_id: UUID
    member_id: UUID
    template: str


@dataclass(frozen=True, kw_only=True)
class CouponGifted:
    """A coupon went from one member to another, or is offered to her (`is_offer`)."""

    coupon_id: UUID
    member_id: UUID
    to_member_id: UUID
    template: str
    is_offer: bool


@dataclass(frozen=True, kw_only=True)
class CodesMissed:
    """Somebody asks for many codes that do not exist."""

    who: str
    day: date
    misses: int


class UnknownCode(NotFound):
    """This code cannot be used here."""


class UnknownBatch(NotFound):
    """There is no batch with this id."""


class UnknownClaim(NotFound):
    """There is no such page, or it has closed."""


class UnknownTemplate(NotFound):
    """There is no coupon template with this key."""


class AlreadyUsed(Refusal):
    """This coupon has been used already."""

    code = "coupon_already_used"


class Expired(Refusal):
    """This coupon has ended."""

    code = "coupon_expired"


class NotYet(Refusal):
    """This coupon cannot be used yet."""

    code = "coupon_not_yet"


class NotYours(Forbidden):
    """This coupon belongs to somebody else."""

    code = "coupon_not_yours"


class ReservedElsewhere(Refusal):
    """Another basket has reserved this coupon."""

    code = "coupon_reserved_elsewhere"


class Voided(Refusal):
    """This coupon was withdrawn."""

    code = "coupon_voided"


class CouponLimit(Refusal):
    """No more of this coupon may be had or used."""

    code = "coupon_limit_reached"


class NotEntitled(Forbidden):
    """This coupon is for other members."""

    code = "coupon_not_entitled"


class NotGiftable(Refusal):
    """This coupon cannot be given away."""


class NoOffer(Refusal):
    """This coupon is not offered to this member."""


class BatchDiffers(Refusal):
    """A batch was begun with this key for something else."""


class TooFewCodes(Refusal):
    """The pattern has too few codes for so many: they could be guessed."""

    status = 422


class BatchRunning(Refusal):
    """The batch is still being made."""


class CodeTaken(Refusal):
    """This code exists already."""
