"""Words of publishing: the document that is a program, its numbered versions, and what a document would change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from regulars.kernel import ids
from regulars.kernel.errors import NotFound, Refusal
from regulars.value.promotions.terms import Question, Verdict

SCHEDULE_PREFIX, DOCUMENT_DRAFT_PREFIX, ESTIMATE_PREFIX = "sch", "pdr", "est"

SECTIONS = (
    "program",
    "brands",
    "stores",
    "channels",
    "audiences",
    "preferences",
    "units",
    "policies",
    "earn_rules",
    "promotions",
    "coupon_templates",
    "ladders",
    "rewards",
    "benefits",
    "packs",
    "plans",
    "offline",
)  # as written


@dataclass(frozen=True, kw_only=True)
class Version:
    """One published form of a program. `number` 0 is a program that was never published.

    `document` holds JSON values only (exact decimals as text); `digest` is its SHA-256 in hex; `unchanged` says
    that an apply found nothing to do and answered the version in force.
    """

    program_id: int
    program_key: str
    number: int
    digest: str
    document: Mapping[str, Any]
    note: str
    actor: str
    applied_at: datetime | None
    unchanged: bool = False


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A version without its document, for lists."""

    number: int
    digest: str
    note: str
    actor: str
    applied_at: datetime


@dataclass(frozen=True, kw_only=True)
class Field:
    """One value that differs, by its path within its object; None on the side where it is not said."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that a document would add, change or remove.

    `adverse`: it takes something from members, as `reasons` say; `needs_notice`: members must be told before, where
    the program's policies say so. `fields` are the values that differ; `moves` are the members who would go from one
    level to another.
    """

    section: str
    key: str
    change: str
    detail: str
    adverse: bool = False
    needs_notice: bool = False
    reasons: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    moves: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A document takes something from members: they are to be told, and it applies `days` later at the earliest."""

    days: int
    earliest_at: datetime


@dataclass(frozen=True, kw_only=True)
class Refused:
    """Why a document could not be applied as it stands: the place, and a sentence."""

    path: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a document would change beside version `base_version`; `text` is the same for people.

    `refused` says why apply would refuse it; `notice` what members are to be told before; `drift` how the database
    differs from the version in force, which any new version takes in.
    """

    program_key: str
    base_version: int
    changes: tuple[Change, ...]
    text: str
    refused: tuple[Refused, ...] = ()
    notice: Notice | None = None
    drift: tuple[Change, ...] = ()

    @property
    def is_adverse(self) -> bool:
        """Whether anything is taken from members."""
        return any(c.adverse for c in self.changes)


@dataclass(frozen=True, kw_only=True)
class Blueprint:
    """A program that comes with the house, as a document to begin with."""

    key: str
    name: str
    about: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What a promotion gave before and gives now, in minor units; `is_gone`: it applied and no longer does."""

    key: str
    before_minor: int
    after_minor: int
    is_gone: bool


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One basket without a promotion (`before`) and with it (`after`); `changes` are those of all others."""

    key: str
    before: Verdict
    after: Verdict
    question: Question
    changes: tuple[Moved, ...]


class PreviewState(StrEnum):
    """Where a preview stands."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A draft tried on the orders of last week. `report` holds sums in minor units (rules/previewing.py)."""

    preview_id: UUID
    program_id: int
    draft_id: UUID
    revision: int
    state: PreviewState
    done: int
    total: int
    report: Mapping[str, Any]
    actor: str
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ProgramPublished:
    """A program follows a new version of its document."""

    program_id: int
    version: int
    sections: tuple[str, ...]


class ScheduleState(StrEnum):
    """Where a scheduled document stands."""

    WAITING = "waiting"
    APPLIED = "applied"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A document that applies at an instant, over whatever is in force then, if nobody changed the same objects.

    `telling_id`: what members were told of it. `refusal`: code and detail, when it could not apply.
    """

    schedule_id: UUID
    program_id: int
    base_version: int
    document: Mapping[str, Any]
    at: datetime
    state: ScheduleState
    telling_id: UUID | None
    note: str
    actor: str
    created_at: datetime
    ended_at: datetime | None
    ended_by: str
    version: int | None
    refusal: Mapping[str, Any] | None

    @property
    def public_id(self) -> str:
        """`sch_…`."""
        return ids.encode(SCHEDULE_PREFIX, self.schedule_id)


class DocumentDraftState(StrEnum):
    """Where the draft of a whole document stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    PUBLISHED = "published"
    DISCARDED = "discarded"


@dataclass(frozen=True, kw_only=True)
class DocumentStep:
    """One thing done to a draft: when, what, by whom, why."""

    at: datetime
    what: str
    actor: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class DocumentDraft:
    """A whole document on its way to become a version. None of its `writers` may approve it."""

    draft_id: UUID
    program_id: int
    title: str
    text: str
    base_version: int
    state: DocumentDraftState
    revision: int
    writers: tuple[str, ...]
    approved_by: str
    steps: tuple[DocumentStep, ...]
    version: int | None
    created_at: datetime
    changed_at: datetime

    @property
    def public_id(self) -> str:
        """`pdr_…`."""
        return ids.encode(DOCUMENT_DRAFT_PREFIX, self.draft_id)

    @property
    def is_open(self) -> bool:
        """Whether it may still be written."""
        return self.state not in (DocumentDraftState.PUBLISHED, DocumentDraftState.DISCARDED)


@dataclass(frozen=True, kw_only=True)
class ScheduleRefused:
    """A scheduled document could not apply: somebody has to look at it."""

    schedule_id: UUID
    code: str


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a document would have cost by the orders of last year. `report` holds sums (rules/estimating.py)."""

    estimate_id: UUID
    program_id: int
    seed: int
    state: PreviewState
    done: int
    total: int
    report: Mapping[str, Any]
    actor: str
    started_at: datetime
    finished_at: datetime | None

    @property
    def public_id(self) -> str:
        """`est_…`."""
        return ids.encode(ESTIMATE_PREFIX, self.estimate_id)


class UnknownEstimate(NotFound):
    """There is no such estimate in this program."""


class CostNotCounted(Refusal):
    """What the document would have cost could not be counted."""


class UnknownSchedule(NotFound):
    """There is no such scheduled document in this program."""


class ScheduleEnded(Refusal):
    """The scheduled document has applied, was refused or was withdrawn already."""


class UnknownDocumentDraft(NotFound):
    """There is no such draft of a document in this program."""


class BaseChanged(Refusal):
    """Somebody changed the same objects since this document was written; look at them and write it anew."""


class NeedsApproval(Refusal):
    """The document takes something from members: make it a draft that a second person approves."""


class UnknownVersion(NotFound):
    """The program has no version with this number."""


class UnknownBlueprint(NotFound):
    """There is no blueprint with this key."""


class NoPreview(NotFound):
    """There is no such preview."""


class NoPromotion(NotFound):
    """The program in force has no promotion with this key."""


class VersionConflict(Refusal):
    """Another version was applied meanwhile; look at it and apply again."""


class NoticeNeeded(Refusal):
    """The document takes something from members who were not told long enough before; tell them, and it waits."""


class NothingToDo(Refusal):
    """There is nothing that differs."""
