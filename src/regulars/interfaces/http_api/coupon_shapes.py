"""What callers say and hear about coupons: batches, wallets, claims, gifts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StrictInt

from regulars.interfaces.http_api.shapes import Body, Flag, Instant, Key, Out, Text

Count = Annotated[StrictInt, Field(ge=1, le=10**9)]
Note = Annotated[Text, Field(max_length=500, description="For staff; never personal data.")]
Member = Annotated[Key, Field(description="A member: an id (`mem_…`) or a reference.")]
Reason = Annotated[Text, Field(min_length=1, max_length=200, description="Why; never personal data.")]
Template = Annotated[Key, Field(description="The key of a coupon template.")]


class BatchIn(Body):
    """Many codes at once."""

    template: Template
    size: Annotated[StrictInt, Field(ge=1, le=10_000_000, description="How many codes.")]
    note: Note = ""
    ends_at: Instant | None = Field(default=None, description="An end before the template's own.")


class CouponBatchOut(Out):
    """A batch and how far it has come."""

    id: str = Field(description="The id of the batch (`cpb_…`).")
    template: str = Field(description="The key of the template.")
    version: int = Field(description="The version of the program that its coupons follow.")
    pattern: str = Field(description="How its codes look; empty for codes of others.")
    size: int = Field(description="How many codes it has when it is done.")
    made: int = Field(description="How many are stored.")
    state: str = Field(description="`making`, `done` or `voided`.")
    starts_at: datetime = Field(description="From when its codes can be used.")
    ends_at: datetime | None = Field(description="Until when, exclusive; null: without end.")
    note: str = Field(description="What staff wrote about it.")
    created_at: datetime = Field(description="When it was begun.")
    done_at: datetime | None = Field(description="When its last code was stored.")


class BatchesOut(Out):
    """A page of batches."""

    items: list[CouponBatchOut]
    next_cursor: str | None


class BatchVoidedOut(CouponBatchOut):
    """A batch that is withdrawn."""

    voided: int = Field(description="How many of its codes this call has withdrawn.")


class CouponOut(Out):
    """A coupon as it stands now."""

    id: str = Field(description="The id of the coupon (`cpn_…`).")
    code: str = Field(description="What a till or a shop is told.")
    template: str = Field(description="The key of its template.")
    name: dict[str, str] = Field(description="What it is called, by language.")
    version: int = Field(description="The version of the program whose terms it has.")
    state: str = Field(description="`open`, `reserved`, `redeemed`, `expired` or `voided`.")
    starts_at: datetime = Field(description="From when it can be used.")
    ends_at: datetime | None = Field(description="Until when, exclusive; null: without end.")
    issued_at: datetime = Field(description="When it was made or came to its first member.")
    member: str | None = Field(description="Who holds it; null: whoever has the code.")
    offered_to: str | None = Field(description="To whom it is offered as a gift.")
    owner: str | None = Field(description="The basket that reserved it, or the order that redeemed it.")
    shared: bool = Field(description="Whether one code serves many.")
    most: int | None = Field(description="How often a shared code may be used; null: without limit.")


class CouponsOut(Out):
    """A page of coupons."""

    items: list[CouponOut]
    next_cursor: str | None


class IssuedOut(Out):
    """Coupons that a member has got."""

    items: list[CouponOut]


class ChapterOut(Out):
    """One thing that happened to a coupon."""

    kind: str = Field(description="`made`, `issued`, `claimed`, `gifted`, `reserved`, `redeemed`, `restored` …")
    at: datetime = Field(description="When.")
    actor: str = Field(description="Who did it: `key:…`, `staff:…`, `member:…` or `system:…`.")
    member: str | None = Field(description="Which member it concerns.")
    other: str | None = Field(description="The other member of a gift or a merge.")
    ref: str | None = Field(description="The basket, order, page or reason.")


class CouponStoryOut(CouponOut):
    """A coupon with all that happened to it."""

    story: list[ChapterOut] = Field(description="In order, from its making.")


class IssueIn(Body):
    """Coupons for a member."""

    template: Template
    count: Annotated[StrictInt, Field(ge=1, le=100, description="How many.")] = 1


class VoidIn(Body):
    """Withdraw a coupon."""

    reason: Reason


class GiftIn(Body):
    """Give a coupon to another member."""

    giver: Member
    to: Member
    accept: Flag = Field(default=True, description="False: it is hers at once; true: when she has accepted.")


class GiftAnswerIn(Body):
    """What is said to an offered coupon."""

    member: Member
    accept: Flag = Field(description="True: take it. False: decline, or (as the giver) take the offer back.")


class SharedIn(Body):
    """A code for many, such as SPRING20."""

    template: Template
    code: Text = Field(min_length=4, max_length=64, description="Letters and digits; case and hyphens do not count.")
    most: Count | None = Field(default=None, description="How often in all; null: without limit.")


class ClaimsIn(Body):
    """A page where members fetch a coupon."""

    template: Template
    per_member: Count | None = Field(default=1, description="How many each; null: without limit.")
    per_day: Count | None = Field(default=None, description="How many on each day of the program; null: all.")
    total: Count | None = Field(default=None, description="How many in all; null: without limit.")
    starts_at: Instant | None = Field(default=None, description="From when; null: now.")
    ends_at: Instant | None = Field(default=None, description="Until when, exclusive; null: until it is closed.")
    note: Note = ""


class ClaimsOut(Out):
    """A page where members fetch a coupon."""

    claim: str = Field(description="The secret part of its address.")
    template: str = Field(description="The key of the template.")
    per_member: int | None = Field(description="How many each; null: without limit.")
    per_day: int | None = Field(description="How many on each day; null: all.")
    total: int | None = Field(description="How many in all; null: without limit.")
    claimed: int = Field(description="How many were fetched.")
    starts_at: datetime = Field(description="From when.")
    ends_at: datetime | None = Field(description="Until when, exclusive.")


class CouponClaimIn(Body):
    """A member fetches her coupon."""

    member: Member
