"""Words of a close: a basket that was decided here, on its way to become an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from regulars.value.coupons.terms import Coined
from regulars.value.orders.terms.extras import Counted
from regulars.value.orders.terms.told import Holding, Repeat
from regulars.value.promotions.terms import CouponHeld, Question, Snapshot, Verdict

SESSION_SOURCE = "session"  # who tells the orders that were decided here


class Before(NamedTuple):
    """A stored function that is called in the order's own statement, before anything is written.

    It locks and checks the caller's own row: whatever it refuses, nothing happens.
    """

    sql: str
    params: tuple[Any, ...]


class Account(NamedTuple):
    """The member's account as the decision saw it: by slot, from 1. `version` None: nothing depends on it."""

    version: int | None = None
    active: tuple[int, ...] = ()
    pending: tuple[int, ...] = ()
    held: tuple[int, ...] = ()
    debt: tuple[int, ...] = ()
    overdue: tuple[int, ...] = ()


class Issue(NamedTuple):
    """A coupon that the order brings: coined, not stored yet. `most_held`: how many she may hold of its kind."""

    promotion: str
    key: str
    coined: Coined
    most_held: int | None = None


class GiftGiven(NamedTuple):
    """Goods that a promotion gives with the order: a line of kind `reward` that costs nothing."""

    promotion: str
    sku: str
    quantity: int


class BenefitTake(NamedTuple):
    """A benefit of which the basket uses one: under which id and key, what it costs (None: as its document says)."""

    benefit: str
    use_id: UUID
    key: str
    cost_minor: int | None
    promotions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Closing:
    """A decided basket with all that its order needs.

    `question_body` is what replays the decision. `holds` are points set aside for it, by unit. `is_reserved`: stock,
    limits and the member's own counters were taken before, and are not taken again (`counted` says how far they were
    raised); coupons are then those that `owner` has reserved. `counters` are the member's after it (None: unchanged).
    `stock` are goods to take, or that were taken.
    """

    order_id: UUID
    ref: str
    session: str
    store_id: int | None
    question: Question
    question_body: bytes
    verdict: Verdict
    snapshot: Snapshot
    account: Account
    holds: Mapping[str, UUID] = field(default_factory=dict)
    is_reserved: bool = False
    owner: str | None = None
    counters: Mapping[str, int] | None = None
    counted: tuple[Counted, ...] = ()
    coupons: tuple[CouponHeld, ...] = ()
    issues: tuple[Issue, ...] = ()
    stock: tuple[tuple[str, Decimal], ...] = ()
    gifts: tuple[GiftGiven, ...] = ()
    benefits: tuple[BenefitTake, ...] = ()
    attributes: Mapping[str, Any] | None = None
    descriptions: tuple[str | None, ...] = ()
    actor: str
    recorded_at: datetime
    repeat: Repeat | None = None


@dataclass(frozen=True, kw_only=True)
class OrderDecided:
    """An order's basket was decided here, and brought more than points: what other contexts and systems act upon.

    `outcomes` are [promotion, kind, body].
    """

    order_id: UUID
    member_id: UUID | None
    ref: str
    outcomes: tuple[Any, ...]
    occurred_at: datetime


class Closed(NamedTuple):
    """What a close will answer with, known before it is written: balances after it, earnings by unit and by line."""

    earned: Mapping[str, int]
    by_line: Mapping[int, Mapping[str, int]]
    balances: Mapping[str, Holding]
