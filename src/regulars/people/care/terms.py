"""The words of care: who looks after whom, what was noted, what is to be done, and how she likes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from regulars.kernel.errors import NotFound, Refusal

ADVISER_PREFIX, NOTE_PREFIX, FOLLOW_UP_PREFIX = "adv", "cnt", "fup"
MOST_PREFERENCES = 100
MOST_CHOICES = 50
LONGEST_TEXT = 2_000
LONGEST_VALUE = 300


class PreferenceType(StrEnum):
    """What a preference may say: one of some words, several of them, yes or no, or free words (sealed)."""

    CHOICE = "choice"
    CHOICES = "choices"
    FLAG = "flag"
    TEXT = "text"


class FollowUpState(StrEnum):
    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


@dataclass(frozen=True, kw_only=True)
class Adviser:
    """Somebody of the staff who looks after members: `members` of at most `capacity`, for one kind of care."""

    id: UUID
    user_id: int
    name: str
    kind: str
    store_id: int | None
    capacity: int
    members: int
    active: bool


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """A member in an adviser's care. `until` None: now."""

    id: int
    member_id: UUID
    kind: str
    adviser: Adviser
    since: datetime
    until: datetime | None
    source: str
    actor: str
    ended_by: str


@dataclass(frozen=True, kw_only=True)
class Note:
    """What somebody noted of a member. `text` None: masked for this reader, or erased (`erased_at`)."""

    id: UUID
    member_id: UUID
    actor: str
    written_at: datetime
    erased_at: datetime | None
    text: str | None


@dataclass(frozen=True, kw_only=True)
class FollowUp:
    """Something to do for a member by the end of a local day. `text` None: masked, or the member was forgotten."""

    id: UUID
    member_id: UUID
    due_on: date
    assignee: int | None
    state: FollowUpState
    text: str | None
    outcome: str
    made_by: str
    made_at: datetime
    closed_by: str
    closed_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class DeskPage:
    """What an adviser sees first: her members, and what is to be done today and what should be done already."""

    members: tuple[Assignment, ...]
    overdue: tuple[FollowUp, ...]
    today: tuple[FollowUp, ...]
    coming: tuple[FollowUp, ...]
    cursor: int | None


@dataclass(frozen=True, kw_only=True)
class Choice:
    key: str
    names: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Preference:
    """Something that a program remembers of how its members like things. `till`: the till shows it."""

    key: str
    names: Mapping[str, str]
    type: PreferenceType
    choices: tuple[Choice, ...] = ()
    till: bool = False
    note: str = ""
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class Liking:
    """What a member prefers: a choice's key, several, true or false, or words."""

    preference: Preference
    value: Any
    set_at: datetime
    actor: str


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """A promise of care that does not hold."""

    promise: str
    what: str
    expected: str
    found: str
    member_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class AdviserAssigned:
    """A member came into somebody's care."""

    member_id: UUID
    adviser_id: UUID
    kind: str
    actor: str


class UnknownAdviser(NotFound):
    """There is no such adviser."""


class UnknownNote(NotFound):
    """There is no such note."""


class UnknownFollowUp(NotFound):
    """There is no such follow-up."""


class AdviserFull(Refusal):
    """This adviser has as many members as she can look after."""


class NoAdviserFree(Refusal):
    """No adviser of this kind there can take another member."""


class AdviserRetired(Refusal):
    """This adviser takes no members any more."""


class StillHasMembers(Refusal):
    """Members are still in this adviser's care; hand them over first."""


class AlreadyClosed(Refusal):
    """This follow-up was done or dropped before."""


class TooManyPreferences(Refusal):
    """A program declares 100 preferences at most, retired ones included."""
