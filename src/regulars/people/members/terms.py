"""The words of members: who they are, what finds them, what happens to them, and why a call is refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from regulars.kernel.errors import NotFound, Refusal

PREFIX = "mem"  # of public ids: mem_01h455vb4pex5vsknk084sn02q
IDENTIFIER_PREFIX = "idn"


class MemberStatus(StrEnum):
    """What a member may do: all; nothing for now; earn but not spend; nothing any more."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    EARN_ONLY = "earn_only"
    CLOSED = "closed"


class IdentifierType(StrEnum):
    """What finds a member."""

    PHONE = "phone"
    EMAIL = "email"
    CARD = "card"
    EXTERNAL = "external"
    WECHAT_UNION = "wechat_union"
    PAYMENT_TOKEN = "payment_token"  # noqa: S105 - the name of a type, no secret
    APP = "app"


class AttributeType(StrEnum):
    """The types that a program may declare for what it notes about members."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    CHOICE = "choice"


class OnConflict(StrEnum):
    """What a right code does when another member holds the identifier: refuse, or move it here."""

    REFUSE = "refuse"
    MOVE = "move"


@dataclass(frozen=True, kw_only=True)
class Birthday:
    """A birthday; many people give no year."""

    month: int
    day: int
    year: int | None = None


@dataclass(frozen=True, kw_only=True)
class Claim:
    """An identifier as somebody gives it. `verified_at` None: merely typed, so it matches nobody."""

    type: IdentifierType
    value: str
    verified_at: datetime | None = None
    method: str = ""


@dataclass(frozen=True, kw_only=True)
class Pending:
    """An identifier that waits for a code before it counts."""

    identifier_id: UUID
    type: IdentifierType
    hint: str


@dataclass(frozen=True, kw_only=True)
class Registered:
    """What a registration came to. `matched_by`: the identifier's type, "key" for a repeated call, else None."""

    member_id: UUID
    number: str
    status: MemberStatus
    created: bool
    matched_by: str | None = None
    pending: tuple[Pending, ...] = ()


@dataclass(frozen=True, kw_only=True)
class IdentifierView:
    """An identifier as shown: `value` only where the caller may see it, else None; `hint` always masked."""

    identifier_id: UUID
    type: IdentifierType
    hint: str
    verified_at: datetime | None
    method: str
    released_at: datetime | None
    created_at: datetime
    value: str | None = None


@dataclass(frozen=True, kw_only=True)
class MemberFacts:
    """What rules may know of a member: nothing that names a person."""

    member_id: UUID
    number: str
    status: MemberStatus
    merged_into: UUID | None
    joined_at: datetime
    joined_channel: str
    joined_store: str
    locale: str
    zone: str | None
    birth_month: int | None
    birth_day: int | None
    attributes: dict[str, Any]
    masked_name: str
    forgotten_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A member as people see it. Personal fields are None unless they were revealed; hints stay masked."""

    facts: MemberFacts
    name: str
    birth_year: int | None
    phone: str
    email: str
    notes: str | None
    attributes: dict[str, Any]
    identifiers: tuple[IdentifierView, ...]
    revealed: bool


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """A declared attribute. `personal` values are sealed and no rule can read them."""

    key: str
    type: AttributeType
    label: dict[str, str] = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    personal: bool = False


@dataclass(frozen=True, kw_only=True)
class Newcomer:
    """One member of a bulk import, known by `external`. `attested`: its identifiers count as verified."""

    external: str
    claims: tuple[Claim, ...] = ()
    name: str | None = None
    birthday: Birthday | None = None
    locale: str = ""
    zone: str | None = None
    channel: str = ""
    store: str = ""
    joined_at: datetime | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    status: MemberStatus = MemberStatus.ACTIVE
    attested: bool = True


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """What a code came to. A wrong code is an answer, not a refusal, because the lost try is kept."""

    confirmed: bool
    tries_left: int
    moved_from: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class CodeDelivery:
    """What a messenger needs to send a code, opened at the last moment."""

    type: IdentifierType
    value: str
    code: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of members; `next_cursor` None on the last one."""

    items: tuple[MemberFacts, ...]
    next_cursor: str | None


# What happened --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class MemberRegistered:
    """A person became a member."""

    member_id: UUID
    joined_at: datetime
    channel: str
    store: str
    actor: str


@dataclass(frozen=True, kw_only=True)
class MembersImported:
    """History brought members in; no welcome is due."""

    count: int
    actor: str


@dataclass(frozen=True, kw_only=True)
class MemberChanged:
    """Somebody corrected what we know; `fields` are names of fields, never values."""

    member_id: UUID
    fields: tuple[str, ...]
    actor: str


@dataclass(frozen=True, kw_only=True)
class MemberStatusChanged:
    """A member was suspended, limited, closed or opened again."""

    member_id: UUID
    was: str
    status: str
    reason: str
    actor: str


@dataclass(frozen=True, kw_only=True)
class IdentifierVerified:
    """An identifier now finds this member."""

    member_id: UUID
    identifier_id: UUID
    type: str
    method: str
    moved_from: UUID | None
    actor: str


@dataclass(frozen=True, kw_only=True)
class IdentifierReleased:
    """An identifier finds this member no more."""

    member_id: UUID
    identifier_id: UUID
    type: str
    reason: str
    actor: str


@dataclass(frozen=True, kw_only=True)
class CodeMade:
    """A code waits to be sent; `code_id` opens it, and the news holds neither code nor address."""

    member_id: UUID
    identifier_id: UUID
    code_id: UUID
    type: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class MemberForgotten:
    """A member's personal data can never be read again."""

    member_id: UUID
    actor: str


# Why not --------------------------------------------------------------------------------------------------------


class UnknownMember(NotFound):
    """There is no such member."""


class UnknownIdentifier(NotFound):
    """There is no such identifier."""


class TwoMembers(Refusal):
    """These identifiers belong to two members; merge them first, or send the identifiers of one."""


class HeldByAnother(Refusal):
    """Another member holds this identifier; release it there or merge the two members."""


class NoCode(Refusal):
    """No code waits for this identifier, or it is too old; ask for a new one."""


class TooManyCodes(Refusal):
    """Too many codes were asked for this identifier within the hour."""

    status = 429


class NotConfirmable(Refusal):
    """A code cannot be sent to an identifier of this type."""


class Forgotten(Refusal):
    """This member's personal data was erased and cannot come back."""

    status = 410


class AlreadyMerged(Refusal):
    """This member was merged into another one."""


class AttributeInUse(Refusal):
    """The type of an attribute cannot change while members carry it."""
