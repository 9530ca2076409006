"""Words of pricing: the question a basket asks, and the answer with every share, outcome, reason and limit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from regulars.value.promotions.terms.earning import Basket, Decision, MemberFacts

_NO_NUMBERS: Mapping[str, int] = {}


class OnReturn(StrEnum):
    """What a return does to a promotion whose condition the rest of the basket no longer meets."""

    KEEP = "keep"
    REPRICE = "reprice"
    ALL_OR_NOTHING = "all_or_nothing"


class CouponHeld(NamedTuple):
    """A coupon that the basket brings, as the coupons context found it.

    `coupon_id` is None for a shared code. `refused` is the reason why it cannot be used now, empty when it can.
    """

    code: str
    template: str
    coupon_id: UUID | None = None
    refused: str = ""
    detail: str = ""


class Spend(NamedTuple):
    """Points that the member wishes to pay with; `amount` None: as many as help."""

    unit: str
    amount: int | None = None


class Question(NamedTuple):
    """All that a decision may look at. The same question has the same answer, byte for byte.

    `left` says how much of each limit or budget beyond the member is still free, by the keys that the snapshot
    names; a key that is missing is untouched: free up to its limit. `seed` decides random rewards. `only` restricts
    the promotions that are looked at (None: all).
    """

    basket: Basket
    member: MemberFacts | None = None
    coupons: tuple[CouponHeld, ...] = ()
    left: Mapping[str, int] = _NO_NUMBERS
    spend: tuple[Spend, ...] = ()
    seed: bytes = b""
    only: frozenset[str] | None = None
    identifiers: tuple[str, ...] = ()  # hashed, of the device, card or address; for limits per identifier


class Share(NamedTuple):
    """What one promotion (through a coupon's code, if any) takes off one line, in minor units."""

    promotion: str
    coupon: str | None
    minor: int


class PricedLine(NamedTuple):
    """A line after discounts: `net_minor` = `amount_minor` − `discount_minor` = what it costs, never below zero.

    `tendered_minor` is the part of the net that points pay.
    """

    n: int
    id: str
    amount_minor: int
    discount_minor: int
    net_minor: int
    shares: tuple[Share, ...] = ()
    tendered_minor: int = 0


class Outcome(NamedTuple):
    """What a promotion brings beside a discount: a gift, a coupon to issue, a message. `body` holds JSON values.

    Kinds: gift, random_reward, earn, issue_coupon, challenge, audience, tier, notify, cashier_message, webhook.
    """

    promotion: str
    kind: str
    body: Mapping[str, Any]


class AppliedPromotion(NamedTuple):
    """A promotion that acts. `wanted_minor` is before caps and limits; `lines` are (n, minor)."""

    key: str
    coupon: str | None
    discount_minor: int
    wanted_minor: int
    lines: tuple[tuple[int, int], ...]
    on_return: OnReturn = OnReturn.KEEP


class Unlock(NamedTuple):
    """The smallest change that would make a promotion apply.

    `kind`: spend_minor, add_units, add_line, points, join, tier, tender, channel, store, wait_until, coupon.
    `amount` in the unit of its kind; `what` names the goods, level, tender or channel; `text` is English and short.
    """

    kind: str
    amount: int = 0
    what: str = ""
    at: datetime | None = None
    text: str = ""


class Unapplied(NamedTuple):
    """Why a promotion gave nothing, or less than it wanted. Codes: docs/reference/facts.md."""

    key: str
    coupon: str | None
    code: str
    detail: str
    unlock: Unlock | None = None


class Take(NamedTuple):
    """What the commit must take from a limit or budget beyond the member, or be refused."""

    key: str
    amount: int
    limit: int
    is_hot: bool = False
    is_budget: bool = False


class SpendPlan(NamedTuple):
    """Points that pay: `amount` units of the slot are worth `minor` of this basket."""

    unit: str
    slot: int
    amount: int
    minor: int


class Search(NamedTuple):
    """How the combination was found: exactly, or greedily and at most `gap_minor` below the best."""

    is_exact: bool = True
    explored: int = 0
    gap_minor: int = 0


_EXACT = Search()


@dataclass(frozen=True, kw_only=True)
class Pricing:
    """What a basket saves. `counters` are the member's own limits after it (None: unchanged)."""

    lines: tuple[PricedLine, ...]
    subtotal_minor: int
    discount_minor: int
    total_minor: int
    applied: tuple[AppliedPromotion, ...] = ()
    unapplied: tuple[Unapplied, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    takes: tuple[Take, ...] = ()
    counters: Mapping[str, int] | None = None
    search: Search = _EXACT


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The whole answer: what the basket saves (`pricing`), what points pay (`spend`), what is earned (`earning`).

    `counters` is the one mapping that the commit writes into the account (None: unchanged).
    """

    pricing: Pricing
    earning: Decision
    spend: tuple[SpendPlan, ...] = ()
    counters: Mapping[str, int] | None = None

    @property
    def due_minor(self) -> int:
        """What is left to pay after points."""
        return self.pricing.total_minor - sum(s.minor for s in self.spend)

    @cached_property
    def digest(self) -> bytes:
        """16 bytes over results, never over the clock: equal digests are equal prices, outcomes and earnings."""
        p = self.pricing
        told = [
            [[*x[:5], [list(s) for s in x.shares], x.tendered_minor] for x in p.lines],
            [[o.promotion, o.kind, dict(o.body)] for o in p.outcomes],
            [list(s) for s in self.spend],
            [list(e) for e in self.earning.earned],
        ]
        return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_UTC_Z | orjson.OPT_SORT_KEYS)).digest()[:16]
