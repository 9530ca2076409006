"""What callers say and hear about balances, lots, journals, holds and transfers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt

from regulars.interfaces.http_api.shapes import Body, Instant, Key, Out, Points, Text

Reason = Annotated[
    Text,
    Field(
        pattern=r"^[a-z][a-z0-9_.-]{0,59}$",
        description="Why, as a code of your own: it stands in the journal for ever, where no person may be named.",
        examples=["goodwill"],
    ),
]
Unit = Annotated[Key, Field(description="The key of a unit of the program.", examples=["points"])]


class ExpiryOut(Out):
    at: datetime
    on: date = Field(description="The last local day on which the points can be used.")
    amount: int


class BalanceOut(Out):
    """What a member holds of one unit."""

    unit: str
    active: int = Field(description="Can be spent now (expired lots never count, even before the night's job).")
    pending: int
    held: int
    debt: int = Field(description="Owed after returns; later earnings repay it first.")
    expiring: list[ExpiryOut] = Field(description="What expires when, soonest first, at most 20.")


class BalancesOut(Out):
    member: str
    items: list[BalanceOut]


class LotOut(Out):
    id: str
    unit: str
    amount: int
    remaining: int
    state: Literal["pending", "active", "expired", "cancelled"]
    activates_at: datetime | None
    expires_at: datetime | None
    funder: str | None
    entry: str = Field(description="The journal entry that made it.")


class LotsOut(Out):
    items: list[LotOut]
    next_cursor: str | None


class PostingOut(Out):
    unit: str
    debit: str
    credit: str
    amount: int
    party: str | None


class EntryOut(Out):
    """One movement of value. Never changed, never deleted."""

    id: str
    seq: int
    kind: str
    key: str
    source_type: str | None
    source_ref: str | None
    rule_version: int | None
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    reason: str | None
    reverses: int | None
    postings: list[PostingOut]
    hash: str = Field(description="Hex; each entry's hash covers the one before.")


class EntriesOut(Out):
    items: list[EntryOut]
    next_cursor: str | None


class ProvenanceOut(Out):
    """Where spent or lost value came from: lots, their order lines, rule versions, funders."""

    entry: EntryOut
    parts: list[dict[str, Any]]


class PointsIn(Body):
    """Give, take or correct points by hand or by machine."""

    unit: Unit
    kind: Literal["earn", "spend", "adjust"]
    amount: StrictInt = Field(ge=-(10**15), le=10**15, description="Positive, but for `adjust`: negative takes away.")
    reason: Reason
    source_ref: Key | None = Field(default=None, description="Your own reference.")
    occurred_at: Instant | None = None
    note: Text | None = Field(default=None, max_length=500, description="For people; erasable, not in the hash.")


class MovedOut(Out):
    """What a movement came to. `state` is `waiting` when a second person has to agree first."""

    state: Literal["done", "waiting"]
    entry: str | None
    adjustment: str | None
    balance: BalanceOut | None


class HoldIn(Body):
    unit: Unit
    amount: Points
    ttl_seconds: StrictInt = Field(default=900, ge=30, le=86_400)
    reason: Reason


class HoldOut(Out):
    id: str
    member: str
    unit: str
    amount: int
    captured: int
    released: int
    state: Literal["open", "captured", "released", "expired"]
    expires_at: datetime


class CaptureIn(Body):
    amount: Points | None = Field(default=None, description="All when absent; the rest is released.")


class TransferIn(Body):
    from_: Text = Field(alias="from", max_length=120)
    to: Text = Field(max_length=120)
    unit: Unit
    amount: Points
    reason: Reason


class TransferOut(Out):
    entry: str
    from_: str = Field(alias="from")
    to: str
    unit: str
    amount: int
