"""What is wrong with a promotion, in the reader's words: each English message of a fault is known by its shape."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.utils.translation import get_language, gettext, pgettext_lazy
from django.utils.translation import gettext_noop as _

NOUNS: dict[str, Any] = {
    "audience": pgettext_lazy("fault", "audience"),
    "benefit": pgettext_lazy("fault", "benefit"),
    "brand": pgettext_lazy("fault", "brand"),
    "channel": pgettext_lazy("fault", "channel"),
    "level": pgettext_lazy("fault", "level"),
    "plan": pgettext_lazy("fault", "plan"),
    "promotion": pgettext_lazy("fault", "promotion"),
    "store": pgettext_lazy("fault", "store"),
    "tender": pgettext_lazy("fault", "tender"),
    "rule": pgettext_lazy("fault", "rule"),
    "unit": pgettext_lazy("fault", "unit"),
    "coupon template": pgettext_lazy("fault", "coupon template"),
    "weekday": pgettext_lazy("fault", "weekday"),
    "kind": pgettext_lazy("fault", "kind"),
    "earn rule": pgettext_lazy("fault", "earn rule"),
}
# The first whose shape fits counts: what says more stands before what says less.
_SAID: tuple[str, ...] = (
    _("is missing"),
    _("is longer than %(most)s characters"),
    _("holds an invisible sign"),
    _("is empty; leave it out where every one counts"),
    _("must be true or false, not %(said)s"),
    _("must be a mapping of names to values, not %(said)s"),
    _("must be a text, not %(said)s; put it in quotes"),
    _("must be a text of at most %(most)s signs, not %(said)s"),
    _("%(said)s must be lower-case letters, digits, '_', '.' or '-', at most 64"),
    _("must be a list of keys"),
    _("must be a list, not %(said)s"),
    _("must be a whole number, not %(said)s"),
    _("must be a number, not %(said)s"),
    _("must be a number with at most 18 digits, not %(said)s"),
    _("must be between %(least)s and %(most)s, not %(said)s"),
    _("must be one of %(list)s, not %(said)s"),
    _("must be a day as 2026-12-31, not %(said)s"),
    _("must be a day as 2026-12-31 or a moment as 2026-12-31T20:00, not %(said)s"),
    _("must be a time of day as '09:30', not %(said)s"),
    _("must be a whole minute"),
    _("must be a language as en or zh-Hans"),
    _("has %(n)s entries; at most %(most)s are allowed"),
    _("there is no such field; known are %(list)s"),
    _("%(said)s is said twice"),
    _("there is no unit %(said)s in this program"),
    _("there is no audience %(said)s in this program"),
    _("there is no benefit %(said)s in this program"),
    _("there is no ladder %(said)s in this program"),
    _("there is no coupon template %(said)s in this program"),
    _("there is no %(noun)s %(said)s in this program"),
    _("there is no level %(said)s on the ladder %(ladder)s"),
    _("%(said)s is the key of another promotion too"),
    _("%(said)s is the key of another rule too"),
    _("%(said)s is the key of another group too"),
    _("%(said)s is the key of another prize too"),
    _("lies before starts"),
    _("must be an amount above zero with at most %(n)s decimals"),
    _("must be an amount of zero or more with at most %(n)s decimals"),
    _("must be a percentage above 0 and at most 100 with at most %(n)s decimals"),
    _("must be an amount, or map currencies of three capital letters to amounts"),
    _("must be above 1 and at most %(most)s: 2, 1.5 or '4/3'"),
    _("say amount or minor, not both"),
    _("must say an amount or a quantity"),
    _("must say exactly one of sku and choose_from"),
    _("must say exactly one of off and percent"),
    _("must say exactly one of rate, fixed, per_unit and times; this says %(list)s"),
    _("must say exactly one of rate, fixed, per_unit and times"),
    _("is missing: the money that earns the points, in major units"),
    _("is missing: the factor of a multiplier"),
    _("belongs to the multiplied rules"),
    _("belongs to the multiplied rule, not to the multiplier"),
    _("is missing: what the promotion brings"),
    _("is missing: the goods that belong together"),
    _("is missing: which goods this part is"),
    _("is missing: at least one amount and what it takes off"),
    _("is missing: what can be won, with weights"),
    _("is missing: what is said, by language"),
    _("is missing: what the cashier reads, by language"),
    _("must rise from one to the next"),
    _("takes off more than the amount it begins at"),
    _("goes with amounts, not with percentages"),
    _("a prize is one certain gift"),
    _("a prize earns a `fixed` number"),
    _("names more than %(most)s goods"),
    _("names the promotion itself"),
    _("%(said)s cannot be both always and never"),
    _("%(said)s brings something by itself, or is a choice: a sale cannot use it"),
    _("coupon: only what coupons give is counted per coupon"),
    _("there is another limit of %(action)s per %(per)s and %(period)s"),
    _("must differ from `from`; a window past midnight ends before it begins: 22:00 to 02:00"),
    _("depends on the day it starts on; say `starts`, or BYDAY, BYMONTHDAY or BYYEARDAY"),
    _("FREQ must be one of %(list)s"),
    _("WKST must be one of %(list)s"),
    _("COUNT and UNTIL exclude each other"),
    _("UNTIL must be a day as 20261231"),
    _("%(said)s is not NAME=VALUE"),
    _("%(said)s: not known here; days recur, hours have a field of their own"),
    _("%(said)s must be a number from %(least)s to %(most)s, not 0"),
    _("%(said)s must be a number from %(least)s to %(most)s"),
    _("%(said)s must be MO to SU, or the n-th of a month: 1FR, -1SU"),
    _("%(said)s: the n-th weekday is of a month or a year"),
    _("the expression is empty; write a condition, or `true` for always"),
    _("the expression has %(n)s characters; at most %(most)s are allowed"),
    _("the expression is nested deeper than %(most)s; split it"),
    _("the expression is nested too deep; split it"),
    _("brackets are nested deeper than %(most)s; split the expression"),
    _("the invisible sign %(sign)s does not belong here; remove it"),
    _("more than %(most)s parts are joined by &&; use a list: %(list)s"),
    _("the expression ends too early; something is missing here"),
    _("this was not expected here (%(said)s); join conditions with && or ||, compare with =="),
    _("this sign does not belong here; text stands in quotes: 'gold'"),
    _("%(said)s: this word is kept by the language; choose another name"),
    _("%(said)s: nothing lies below this fact; remove what follows the dot"),
    _("`%(name)s` is called as %(call)s"),
    _("`%(name)s` is not known here; did you mean %(list)s?"),
    _("`%(name)s` is not known here, or not with these arguments; the reference lists what can be asked"),
    _("`%(name)s` cannot take (%(types)s); it is called as %(call)s"),
    _("`%(name)s` cannot take (%(types)s); write values of the type that it takes: 'text', 12, 1.5, true"),
    _("this gives a %(type)s, not true or false; compare it with something: … == 'gold'"),
    _(
        "%(n)s operations stand inside exists or all; at most %(most)s may: compare with a list, x in ['a', "
        "'b'], or move out what is the same for every item"
    ),
    _("map and filter are not offered; ask with exists, all or exists_one"),
    _("the pattern of matches() must be written out: channel.matches('^t')"),
    _("dyn() switches the check of types off; convert with int(), double() or string() instead"),
    _("`%(name)s` cannot be made here; use numbers, text, lists and maps"),
    _("`%(name)s` is the name of a fact; choose another for the item of the list"),
    _("has() asks for a key of a map; `%(name)s` is a fact: without it the condition is simply not met"),
    _("has() argument must be a field selection"),
    _("%(said)s is wrong for %(name)s(): %(why)s"),
    _("not understood: %(said)s"),
    _("say at least one line with its amount"),
    _("has too many digits for this currency"),
    _("must be a number"),
    _("must be a moment as 2026-05-01T09:30"),
    _("must be a JSON object"),
)
_NAMED = re.compile(r"%\\\((\w+)\\\)s")
_PLACE = re.compile(r"(\d+:\d+): (.+)", re.DOTALL)
# The shape of each: what translators see is an English sentence with names for what differs.
_KNOWN = tuple((re.compile(_NAMED.sub(r"(?P<\1>.+?)", re.escape(told)), re.DOTALL), told) for told in _SAID)


def in_words(message: str) -> str:
    """A fault's message in the reader's language; one that nobody knows here, and any in English, as it is.

    >>> in_words("is missing")
    'is missing'
    """
    if (get_language() or "en").startswith("en"):
        return message
    placed = _PLACE.fullmatch(message)  # of a condition: line and column stand before what is wrong
    if placed is not None:
        return f"{placed[1]}: {in_words(placed[2])}"
    for shape, sentence in _KNOWN:
        found = shape.fullmatch(message)
        if found is not None:
            named = found.groupdict()
            if "noun" in named:
                named["noun"] = str(NOUNS.get(named["noun"], named["noun"]))
            return gettext(sentence) % named
    return message


def all_in_words(found: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Faults by path, each in the reader's language."""
    return [(path, in_words(message)) for path, message in found]
