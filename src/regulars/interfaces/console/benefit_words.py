"""What benefits and their states are called in the console, and why they are refused."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

BENEFIT_KIND: dict[str, Any] = {
    "discount": _("Discount"),
    "multiplier": _("More points"),
    "member_price": _("Member price"),
    "free_shipping": _("Free delivery"),
    "gift": _("Gift"),
    "birthday": _("Birthday"),
    "anniversary": _("Anniversary of joining"),
    "upgrade": _("Gift on reaching a level"),
    "milestone": _("Milestone"),
    "welcome": _("Welcome gift"),
    "member_day": _("Member day"),
    "choice": _("Choice"),
    "early_access": _("Early access"),
    "priority": _("Priority"),
    "lounge": _("Lounge"),
    "adviser": _("Personal adviser"),
    "service": _("Service"),
    "partner": _("At a partner's"),
    "preference": _("Preference kept"),
}
BENEFIT_PERIOD: dict[str, Any] = {
    "day": pgettext_lazy("period", "a day"),
    "week": _("a week"),
    "month": pgettext_lazy("period", "a month"),
    "quarter": _("a quarter"),
    "year": _("a year"),
    "membership_year": _("a year of membership"),
    "lifetime": _("in all"),
    "occasion": _("each year"),
}
BENEFIT_USE: dict[str, Any] = {"used": pgettext_lazy("benefit", "Used"), "undone": pgettext_lazy("benefit", "Undone")}
BENEFIT_GIFT: dict[str, Any] = {
    "waiting": pgettext_lazy("gift", "Waiting"),
    "given": pgettext_lazy("gift", "Given"),
    "returned": pgettext_lazy("gift", "Taken back"),
    "kept": pgettext_lazy("gift", "Partly taken back"),
    "failed": pgettext_lazy("gift", "Could not be given"),
}
SENTENCES: dict[str, Any] = {
    "unknown_benefit": _("The program in force has no such benefit."),
    "unknown_pack": _("The program in force has no such pack of benefits."),
    "unknown_use": _("There is no such use of a benefit."),
    "unknown_gift": _("There is no such gift of an occasion."),
    "not_your_benefit": _("The member is not entitled to this benefit."),
    "benefit_not_now": _("The benefit is not open on this day."),
    "quota_used_up": _("The benefit has been used as often as this period allows."),
    "comes_by_itself": _("This benefit arrives by itself and is not used by hand."),
    "benefit_forbidden": _("The member's standing does not allow her to use benefits now."),
    "benefit_key_reused": _("This key has already named another use."),
    "not_a_choice": _("There is nothing to choose in this benefit."),
    "choice_used": _("What was chosen has been used already, and cannot be exchanged before the next period."),
}
