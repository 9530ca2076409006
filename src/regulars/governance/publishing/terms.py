"""Words of publishing: the document that is a program, its numbered versions, and what a document would change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from regulars.kernel.errors import NotFound, Refusal
from regulars.value.promotions.terms import Question, Verdict

SECTIONS = (
    "program",
    "brands",
    "stores",
    "channels",
    "audiences",
    "units",
    "policies",
    "earn_rules",
    "promotions",
    "coupon_templates",
    "ladders",
    "rewards",
    "benefits",
    "packs",
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
class Change:
    """One thing that a document would add, change or remove. `adverse`: it takes something from members."""

    section: str
    key: str
    change: str
    detail: str
    adverse: bool = False


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a document would change beside version `base_version`; `text` is the same for people."""

    program_key: str
    base_version: int
    changes: tuple[Change, ...]
    text: str


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
