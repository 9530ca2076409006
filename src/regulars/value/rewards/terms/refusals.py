"""Every way in which a reward is refused."""

from __future__ import annotations

from regulars.kernel.errors import Forbidden, NotFound, Refusal


class UnknownReward(NotFound):
    """There is no reward with this key."""


class UnknownRedemption(NotFound):
    """There is no redemption with this id."""


class UnknownWait(NotFound):
    """There is no such place on a waiting list."""


class NoCodes(NotFound):
    """This redemption has no codes to show."""


class NotOpen(Refusal):
    """This reward cannot be had at this time."""

    code = "reward_not_open"


class NotEligible(Forbidden):
    """This reward is for other members."""

    code = "reward_not_eligible"


class NotPriced(Refusal):
    """This reward is not had for this price."""

    code = "reward_not_priced"


class SoldOut(Refusal):
    """There is none left."""

    code = "reward_sold_out"


class LimitReached(Refusal):
    """This member has had as many as she may."""

    code = "reward_limit_reached"


class SessionGone(Refusal):
    """There is no such date, or it has begun."""

    code = "reward_session_gone"


class WrongState(Refusal):
    """The redemption is not in a state in which this can be done."""

    code = "redemption_wrong_state"


class NotCancellable(Refusal):
    """This redemption can no longer be taken back."""

    code = "redemption_not_cancellable"


class RedemptionKeyReused(Refusal):
    """This key was used for something else."""

    status = 422


class NotSoldOut(Refusal):
    """There is no need to wait: some are left."""

    code = "reward_not_sold_out"


class NoWaiting(Refusal):
    """This reward has no waiting list."""

    code = "reward_no_waiting"


class StockTaken(Refusal):
    """More are taken already than would be left."""

    code = "reward_stock_taken"
