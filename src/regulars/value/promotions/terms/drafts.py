"""Words of drafts: a promotion on its way from an idea to a published version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from regulars.kernel import ids
from regulars.kernel.errors import Forbidden, NotFound, Refusal

DRAFT_PREFIX = "drf"


class DraftState(StrEnum):
    """Where a draft stands. Whatever changes its body brings it back to `draft`."""

    DRAFT = "draft"
    TESTING = "testing"  # its body was checked whole; baskets may be tried with it
    APPROVED = "approved"  # a second person has looked
    PUBLISHED = "published"
    DISCARDED = "discarded"


OPEN_STATES = (DraftState.DRAFT, DraftState.TESTING, DraftState.APPROVED)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that was done with a draft: `written`, `tested`, `approved`, `published`, `discarded`."""

    at: datetime
    what: str
    actor: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A promotion that is not published yet.

    `body` is as the document writes it; `base` is what was published under its key when the draft began (None: a new
    one), so that publishing notices when that changed meanwhile. `writers` are all hands that wrote the body, people
    behind keys included: none of them may approve it. `revision` counts the changes.
    """

    draft_id: UUID
    program_id: int
    key: str
    state: DraftState
    body: Mapping[str, Any]
    base: Mapping[str, Any] | None
    revision: int
    writers: tuple[str, ...]
    approved_by: str
    version: int | None
    steps: tuple[Step, ...]
    created_at: datetime
    changed_at: datetime

    @property
    def public_id(self) -> str:
        """How others name it: `drf_…`."""
        return ids.encode(DRAFT_PREFIX, self.draft_id)

    @property
    def is_open(self) -> bool:
        """Whether it can still become anything."""
        return self.state in OPEN_STATES


class NoDraft(NotFound):
    """There is no such draft."""


class DraftExists(Refusal):
    """Another draft of this promotion is open; go on with that one, or discard it."""


class WrongDraftState(Refusal):
    """The draft is not in a state in which this can be done."""


class DraftChanged(Refusal):
    """Somebody changed the draft meanwhile; look at it again."""


class FourEyes(Forbidden):
    """Who wrote a draft cannot approve it; a second person must."""


class DraftOutdated(Refusal):
    """The published promotion was changed after this draft began; begin a new draft from what is published now."""
