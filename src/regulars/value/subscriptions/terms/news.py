"""What happens to subscriptions, in the past tense: news for the floors above."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class SubscriptionStarted:
    """Somebody has become a paying member, or begun a trial."""

    subscription_id: UUID
    member_id: UUID
    plan: str
    until: date
    is_trial: bool


@dataclass(frozen=True, kw_only=True)
class SubscriptionRenewed:
    """A subscription has been paid for another period."""

    subscription_id: UUID
    member_id: UUID
    plan: str
    until: date
    amount_minor: int


@dataclass(frozen=True, kw_only=True)
class RenewalAhead:
    """On a day not far off a subscription will be paid again; the amount is as of now, credit taken off."""

    subscription_id: UUID
    member_id: UUID
    plan: str
    on: date
    amount_minor: int
    is_trial: bool


@dataclass(frozen=True, kw_only=True)
class EndAhead:
    """On a day not far off a subscription ends, for it does not renew."""

    subscription_id: UUID
    member_id: UUID
    plan: str
    on: date
    is_trial: bool


@dataclass(frozen=True, kw_only=True)
class GiftExpired:
    """Nobody redeemed a gift in its time; what was paid goes back."""

    gift_id: UUID
    payer_id: UUID | None
    plan: str
    refund_minor: int


@dataclass(frozen=True, kw_only=True)
class PaymentFailed:
    """A renewal was declined; `next_try_on` None: there will be no other."""

    subscription_id: UUID
    member_id: UUID
    plan: str
    reason: str
    tries: int
    next_try_on: date | None
    benefits_until: date | None


@dataclass(frozen=True, kw_only=True)
class PlanChanged:
    """A subscription follows another plan now."""

    subscription_id: UUID
    member_id: UUID
    from_plan: str
    to_plan: str


@dataclass(frozen=True, kw_only=True)
class SubscriptionPaused:
    """A subscription rests. `until` None: until its member, who is suspended, is let in again."""

    subscription_id: UUID
    member_id: UUID
    until: date | None


@dataclass(frozen=True, kw_only=True)
class SubscriptionResumed:
    """A subscription that rested runs again."""

    subscription_id: UUID
    member_id: UUID
    until: date


@dataclass(frozen=True, kw_only=True)
class SubscriptionCancelled:
    """A subscription will end, and when."""

    subscription_id: UUID
    member_id: UUID
    ends_on: date


@dataclass(frozen=True, kw_only=True)
class SubscriptionEnded:
    """A subscription is over. `cause`: cancelled, unpaid, declined, expired …"""

    subscription_id: UUID
    member_id: UUID
    plan: str
    cause: str
