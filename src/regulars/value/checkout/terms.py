"""The words of checkout: what a till tells of a basket, the session that keeps it, and why a call is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from regulars.kernel.errors import NotFound, Refusal
from regulars.value.orders.terms import OrderState
from regulars.value.promotions.terms import Spend, Tender

MOST_COUPONS = 20
MOST_SPENDS = 5
KEPT_OPEN = timedelta(days=7)  # an abandoned basket can be resumed for so long
TENDER_MINUTES = 15
MOST_TENDER_MINUTES = 60
LONGEST_TENDERING = timedelta(hours=12)  # however often it is extended
KEPT_DAYS = 90


class SessionState(StrEnum):
    """What can still become of a session."""

    OPEN = "open"
    TENDERING = "tendering"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class LineTold(NamedTuple):
    """A line as told. `amount_minor` None: the catalog's price; else authoritative, before promotions."""

    id: str
    sku: str
    quantity: Decimal
    amount_minor: int | None = None
    uom: str = ""
    tax_rate: Decimal | None = None
    tax_included: bool = True
    kind: str = "goods"
    category: str | None = None
    brand: str | None = None
    description: str | None = None
    attributes: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class SessionTold:
    """A basket as a till, a shop or an app tells it. Nobody said: a guest's, until a member is.

    `spend`: points that the member wishes to pay with. `identifiers`: facts of the caller's (a device, an address)
    that limits may count; only their keyed hash is kept. `keeps_member`: with no member said, the session's stays.
    """

    channel: str
    currency: str
    lines: tuple[LineTold, ...]
    occurred_at: datetime | None = None
    store: str | None = None
    member: str | None = None
    identifier: tuple[str, str] | None = None
    tenders: tuple[Tender, ...] = ()
    coupons: tuple[str, ...] = ()
    spend: tuple[Spend, ...] = ()
    identifiers: tuple[str, ...] = ()
    keeps_member: bool = True
    attributes: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Session:
    """A session as it stands. `json` is the answer in bytes; `status` of the call: 201 for what is new.

    `state` is the order's once goods came back. `was_done`: the call had been made before, and changed nothing now.
    """

    key: str
    state: SessionState | OrderState
    revision: int
    member_id: UUID | None
    store: str | None
    channel: str
    version: int
    digest: bytes
    due_minor: int
    order_id: UUID | None
    expires_at: datetime
    tender_until: datetime | None
    json: bytes
    status: int = 200
    was_done: bool = False

    @property
    def body(self) -> dict[str, Any]:
        """The answer."""
        found: dict[str, Any] = orjson.loads(self.json)
        return found


@dataclass(frozen=True, kw_only=True)
class SessionSummary:
    """A session as lists show it."""

    key: str
    state: SessionState
    member_id: UUID | None
    store: str | None
    channel: str
    due_minor: int
    currency: str
    order_id: UUID | None
    tender_until: datetime | None
    changed_at: datetime


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of sessions; `cursor` begins the next one, None at the end."""

    items: tuple[SessionSummary, ...]
    cursor: tuple[Any, ...] | None


@dataclass(frozen=True, kw_only=True)
class Replay:
    """An order's decision made again from its question, beside what is stored: empty `differences` say they agree."""

    order_id: UUID
    version: int
    answer: Mapping[str, Any]
    differences: tuple[Difference, ...]


class Difference(NamedTuple):
    """One number that is not what was quoted: where, before and now."""

    path: str
    quoted: Any
    now: Any


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """A broken promise: which, of what, and both values."""

    promise: str
    what: str
    expected: str
    found: str


class NoSession(NotFound):
    """There is no such session here."""


class SessionClosed(Refusal):
    """This session is closed; reopen it, or take its order back."""


class SessionCancelled(Refusal):
    """This session was cancelled; begin another one."""


class SessionExpired(Refusal):
    """This session was abandoned and has run out; tell its basket again."""


class SessionNotClosed(Refusal):
    """Only a closed session can be reopened."""


class SessionMoved(Refusal):
    """Somebody changed the session in between; the caller reads again and repeats. Never leaves this context."""


class QuoteChanged(Refusal):
    """The basket is not worth what was quoted any more; `differences` says where. Nothing was changed."""


class PartlyReturned(Refusal):
    """Parts of this order have come back already; it cannot be reopened, only returned."""


class NotDecidedHere(Refusal):
    """This order was told with its prices; there is no decision of ours to make again."""

    status = 404
