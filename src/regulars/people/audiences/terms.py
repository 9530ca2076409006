"""Words of audiences: a named list of members, who is on it, since when and by whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from regulars.kernel.errors import NotFound, Refusal

MOST_AT_ONCE = 1_000  # members in one call
MOST_AUDIENCES = 5_000  # of one program


@dataclass(frozen=True, kw_only=True)
class Audience:
    """A list of members. `members` is how many are on it; those whose time has run out leave it at night."""

    key: str
    names: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    active: bool = True
    members: int = 0


@dataclass(frozen=True, kw_only=True)
class Membership:
    """One member on one audience, or one who was: then `removed_at` and `removed_source` say when and by what."""

    member_id: UUID
    audience: str
    source: str
    added_at: datetime
    expires_at: datetime | None = None
    removed_at: datetime | None = None
    removed_source: str = ""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What a batch came to: how many were added (or removed), how many changed their end, how many were so already,
    and the references that no member has."""

    added: int = 0
    removed: int = 0
    changed: int = 0
    unchanged: int = 0
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MembershipPage:
    """Members of an audience in order of id; `cursor` is None on the last page."""

    items: tuple[Membership, ...]
    cursor: tuple[str, ...] | None


@dataclass(frozen=True, kw_only=True)
class AudienceChanged:
    """Members came to an audience or left it: how many, and by what."""

    program_id: int
    audience: str
    added: int
    removed: int
    source: str


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """A promise that does not hold."""

    promise: str
    what: str
    expected: str = ""
    found: str = ""
    member_id: UUID | None = None


class UnknownAudience(NotFound):
    """There is no such audience in this program."""


class AudienceRetired(Refusal):
    """This audience is retired; nobody can be added."""


class TooManyAudiences(Refusal):
    """A program has at most 5,000 audiences; retire and rename old ones."""
