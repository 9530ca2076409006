"""Why something did not apply, in the reader's words: each English sentence of a decision is known by its shape."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from regulars.kernel import wording

PERIODS: dict[str, Any] = {
    "basket": pgettext_lazy("limit", "a basket"),
    "order": pgettext_lazy("limit", "an order"),
    "day": pgettext_lazy("limit", "a day"),
    "week": pgettext_lazy("limit", "a week"),
    "month": pgettext_lazy("limit", "a month"),
    "quarter": pgettext_lazy("limit", "a quarter"),
    "year": pgettext_lazy("limit", "a year"),
    "lifetime": pgettext_lazy("limit", "ever"),
    "member": pgettext_lazy("limit", "a member"),
    "program": pgettext_lazy("limit", "the whole program"),
    "store": pgettext_lazy("limit", "a store"),
    "coupon": pgettext_lazy("limit", "a coupon"),
    "identifier": pgettext_lazy("limit", "an identifier"),
}
_SAID: tuple[tuple[str, Any], ...] = (  # shape of the English sentence, the reader's; groups: minor…, n…, per…, other
    (r"At most (?P<n>\d+) per (?P<per>\w+), (?P<n2>\d+) left\.", _("At most %(n)s for %(per)s; %(n2)s are left.")),
    (
        r"At most (?P<n>\d+) per member and (?P<per>\w+), (?P<n2>\d+) left\.",
        _("At most %(n)s for a member and %(per)s; %(n2)s are left."),
    ),
    (
        r"At most (?P<n>\d+) times per (?P<per>\w+) and (?P<per2>\w+); none are left\.",
        _("At most %(n)s times for %(per)s and %(per2)s; none are left."),
    ),
    (
        r"At most (?P<minor>\d+) minor units per (?P<per>\w+) and (?P<per2>\w+); none are left\.",
        _("At most %(minor)s for %(per)s and %(per2)s; nothing is left."),
    ),
    (
        r"The (?P<per>\w+) of this purchase is no longer counted\.",
        _("It is too long ago: %(per)s is counted no longer."),
    ),
    (r"From (?P<minor>\d+) minor units of goods on\.", _("From %(minor)s on.")),
    (r"From (?P<minor>\d+) minor units of the goods of this promotion on\.", _("From %(minor)s of its goods on.")),
    (r"From (?P<n>\d+) pieces of goods on\.", _("From %(n)s pieces on.")),
    (r"From (?P<n>\d+) pieces of the goods of this promotion on\.", _("From %(n)s pieces of its goods on.")),
    (
        r"From (?P<minor>\d+) minor units of (?P<of>.+) and (?P<n>\d+) pieces of (?P=of) on\.",
        _("From %(minor)s and %(n)s pieces on."),
    ),
    (
        r"The next step is at (?P<minor>\d+) minor units; the goods come to (?P<minor2>\d+)\.",
        _("The next step is at %(minor)s; the goods come to %(minor2)s."),
    ),
    (
        r"(?P<minor>\d+) of (?P<minor2>\d+) minor units; the rest is above a cap\.",
        _("%(minor)s of %(minor2)s; a cap cut the rest."),
    ),
    (r"(?P<n>\d+) more pieces are needed\.", _("%(n)s more pieces are needed.")),
    (r"From (?P<n>\d+) (?P<what>\S+) on; (?P<n2>\d+) are there\.", _("From %(n)s %(what)s on; %(n2)s are there.")),
    (
        r"From (?P<n>\d+) (?P<what>\S+) on, in steps of (?P<n2>\d+)\.",
        _("From %(n)s %(what)s on, in steps of %(n2)s."),
    ),
    (r"Only for members\.|Only members can buy this\.", ""),
    (r"Only for members of (?P<what>.+)\.", _("Only for who is on %(what)s.")),
    (r"Only when paid with (?P<what>.+)\.", _("Only when paid with %(what)s.")),
    (r"Only while (?P<what>.+) is left to use\.", _("Only while %(what)s is left to use.")),
    (r"Only around the member's birthday\.", _("Only around the member's birthday.")),
    (r"Only around a birthday, and none is known\.", _("Only around a birthday, and none is known.")),
    (r"Only on day (?P<what>\d+) of a month\.", _("Only on day %(what)s of a month.")),
    (r"Only on days of (?P<what>.+)\.", _("Only on days of %(what)s.")),
    (r"Only an active member pays with points\.", _("Only an active member pays with points.")),
    (r"Only (?:for|in|with|through)? ?(?P<what>.+)\.", _("Only: %(what)s.")),
    (r"Not for (?P<what>.+)\.", _("Not for %(what)s.")),
    (r"Starts on (?P<what>.+)\.", _("Starts on %(what)s.")),
    (r"Ended on (?P<what>.+)\.", _("Ended on %(what)s.")),
    (r"This coupon ended at (?P<what>.+)\.", _("Ended on %(what)s.")),
    (r"This coupon begins at (?P<what>.+)\.", _("Starts on %(what)s.")),
    (r"This coupon is for (?:the channels )?(?!other members)(?P<what>.+)\.", _("Only: %(what)s.")),
    (r"Nothing was paid by (?P<what>.+)\.", _("Nothing was paid by %(what)s.")),
    (r"There is no rate for (?P<what>.+)\.", _("There is no rate for %(what)s.")),
    (r"Its amounts are in (?P<what>[A-Z]{3})\.", _("Its amounts are in %(what)s.")),
    (r"(?:Never|Not) together with (?P<what>.+)\.", _("Not together with %(what)s.")),
    (r"(?P<what>.+) of (?P<group>.+) is better\.", _("%(what)s of %(group)s is better.")),
    (r"None of the goods has a lower member price\.", _("None of the goods has a lower member price.")),
    (r"The goods cost no more than the fixed price\.", _("The goods cost no more than the fixed price.")),
    (r"The parts cost no more one by one\.", _("The parts cost no more one by one.")),
    (r"The basket is too small to earn a whole unit\.", _("The basket is too small to earn a whole unit.")),
    (r"The extra is smaller than a whole unit\.", _("The extra is smaller than a whole unit.")),
    (
        r"No rule that it multiplies has earned on these lines\.",
        _("No rule that it multiplies has earned on these lines."),
    ),
    (r"There is nothing left that it could take off\.", ""),
    (
        r"The other promotions and caps leave nothing that it could take off\.",
        _("The other promotions and caps leave nothing that it could take off."),
    ),
    (r"No line of this basket qualifies\.|The others save more without it\.|No more promotions may join\.", ""),
    (r"The budget of this promotion is spent\.|Not open on this day\.", ""),
    (r"Needs a coupon\.|Nothing is given for it now\.", ""),
    (r".+ cannot pay here\.|This code cannot be used here\.|No more of this coupon may be used\.", ""),
    (r"This coupon (?:has been used already|has ended|was withdrawn)\.", ""),
    (r"This coupon (?:cannot be used yet|belongs to somebody else)\.", ""),
    (r"This coupon is (?:not for this store|not for this channel|for other members)\.", ""),
    (
        r"Another basket has reserved this coupon, or it is offered to somebody\.",
        _("Another basket has reserved this coupon, or it is offered to somebody."),
    ),
)
_KNOWN = tuple((re.compile(shape), sentence) for shape, sentence in _SAID)


def why(detail: str, currency: str) -> str:
    """The detail of a refused promotion, rule, coupon or line; empty where the code beside it says as much.

    A sentence that nobody knows here, or a condition of the program, is shown as it is.

    Args: detail: the decision's own words. currency: of its amounts.
    """
    for shape, sentence in _KNOWN:
        found = shape.fullmatch(detail)
        if found is not None:
            return str(sentence) % {name: _shown(name, value, currency) for name, value in found.groupdict().items()}
    return detail


def _shown(name: str, value: str, currency: str) -> str:
    if name.startswith("minor"):
        return wording.cash(int(value), currency)
    if name.startswith("n"):
        return f"{int(value):,}"
    if name.startswith("per"):
        return str(PERIODS.get(value, value))
    return value
