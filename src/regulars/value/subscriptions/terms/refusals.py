"""Every way in which paid membership says no."""

from __future__ import annotations

from regulars.kernel.errors import Invalid, NotFound, Refusal


class UnknownPlan(Refusal):
    """There is no such plan in this program."""

    status = 422


class UnknownSubscription(NotFound):
    """There is no such subscription."""


class UnknownGiftCode(NotFound):
    """There is no gift with this code."""


class UnknownProvider(Refusal):
    """No payment provider of this name is installed."""

    status = 422


class PlanNotForYou(Refusal):
    """This plan is for members of certain levels, and she stands on none of them."""


class AlreadySubscribed(Refusal):
    """This member has a membership of this family already."""


class TrialUsed(Refusal):
    """This member has had her trial already."""


class PaymentUnderWay(Refusal):
    """A payment is under way; wait for its answer."""


class NotNow(Refusal):
    """The subscription is in a state in which this cannot be done."""


class PauseNotAllowed(Refusal):
    """The plan does not allow this pause."""


class SamePlan(Refusal):
    """She has this plan already."""


class OtherFamily(Refusal):
    """This plan belongs to another family: end one and begin the other."""

    status = 422


class PlanNotGiftable(Refusal):
    """This plan cannot be given as a gift."""

    status = 422


class GiftNotReady(Refusal):
    """This gift cannot be redeemed: it is not paid, its time is over, or it was redeemed or refunded."""


class NoSeat(Refusal):
    """All places of this family are taken."""


class NotInvited(Refusal):
    """This member has no place in the family."""


class OtherThanQuoted(Refusal):
    """What goes back or is forfeited has changed since it was quoted; look again."""


class TooMuchRefund(Refusal):
    """More would be given back than was paid and is left."""

    status = 422


class SubscriptionKeyReused(Invalid):
    """This key already named another subscription."""

    code = "subscription_key_reused"
