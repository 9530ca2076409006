"""Words of tiers: ladders of levels on a measure, a member's standing, her progress, her moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Level:
    """One step of a ladder, entered at `enter` units of the ladder's measure; the first is entered at 0."""

    key: str
    names: Mapping[str, str]
    enter: int


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """Levels from the lowest to the highest. `measure` is a unit of the ledger that is never spent."""

    key: str
    names: Mapping[str, str]
    measure: str
    levels: tuple[Level, ...]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a member stands on a ladder; `since` None: from the beginning."""

    member_id: UUID
    ladder: str
    level: str
    names: Mapping[str, str]
    since: datetime | None
    version: int


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A standing with the way to the next level; `next_*` None at the top. `value` is what the measure says now."""

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


@dataclass(frozen=True, kw_only=True)
class Move:
    """One rise or fall, with what caused it."""

    member_id: UUID
    ladder: str
    from_level: str
    to_level: str
    value: int
    cause: str
    version: int
    moved_at: datetime


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


@dataclass(frozen=True, kw_only=True)
class TierRaised:
    """A member has reached a higher level."""

    member_id: UUID
    ladder: str
    from_level: str
    to_level: str
    version: int


@dataclass(frozen=True, kw_only=True)
class TierLowered:
    """A member has fallen to a lower level."""

    member_id: UUID
    ladder: str
    from_level: str
    to_level: str
    version: int
