"""Words of assurance: what was found broken, and the runs that looked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from regulars.kernel.errors import NotFound, Refusal


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A promise that does not hold. `member` is a public id, or empty where the promise concerns none."""

    context: str
    promise: str
    what: str
    member: str
    expected: str
    found: str


class RunState(StrEnum):
    RUNNING = "running"
    CLEAN = "clean"
    BROKEN = "broken"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Run:
    """One proof of everything. `findings` holds at most the first thousand, `count` all."""

    id: int
    program_id: int | None
    state: RunState
    started_at: datetime
    finished_at: datetime | None
    count: int
    findings: tuple[Finding, ...]
    actor: str


@dataclass(frozen=True, kw_only=True)
class PromisesBroken:
    """A proof found promises that do not hold: somebody has to look."""

    run_id: int
    count: int


MOST_ENTRIES = 500  # journals in one part of a statement


class Include(StrEnum):
    """Personal data that a statement holds only when asked."""

    NAME = "name"
    CONTACT = "contact"


class AlreadyRunning(Refusal):
    """A proof of this program is running already; wait for its end."""


class NoRun(NotFound):
    """There is no such proof."""
