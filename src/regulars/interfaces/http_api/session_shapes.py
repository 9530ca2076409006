"""What callers say and hear about baskets that are decided here."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StrictInt

from regulars.interfaces.http_api.order_shapes import LINES_LIMIT, IdentifierRef, Price, Quantity, Rate, TenderIn
from regulars.interfaces.http_api.shapes import Attributes, Body, Currency, Flag, Instant, Key, Minor, Out, Text

Digest = Annotated[
    Text, Field(pattern=r"^[0-9a-f]{32}$", description="What the customer was told: the `digest` of that answer.")
]
STATES = Literal["open", "tendering", "closed", "partially_returned", "returned", "cancelled", "expired"]


class BasketLineIn(Body):
    """One line of a basket. With no `amount_minor`, the catalog's price for the store and channel counts."""

    id: Key = Field(description="Your id of the line, unique in the basket; returns name it.")
    sku: Key
    quantity: Quantity
    amount_minor: Minor | None = Field(
        default=None, description="What all of it costs before promotions; null: the catalog's price."
    )
    uom: Text = Field(default="each", max_length=20)
    unit_price: Price | None = None
    tax_rate: Rate | None = None
    tax_included: Flag = True
    kind: Literal["goods", "shipping", "gift_card", "adjustment", "reward"] = Field(
        default="goods",
        description="Promotions and rules can treat them apart. An `adjustment` or `reward` never earns; a "
        "`reward` is what she was given, and names in `attributes` the `promotion` that gives it, if one does.",
    )
    category: Key | None = None
    brand: Key | None = None
    description: Text | None = Field(default=None, max_length=300)
    attributes: Attributes | None = None


class SpendIn(Body):
    unit: Key = Field(description="The key of a unit that the program takes as payment.")
    amount: Annotated[StrictInt, Field(ge=0, le=10**15)] | None = Field(
        default=None, description="How many units; null: as many as help."
    )


def _distinct(codes: list[str]) -> list[str]:
    if len(set(codes)) != len(codes):
        raise ValueError("the same code is there twice")
    return codes


class SessionIn(Body):
    """A basket as it stands now: all of it, every time."""

    member: Text | None = Field(
        default=None,
        max_length=120,
        description="An id, `number:…`, `external:…` or `card:…`. Left out: whom the session knows; null: a guest.",
    )
    identifier: IdentifierRef | None = Field(
        default=None, description="Finds the member instead of `member`; an unknown one makes it a guest's basket."
    )
    channel: Key
    store: Key | None = None
    currency: Currency
    occurred_at: Instant | None = Field(
        default=None, description="When it happens; rules decide by this. Left out: now."
    )
    lines: list[BasketLineIn] = Field(min_length=1, max_length=LINES_LIMIT)
    coupons: Annotated[list[Key], AfterValidator(_distinct)] = Field(
        default_factory=list, max_length=20, description="Codes, as many as the customer has."
    )
    spend_points: list[SpendIn] = Field(
        default_factory=list, max_length=5, description="Points that the member wishes to pay with."
    )
    tenders: list[TenderIn] = Field(default_factory=list, max_length=20)
    identifiers: list[Annotated[Text, Field(min_length=1, max_length=200)]] = Field(
        default_factory=list,
        max_length=5,
        description="A device, an address: for limits that count them. Only a keyed hash is kept.",
    )
    attributes: Attributes | None = None


class TenderNowIn(Body):
    digest: Digest | None = None
    minutes: Annotated[StrictInt, Field(ge=1, le=60)] = Field(
        default=15, description="For how long everything stays reserved."
    )


class CloseIn(Body):
    digest: Digest | None = None


class ReopenIn(Body):
    reason: Text = Field(default="reopened", min_length=1, max_length=200, description="Why; kept in the books.")


class UnlockOut(Out):
    """The smallest change that would unlock it."""

    kind: str = Field(description="`spend_minor`, `add_units`, `points`, `join`, `tier`, `wait_until`, `coupon` …")
    amount: int = Field(description="How much, in the unit of its kind.")
    what: str = Field(description="Which goods, level, tender or channel.")
    at: datetime | None = Field(description="From when.")
    text: str = Field(description="English, short.")


class HintOut(UnlockOut):
    key: str = Field(description="The promotion or right that it would unlock.")


class ShareOut(Out):
    promotion: str = Field(description="The key of the promotion.")
    coupon: str | None = Field(description="The code through which it acted.")
    minor: int = Field(description="What it took off this line.")


class BasketLineOut(Out):
    id: str = Field(description="Your id of the line.")
    n: int
    sku: str
    quantity: str
    amount_minor: int = Field(description="Before promotions.")
    discount_minor: int = Field(description="What all promotions take off; the sum of its shares.")
    net_minor: int = Field(description="What it costs.")
    tendered_minor: int = Field(description="The part of it that points pay.")
    shares: list[ShareOut] = Field(description="Which promotion took off what.")
    earned: dict[str, int]


class EffectOut(Out):
    promotion: str = Field(description="The key of the promotion.")
    kind: str = Field(description="`gift`, `cashier_message`, `issue_coupon`, `notify` …")
    body: dict[str, Any] = Field(description="What it brings.")


class SpendOut(Out):
    unit: str
    amount: int = Field(description="How many units pay.")
    minor: int = Field(description="What they are worth here.")


class AppliedHereOut(Out):
    """A promotion that saves, or a rule that gives points."""

    key: str
    kind: Literal["promotion", "earn_rule"]
    coupon: str | None = Field(default=None, description="The code through which it acted.")
    discount_minor: int | None = Field(default=None, description="What it saves.")
    wanted_minor: int | None = Field(default=None, description="What it would save without limits.")
    unit: str | None = Field(default=None, description="The unit that it gives.")
    amount: int | None = Field(default=None, description="How many units it gives.")
    wanted: int | None = Field(default=None, description="How many before caps.")


class RejectedHereOut(Out):
    """Why something gave nothing, or less than it wanted; nothing is passed over in silence."""

    key: str
    kind: Literal["promotion", "earn_rule"]
    coupon: str | None = Field(description="The code through which it would have acted.")
    code: str
    detail: str = Field(description="Why not, for people: the condition that failed.")
    unlock: UnlockOut | None = Field(
        description="The smallest change that would unlock it, where it can be computed."
    )


class CouponHereOut(Out):
    code: str = Field(description="The code, as it is kept.")
    template: str = Field(description="The kind of coupon; empty for an unknown code.")
    state: Literal["applied", "not_applied", "refused"]
    reason: str = Field(description="Why not, stable; empty when applied.")
    detail: str = Field(description="Why not, for people.")


class BarredOut(Out):
    line: str = Field(description="Your id of the line.")
    sku: str
    right: str = Field(description="The purchase right that says so.")
    code: str = Field(description="`members_only`, `tier_only`, `audience_only`, `not_yet`, `over`, `limit_reached`.")
    detail: str = Field(description="Why not, for people.")
    unlock: UnlockOut | None = Field(description="What would let her buy it.")


class SearchOut(Out):
    exact: bool = Field(description="Whether the best combination was found exactly.")
    explored: int = Field(description="How many combinations were looked at.")
    gap_minor: int = Field(description="How far below the best it can be at most.")


class SessionOut(Out):
    """A session: what its basket costs, saves and earns, and why."""

    key: str = Field(description="Your key of the session.")
    state: STATES
    revision: int = Field(description="Moves with every change.")
    digest: str = Field(description="Stands for all numbers of this answer: equal digests are equal prices.")
    version: int = Field(description="The version of the program that decided.")
    terms_version: int | None = None
    member: str | None
    channel: str
    store: str | None
    currency: str
    occurred_at: datetime
    subtotal: int = Field(description="Before promotions, in minor units.")
    discount_total: int = Field(description="What promotions take off.")
    total: int = Field(description="After promotions.")
    due: int = Field(description="What is left to pay after points.")
    lines: list[BasketLineOut]
    effects: list[EffectOut] = Field(description="What it brings beside discounts.")
    earn: dict[str, int] = Field(description="What it earns, by unit.")
    spend: list[SpendOut] = Field(description="The points that pay.")
    applied: list[AppliedHereOut] = Field(description="What acted.")
    rejected: list[RejectedHereOut] = Field(description="What did not, each with its reason.")
    coupons: list[CouponHereOut] = Field(description="Every code that was brought, with what became of it.")
    not_entitled: list[BarredOut] = Field(description="Lines that this member may not buy; it cannot be closed so.")
    hints: list[HintOut] = Field(description="What would unlock more.")
    balances: dict[str, dict[str, int]] = Field(description="What the member holds of each unit: now, or after it.")
    search: SearchOut = Field(description="How the best combination was found.")
    expires_at: datetime = Field(description="Until when an open session is kept.")
    tender_until: datetime | None = Field(description="Until when everything is reserved.")
    order: str | None = Field(description="The id of the order that it became.")
