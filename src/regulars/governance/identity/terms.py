"""The words of identity: two members that turn out to be one person, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from regulars.kernel.errors import NotFound, Refusal

PREFIX = "mrg"
UNDO_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class Merge:
    """One member taken into another. `moved`: what went over by kind; once undone also what could not return."""

    merge_id: UUID
    program_id: int
    from_: UUID
    into: UUID
    reason: str
    actor: str
    at: datetime
    undone_at: datetime | None
    undone_by: str
    moved: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """A merge and the members it names disagree."""

    promise: str
    what: str
    merge_id: UUID | None
    member_id: UUID


@dataclass(frozen=True, kw_only=True)
class MembersMerged:
    """Two members are one person now; `from_id` means `into_id`."""

    merge_id: UUID
    from_id: UUID
    into_id: UUID
    actor: str


@dataclass(frozen=True, kw_only=True)
class MergeUndone:
    """They were two after all."""

    merge_id: UUID
    from_id: UUID
    into_id: UUID
    actor: str


class UnknownMerge(NotFound):
    """There is no such merge."""


class NotMergeable(Refusal):
    """These members cannot be merged as they stand: both must be of one status, not closed and not forgotten."""


class AlreadyUndone(Refusal):
    """This merge was undone before."""


class TooLateToUndo(Refusal):
    """A merge can be undone for 30 days; they are over."""


class MergedOnSince(Refusal):
    """The remaining member was merged into another one since; undo that merge first."""
