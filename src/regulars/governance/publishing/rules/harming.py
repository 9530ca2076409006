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
_PERIODS = {"month": 31, "quarter": 92, "year": 366}
_SPANS = ("day", "week", "month", "quarter", "year", "membership_year", "lifetime")
_CANCEL = ("used", "fulfilled", "sent", "accepted", "never")
_WAYS = ("rate", "fixed", "per_unit", "times")
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


def _lasting(expiry: Any) -> tuple[int, int] | None:
    """How long value lasts at least and at most, roughly in days; None where no number says so.

    >>> _lasting({"kind": "rolling", "months": 12}), _lasting({"kind": "end_of", "period": "year", "after": 1})
    ((366, 366), (366, 732))
    """
    told = expiry if isinstance(expiry, Mapping) else {}
    kind = told.get("kind", "never")
    if kind == "never":
        return _ENDLESS, _ENDLESS
    if kind == "end_of":
        one, after = _PERIODS.get(str(told.get("period"))), _number(told.get("after") or 0)
        return (int(after) * one, (int(after) + 1) * one) if one and after is not None else None
    months, days = (_number(told.get(name) or 0) for name in ("months", "days"))
    if kind not in ("rolling", "inactivity") or months is None or days is None:
        return None
    found = int(months) * 30 + int(months) // 2 + int(days)
    return found, found


def _of_tiers(expiry: Any) -> dict[str, Any]:
    """What holds for each level that a policy names, and for the others under an empty name."""
    if isinstance(expiry, Mapping) and expiry.get("kind") == "by_tier":
        tiers = expiry.get("tiers")
        return {**(dict(tiers) if isinstance(tiers, Mapping) else {}), "": expiry.get("otherwise")}
    return {"": expiry}


def _expiry(before: Any, after: Any) -> str | None:
    was, now = _of_tiers(before), _of_tiers(after)
    shorter = any(_ends_sooner(was.get(level, was[""]), now.get(level, now[""])) for level in {*was, *now})
    return "shorter" if shorter else None


def _ends_sooner(before: Any, after: Any) -> bool:
    """Whether some value may end sooner than before; kinds that no number compares are told, to be safe."""
    if before == after:
        return False
    kinds = [e.get("kind", "never") if isinstance(e, Mapping) else "never" for e in (before, after)]
    if kinds == ["fixed", "fixed"]:
        return str(after.get("on")) < str(before.get("on"))
    old, new = _lasting(before), _lasting(after)
    if new is None or old is None:
        return kinds[1] != "never"
    if kinds == ["end_of", "end_of"] and before.get("period") == after.get("period"):
        return new < old
    if "inactivity" in kinds and kinds[0] != kinds[1]:
        return kinds[1] != "never"
    return new[0] < old[1]


def _activation(before: Any, after: Any) -> str | None:
    was, now = (v if isinstance(v, Mapping) else {} for v in (before, after))
    if now.get("kind", "at_once") == "at_once":
        return None
    if was.get("kind") == now.get("kind") == "after":
        return _up("later")(was.get("days"), now.get("days"))
    return "later"


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
        (r"kinds", lambda before, after: _narrowed(before or ["goods"], after or ["goods"])),
        (r"multiplies", lambda before, after: _narrowed(None if before in (None, ["*"]) else before, after)),
        (r"when|lines|tenders|stores|channels|tiers|weekdays", _narrowed),
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
        (r"validity\.(months|years)|window\.months", _down("shorter", _ENDLESS)),
        (r"downgrade", _ranked(_DOWNGRADE, "harder", "to_earned")),
        (r"match", lambda before, after: "harder" if after == "all" else None),
        (r"measure|measures|window|window\.kind|validity|validity\.to|on_return|upgrade", _any("other")),
    ],
    "rewards": [
        (r"per_member", _said("less")),
        (r"per_member\.times", _down("less", _ENDLESS)),
        (r"per_member\.period", _ranked(_SPANS, "less", "lifetime")),
        (r"levels|audiences|stores", _narrowed),
        (r"cancel", lambda before, after: _cancel(before, after)),
        (r"cancel\.until", _ranked(_CANCEL, "harder", "sent")),
        (r"cancel\.hours", _down("shorter", _ENDLESS)),
        (r"pay_within_hours", _down("shorter", 24)),
        (r"starts", _said("later")),
        (r"ends", _said("shorter")),
        (r"auto\.at", _up("higher", 0)),
        (r"auto|waiting_list|sessions\.[^.]+", lambda before, after: None if after else "fewer"),
        (r"gives\.count", _down("less", 1)),
        (r"gives(\..*)?", _any("other")),
    ],
    "benefits": [
        (r"quota\.times", _down("less", _ENDLESS)),
        (r"quota", _said("less")),
        (r"quota\.period", _ranked(_SPANS, "less", "lifetime")),
        (r"kind", _any("other")),
        (r"milestones", _narrowed),
        (r"day\..*", _lost),
        (r"day", lambda before, after: "fewer" if after and not before else None),
        (r"on_reversal", lambda before, after: "harder" if before == "keep" else None),
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
        (r"gives(\.packs|\.level|\.growth)?", _lost),
        (r"gives\.growth\.per_day", _down("less")),
        (r"gives\.(level|growth)\..*", _any("other")),
        (r"for(\.levels)?", _narrowed),
        (r"trial|pause|refund|family", _lost),
        (r"refund\.when_used", lambda before, after: "less" if before not in (None, "none") else None),
        (r"giftable", lambda before, after: "less" if before and not after else None),
        (r"renews", lambda before, after: "harder" if after == "current" else None),
        (r"notice_days", _down("less", 7)),
        (r"gift_claim_days", _down("shorter", _ENDLESS)),
    ],
    "policies": [
        (r"claims_within_days", _down("shorter", 30)),
        (r"points_tender\.[^.]+\.(points|min)", _up("dearer", 0)),
        (r"points_tender\.[^.]+\.(amount|most_percent)", _down("less", _ENDLESS)),
        (r"points_tender(\.[^.]+)?", _lost),
        (r"earns\.on_points_tender", lambda before, after: "less" if before and not after else None),
        (r"notice_days|lowest_price_days|old_terms\.most_days", _down("less")),
        (r"old_terms\.keep", lambda before, after: "less" if after in (None, "none") else None),
        (r"old_terms", _lost),
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
            found.append(_activation(before.get("activation"), after.get("activation")) or "")
        elif section == "rewards" and field.path.split(".")[0] in ("price", "price_by_level"):
            found.append(_prices(before, after) or "")
        elif section == "earn_rules" and field.path in _WAYS and field.after is None:
            found.append("other")  # it gives in another way than before
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


def _prices(before: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
    """Dearer for anybody: by the price of all, or by that of one of the levels that have their own."""
    was, now = (e.get("price_by_level") or {} for e in (before, after))
    if not isinstance(was, Mapping) or not isinstance(now, Mapping):
        return "dearer"
    pairs = [(before.get("price"), after.get("price"))]
    pairs += [(was.get(one, before.get("price")), now.get(one, after.get("price"))) for one in {*was, *now}]
    return next((code for a, b in pairs if (code := _price(a, b))), None)


def _cancel(before: Any, after: Any) -> str | None:
    """The whole of a cancelling rule is said newly, or no longer."""
    was, now = (v if isinstance(v, Mapping) else {} for v in (before, after))
    until = _ranked(_CANCEL, "harder", "sent")(was.get("until"), now.get("until"))
    return until or _down("shorter", _ENDLESS)(was.get("hours"), now.get("hours"))


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
