"""The words of events: what people do besides buying, typed by a schema that the program declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from regulars.kernel.errors import NotFound, Refusal


class Outcome(StrEnum):
    """What became of one event of a batch."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class EventType:
    """A declared type. `schema`: JSON Schema, the part described in README.md. `months_kept`: then events go."""

    key: str
    schema: Mapping[str, Any]
    months_kept: int
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class EventIn:
    """An event as told: of a member (by reference) or of somebody not known yet. `id` is the teller's own."""

    id: str
    type: str
    at: datetime
    member: str | None = None
    anonymous_id: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one event: where it was refused, why, with the path of each fault."""

    id: str
    outcome: Outcome
    code: str = ""
    errors: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class EventView:
    """A kept event."""

    row_id: int
    id: str
    type: str
    at: datetime
    recorded_at: datetime
    member_id: UUID | None
    anonymous_id: str | None
    properties: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of events, latest first; `next_cursor` None on the last one."""

    items: tuple[EventView, ...]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True)
class EventsAccepted:
    """New events are there; one piece of news a batch, `row_ids` are read with `by_ids`."""

    row_ids: tuple[int, ...]
    types: tuple[str, ...]


class UnknownEventType(NotFound):
    """The program declares no such type of event."""


class SchemaNarrowed(Refusal):
    """Kept events would not fit this schema; declare a new type, or only add optional properties."""
