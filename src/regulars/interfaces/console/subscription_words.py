"""What paid memberships, their payments and their stories are called, and why not."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

SUBSCRIPTION_STATE: dict[str, Any] = {
    "starting": _("Waits for its payment"),
    "trial": _("Trial"),
    "active": pgettext_lazy("subscription", "Active"),
    "past_due": _("Past due"),
    "paused": pgettext_lazy("subscription", "Paused"),
    "cancelled": _("Cancelled, still runs"),
    "ended": pgettext_lazy("subscription", "Ended"),
}
SUBSCRIPTION_END: dict[str, Any] = {
    "cancelled": _("cancelled"),
    "unpaid": _("not paid"),
    "declined": _("the first payment was declined"),
    "expired": _("ran out"),
    "closed": _("she has left the program"),
}
SUBSCRIPTION_EVENT: dict[str, Any] = {
    "asked": _("Asked for"),
    "started": _("Started"),
    "renewed": _("Renewed"),
    "declined": _("Payment declined"),
    "unreachable": _("The payment provider did not answer"),
    "past_due": _("Past due; the grace runs"),
    "method": _("Another way to pay"),
    "change_asked": _("Another plan asked for"),
    "changed": _("Another plan"),
    "paused": pgettext_lazy("subscription", "Paused"),
    "resumed": _("Runs again"),
    "cancelled": _("Cancelled"),
    "kept": _("Kept after all"),
    "withdrawn": _("A charge without answer was withdrawn; if it was paid, it goes back"),
    "waits": _("Rests because she is suspended; nothing is charged"),
    "refunded": _("Money to give back"),
    "refund_done": _("Money given back"),
    "refund_failed": _("The money could not be given back"),
    "ended": pgettext_lazy("subscription", "Ended"),
    "noticed": _("Told of what comes at the end of the period"),
    "invited": _("Guest invited"),
    "joined": _("Guest joined"),
    "left": _("Guest left"),
    "removed": _("Guest removed"),
    "merged": _("Went along when members were merged"),
}
PAYMENT_KIND: dict[str, Any] = {
    "first": _("First payment"),
    "renewal": _("Renewal"),
    "change": _("Change of plan"),
    "gift": pgettext_lazy("subscription", "Gift"),
}
PAYMENT_STATE: dict[str, Any] = {
    "intended": _("Waits for the answer"),
    "paid": pgettext_lazy("payment", "Paid"),
    "declined": _("Declined"),
    "done": _("Given back"),
    "failed": _("Failed"),
}
PERIOD_KIND: dict[str, Any] = {
    "trial": _("Trial"),
    "paid": pgettext_lazy("payment", "Paid"),
    "carried": _("Carried over"),
    "gift": pgettext_lazy("subscription", "Gift"),
}
SEAT_STATE: dict[str, Any] = {
    "invited": _("Invited"),
    "joined": _("Joined"),
    "left": _("Left"),
    "removed": _("Removed"),
}
FORFEIT_WHY: dict[str, Any] = {
    "no_refunds": _("the plan gives nothing back"),
    "after_days": _("the time for giving back is over"),
    "used": _("benefits were used"),
    "deduct": _("benefits were used"),
    "prorated": _("benefits were used"),
    "at_once": _("it pays for days to come, and there are none"),
    "less_than_a_day": _("it pays for no whole day"),
}
SENTENCES: dict[str, Any] = {
    "unknown_subscription": _("There is no such membership here."),
    "payment_under_way": _("A payment is under way; wait for its answer."),
    "not_now": _("This cannot be done as the membership stands now."),
    "pause_not_allowed": _("The plan does not allow this pause: it is too long, or there were enough this year."),
    "too_much_refund": _("That is more than was paid and is left."),
    "other_than_quoted": _("What goes back or is forfeited has changed since it was quoted; look again."),
    "not_invited": _("This member has no place in the family."),
}
