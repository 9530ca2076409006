"""Words of agreements: what members were told of a coming change, who confirmed it, whose old terms still hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from regulars.kernel import ids
from regulars.kernel.errors import NotFound, Refusal

PREFIX = "tel"


@dataclass(frozen=True, kw_only=True)
class Telling:
    """A change that takes something from members, as they were told of it.

    `changes` is what is shown: section, key, reasons and the values that differ. `version` is None until it applies;
    then `before_version` holds the old terms, which are kept until `keep_until` for who has not confirmed.
    """

    telling_id: UUID
    program_id: int
    changes: tuple[Mapping[str, Any], ...]
    note: str
    told_at: datetime
    applies_at: datetime
    actor: str
    version: int | None
    before_version: int | None
    applied_at: datetime | None
    keep_until: datetime | None
    withdrawn_at: datetime | None

    @property
    def public_id(self) -> str:
        """`tel_…`."""
        return ids.encode(PREFIX, self.telling_id)


@dataclass(frozen=True, kw_only=True)
class Acknowledgement:
    """A member has seen a telling, or the terms of a version, and said yes: when, and where."""

    member_id: UUID
    telling_id: UUID | None
    version: int | None
    source: str
    actor: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """A row that breaks a promise. `promise` names the line of README.md."""

    promise: str
    what: str
    expected: str
    found: str


@dataclass(frozen=True, kw_only=True)
class ChangeTold:
    """Members are to be told of a change that takes something from them, and from when on it applies."""

    telling_id: UUID
    applies_at: datetime


@dataclass(frozen=True, kw_only=True)
class TellingWithdrawn:
    """What members were told will not come."""

    telling_id: UUID


@dataclass(frozen=True, kw_only=True)
class ChangeAcknowledged:
    """A member has confirmed a change of terms."""

    member_id: UUID
    telling_id: UUID | None
    version: int | None


class UnknownTelling(NotFound):
    """There is no such telling in this program."""


class TellingOver(Refusal):
    """The telling was withdrawn or has taken effect already."""
