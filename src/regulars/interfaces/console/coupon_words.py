"""What coupons and their stories are called."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

COUPON_STATE: dict[str, Any] = {
    "open": pgettext_lazy("coupon", "Usable"),
    "reserved": _("Reserved"),
    "redeemed": _("Redeemed"),
    "expired": _("Expired"),
    "voided": _("Withdrawn"),
    "making": _("Being made"),
    "done": _("Made"),
}
COUPON_EVENT: dict[str, Any] = {
    "made": _("Made in a batch"),
    "batch_voided": _("Its batch was withdrawn"),
    "issued": _("Issued"),
    "claimed": _("Claimed"),
    "offered": _("Offered to another member"),
    "withdrawn": _("Offer taken back"),
    "declined": _("Offer declined"),
    "gifted": _("Given to another member"),
    "reserved": _("Reserved by a basket"),
    "released": _("Let go again"),
    "redeemed": _("Redeemed"),
    "restored": _("Given back"),
    "expired": _("Expired"),
    "voided": _("Withdrawn"),
    "merged": _("Went along when members were merged"),
}
