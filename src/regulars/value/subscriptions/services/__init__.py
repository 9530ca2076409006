"""The verbs of paid membership. The only code that reads or writes its tables."""

from regulars.value.subscriptions.services.beginning import subscribe
from regulars.value.subscriptions.services.cancelling import cancel, keep, quote_cancel, refund
from regulars.value.subscriptions.services.changing import change, quote_change, use_method
from regulars.value.subscriptions.services.document import SECTIONS, apply, check, describe, forget_versions, plans
from regulars.value.subscriptions.services.document import plan as plan_of
from regulars.value.subscriptions.services.document import plan_changes as plan
from regulars.value.subscriptions.services.due import due, pursue_one, step, work
from regulars.value.subscriptions.services.following import follow_member
from regulars.value.subscriptions.services.gifting import buy_gift, gift, gifts, redeem, refund_gift
from regulars.value.subscriptions.services.growing import grow_at_night
from regulars.value.subscriptions.services.identity import absorb, dossier, forget, separate
from regulars.value.subscriptions.services.looking import by_text, listed, of_member, story, subscription, waiting
from regulars.value.subscriptions.services.pausing import pause, resume
from regulars.value.subscriptions.services.paying import pursue, pursue_refund
from regulars.value.subscriptions.services.providers import install
from regulars.value.subscriptions.services.proving import discrepancies
from regulars.value.subscriptions.services.reporting import earned_by_day, figures, first_day, income, states
from regulars.value.subscriptions.services.saving import savings
from regulars.value.subscriptions.services.sharing import family, invite, join, leave

__all__ = [
    "SECTIONS",
    "absorb",
    "apply",
    "buy_gift",
    "by_text",
    "cancel",
    "change",
    "check",
    "describe",
    "discrepancies",
    "dossier",
    "due",
    "earned_by_day",
    "family",
    "figures",
    "first_day",
    "follow_member",
    "forget",
    "forget_versions",
    "gift",
    "gifts",
    "grow_at_night",
    "income",
    "install",
    "invite",
    "join",
    "keep",
    "leave",
    "listed",
    "of_member",
    "pause",
    "plan",
    "plan_of",
    "plans",
    "pursue",
    "pursue_one",
    "pursue_refund",
    "quote_cancel",
    "quote_change",
    "redeem",
    "refund",
    "refund_gift",
    "resume",
    "savings",
    "separate",
    "states",
    "step",
    "story",
    "subscribe",
    "subscription",
    "use_method",
    "waiting",
    "work",
]
