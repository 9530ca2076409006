"""Words of tiers: ladders of levels on measures, a member's standing, her progress, her moves, what she was given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from regulars.kernel.errors import NotFound, Refusal


class Match(StrEnum):
    """Whether one measure is enough for a level, or all are needed."""

    ANY = "any"
    ALL = "all"


class WindowKind(StrEnum):
    """What counts: everything, the last months, the calendar year, or the year of membership."""

    LIFETIME = "lifetime"
    ROLLING = "rolling"
    CALENDAR_YEAR = "calendar_year"
    ANNIVERSARY = "anniversary"


class ValidTo(StrEnum):
    """What a level's time ends with."""

    YEAR_END = "year_end"
    ANNIVERSARY = "anniversary"


class Upgrade(StrEnum):
    """When a level that is reached is given."""

    AT_ONCE = "at_once"
    NEXT_PERIOD = "next_period"


class Downgrade(StrEnum):
    """Where one falls to who does not keep a level."""

    TO_EARNED = "to_earned"
    ONE_LEVEL = "one_level"
    TO_BASE = "to_base"
    NEVER = "never"


class OnReturn(StrEnum):
    """What a return does to a level: as if the goods had never been bought, or it stays until its time is over."""

    TAKE_BACK = "take_back"
    KEEP = "keep"


@dataclass(frozen=True, kw_only=True)
class Validity:
    """How long a level lasts: `months` from when it was reached, or to the end of a year `years` further on."""

    months: int | None = None
    to: ValidTo | None = None
    years: int = 1


@dataclass(frozen=True, kw_only=True)
class Milestone:
    """A point inside a level, at `at` units of the first measure."""

    key: str
    at: int
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Level:
    """One step of a ladder. `enter` and `keep` are by measure, in units; the first level is entered at 0.

    `keep` equals `enter` where nothing else is said. A `paid` level can only be given; its thresholds are empty.
    """

    key: str
    names: Mapping[str, str]
    enter: Mapping[str, int]
    keep: Mapping[str, int]
    paid: bool = False
    milestones: tuple[Milestone, ...] = ()
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """Levels from the lowest to the highest. `measures` are units of the ledger that are never spent."""

    key: str
    names: Mapping[str, str]
    measures: tuple[str, ...]
    levels: tuple[Level, ...]
    match: Match = Match.ANY
    window: WindowKind = WindowKind.LIFETIME
    window_months: int | None = None
    validity: Validity | None = None
    grace_days: int = 0
    upgrade: Upgrade = Upgrade.AT_ONCE
    downgrade: Downgrade = Downgrade.TO_EARNED
    on_return: OnReturn = OnReturn.TAKE_BACK
    notice_days: int | None = None
    note: str = ""

    @property
    def measure(self) -> str:
        """The first measure."""
        return self.measures[0]


class By(StrEnum):
    """What a level is held by."""

    EARNED = "earned"
    GRANTED = "granted"
    LOCKED = "locked"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a member stands on a ladder; `since` None: from the beginning."""

    member_id: UUID
    ladder: str
    level: str
    names: Mapping[str, str]
    since: datetime | None
    version: int
    by: By = By.EARNED
    valid_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Need:
    """What one measure still needs for a threshold: `value` counts now, `at` is asked, `missing` is at least 0."""

    measure: str
    value: int
    at: int
    missing: int


@dataclass(frozen=True, kw_only=True)
class Projected:
    """Where a member will stand, and from when on, if nothing more comes."""

    level: str
    names: Mapping[str, str]
    at: datetime
    on: date


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A standing with the way up and what keeps it; `next_*` None at the top. `value`: the first measure, now.

    `next_needs` and `keep_needs` list every measure; `match` says whether one of them is enough. `keep_needs` is
    empty where nothing has to be kept. `fall`, `rise`: what lies ahead if nothing more comes.
    """

    ladder: str
    level: str
    names: Mapping[str, str]
    since: datetime | None
    measure: str
    value: int
    entered_at: int
    next_level: str | None
    next_names: Mapping[str, str] | None
    next_at: int | None
    missing: int | None
    match: Match = Match.ANY
    by: By = By.EARNED
    earned: str = ""
    next_needs: tuple[Need, ...] = ()
    keep_needs: tuple[Need, ...] = ()
    valid_until: datetime | None = None
    grace_until: datetime | None = None
    fall: Projected | None = None
    rise: Projected | None = None


@dataclass(frozen=True, kw_only=True)
class Move:
    """One rise or fall: what led to the review (`cause`), and what the review found (`why`).

    `effective_at` is since when it holds by the facts; `moved_at` is when they were known.
    """

    member_id: UUID
    ladder: str
    from_level: str
    to_level: str
    value: int
    cause: str
    version: int
    moved_at: datetime
    effective_at: datetime | None = None
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Given:
    """A level given beside what is earned, or held by hand (`is_lock`); `until` None: until it is ended."""

    id: int
    ladder: str
    level: str
    is_lock: bool
    source: str
    until: datetime | None
    reason: str
    given_by: str
    given_at: datetime
    ended_by: str | None
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """How many members a review looked at, and how many rose and fell."""

    seen: int
    raised: int
    lowered: int


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """A standing that is not what the rules say. `promise` names the line of README.md."""

    promise: str
    what: str
    program_id: int
    member_id: UUID
    expected: str
    found: str


class UnknownLevel(NotFound):
    """The program has no such ladder, or the ladder no such level."""

    code = "unknown_level"


class NothingGiven(NotFound):
    """This source gives the member no level on this ladder; or it has ended."""

    code = "nothing_given"


class LockNeedsReason(Refusal):
    """A level is locked by hand only with a reason."""

    code = "lock_needs_reason"
    status = 422


class AlreadyOver(Refusal):
    """The end lies in the past."""

    code = "already_over"
    status = 422


@dataclass(frozen=True, kw_only=True)
class TierRaised:
    """A member has reached a higher level."""

    member_id: UUID
    ladder: str
    from_level: str
    to_level: str
    version: int
    cause: str = ""
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class TierLowered:
    """A member has fallen to a lower level."""

    member_id: UUID
    ladder: str
    from_level: str
    to_level: str
    version: int
    cause: str = ""
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class MilestoneReached:
    """A member has reached a point inside a level, for the first time in this period."""

    member_id: UUID
    ladder: str
    level: str
    milestone: str
    value: int
    version: int


@dataclass(frozen=True, kw_only=True)
class FallAhead:
    """A member will fall to a lower level at `falls_at`, as the local day `on` begins, unless more comes."""

    member_id: UUID
    ladder: str
    level: str
    falls_to: str
    falls_at: datetime
    on: date
    version: int


@dataclass(frozen=True, kw_only=True)
class ReviewGoesOn:
    """A batch of members was reviewed because of `cause`; those behind `after`, in order of id, are next."""

    after: UUID
    cause: str
