"""What codes are called in the console."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from regulars.interfaces.console.benefit_words import BENEFIT_GIFT, BENEFIT_KIND, BENEFIT_PERIOD, BENEFIT_USE
from regulars.interfaces.console.coupon_words import COUPON_EVENT, COUPON_STATE
from regulars.interfaces.console.promoting.effects import EFFECTS
from regulars.interfaces.console.reward_words import REDEMPTION, REWARD_BY, REWARD_KIND, REWARD_REFUSED, WAIT_STATE
from regulars.interfaces.console.subscription_words import (
    FORFEIT_WHY,
    PAYMENT_KIND,
    PAYMENT_STATE,
    PERIOD_KIND,
    SEAT_STATE,
    SUBSCRIPTION_END,
    SUBSCRIPTION_EVENT,
    SUBSCRIPTION_STATE,
)

MEMBER_STATUS: dict[str, Any] = {
    "active": pgettext_lazy("member", "Active"),
    "suspended": _("Suspended"),
    "earn_only": _("Earn only"),
    "closed": _("Closed"),
}
IDENTIFIER: dict[str, Any] = {
    "phone": _("Phone"),
    "email": _("E-mail"),
    "card": _("Card"),
    "external": _("External id"),
    "wechat_union": _("WeChat"),
    "payment_token": _("Payment card"),
    "app": _("App"),
}
ORDER_STATE: dict[str, Any] = {
    "placed": _("Placed"),
    "partially_returned": _("Partly returned"),
    "returned": _("Returned"),
    "cancelled": _("Cancelled"),
}
LOT_STATE: dict[str, Any] = {
    "pending": _("Pending"),
    "active": pgettext_lazy("lot", "Active"),
    "expired": _("Expired"),
    "cancelled": _("Cancelled"),
    "spent": _("Used up"),
}
ACCOUNT: dict[str, Any] = {
    "wallet": _("Members' wallets"),
    "pending": _("Pending"),
    "held": _("On hold"),
    "debt": _("Members' debt"),
    "issued": _("Issued"),
    "spent": _("Redeemed"),
    "expired": _("Expired"),
    "breakage": _("Breakage"),
    "payable": _("Owed to partners"),
    "funder": _("Paid by funders"),
    "transit": _("In transit"),
}
JOURNAL: dict[str, Any] = {
    "earn": _("Earned"),
    "bonus": _("Bonus"),
    "gift": _("Gift"),
    "opening": _("Opening balance"),
    "order": _("Order"),
    "return": _("Taken back for a return"),
    "clawback": _("Taken back"),
    "repay": _("Debt repaid"),
    "spend": _("Redeemed"),
    "donate": _("Donated"),
    "restore": _("Given back"),
    "hold": _("Put on hold"),
    "capture": _("Captured"),
    "release": _("Released"),
    "transfer": _("Transferred"),
    "receive": _("Received"),
    "exchange": _("Exchanged"),
    "adjust": _("Adjusted by hand"),
    "goodwill": _("Goodwill"),
    "expire": _("Expired"),
    "activate": _("Became active"),
    "merge": _("Merged"),
    "unmerge": _("Merge undone"),
    "reverse": _("Reversed"),
}
REASON: dict[str, Any] = {
    "missing_purchase": _("A purchase was not credited"),
    "complaint": _("Goodwill after a complaint"),
    "goodwill": _("Goodwill"),
    "correction": _("Correction"),
    "wrong_amount": _("A wrong amount was booked"),
    "promotion_missed": _("A promotion was missed"),
    "fraud": _("Misuse"),
    "other": _("Another reason"),
}
ASKABLE = [(code, name) for code, name in REASON.items() if code not in ("goodwill", "correction")]
UNEARNED: dict[str, Any] = {
    "condition": _("Condition not met"),
    "nothing_qualifies": _("Nothing qualifies"),
    "tier": _("Other levels only"),
    "cap": _("Limit reached"),
    "member_suspended": _("Suspended"),
    "member_closed": _("Closed"),
    "suspended": _("Suspended"),
    "closed": _("Closed"),
    "schedule": _("Not at this time"),
    "ended": _("Ended"),
    "nearly": _("Nearly"),
    "store": _("Other stores only"),
    "channel": _("Other channels only"),
    "brand": _("Other brands only"),
    "audience": _("Other audiences only"),
    "plan": _("Only with a paid plan"),
    "benefit": _("Only with a benefit that is left"),
    "members_only": _("Members only"),
    "needs_member": _("Members only"),
    "tender": _("Other ways to pay only"),
    "too_little": _("Too little in the basket"),
    "too_few": _("Too few pieces in the basket"),
    "selection": _("None of its goods"),
    "no_goods": _("None of its goods"),
    "no_effect": _("Nothing left to take off"),
    "limit_reached": _("Limit reached"),
    "period_closed": _("Its period is over"),
    "budget_spent": _("Budget used up"),
    "group": _("Another of its group gives more"),
    "combination": _("Others save more without it"),
    "exclusive": _("One of them wants to be alone"),
    "never_with": _("Never together"),
    "most": _("No more may join"),
    "coupon": _("Needs a coupon"),
    "no_promotion": _("Nothing is given for it now"),
    "no_rate": _("Cannot pay here"),
    "paused": _("Paused"),
    "cap_reached": _("Limit reached"),
    "nothing_left": _("Nothing left to take off"),
    "currency": _("No rate for this currency"),
    "currency_differs": _("Not in this currency"),
    "nothing_to_multiply": _("Nothing to multiply"),
    "unknown_code": _("Unknown code"),
    "already_used": _("Used already"),
    "expired": _("Expired"),
    "voided": _("Withdrawn"),
    "not_yet": _("Not yet"),
    "over": _("Ended"),
    "not_yours": _("Somebody else’s"),
    "wrong_store": _("Other stores only"),
    "wrong_channel": _("Other channels only"),
    "reserved_elsewhere": _("Reserved elsewhere"),
    "not_entitled": _("For other members"),
    "tier_only": _("Other levels only"),
    "audience_only": _("Other audiences only"),
}
COUPON_HERE: dict[str, Any] = {
    "applied": _("applied"),
    "refused": _("refused"),
    "not_applied": _("not applied"),
}
SESSION: dict[str, Any] = {
    "open": _("Open"),
    "tendering": _("Being paid"),
    "closed": pgettext_lazy("session", "Closed"),
    "cancelled": _("Cancelled"),
    "expired": _("Expired"),
    "partially_returned": _("Partly returned"),
    "returned": _("Returned"),
}
IMPORT_STATE: dict[str, Any] = {
    "waiting": _("Waiting"),
    "staging": _("Reading the file"),
    "recording": _("Booking"),
    "finished": _("Finished"),
    "failed": _("Failed"),
    "cancelled": _("Cancelled"),
}
IMPORT_KIND: dict[str, Any] = {
    "orders": _("Orders"),
    "members": _("Members"),
    "balances": _("Opening balances"),
    "products": _("Products"),
    "stock": _("Stock"),
    "audience": _("Audience"),
}
LINE_KIND: dict[str, Any] = {
    "goods": _("Goods"),
    "shipping": _("Shipping"),
    "gift_card": _("Gift card"),
    "adjustment": _("Adjustment"),
}
PROOF: dict[str, Any] = {
    "running": _("Running"),
    "clean": _("Every promise holds"),
    "broken": _("Promises are broken"),
    "failed": _("Could not run"),
}
ADJUSTMENT: dict[str, Any] = {"asked": _("Waits"), "approved": _("Approved"), "rejected": _("Rejected")}
PROMOTION: dict[str, Any] = {
    "live": _("Live now"),
    "planned": _("Planned"),
    "paused": _("Paused"),
    "ended": _("Ended"),
    "used_up": _("Budget used up"),
}
DRAFT_STATE: dict[str, Any] = {
    "draft": _("Draft"),
    "testing": _("In testing"),
    "approved": _("Approved"),
    "published": _("Published"),
    "discarded": _("Discarded"),
}
DRAFT_STEP: dict[str, Any] = {
    "written": _("Written"),
    "tested": _("Tested"),
    "approved": _("Approved"),
    "published": _("Published"),
    "discarded": _("Discarded"),
}
DRAFT_DONE: dict[str, Any] = {
    "test": _("It is sound. Try it on baskets; then a second person approves it."),
    "approve": _("Approved. It can be published now."),
    "publish": _("Published: version %(n)s is in force."),
    "discard": _("Discarded."),
}
EFFECT: dict[str, Any] = {kind: label for kind, (label, _fields) in EFFECTS.items()}
CONFLICT: dict[str, Any] = {
    "never": _("never together"),
    "alone": _("one of them wants to be alone"),
    "one_of_group": _("only one of the group"),
    "together": _("both may apply"),
}
PERIOD: dict[str, Any] = {
    "basket": _("a basket"),
    "day": _("today"),
    "week": _("this week"),
    "month": _("this month"),
    "year": _("this year"),
    "lifetime": _("in all"),
}
# tone of a badge: what a glance should tell
TONE = {
    "active": "good", "placed": "good", "finished": "good", "approved": "good", "granted": "good", "clean": "good",
    "suspended": "bad", "broken": "bad", "failed": "bad", "rejected": "bad", "cancelled": "bad", "closed": "bad",
    "earn_only": "warn", "partially_returned": "warn", "waiting": "warn", "asked": "warn", "pending": "warn",
    "live": "good", "planned": "info", "paused": "warn", "used_up": "bad", "testing": "info", "published": "good",
    "never": "bad", "alone": "warn", "one_of_group": "warn", "together": "info",
    "redeemed": "good", "reserved": "warn", "voided": "bad", "expired": "plain", "making": "info", "done": "good",
    "fulfilled": "good", "requested": "warn", "accepted": "info", "shipped": "info", "ready": "info",
    "open": "info", "tendering": "warn", "staging": "info", "recording": "info", "running": "info",
    "trial": "info", "starting": "info", "past_due": "warn", "paid": "good", "declined": "bad", "intended": "warn",
}  # fmt: skip
REJECT: dict[str, Any] = {  # why a row of a file stayed out; what follows a colon is the field: docs/imports.md
    "wrong_number_of_columns": _("Not a row of this file: too many columns, or too few"),
    "unclosed_quote": _("A quote is opened here and not closed"),
    "missing": _("A needed value is empty"),
    "too_long": _("The value is too long"),
    "bad_number": _("Not a number that can be used"),
    "bad_time": _("Not a time of the said form"),
    "bad": _("Not a value of its kind"),
    "in_future": _("Later than now"),
    "bad_encoding": _("Bytes that the encoding cannot explain"),
    "other_currency": _("Not the program's currency"),
    "order_has_bad_row": _("Another row of the same order stayed out"),
    "several_members": _("One order of two members"),
    "too_many_lines": _("An order of too many lines"),
    "unknown_member": _("There is no such member"),
    "unknown_store": _("There is no such store"),
    "unknown_channel": _("There is no such channel"),
    "unknown_unit": _("There is no such unit"),
    "order_differs": _("Here already, with other content"),
    "return_differs": _("Here already, with other content"),
    "key_reused": _("Here already, with other content"),
    "no_order": _("The order it belongs to is not here"),
    "return_exceeds": _("More comes back than was sold"),
    "refund_above_order": _("More comes back than was sold"),
    "expired_already": _("Its last day is over"),
}

TABLES: dict[str, dict[str, Any]] = {
    "member": MEMBER_STATUS,
    "identifier": IDENTIFIER,
    "order": ORDER_STATE,
    "lot": LOT_STATE,
    "account": ACCOUNT,
    "journal": JOURNAL,
    "reason": REASON,
    "import": IMPORT_STATE,
    "import_kind": IMPORT_KIND,
    "reject": REJECT,
    "line": LINE_KIND,
    "adjustment": ADJUSTMENT,
    "proof": PROOF,
    "unearned": UNEARNED,
    "coupon_here": COUPON_HERE,
    "session": SESSION,
    "promotion": PROMOTION,
    "coupon": COUPON_STATE,
    "coupon_event": COUPON_EVENT,
    "draft": DRAFT_STATE,
    "draft_step": DRAFT_STEP,
    "effect": EFFECT,
    "conflict": CONFLICT,
    "period": PERIOD,
    "benefit_kind": BENEFIT_KIND,
    "benefit_period": BENEFIT_PERIOD,
    "benefit_use": BENEFIT_USE,
    "benefit_gift": BENEFIT_GIFT,
    "redemption": REDEMPTION,
    "subscription": SUBSCRIPTION_STATE,
    "subscription_end": SUBSCRIPTION_END,
    "forfeit": FORFEIT_WHY,
    "subscription_event": SUBSCRIPTION_EVENT,
    "payment": PAYMENT_STATE,
    "payment_kind": PAYMENT_KIND,
    "paid_period": PERIOD_KIND,
    "seat": SEAT_STATE,
    "reward_by": REWARD_BY,
    "reward_kind": REWARD_KIND,
    "reward_refused": REWARD_REFUSED,
    "wait": WAIT_STATE,
}


def word(table: str, code: Any) -> Any:
    """What a code is called; a code that is new here is shown as it is, with its underscores opened."""
    return TABLES[table].get(str(code)) or str(code).replace("_", " ")


def named(names: Any, key: str, language: str) -> str:
    """A thing of the program in the reader's language: `names` by language tag, else the key."""
    by_tag = {str(tag).lower(): str(name) for tag, name in dict(names or {}).items()}
    first = language.split("-")[0]
    for tag in (language, first, "en"):
        if by_tag.get(tag):
            return by_tag[tag]
    near = next((name for tag, name in by_tag.items() if tag.split("-")[0] == first), None)
    return near or next(iter(by_tag.values()), "") or key
