"""What callers say and hear about rewards: the mall, redemptions and their story, waiting lists, codes, causes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field, StrictInt

from regulars.interfaces.http_api.shapes import Body, Flag, Key, Out, Text

Member = Annotated[Key, Field(description="A member: an id (`mem_…`) or a reference.")]
Reason = Annotated[Text, Field(min_length=1, max_length=200, description="Why; never personal data.")]
MaybeReason = Annotated[Text, Field(max_length=200, description="Why; never personal data.")]
Count = Annotated[StrictInt, Field(ge=1, le=100, description="How many pieces.")]
Session = Annotated[Text, Field(max_length=64, description="The key of a date, for an experience with dates.")]
Store = Annotated[Text, Field(max_length=64, description="The key of the store that hands it over; empty: as it is.")]


class RewardPriceOut(Out):
    """One way to pay for one piece: units, money, or both."""

    key: str = Field(description="How it is chosen when redeeming.")
    units: dict[str, int] = Field(description="By unit.")
    amount_minor: int = Field(description="Money that is due too; 0: none.")


class ShelfOut(Out):
    """How many there are."""

    session: str = Field(description="The key of the date; empty: the reward itself.")
    starts: str | None = Field(description="When it begins, in the program's local time; null: no date.")
    most: int | None = Field(description="How many there are in all; null: without end.")
    left: int | None = Field(description="How many can be had now; null: without end.")
    waiting: int = Field(description="How many members wait.")


class RewardOut(Out):
    """A reward, as anybody or as one member sees it."""

    key: str = Field(description="The key of the reward.")
    kind: str = Field(
        description="`goods`, `coupon`, `service`, `experience`, `donation`, `digital_code` or `ticket`."
    )
    name: dict[str, str] = Field(description="What it is called, by language.")
    about: dict[str, str] = Field(description="What it is, by language.")
    prices: list[RewardPriceOut] = Field(description="What to choose from; the member's own when one was named.")
    shelves: list[ShelfOut] = Field(description="Stock or seats; empty when there is no end to it.")
    by: str = Field(description="How it reaches her: `store`, `ship`, `digital` or `none`.")
    starts: date | None = Field(description="The first day on which it can be had.")
    ends: date | None = Field(description="The last day on which it can be had.")
    levels: list[str] = Field(description="Who may have it, as ladder/level; empty: everybody.")
    waiting_list: bool = Field(description="Whether one may wait for it.")
    refused: str = Field(
        description="Why not: `not_yet`, `ended`, `level`, `audience`, `limit`, `sold_out`; empty: it can be had."
    )


class RewardsOut(Out):
    """The mall."""

    items: list[RewardOut]


class PaidOut(Out):
    """What one unit paid."""

    unit: str
    amount: int
    held: bool = Field(description="Whether it is only set aside, until the money comes.")


class RedemptionOut(Out):
    """What a member asked for, or was given, and how far it has come."""

    id: str = Field(description="The id of the redemption (`rdm_…`).")
    member: str = Field(description="Whose it is.")
    reward: str = Field(description="The key of the reward.")
    name: dict[str, str] = Field(description="What it is called, by language.")
    kind: str = Field(description="The kind of the reward.")
    version: int = Field(description="The version of the program whose terms it has.")
    session: str = Field(description="The key of the date; empty: none.")
    count: int = Field(description="How many pieces.")
    state: str = Field(
        description="`requested`, `accepted`, `shipped`, `ready`; `fulfilled`, `cancelled`, `failed`, `expired`."
    )
    code: str = Field(description="What she shows at the desk.")
    store: str = Field(description="Where she fetches it; empty: nowhere in particular.")
    source: str = Field(description="What gave it, when nobody paid; `auto`: it redeemed itself.")
    paid: list[PaidOut] = Field(description="What it cost.")
    due_minor: int = Field(description="Money that is or was due, in minor units.")
    currency: str = Field(description="Its currency; empty: no money.")
    payment_ref: str = Field(description="The payment that was told; empty: none.")
    pay_until: datetime | None = Field(description="Until when the money must have come; null: none is due.")
    due_at: datetime | None = Field(description="Until when it was promised.")
    fetch_until: datetime | None = Field(description="Until when it waits in the store.")
    tracking: str = Field(description="The number of the parcel.")
    requested_at: datetime = Field(description="When she asked.")
    changed_at: datetime = Field(description="When it last came further.")
    closed_at: datetime | None = Field(description="When it ended.")
    gave_back: bool = Field(description="Whether the value came back to her.")
    has_delivery: bool = Field(description="Whether it is known where to send it.")


class RedemptionsOut(Out):
    """A page of redemptions, newest first."""

    items: list[RedemptionOut]
    next_cursor: str | None


class RedemptionStepOut(Out):
    """One thing that happened to a redemption."""

    kind: str = Field(description="The state it came into; or `paid`, `shown`.")
    at: datetime = Field(description="When.")
    actor: str = Field(description="Who did it: `key:…`, `staff:…`, `member:…` or `system:…`.")
    reason: str = Field(description="Why.")
    facts: dict[str, Any] = Field(description="What belongs to it.")


class RedemptionStoryOut(RedemptionOut):
    """A redemption with all that happened to it."""

    story: list[RedemptionStepOut] = Field(description="In order.")


class RedeemIn(Body):
    """A member wants a reward."""

    member: Member
    price: Text = Field(default="", max_length=64, description="The key of the price chosen; empty: the first.")
    session: Session = ""
    count: Count = 1
    store: Text = Field(default="", max_length=64, description="The key of the store where she fetches it.")
    delivery: Text = Field(default="", max_length=2000, description="Where to send it; kept sealed.")


class RewardGrantIn(Body):
    """A member is given a reward, without a price."""

    member: Member
    source: Annotated[Text, Field(min_length=1, max_length=200, description="What gives it; never personal data.")]
    session: Session = ""
    count: Count = 1
    store: Text = Field(default="", max_length=64, description="The key of the store where she fetches it.")


class PaymentIn(Body):
    """The money has been taken."""

    payment_ref: Annotated[Text, Field(min_length=1, max_length=200, description="The payment, order or receipt.")]


class AtStoreIn(Body):
    """Where it waits, or was handed over."""

    store: Store = ""


class ShipIn(Body):
    """It is on its way."""

    tracking: Text = Field(default="", max_length=200, description="The number of the parcel.")


class CancelIn(Body):
    """Take a redemption back."""

    reason: MaybeReason = ""
    as_member: Flag = Field(default=True, description="True: by the reward's own rule. False: staff decide.")
    restock: Flag = Field(default=True, description="False: the pieces are not to be had again.")


class FailIn(Body):
    """It cannot be handed over, or does not work."""

    reason: Reason
    restock: Flag = Field(default=False, description="True: the pieces can be had again.")


class ShownCodesOut(Out):
    """Codes in clear."""

    codes: list[str] = Field(description="In order; once shown, they cannot be taken back.")


class DeliveryOut(Out):
    """Where to send it."""

    delivery: str = Field(description="In clear; empty: nothing is known, or the member was forgotten.")


class StockIn(Body):
    """More pieces or seats, or fewer."""

    count: Annotated[StrictInt, Field(ge=-(10**9), le=10**9, description="How many more; below zero: fewer.")]
    session: Session = ""
    reason: Reason


class ShelvesOut(Out):
    """How many there are now."""

    items: list[ShelfOut]


class CodesIn(Body):
    """Codes that others made."""

    codes: list[Annotated[Text, Field(max_length=2000)]] = Field(
        min_length=1, max_length=20_000, description="One each."
    )


class LineRejectedOut(Out):
    """A line that was not taken."""

    line: int = Field(description="Its number, from 1.")
    reason: str = Field(description="Why not; the code itself is not told again.")


class PoolOut(Out):
    """What an import of codes did."""

    pool: str = Field(description="The id of the import (`rcp_…`).")
    lines: int = Field(description="How many codes were sent.")
    stored: int = Field(description="How many are new.")
    rejected: list[LineRejectedOut] = Field(description="The others.")


class WithdrawCodesIn(Body):
    """Codes of one import are taken out."""

    pool: Annotated[str, Field(max_length=64, description="The id of the import (`rcp_…`).")]
    reason: Reason


class WithdrawnOut(Out):
    """What a withdrawal of codes did."""

    pool: str = Field(description="The id of the import (`rcp_…`).")
    withdrawn: int = Field(description="How many are gone.")
    kept: int = Field(description="How many free ones stay, because somebody was promised a piece.")


class WaitIn(Body):
    """A member wants to wait."""

    member: Member
    session: Session = ""


class WaitOut(Out):
    """A place on a waiting list."""

    id: str = Field(description="The id of the place (`wtg_…`).")
    member: str = Field(description="Who waits.")
    reward: str = Field(description="The key of the reward.")
    session: str = Field(description="The key of the date; empty: none.")
    state: str = Field(description="`waiting`, `offered`, `taken`, `left` or `lapsed`.")
    place: int = Field(description="1: the next; 0: no longer waiting.")
    joined_at: datetime = Field(description="Since when.")
    until: datetime | None = Field(description="Until when one is kept for her.")


class WaitsOut(Out):
    """A waiting list, or the places of a member."""

    items: list[WaitOut]


class CauseOut(Out):
    """What a cause was given so far."""

    cause: str = Field(description="The key of the cause.")
    unit: str = Field(description="A unit, or the currency.")
    amount: int = Field(description="The running total, summed from the donations themselves.")
    donations: int = Field(description="How many.")


class CausesOut(Out):
    """All causes that were given anything."""

    items: list[CauseOut]
