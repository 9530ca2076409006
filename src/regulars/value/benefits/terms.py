"""Words of benefits: what a level, plan, pack or list entitles to, how often, what was used, what arrived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from regulars.kernel.errors import NotFound, Refusal

PREFIX = "bnu"  # of public ids of uses


class Kind(StrEnum):
    """What sort of benefit it is: how it reaches the member. What it is worth, its name and `gives` say."""

    DISCOUNT = "discount"
    MULTIPLIER = "multiplier"
    MEMBER_PRICE = "member_price"
    FREE_SHIPPING = "free_shipping"
    GIFT = "gift"
    BIRTHDAY = "birthday"
    ANNIVERSARY = "anniversary"
    UPGRADE = "upgrade"
    MILESTONE = "milestone"
    WELCOME = "welcome"
    MEMBER_DAY = "member_day"
    CHOICE = "choice"
    EARLY_ACCESS = "early_access"
    PRIORITY = "priority"
    LOUNGE = "lounge"
    ADVISER = "adviser"
    SERVICE = "service"
    PARTNER = "partner"
    PREFERENCE = "preference"


YEARLY = frozenset({Kind.BIRTHDAY, Kind.ANNIVERSARY})
ON_NEWS = frozenset({Kind.UPGRADE, Kind.MILESTONE, Kind.WELCOME})


class Period(StrEnum):
    """How long a quota counts. Days begin at the program's midnight; an occasion is one birthday or anniversary."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    MEMBERSHIP_YEAR = "membership_year"
    LIFETIME = "lifetime"
    OCCASION = "occasion"


class LeapDay(StrEnum):
    """When somebody born (or who joined) on 29 February celebrates in other years."""

    FEB28 = "feb28"
    MAR1 = "mar1"


class OnReversal(StrEnum):
    """What becomes of a gift when what it was given for is undone."""

    RETURN = "return"
    KEEP = "keep"


class UseState(StrEnum):
    """Where a use stands."""

    USED = "used"
    UNDONE = "undone"


class GiftState(StrEnum):
    """Where the gifts of an occasion stand: to come on a later day, given, taken back, or given in vain."""

    WAITING = "waiting"
    GIVEN = "given"
    RETURNED = "returned"
    KEPT = "kept"  # what it was given for is gone, but not all of it could be taken back
    FAILED = "failed"


class HoldingKind(StrEnum):
    """What a member may hold that entitles her: a pack of benefits, or a paid plan."""

    PACK = "pack"
    PLAN = "plan"


@dataclass(frozen=True, kw_only=True)
class Whose:
    """Who is entitled: who fulfils any of it. Levels are `ladder/level`, those above included where `+` was said."""

    levels: tuple[str, ...] = ()
    plans: tuple[str, ...] = ()
    packs: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    everyone: bool = False


@dataclass(frozen=True, kw_only=True)
class Quota:
    """How often in a period. `times` None: as often as she likes."""

    times: int | None = None
    period: Period = Period.LIFETIME


@dataclass(frozen=True, kw_only=True)
class Given:
    """One thing that a benefit gives: points of a unit, coupons of a template, or a reward of the mall."""

    unit: str = ""
    amount: int = 0
    template: str = ""
    count: int = 0
    reward: str = ""


@dataclass(frozen=True, kw_only=True)
class Choose:
    """The member picks so many of these benefits, once per period."""

    pick: int
    of: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Days:
    """Which days are member days: days of the month, weekdays (1 Monday … 7), the nth of them in the month (−1 the
    last), or certain dates. All that is said must hold; dates stand for themselves."""

    of_month: tuple[int, ...] = ()
    weekdays: tuple[int, ...] = ()
    nth: tuple[int, ...] = ()
    dates: tuple[date, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Benefit:
    """One benefit of a version. `cost_minor`: what one use costs us. `told_levels`: levels as they were written."""

    key: str
    kind: Kind
    names: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    whose: Whose = Whose()
    told_levels: tuple[str, ...] = ()
    quota: Quota = Quota()
    gives: tuple[Given, ...] = ()
    choose: Choose | None = None
    days: Days | None = None
    milestones: tuple[str, ...] = ()
    before_days: int = 0
    after_days: int = 0
    leap_day: LeapDay = LeapDay.FEB28
    cost_minor: int = 0
    funder: str = ""
    on_reversal: OnReversal = OnReversal.RETURN

    @property
    def comes_by_itself(self) -> bool:
        """Whether it arrives without anybody asking for it."""
        return self.kind in ON_NEWS or (self.kind in YEARLY and bool(self.gives))


@dataclass(frozen=True, kw_only=True)
class Pack:
    """Benefits that are granted together until a date."""

    key: str
    names: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    benefits: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Entitled:
    """A benefit that a member has, and how it stands at the moment of asking.

    Args: by: why she has it (`everyone`, `level main/gold`, `plan prime`, `pack vip`, `audience x`, `choice y`).
    left: uses left in this period, None without a quota. period: its key. ends_at: when the period or window ends.
    is_open: whether it can be used now (its day, its window; a quota left). chosen: of a choice, what she picked.
    """

    benefit: Benefit
    by: str
    used: int
    left: int | None
    period: str
    ends_at: datetime | None
    is_open: bool
    chosen: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Use:
    """One use of a benefit. `given`: what it brought, part by part. `returned`: what came back when it was undone."""

    use_id: UUID
    member_id: UUID
    benefit: str
    version: int
    key: str
    period: str
    times: int
    state: UseState
    by: str
    level: str
    cost_minor: int
    funder: str
    ref: str
    store: str
    used_at: datetime
    actor: str
    occasion: str
    given: tuple[Mapping[str, Any], ...]
    undone_at: datetime | None
    undone_by: str
    reason: str
    returned: tuple[Mapping[str, Any], ...]
    is_new: bool = False


@dataclass(frozen=True, kw_only=True)
class Gift:
    """What an occasion brought, or will bring on `due_on`. `why` says what went wrong, in English."""

    gift_id: int
    member_id: UUID
    occasion: str
    kind: Kind
    state: GiftState
    on_day: date
    due_on: date
    round: int
    given_at: datetime | None
    why: str
    benefits: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Holding:
    """A pack or plan that somebody or something granted a member. `until` None: without end."""

    holding_id: int
    member_id: UUID
    kind: HoldingKind
    key: str
    source: str
    since: datetime
    until: datetime | None
    actor: str
    revoked_at: datetime | None
    revoked_by: str


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a benefit cost at a level: uses that stand, members, money, and uses that were undone."""

    benefit: str
    level: str
    uses: int
    members: int
    cost_minor: int
    undone: int


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """What is not as it should be. `promise` names the line of README.md."""

    promise: str
    what: str
    program_id: int
    member_id: UUID | None
    expected: str
    found: str


# What happened --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class PackGranted:
    """A member has a pack of benefits, until a moment or without end."""

    member_id: UUID
    pack: str
    source: str
    until: datetime | None


@dataclass(frozen=True, kw_only=True)
class PackRevoked:
    """What granted a member a pack grants it no more."""

    member_id: UUID
    pack: str
    source: str


@dataclass(frozen=True, kw_only=True)
class GiftArrived:
    """An occasion brought a member its gifts; `benefits` are their keys."""

    member_id: UUID
    occasion: str
    benefits: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class GiftReturned:
    """What an occasion had brought was taken back, because what it was given for is undone."""

    member_id: UUID
    occasion: str
    benefits: tuple[str, ...]


# Why not --------------------------------------------------------------------------------------------------------


class UnknownBenefit(NotFound):
    """The program in force has no such benefit."""


class UnknownPack(NotFound):
    """The program in force has no such pack of benefits."""


class UnknownUse(NotFound):
    """There is no such use of a benefit."""


class UnknownGift(NotFound):
    """There is no such gift of an occasion."""


class NotYourBenefit(Refusal):
    """The member is not entitled to this benefit."""


class BenefitNotNow(Refusal):
    """The benefit is not open on this day."""


class QuotaUsedUp(Refusal):
    """The benefit has been used as often as this period allows."""


class ComesByItself(Refusal):
    """This benefit arrives by itself and is not used by hand."""


class BenefitForbidden(Refusal):
    """The member's standing does not allow her to use benefits now."""

    status = 403


class BenefitKeyReused(Refusal):
    """This key has already named another use."""

    status = 422


class NotAChoice(Refusal):
    """There is nothing to choose in this benefit."""

    status = 422


class ChoiceUsed(Refusal):
    """What was chosen has been used already, and cannot be exchanged before the next period."""
