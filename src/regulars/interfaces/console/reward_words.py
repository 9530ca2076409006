"""What rewards, their states and their stories are called."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

REWARD_KIND: dict[str, Any] = {
    "goods": _("Goods"),
    "coupon": _("Coupon"),
    "service": _("Service"),
    "experience": _("Experience"),
    "donation": _("Donation"),
    "digital_code": _("Digital code"),
    "ticket": _("Ticket"),
}
REDEMPTION: dict[str, Any] = {
    "requested": _("Requested"),
    "accepted": _("Accepted"),
    "shipped": _("On its way"),
    "ready": _("Waits to be fetched"),
    "fulfilled": _("Handed over"),
    "cancelled": _("Cancelled"),
    "failed": _("Could not be handed over"),
    "expired": _("Not fetched in time"),
    "paid": _("Money received"),
    "shown": _("Code shown"),
}
REWARD_REFUSED: dict[str, Any] = {
    "not_yet": _("Not yet"),
    "ended": _("Ended"),
    "level": _("Other levels only"),
    "audience": _("Other audiences only"),
    "limit": _("Limit reached"),
    "sold_out": _("Sold out"),
}
WAIT_STATE: dict[str, Any] = {
    "waiting": pgettext_lazy("waiting list", "Waiting"),
    "offered": _("Kept for her"),
}
REWARD_BY: dict[str, Any] = {
    "store": _("In a store"),
    "ship": _("Sent"),
    "digital": _("At once"),
    "none": _("At once"),
}
SENTENCES: dict[str, Any] = {
    "unknown_reward": _("There is no such reward, or it never ends."),
    "unknown_redemption": _("There is no such redemption."),
    "unknown_wait": _("There is no such place on a waiting list."),
    "no_codes": _("This redemption has no codes to show."),
    "reward_not_open": _("This reward cannot be had at this time."),
    "reward_not_eligible": _("This reward is for other members."),
    "reward_not_priced": _("This reward is not had for this price."),
    "reward_sold_out": _("There are not so many left."),
    "reward_limit_reached": _("This member has had as many as she may."),
    "reward_session_gone": _("Choose one of its dates that has not begun."),
    "redemption_wrong_state": _("The redemption is not in a state in which this can be done."),
    "redemption_not_cancellable": _("This redemption can no longer be taken back."),
    "redemption_key_reused": _("This was done already, with other values. Open the form again."),
    "reward_not_sold_out": _("There is no need to wait: some are left."),
    "reward_no_waiting": _("This reward has no waiting list."),
    "reward_stock_taken": _("More are taken already than would be left."),
}
