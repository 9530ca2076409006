"""What callers say and hear about members."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt

from regulars.interfaces.http_api.shapes import Attributes, Body, Flag, Instant, Key, Out, Text, Words

IdentifierType = Literal["phone", "email", "card", "external", "wechat_union", "payment_token", "app"]
Status = Literal["active", "suspended", "earn_only", "closed"]
Locale = Annotated[Text, Field(max_length=20, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", examples=["zh-Hans"])]
Zone = Annotated[Text, Field(max_length=60, description="IANA time zone.", examples=["Asia/Shanghai"])]
Value = Annotated[Text, Field(min_length=1, max_length=254)]
Reason = Annotated[
    Text,
    Field(min_length=1, max_length=200, description="Why, for the audit trail. No names, phones or e-mails."),
]


class IdentifierIn(Body):
    """Something that finds a member."""

    type: IdentifierType
    value: Value
    verified_at: Instant | None = Field(
        default=None, description="When you verified it. Only keys with `members:attest` may say so."
    )
    method: Text = Field(default="", max_length=40, description="How it was verified: `sms`, `wechat`, `staff` …")


class BirthdayIn(Body):
    month: StrictInt = Field(ge=1, le=12)
    day: StrictInt = Field(ge=1, le=31)
    year: StrictInt | None = Field(default=None, ge=1900, le=2100)


class RegisterIn(Body):
    """A person who wants to be a member, as a channel tells it."""

    identifiers: list[IdentifierIn] = Field(default_factory=list, max_length=10)
    name: Text | None = Field(default=None, max_length=120)
    birthday: BirthdayIn | None = None
    locale: Locale | None = None
    zone: Zone | None = None
    channel: Key | None = None
    store: Key | None = None
    attributes: Attributes = Field(default_factory=dict)


class PendingOut(Out):
    id: str
    type: IdentifierType
    hint: str = Field(description="Masked: the last characters only.")


class RegisteredOut(Out):
    id: str = Field(description="The member.")
    number: str = Field(description="The member's number, with a check digit.")
    status: Status
    created: bool
    matched_by: str | None = Field(description="The type of the identifier that matched, if one did.")
    pending: list[PendingOut] = Field(description="Identifiers that wait for a code.")


class LookupIn(Body):
    type: Literal["phone", "email", "name", "card", "external", "payment_token", "wechat_union", "app"]
    value: Value


class FoundOut(Out):
    id: str
    number: str
    status: Status
    masked_name: str


class LookupOut(Out):
    items: list[FoundOut] = Field(description="At most 20.")


class MemberRowOut(Out):
    """A member as lists show her."""

    id: str
    number: str
    status: Status
    masked_name: str
    joined_at: datetime


class MembersOut(Out):
    items: list[MemberRowOut]
    next_cursor: str | None


class IdentifierOut(Out):
    id: str
    type: IdentifierType
    hint: str
    verified_at: datetime | None
    method: str
    released_at: datetime | None
    created_at: datetime
    value: str | None = Field(description="Only with the scope `members:reveal` and `?reveal=true`.")


class MemberOut(Out):
    """A member. Personal values are masked unless revealed."""

    id: str
    number: str
    status: Status
    joined_at: datetime
    joined_channel: str
    joined_store: str
    locale: str
    zone: str | None
    birth_month: int | None
    birth_day: int | None
    birth_year: int | None
    name: str
    phone: str
    email: str
    attributes: dict[str, Any]
    identifiers: list[IdentifierOut]
    level: str | None = Field(description="The level of the program's main ladder.")
    revealed: bool


class MemberPatch(Body):
    """Only what is sent changes; null clears."""

    name: Text | None = Field(default=None, max_length=120)
    birthday: BirthdayIn | None = None
    locale: Locale | None = None
    zone: Zone | None = None
    attributes: Attributes | None = None


class StatusIn(Body):
    status: Status
    reason: Reason


class AddIdentifierIn(Body):
    type: IdentifierType
    value: Value
    verified_at: Instant | None = None
    method: Text = Field(default="", max_length=40)


class CodeOut(Out):
    id: str = Field(description="The identifier that the code was sent for.")
    expires_at: datetime


class ConfirmIn(Body):
    code: Text = Field(pattern=r"^[0-9]{6}$")


class ConfirmOut(Out):
    confirmed: bool
    tries_left: int


class ReasonIn(Body):
    reason: Reason


class ConsentIn(Body):
    """What a member agreed to or refused, as evidence."""

    purpose: Key
    channel: Key | None = None
    topic: Key | None = None
    granted: Flag
    text_version: Key
    source: Key
    at: Instant


class ConsentOut(Out):
    purpose: str
    channel: str | None
    topic: str | None
    granted: bool
    text_version: str
    source: str
    at: datetime


class ConsentsOut(Out):
    items: list[ConsentOut]


class ConsentTextIn(Body):
    """The words of a consent in one language."""

    purpose: Key
    version: Key
    language: Locale
    text: Words = Field(min_length=1, max_length=20_000)


class ConsentTextOut(Out):
    purpose: str
    version: str
    language: str


class MergeIn(Body):
    from_: Text = Field(alias="from", max_length=120, description="The member that goes into this one.")
    reason: Reason


class MergeOut(Out):
    id: str
    into: str
    from_: str = Field(alias="from")
    at: datetime
    undone_at: datetime | None
    moved: dict[str, Any] = Field(description="What moved, by kind; on undo also what could not return.")
