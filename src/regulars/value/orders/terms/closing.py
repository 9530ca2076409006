"""Words of a close: a basket that was decided here, on its way to become an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

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


@dataclass(frozen=True, kw_only=True)
class Closing:
    """A decided basket with all that its order needs.

    `holds` are points set aside for it, by unit. `is_reserved`: coupons, stock, limits and the member's own counters
    were taken before, and are not taken again. `counted`: how far they were raised then. `stock` are goods to take.
    `issues`: coupons to make for the member, as `coupons` wants them.
    """

    order_id: UUID
    ref: str
    session: str
    store_id: int | None
    question: Question
    verdict: Verdict
    snapshot: Snapshot
    account: Account = Account()
    holds: Mapping[str, UUID] = field(default_factory=dict)
    is_reserved: bool = False
    counted: Mapping[str, int] = field(default_factory=dict)
    coupons: tuple[CouponHeld, ...] = ()
    stock: tuple[tuple[str, Decimal], ...] = ()
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
