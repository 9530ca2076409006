"""Reasons and unlock hints in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import template
from django.utils import translation
from django.utils.translation import gettext as _

from regulars.interfaces.console import whys, words
from regulars.interfaces.console.templatetags.console import cash, moment, number

register = template.Library()


@register.filter
def brought(body: Any) -> str:
    """What an outcome holds, in short; texts by language in the reader's."""
    language = translation.get_language() or "en"
    told = (
        words.named(value, name, language) if isinstance(value, Mapping) else f"{name} {value}"
        for name, value in dict(body).items()
        if value not in (None, "", [], {})
    )
    return " · ".join(told)


@register.filter
def why(detail: str, currency: str) -> str:
    """Why something did not apply, beside its code; empty where the code says as much."""
    return whys.why(detail or "", currency)


@register.filter
def unlock(hint: Any, currency: str) -> str:
    """The smallest change that would make a promotion apply, as a sentence. A kind that is new here: its own words.

    Args: hint: an `Unlock`, or the same as a mapping.
    """
    told = hint if isinstance(hint, dict) else hint._asdict()
    amount, what = int(told.get("amount") or 0), str(told.get("what") or "")
    sentences = {
        "spend_minor": _("Spend %(amount)s more on %(what)s") if what else _("Spend %(amount)s more"),
        "add_units": _("Add %(n)s more of %(what)s"),
        "add_line": _("Add %(what)s"),
        "points": _("%(n)s points more for %(what)s"),
        "join": _("Become a member"),
        "tier": _("Reach the level %(what)s"),
        "tender": _("Pay with %(what)s"),
        "channel": _("Buy in the channel %(what)s"),
        "store": _("Buy at the store %(what)s"),
        "wait_until": _("Come back after %(at)s"),
        "coupon": _("Bring a coupon: %(what)s"),
        "audience": _("Be on the list %(what)s"),
        "fewer_units": _("Take no more than %(n)s"),
    }
    sentence = sentences.get(str(told.get("kind")))
    if sentence is None:
        return str(told.get("text") or told.get("kind"))
    at = told.get("at")
    moment_of = datetime.fromisoformat(at) if isinstance(at, str) else at
    return sentence % {
        "amount": cash(amount, currency),
        "n": number(amount),
        "what": what or _("these goods"),
        "at": moment(moment_of),
    }
