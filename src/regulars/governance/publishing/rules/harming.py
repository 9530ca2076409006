"""What a change takes from members: a higher threshold, a shorter expiry, a dearer reward, fewer benefits. Pure.

Terms are what members rely on day by day: units, earn rules, ladders, rewards, benefits, plans and some policies.
Promotions and coupon templates are offers with their own dates; ending one is marked, but needs no notice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from regulars.governance.publishing.rules.differing import short
from regulars.governance.publishing.terms import Field

TERMS = frozenset("units earn_rules ladders rewards benefits packs plans policies".split())

REASONS = {
    "gone": "it is no longer there",
    "dearer": "it costs more",
    "higher": "more is asked for",
    "less": "it gives less",
    "shorter": "it lasts less long",
    "later": "it comes later",
    "fewer": "some of it is no longer there",
    "narrower": "it may hold for fewer members or purchases",
    "harder": "it is harder to keep or to get back",
    "moves": "members would fall to a lower level",
    "other": "it may take something from members",
}

Judge = Callable[[Any, Any], str | None]
_ENDLESS = 10**9
_DEBT = ("only_pending", "within_balance", "owe")
_DOWNGRADE = ("never", "one_level", "to_earned", "to_base")


def _number(value: Any) -> Fraction | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        if isinstance(value, str) and "/" in value:
            over, under = value.split("/", 1)
            return Fraction(int(over), int(under))
        return Fraction(Decimal(value))
    except (ValueError, TypeError, InvalidOperation, ZeroDivisionError, OverflowError):
        return None


def _up(code: str, absent: int | None = None) -> Judge:
    """More is worse. Args: absent: the number that nothing said stands for; None: no limit at all."""

    def judge(before: Any, after: Any) -> str | None:
        a, b = (
            _number(v) if v is not None else (None if absent is None else Fraction(absent)) for v in (before, after)
        )
        if a is None or b is None:
            return None
        return code if b > a else None

    return judge


def _down(code: str, absent: int = 0) -> Judge:
    """Less is worse. Args: absent: the number that nothing said stands for."""

    def judge(before: Any, after: Any) -> str | None:
        a, b = (_number(v) if v is not None else Fraction(absent) for v in (before, after))
        return code if a is not None and b is not None and b < a else None

    return judge


def _lost(before: Any, after: Any) -> str | None:
    """Something of a list, or the thing itself, is gone."""
    if after is None:
        return "fewer"
    if isinstance(before, list | tuple) and isinstance(after, list | tuple):
        return "fewer" if any(one not in after for one in before) else None
    return None


def _narrowed(before: Any, after: Any) -> str | None:
    """A condition is set, or its list no longer holds all that it held; lifting it is safe."""
    if after in (None, [], {}, "", False):
        return None
    if isinstance(before, list | tuple) and isinstance(after, list | tuple) and before:
        return "narrower" if any(one not in after for one in before) else None
    return "narrower"


def _said(code: str) -> Judge:
    """Whatever is said newly, or otherwise than before, may be worse; taking it away is safe."""
    return lambda before, after: code if after not in (None, [], {}, False) else None


def _any(code: str) -> Judge:
    return lambda before, after: code


def _ranked(order: tuple[str, ...], code: str, absent: str) -> Judge:
    def judge(before: Any, after: Any) -> str | None:
        a, b = before or absent, after or absent
        return code if a in order and b in order and order.index(b) > order.index(a) else None

    return judge


def days_of(expiry: Any) -> int | None:
    """How long value lasts at most, roughly in days; None where two policies cannot be compared by a number.

    >>> days_of({"kind": "months", "months": 12}) > days_of({"kind": "days", "days": 300})
    True
    """
    if not isinstance(expiry, Mapping) or expiry.get("kind", "never") == "never":
        return _ENDLESS
    months, days = expiry.get("months"), expiry.get("days")
    if isinstance(months, int) and not isinstance(months, bool):
        return months * 30 + months // 2
    return days if isinstance(days, int) and not isinstance(days, bool) else None


def _expiry(before: Any, after: Any) -> str | None:
    kinds = {e.get("kind") if isinstance(e, Mapping) else "never" for e in (before, after)}
    a, b = days_of(before), days_of(after)
    if b == _ENDLESS:
        return None
    if a is None or b is None or (len(kinds) > 1 and a != _ENDLESS):
        return "shorter"  # kinds that cannot be compared by days alone: told, to be safe
    return "shorter" if b < a else None


# what it takes when one value of an object becomes another; what is judged whole stands in `reasons`
_JUDGES: dict[str, list[tuple[str, Judge]]] = {
    "units": [
        (r"debt", _ranked(_DEBT, "harder", "within_balance")),
        (r"transferable", lambda before, after: "less" if before and not after else None),
        (r"renewed_by", _lost),
    ],
    "earn_rules": [
        (r"rate(\..*)?\.?points", _down("less")),
        (r"rate\.per(\..*)?", _up("less")),
        (r"fixed|per_unit|times", _down("less")),
        (r"when|lines|tenders|kinds|stores|channels|tiers|weekdays", _narrowed),
        (r"caps(\..*)?", _said("less")),
        (r"starts_on", _said("later")),
        (r"ends_on", _said("shorter")),
        (r"unit|basis", _any("other")),
    ],
    "ladders": [
        (r"levels\.[^.]+\.(enter|keep)(\..*)?", _up("higher", 0)),
        (r"levels\.[^.]+", _lost),
        (r"levels\.[^.]+\.milestones\.[^.]+", _lost),
        (r"levels\.[^.]+\.milestones\.[^.]+\.at", _up("higher", 0)),
        (r"levels\.[^.]+\.paid", lambda before, after: "harder" if after else None),
        (r"grace_days|notice_before_fall_days", _down("less")),
        (r"validity\.months|window\.months", _down("shorter", _ENDLESS)),
        (r"downgrade", _ranked(_DOWNGRADE, "harder", "to_earned")),
        (r"match", lambda before, after: "harder" if after == "all" else None),
        (r"measure|measures|window|window\.kind|validity|validity\.to|on_return|upgrade", _any("other")),
    ],
    "rewards": [
        (r"per_member(\.times)?", _down("less", _ENDLESS)),
        (r"levels|audiences", _narrowed),
        (r"cancel\.hours", _down("shorter", _ENDLESS)),
        (r"ends", _said("shorter")),
        (r"auto\.at", _up("higher", 0)),
        (r"gives(\..*)?", _lost),
    ],
    "benefits": [
        (r"quota\.times", _down("less", _ENDLESS)),
        (r"quota", _said("less")),
        (r"for\.everyone", lambda before, after: "narrower" if before and not after else None),
        (r"for\.[^.]+", _lost),
        (r"gives(\..*)?|choose(\.of)?", _lost),
        (r"choose\.pick", _down("less")),
        (r"(.*\.)?(amount|percent|times|factor)", _down("less", _ENDLESS)),
        (r"window\.(before_days|after_days)", _down("shorter")),
    ],
    "packs": [(r"benefits", _lost)],
    "plans": [
        (r"price|trial\.price", _up("dearer", 0)),
        (r"every\.(months|days)|trial\.days|grace_days|refund\.within_days|family\.members", _down("shorter")),
        (r"pause\.(most_days|times_per_year)", _down("less")),
        (r"gives(\.packs|\.level)?", _lost),
        (r"gives\.growth\.per_day", _down("less")),
        (r"trial|pause|refund|family|giftable", _lost),
    ],
    "policies": [
        (r"claims_within_days", _down("shorter", 30)),
        (r"points_tender\.[^.]+\.(points|min)", _up("dearer", 0)),
        (r"points_tender\.[^.]+\.(amount|most_percent)", _down("less", _ENDLESS)),
        (r"points_tender(\.[^.]+)?", _lost),
        (r"earns\.on_points_tender", lambda before, after: "less" if before and not after else None),
        (r"notice_days", _down("less")),
        (r"old_terms(\..*)?", _lost),
    ],
}


def reasons(
    *,
    section: str,
    change: str,
    fields: Iterable[Field],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    has_ended: bool = False,
) -> tuple[str, ...]:
    """Why a change takes something from members, as codes of `REASONS`; nothing for a safe one.

    Args: change: `added`, `changed` or `removed`. has_ended: what is removed was over already.
    """
    if section not in TERMS or change == "added":
        return ()
    if change == "removed":
        return () if has_ended else ("gone",)
    found: list[str] = []
    for field in fields:
        if section == "units" and field.path.split(".")[0] == "expiry":
            found.append(_expiry(before.get("expiry"), after.get("expiry")) or "")
        elif section == "units" and field.path.split(".")[0] == "activation":
            found.append("" if after.get("activation") in (None, {}, {"kind": "at_once"}) else "later")
        elif section == "rewards" and field.path.split(".")[0] in ("price", "price_by_level"):
            found.append(_price(before.get("price"), after.get("price")) or "")
        else:
            found.append(_judged(section, field) or "")
    return tuple(dict.fromkeys(code for code in found if code))


def _judged(section: str, field: Field) -> str | None:
    for pattern, judge in _JUDGES.get(section, ()):
        if re.fullmatch(pattern, field.path):
            return judge(field.before, field.after)
    return None


def _price(before: Any, after: Any) -> str | None:
    """Dearer unless every alternative of before is still there at no more of anything."""
    was, now = ([e for e in side or [] if isinstance(e, Mapping)] for side in (before, after))
    return None if all(any(_at_most(n, w) for n in now) for w in was) else "dearer"


def _at_most(now: Mapping[str, Any], was: Mapping[str, Any]) -> bool:
    units_now, units_was = (e.get("units") or {} for e in (now, was))
    if not isinstance(units_now, Mapping) or not isinstance(units_was, Mapping):
        return False
    if any((_number(n) or 0) > (_number(units_was.get(unit)) or 0) for unit, n in units_now.items()):
        return False
    return (_number(now.get("amount")) or 0) <= (_number(was.get("amount")) or 0)


def sentence(code: str) -> str:
    """A reason in English."""
    return REASONS.get(code, short(code))
