"""What callers say and hear about orders, returns and claims."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt

from regulars.interfaces.http_api.shapes import (
    Attributes,
    Body,
    Currency,
    Fault,
    Flag,
    Instant,
    Json,
    Key,
    Minor,
    Out,
    Text,
)

Quantity = Annotated[
    Text,
    Field(
        pattern=r"^[0-9]{1,9}(\.[0-9]{1,6})?$",
        description="A decimal as text, up to six decimals: `3`, `0.482`.",
        examples=["1"],
    ),
]
Price = Annotated[
    Text, Field(pattern=r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$", description="For display only; may be sub-minor.")
]
Rate = Annotated[
    Text, Field(pattern=r"^0(\.[0-9]{1,6})?$|^1(\.0{1,6})?$", description="As a fraction: `0.2` is 20 %.")
]
LINES_LIMIT = 5_000


class IdentifierRef(Body):
    type: Literal["phone", "email", "card", "external", "wechat_union", "payment_token", "app"]
    value: Text = Field(min_length=1, max_length=254)


class LineIn(Body):
    """One line of a basket; `amount_minor` is what the customer pays for all of it."""

    id: Key
    sku: Key
    quantity: Quantity
    amount_minor: Minor
    uom: Text = Field(default="each", max_length=20)
    unit_price: Price | None = None
    tax_rate: Rate | None = None
    tax_included: Flag = True
    kind: Literal["goods", "shipping", "gift_card", "adjustment", "reward"] = "goods"
    category: Key | None = None
    brand: Key | None = None
    description: Text | None = Field(default=None, max_length=300)
    attributes: Attributes | None = None


class TenderIn(Body):
    type: Key
    amount_minor: Minor
    token: Text | None = Field(
        default=None, max_length=200, description="The acquirer's token: it can find the member. Never a card number."
    )


class OrderIn(Body):
    """A sale made elsewhere. Told twice with the same `source` and `ref`, it counts once."""

    source: Key = "api"
    ref: Key
    member: Text | None = Field(
        default=None, max_length=120, description="An id, `number:…`, `external:…` or `card:…`."
    )
    identifier: IdentifierRef | None = None
    channel: Key
    store: Key | None = None
    currency: Currency
    occurred_at: Instant
    lines: list[LineIn] = Field(min_length=1, max_length=LINES_LIMIT)
    tenders: list[TenderIn] = Field(default_factory=list, max_length=20)
    attributes: Attributes | None = None


class LineOut(Out):
    id: str
    n: int | None = None
    sku: str | None = None
    quantity: str | None = None
    amount_minor: int | None = None
    returned: str | None = None
    earned: dict[str, int]
    reversed: dict[str, int] | None = None


class AppliedOut(Out):
    key: str
    unit: str
    amount: int
    wanted: int = Field(description="Before caps.")


class RejectedOut(Out):
    key: str
    code: str
    detail: str


class OrderOut(Out):
    """An order and what it earned, rule by rule."""

    id: str
    source: str
    ref: str
    state: Literal["placed", "partially_returned", "returned", "cancelled"]
    member: str | None
    channel: str
    store: str | None
    currency: str
    occurred_at: datetime
    recorded_at: datetime | None = None
    total_minor: int
    rule_version: int
    terms_version: int | None = None
    earned: dict[str, int]
    lines: list[LineOut]
    applied: list[AppliedOut]
    rejected: list[RejectedOut]
    balances: dict[str, dict[str, int]] | None = None


class OrdersOut(Out):
    items: list[OrderOut]
    next_cursor: str | None


class ReceiptClaimIn(Body):
    member: Text = Field(max_length=120)


class TimelineItem(Out):
    at: datetime
    what: str = Field(description="`order`, `return` or `journal`.")
    id: str
    kind: str
    facts: dict[str, Any]


class TimelineOut(Out):
    items: list[TimelineItem]
    next_cursor: str | None


class EventIn(Body):
    id: Key
    member: Text | None = Field(default=None, max_length=120)
    anonymous_id: Key | None = None
    type: Key
    at: Instant
    properties: Json = Field(default_factory=dict, max_length=100)


class EventsIn(Body):
    items: list[EventIn] = Field(min_length=1, max_length=1_000)


class EventResult(Out):
    id: str
    state: Literal["accepted", "duplicate", "refused"]
    code: str | None
    errors: list[Fault]


class EventsOut(Out):
    accepted: int
    duplicate: int
    refused: int
    items: list[EventResult]


class EventTypeIn(Body):
    key: Key
    name: Text = Field(default="", max_length=120)
    schema_: Json = Field(alias="schema", description="JSON Schema of the properties (an object).")
    months_kept: StrictInt = Field(default=25, ge=1, le=120)


class EventTypeOut(Out):
    key: str
    name: str
    schema_: dict[str, Any] = Field(alias="schema")
    months_kept: int


class EventTypesOut(Out):
    items: list[EventTypeOut]
