"""What callers say and hear about returns, exchanges, and orders that wait to be picked up."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from regulars.interfaces.http_api.order_shapes import LINES_LIMIT, OrderIn, OrderOut, Quantity
from regulars.interfaces.http_api.shapes import Body, Flag, Instant, Key, Minor, Out


class ReturnLineIn(Body):
    id: Key = Field(description="The order's line.")
    quantity: Quantity
    amount_minor: Minor | None = Field(
        default=None, description="Refunded for it; the proportional amount when absent."
    )
    restock: Flag = Field(default=True, description="Whether the goods go back on the shelf.")


class ReturnIn(Body):
    source: Key = "api"
    ref: Key
    occurred_at: Instant | None = Field(default=None, description="When it came back; now when absent.")
    lines: list[ReturnLineIn] = Field(min_length=1, max_length=LINES_LIMIT)


class ReturnedLineOut(Out):
    """A part of a returned line; goods returned without an order can match several orders, or none."""

    id: str | None = Field(description="The order's line; null when the goods match no earlier purchase.")
    match: Literal["matched", "never_bought", "bought_later", "exhausted", "no_member"]
    sku: str
    quantity: str
    amount_minor: int = Field(description="What it is worth of what was paid, in money and points together.")
    refund_minor: int = Field(description="The part of it that is money.")
    order: str | None
    clawed: dict[str, int] = Field(description="Taken back, by unit.")


class CouponBackOut(Out):
    """A coupon that the sale used, and what became of it."""

    code: str = Field(description="The coupon's code.")
    restored: bool = Field(description="Whether it can be used again.")
    why: str = Field(description="Why it stays used: `policy` or `expired`; empty when it is free again.")


class CouponVoidedOut(Out):
    """A coupon that the sale had brought, and what became of it."""

    coupon_id: str = Field(description="The coupon.")
    code: str = Field(description="The coupon's code.")
    voided: bool = Field(description="Whether it was withdrawn.")
    why: str = Field(description="Why it stays, if it does: it was used, or given away.")


class LimitBackOut(Out):
    """A limit, budget or counter that is free again by so much."""

    key: str = Field(description="Which one: the promotion, whose count, and the period.")
    amount: int = Field(description="By how much: times, or minor units.")


class RestockedOut(Out):
    goods: str = Field(description="`store/sku`.")
    quantity: str = Field(description="How much is on the shelf again.")


class RepricedOut(Out):
    """A promotion that was priced again for what remains."""

    promotion: str = Field(description="Its key.")
    kept_minor: int = Field(description="What the rest keeps of it by the sale's shares.")
    deserved_minor: int = Field(description="What the rest deserves; the difference is charged.")


class NotUndoneOut(Out):
    """Something that the sale caused and the return did not undo."""

    what: str = Field(description="`gift:…`, `coupon:…`, `issued:…`, `points:…`, or a kind of outcome.")
    why: str = Field(description="Why it stays, for people.")
    promotion: str | None = Field(description="The promotion that had brought it.")


class ReturnOut(Out):
    """What a return reversed: the refund, points taken back, what is owed, what was forgiven."""

    id: str
    source: str
    ref: str
    order: str | None
    member: str | None
    occurred_at: datetime
    refund_minor: int
    kind: Literal["return", "cancellation", "exchange", "undo"] = Field(description="Which call brought it.")
    clawed: dict[str, int] = Field(description="All that the goods had earned, by unit: taken, owed or forgiven.")
    owed: dict[str, int] = Field(description="What the wallet could not give: later earnings repay it first.")
    forgiven: dict[str, int] = Field(description="What the unit's debt policy lets go.")
    lines: list[ReturnedLineOut]
    tendered_minor: int = Field(description="What came back as points, in money's worth.")
    charged_minor: int = Field(
        description="Kept back because promotions hold no longer for what remains; below zero: given back again."
    )
    restored: dict[str, int] = Field(description="Points back in the very lots that had paid, by unit.")
    expired: dict[str, int] = Field(description="What of those had ended meanwhile, by unit.")
    coupons: list[CouponBackOut] = Field(description="Coupons of the sale that nothing uses any more.")
    issued: list[CouponVoidedOut] = Field(description="Coupons that the sale had brought and no longer deserves.")
    limits: list[LimitBackOut] = Field(description="Limits, budgets and counters that are free again.")
    restocked: list[RestockedOut] = Field(description="Goods back in stock.")
    repriced: list[RepricedOut] = Field(description="Promotions priced again for what remains.")
    not_undone: list[NotUndoneOut] = Field(description="What the sale had caused and stays.")


class ExchangeIn(Body):
    """What comes back of the order, and what is sold instead."""

    back: ReturnIn = Field(description="The return.")
    sale: OrderIn = Field(description="The new sale; it is the same member's unless it names one.")


class ExchangeOut(Out):
    back: ReturnOut = Field(description="The return.")
    sale: OrderOut = Field(description="The new order.")
    balance_minor: int = Field(description="Still to be paid; below zero: to be refunded.")


class HandedLineIn(Body):
    id: Key = Field(description="The order's line.")
    quantity: Quantity


class GoodsHandOverIn(Body):
    """What the customer has taken away."""

    lines: list[HandedLineIn] = Field(min_length=1, max_length=LINES_LIMIT, description="Line by line.")
