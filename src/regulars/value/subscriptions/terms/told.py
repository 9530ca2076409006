"""Words that are told: subscriptions and what belongs to them, gifts, quotes, savings, income."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from regulars.value.subscriptions.terms.states import (
    GiftState,
    PaymentKind,
    PaymentState,
    PeriodKind,
    RefundState,
    SeatState,
    State,
    When,
)


@dataclass(frozen=True, kw_only=True)
class Period:
    """Days that are paid for: from `starts_on` to `ends_on`, exclusive. `amount` = charged + carried over."""

    n: int
    kind: PeriodKind
    plan: str
    version: int
    starts_on: date
    ends_on: date
    booked_on: date
    amount_minor: int
    carried_minor: int = 0
    payment_id: UUID | None = None
    closed_on: date | None = None
    closed_by: str | None = None
    refunded_minor: int = 0
    credited_minor: int = 0
    correction_minor: int = 0


@dataclass(frozen=True, kw_only=True)
class Payment:
    """One try to take money; its id is the key that the provider is told."""

    payment_id: UUID
    kind: PaymentKind
    state: PaymentState
    amount_minor: int
    n: int
    asks: int
    reason: str
    provider: str
    created_at: datetime
    settled_at: datetime | None
    refunded_minor: int = 0
    withdrawn_at: datetime | None = None  # cancelled before its answer came: if it is paid, all of it goes back


@dataclass(frozen=True, kw_only=True)
class Refund:
    """Money on its way back. `by` of the payment it belongs to."""

    refund_id: UUID
    payment_id: UUID
    amount_minor: int
    state: RefundState
    reason: str
    created_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Seat:
    """A guest in somebody's family."""

    member_id: UUID
    state: SeatState
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """One thing that happened to a subscription."""

    kind: str
    at: datetime
    actor: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """A subscription as it stands. `covered_until`: the instant to which benefits reach; None: nothing given."""

    subscription_id: UUID
    member_id: UUID
    plan: str
    version: int
    names: Mapping[str, str]
    state: State
    next_plan: str | None
    renews: bool
    started_at: datetime | None
    period_from: date | None
    period_to: date | None
    covered_until: datetime | None
    next_due_at: datetime | None
    notice_on: date | None
    paused_until: date | None
    waits_since: date | None
    ended_at: datetime | None
    end_cause: str | None
    credit_minor: int
    currency: str
    price_minor: int
    gift_id: UUID | None
    guests: int
    payment: Payment | None = None


@dataclass(frozen=True, kw_only=True)
class Story:
    """A subscription with everything that belongs to it."""

    subscription: Subscription
    periods: tuple[Period, ...]
    payments: tuple[Payment, ...]
    refunds: tuple[Refund, ...]
    seats: tuple[Seat, ...]
    chapters: tuple[Chapter, ...]


@dataclass(frozen=True, kw_only=True)
class Gift:
    """A subscription that one pays and another redeems by its code."""

    gift_id: UUID
    code: str
    plan: str
    version: int
    periods: int
    amount_minor: int
    state: GiftState
    payer_id: UUID | None
    redeemed_by: UUID | None
    subscription_id: UUID | None
    created_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Forfeit:
    """What was paid and is neither used nor given back. `what`: days or credit; `why`: the case, as rules/leaving."""

    what: str
    amount_minor: int
    why: str


@dataclass(frozen=True, kw_only=True)
class Unsettled:
    """A charge that the provider has not answered when she cancels, and what follows if it turns out to be paid.

    `then`: `goes_back` (all of it), `by_rule` (so much goes back as the plan's rule owes today), or `runs` (it pays
    for days to `until`, and the membership ends then). If it was not paid nothing follows; it is never sent again.
    """

    amount_minor: int
    then: str
    refund_minor: int = 0
    until: date | None = None


@dataclass(frozen=True, kw_only=True)
class Quote:
    """What a change, a cancellation or a beginning would cost or give back, today.

    Of a cancellation also what is forfeited and why, and a charge that is not settled; `digest` names all of that,
    and whoever cancels with it gets exactly that or is refused. `on` None: the provider's answer will say it.
    """

    charge_minor: int = 0
    refund_minor: int = 0
    credit_minor: int = 0
    when: When = When.AT_ONCE
    on: date | None = None
    rule: str = ""
    forfeits: tuple[Forfeit, ...] = ()
    unsettled: Unsettled | None = None
    digest: str = ""

    @property
    def forfeited_minor(self) -> int:
        """All that is forfeited."""
        return sum(f.amount_minor for f in self.forfeits)


@dataclass(frozen=True, kw_only=True)
class Saving:
    """One way in which a membership was worth something: money (minor units) or points."""

    kind: str  # discount | points | benefit
    key: str
    minor: int
    points: int = 0
    unit: str = ""
    times: int = 1


@dataclass(frozen=True, kw_only=True)
class Savings:
    """What a member got out of her membership from a day to a day (exclusive), beside what she paid for it."""

    from_on: date
    to_on: date
    currency: str
    items: tuple[Saving, ...]
    saved_minor: int
    paid_minor: int


@dataclass(frozen=True, kw_only=True)
class IncomeLine:
    """One plan's prepaid income from a day to a day: opening + charged + moved − refunded − earned = closing."""

    plan: str
    opening_minor: int
    charged_minor: int
    moved_minor: int
    refunded_minor: int
    earned_minor: int
    closing_minor: int


@dataclass(frozen=True, kw_only=True)
class PlanFigures:
    """How many have a plan, by state, and what they have paid and got back so far."""

    plan: str
    by_state: Mapping[str, int]
    charged_minor: int
    refunded_minor: int


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """A broken promise: which, what, where, and the two things that should be one."""

    promise: str
    what: str
    program_id: int
    member_id: UUID | None
    expected: str
    found: str
