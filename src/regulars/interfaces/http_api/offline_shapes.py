"""What callers say and hear about tills, allowances, uploads and their conflicts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StrictInt

from regulars.interfaces.http_api.shapes import Body, Instant, Json, Key, Minor, Out, Points, Text

TillKey = Annotated[
    Text,
    Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,49}$", description="The till's stable key.", examples=["bund-1"]),
]
Whole = Annotated[StrictInt, Field(ge=0, le=2**53)]


class DeviceIn(Body):
    """A till of a store. Its private key never leaves it."""

    key: TillKey
    name: Text = Field(default="", max_length=100, description="For people.")
    store: Key = Field(description="The key of the store where it stands.")
    public_key: Text = Field(
        min_length=1, max_length=64, description="Its Ed25519 public key, 32 bytes as base64url text."
    )


class DeviceOut(Out):
    key: str
    name: str
    store: str
    public_key: str = Field(description="Its Ed25519 public key, as base64url text.")
    state: Literal["active", "revoked"] = Field(description="A revoked till is trusted no longer.")
    registered_at: datetime = Field(description="Since when it is known.")
    revoked_at: datetime | None = Field(description="Since when it is trusted no longer.")
    revoked_reason: str = Field(description="Why.")
    upto: int = Field(description="All its orders up to this number are here.")
    last_seq: int = Field(description="The highest number of its orders that is here.")
    clock_offset_ms: int | None = Field(description="How far its clock was behind ours at its last upload.")
    seen_at: datetime | None = Field(description="When it last uploaded.")


class DevicesOut(Out):
    items: list[DeviceOut]


class RevokeIn(Body):
    reason: Text = Field(min_length=1, max_length=200, description="Why; kept. No personal data.")


class SigningKeyOut(Out):
    kid: str = Field(description="Names the key inside allowances: four bytes in hex.")
    public_key: str = Field(description="Ed25519, 32 bytes as base64url text.")
    made_at: datetime = Field(description="Since when it signs.")
    ends_at: datetime | None = Field(description="It signed nothing after; null: it is in use.")


class SigningKeysOut(Out):
    items: list[SigningKeyOut]


class AllowanceIn(Body):
    """Value to set aside for use without a line. Say `device` or `store`."""

    unit: Key
    amount: Points
    device: TillKey | None = Field(default=None, description="Only this till may let it pay.")
    store: Key | None = Field(default=None, description="Any till of this store may let it pay.")
    hours: StrictInt | None = Field(
        default=None, ge=1, le=720, description="How long; as the program says when absent."
    )


class AllowanceOut(Out):
    id: str
    member: str
    unit: str
    amount: int
    used: int = Field(description="What it has paid, as far as tills have told.")
    left: int = Field(description="What its hold still holds.")
    bound: Literal["device", "store"] = Field(description="To what it is bound.")
    bound_to: str = Field(description="The key of the till or store.")
    state: Literal["open", "used", "ended", "cancelled"] = Field(description="`open` until used, over or taken back.")
    issued_at: datetime = Field(description="Since when it is good.")
    expires_at: datetime
    closed_at: datetime | None = Field(description="Since when it is not open any more.")
    text: str = Field(description="The signed allowance, for a QR code.")


class AllowancesOut(Out):
    items: list[AllowanceOut]


class OptInIn(Body):
    """What a member wishes the tills of a store to hold for her."""

    store: Key
    unit: Key
    amount: StrictInt = Field(ge=0, le=10**12, description="How much each till may hold; 0 ends it.")


class OptInOut(Out):
    store: str
    unit: str
    amount: int
    since: datetime = Field(description="Since when she wishes it.")


class OptInsOut(Out):
    items: list[OptInOut]


class EarnRateOut(Out):
    unit: str
    points: int = Field(description="So many for each whole `per_minor`.")
    per_minor: int = Field(description="In minor units of the store's currency.")


class TenderRateOut(Out):
    unit: str
    points: int = Field(description="So many pay `minor`.")
    minor: int = Field(description="In minor units of the store's currency.")


class TillSnapshotIn(Body):
    """Nothing is asked: the till is named in the address."""


class TillSnapshotOut(Out):
    """What a till takes along: keys, plain rates for estimates, allowances."""

    store: str
    currency: str
    rule_version: int
    server_time: datetime = Field(description="Our clock.")
    signing_keys: list[SigningKeyOut] = Field(description="Which keys sign allowances.")
    earn_rates: list[EarnRateOut] = Field(description="Plain rates, for estimates: without conditions and caps.")
    tender_rates: list[TenderRateOut] = Field(description="What points are worth as money.")
    allowances: list[AllowanceOut] = Field(description="The open ones that this till may let pay.")


class BurnIn(Body):
    """What an allowance paid."""

    allowance: Text = Field(min_length=1, max_length=60, description="Its id (`alw_…`).")
    amount: Points
    amount_minor: Annotated[Minor, Field(ge=0, description="How much money that was.")]


class OfflineOrderIn(Body):
    """A sale made without a line. What is wrong in the order itself is answered for it alone, and it is kept."""

    model_config = ConfigDict(extra="allow")

    seq: Annotated[Whole, Field(ge=1, description="The till's own number, from 1, without gap.")]
    key: Text = Field(min_length=8, max_length=64, description="Names the sale everywhere and for ever; random.")
    ref: Key = Field(description="The till's reference, as on the receipt.")
    chain: Text = Field(pattern=r"^[0-9a-f]{64}$", description="The hash of its record in the till's journal.")
    occurred_at: Instant
    rule_version: Annotated[Whole, Field(le=2**31 - 1, description="The version the till knew; 0: none.")] = 0
    member: Text | None = Field(
        default=None, max_length=120, description="An id, `number:…`, `external:…` or `card:…`."
    )
    channel: Text = Field(max_length=100, description="A channel of the program.")
    currency: Text = Field(max_length=10, description="ISO 4217.")
    lines: list[Json] = Field(max_length=5_000, description="As of `POST /orders`.")
    tenders: list[Json] = Field(default_factory=list, max_length=100, description="As of `POST /orders`.")
    burns: list[BurnIn] = Field(default_factory=list, max_length=20, description="What allowances paid.")


class OfflineBatchIn(Body):
    """Orders in any order: they are settled by their numbers."""

    device: TillKey
    sent_at: Instant = Field(description="The till's clock at the sending: it tells how far it is wrong.")
    orders: list[OfflineOrderIn] = Field(min_length=1, max_length=500, description="At most 500.")


class ConflictTold(Out):
    id: str
    seq: int = Field(description="The till's number of the order.")
    ref: str
    rule: str = Field(description="By which rule it was settled; see docs/offline-tills.md.")
    state: Literal["noted", "open", "resolved"] = Field(description="`open` waits for a person.")
    allowance: str | None = Field(description="Which allowance, if one is concerned.")
    unit: str | None
    asked: int = Field(description="So many points the order said.")
    paid: int = Field(description="So many were taken.")
    unpaid: int = Field(description="So many nothing has paid.")


class OfflineItemOut(Out):
    seq: int = Field(description="The till's number of the order.")
    outcome: Literal["accepted", "repeated", "conflict"] = Field(
        description="Whatever it is, the till is done with it."
    )
    order: str | None = Field(description="The order (`ord_…`); null when it could not be read.")
    earned: dict[str, int]
    conflicts: list[ConflictTold] = Field(description="What did not fit.")


class GapOut(Out):
    from_: int = Field(alias="from", description="The first number that is missing.")
    to: int = Field(description="The last number that is missing.")


class OfflineBatchOut(Out):
    device: str = Field(description="The key of the till.")
    items: list[OfflineItemOut]
    missing: list[GapOut] = Field(description="Gaps in the till's numbers.")
    upto: int = Field(description="All orders up to this number are here.")
    clock_offset_ms: int = Field(description="How far the till's clock is behind ours.")


class ConflictOut(ConflictTold):
    device: str = Field(description="The key of the till.")
    store: str
    order: str | None = Field(description="The order (`ord_…`), if one was recorded.")
    member: str | None
    facts: Json = Field(description="What else is known of it.")
    found_at: datetime = Field(description="When it was settled.")
    resolution: Literal["charge_member", "write_off"] | None = Field(description="What a person decided.")
    resolved_at: datetime | None = Field(description="When.")
    resolved_by: str = Field(description="Who.")
    reason: str = Field(description="Why.")


class ConflictsOut(Out):
    items: list[ConflictOut]
    next_cursor: str | None


class ResolveIn(Body):
    action: Literal["charge_member", "write_off"] = Field(
        description="`charge_member` takes the unpaid points from her balance now; `write_off`: the store bears."
    )
    reason: Text = Field(min_length=1, max_length=200, description="Why; kept. No personal data.")
