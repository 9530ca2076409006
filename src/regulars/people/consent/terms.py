"""The words of consent: what was agreed or refused, to which text, and what stands now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from regulars.kernel.errors import Refusal

ANY = ""  # of a channel or topic: all of them


@dataclass(frozen=True, kw_only=True)
class ConsentEvent:
    """One act of a person: she granted or withdrew. `topic` or `channel` "" means all of them."""

    event_id: int
    member_id: UUID
    purpose: str
    channel: str
    topic: str
    granted: bool
    text_version: str
    source: str
    actor: str
    at: datetime
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What stands for one purpose, channel and topic, since when, and by which event."""

    purpose: str
    channel: str
    topic: str
    granted: bool
    at: datetime
    text_version: str
    source: str
    event_id: int


@dataclass(frozen=True, kw_only=True)
class ConsentText:
    """The words that people agreed to, in one language."""

    purpose: str
    version: str
    language: str
    text: str
    sha256: str
    published_at: datetime


@dataclass(frozen=True, kw_only=True)
class ConsentRecorded:
    """A person granted or withdrew."""

    member_id: UUID
    event_id: int
    purpose: str
    channel: str
    topic: str
    granted: bool
    at: datetime


class UnknownText(Refusal):
    """No text of this version was published for this purpose; a grant needs the words that were agreed to."""

    status = 422


class TextIsFixed(Refusal):
    """This version of the text was published with other words; publish a new version."""


class KeyTaken(Refusal):
    """This key was used for another consent."""

    status = 422
    code = "idempotency_mismatch_consent"
