"""Words for where things stand: subscriptions, payments, periods, gifts, seats, and what can happen to them."""

from __future__ import annotations

from enum import StrEnum

PREFIX = "sub"
PAYMENT_PREFIX = "pay"
GIFT_PREFIX = "gft"
REFUND_PREFIX = "rfd"


class State(StrEnum):
    """Where a subscription stands. `starting` waits for its first payment and gives nothing yet."""

    STARTING = "starting"
    TRIAL = "trial"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    PAUSED = "paused"
    CANCELLED = "cancelled"  # runs to the end of what is paid
    ENDED = "ended"


LIVE = (State.STARTING, State.TRIAL, State.ACTIVE, State.PAST_DUE, State.PAUSED, State.CANCELLED)


class When(StrEnum):
    """When something takes effect."""

    AT_ONCE = "at_once"
    PERIOD_END = "period_end"


class WhenUsed(StrEnum):
    """What a refund within its days is worth when benefits were used."""

    NONE = "none"
    DEDUCT = "deduct"
    PRORATED = "prorated"


class Renews(StrEnum):
    """Which terms a renewal follows: those agreed, or the plan as it stands on that day."""

    AGREED = "agreed"
    CURRENT = "current"


class PaymentKind(StrEnum):
    """What a payment is for."""

    FIRST = "first"
    RENEWAL = "renewal"
    CHANGE = "change"
    GIFT = "gift"


class PaymentState(StrEnum):
    """Where a payment stands: meant, then settled one way or the other."""

    INTENDED = "intended"
    PAID = "paid"
    DECLINED = "declined"


class RefundState(StrEnum):
    """Where a refund stands: meant, then settled one way or the other."""

    INTENDED = "intended"
    DONE = "done"
    FAILED = "failed"


class PeriodKind(StrEnum):
    """What opened a period: a trial, a payment, a payment before a pause or correction, a gift."""

    TRIAL = "trial"
    PAID = "paid"
    CARRIED = "carried"
    GIFT = "gift"


class ClosedBy(StrEnum):
    """Why a period ended before its last day."""

    CANCEL = "cancel"
    CHANGE = "change"
    PAUSE = "pause"
    REFUND = "refund"
    END = "end"


class GiftState(StrEnum):
    """Where a gift stands: waits for its payment, may be redeemed, has been, or came to nothing."""

    WAITING = "waiting"
    READY = "ready"
    REDEEMED = "redeemed"
    REFUNDED = "refunded"
    FAILED = "failed"


class SeatState(StrEnum):
    """Where a guest of a family stands."""

    INVITED = "invited"
    JOINED = "joined"
    LEFT = "left"
    REMOVED = "removed"


class EventKind(StrEnum):
    """What can happen to a subscription."""

    ASKED = "asked"
    STARTED = "started"
    RENEWED = "renewed"
    DECLINED = "declined"
    UNREACHABLE = "unreachable"
    PAST_DUE = "past_due"
    METHOD = "method"
    CHANGE_ASKED = "change_asked"
    CHANGED = "changed"
    PAUSED = "paused"
    RESUMED = "resumed"
    CANCELLED = "cancelled"
    KEPT = "kept"
    WITHDRAWN = "withdrawn"
    WAITS = "waits"
    REFUNDED = "refunded"
    REFUND_DONE = "refund_done"
    REFUND_FAILED = "refund_failed"
    ENDED = "ended"
    NOTICED = "noticed"
    INVITED = "invited"
    JOINED = "joined"
    LEFT = "left"
    REMOVED = "removed"
    MERGED = "merged"
