"""The section `coupon_templates` of a program document, read with every fault and written canonically. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from regulars.kernel.reading import Fault, Reader
from regulars.value.coupons.rules import codes
from regulars.value.coupons.terms import Alphabet, Holders, Limits, Returns, Template, Validity

MOST_TEMPLATES = 5_000
MOST_DAYS = 3_660
LEAST_SPACE = 10**9  # a thousand codes, a million guesses each
MOST_REMINDERS = 5
_NOTHING = Template(key="")


class Known:
    """What the document defines elsewhere; None where it does not say, and then nothing is checked against it."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.stores = _keys(document.get("stores"))
        self.channels = _keys(document.get("channels"))
        ladders = document.get("ladders")
        levels = [x.get("levels") for x in ladders if isinstance(x, Mapping)] if isinstance(ladders, list) else None
        self.tiers = frozenset().union(*[_keys(v) or frozenset() for v in levels]) if levels is not None else None


def _keys(entries: Any) -> frozenset[str] | None:
    if not isinstance(entries, list | tuple):
        return None
    return frozenset(e["key"] for e in entries if isinstance(e, Mapping) and isinstance(e.get("key"), str))


def read(document: Mapping[str, Any], *, version: int = 0) -> tuple[tuple[Template, ...], list[Fault]]:
    """The templates of a document, with every fault; other sections are only looked up for what they define."""
    faults: list[Fault] = []
    known = Known(document)
    top = Reader({"coupon_templates": document.get("coupon_templates")}, "", faults)
    found: list[Template] = []
    seen: set[str] = set()
    for n, entry in enumerate(top.children("coupon_templates", most=MOST_TEMPLATES)):
        template = _template(entry, known, version)
        if template.key and template.key in seen:
            top.fault(f"coupon_templates.{n}.key", f"{template.key!r} is the key of another template too")
        seen.add(template.key)
        found.append(template)
    return tuple(found), faults


def _template(entry: Reader, known: Known, version: int) -> Template:
    gives = entry.raw("gives")
    if not isinstance(gives, Mapping):
        entry.fault("gives", "is missing: what the coupon gives, as a promotion without key")
        gives = {}
    elif "key" in gives:
        entry.fault("gives.key", "has no place here: the promotion is called after the template")
    pattern, alphabet = _code(entry)
    template = Template(
        key=entry.key(),
        version=version,
        names=entry.names("name"),
        note=entry.text("note"),
        gives=_plain(gives),
        validity=_validity(entry),
        stores=entry.keys("stores", known=known.stores, what="store"),
        channels=entry.keys("channels", known=known.channels, what="channel"),
        holders=_holders(entry, known),
        limits=_limits(entry),
        pattern=pattern,
        alphabet=alphabet,
        giftable=entry.flag("giftable"),
        returns=entry.choice("returns", Returns, Returns.RESTORE),
        reminders=_reminders(entry),
    )
    entry.done()
    return template


def _plain(value: Any) -> Any:
    """What coupons give, as JSON holds it; otherwise untouched."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else value


def _code(entry: Reader) -> tuple[str, Alphabet]:
    code = entry.child("code")
    if code is None:
        return _NOTHING.pattern, _NOTHING.alphabet
    alphabet = code.choice("alphabet", Alphabet, Alphabet.CLEAR)
    pattern = code.text("pattern", _NOTHING.pattern, longest=codes.LONGEST).replace("-", "").replace(" ", "")
    fault = codes.pattern_fault(pattern, alphabet)
    if not fault and codes.space(pattern, alphabet) < LEAST_SPACE:
        fault = f"has only {codes.space(pattern, alphabet)} codes: they could be guessed; {LEAST_SPACE} are needed"
    if fault:
        code.fault("pattern", fault)
    code.done()
    return (_NOTHING.pattern, _NOTHING.alphabet) if fault else (pattern, alphabet)


def _validity(entry: Reader) -> Validity:
    told = entry.child("validity")
    if told is None:
        return Validity()
    found = Validity(
        starts_on=told.day("starts"),
        ends_on=told.day("ends"),
        days=told.whole("days", least=1, most=MOST_DAYS),
        months=told.whole("months", least=1, most=120),
        after_days=told.whole("after_days", 0, most=MOST_DAYS) or 0,
    )
    is_fixed = found.starts_on is not None or found.ends_on is not None
    if (is_fixed + (found.days is not None) + (found.months is not None)) > 1:
        told.fault("", "is either fixed (starts, ends), or days, or months from issue")
    if found.starts_on and found.ends_on and found.ends_on < found.starts_on:
        told.fault("ends", "comes before starts")
    if found.after_days and found.days is None and found.months is None:
        told.fault("after_days", "needs days or months")
    told.done()
    return found


def _holders(entry: Reader, known: Known) -> Holders:
    who = entry.child("who")
    if who is None:
        return Holders()
    found = Holders(
        members_only=who.flag("members_only"),
        tiers=who.keys("tiers", known=known.tiers, what="level"),
        audiences=who.keys("audiences"),
    )
    who.done()
    return found


def _limits(entry: Reader) -> Limits:
    told = entry.child("limits")
    if told is None:
        return Limits()
    most = 10**9
    found = Limits(
        claim=told.whole("claim", least=1, most=most),
        hold=told.whole("hold", least=1, most=most),
        redeem=told.whole("redeem", least=1, most=most),
        total=told.whole("total", least=1, most=10**15),
    )
    told.done()
    return found


def _reminders(entry: Reader) -> tuple[int, ...]:
    days = entry.raw("reminders")
    if days is None:
        return ()
    is_list = isinstance(days, list | tuple) and len(days) <= MOST_REMINDERS
    if not is_list or not all(isinstance(d, int) and not isinstance(d, bool) and 1 <= d <= 365 for d in days):
        entry.fault("reminders", f"must be at most {MOST_REMINDERS} numbers of days before the end, 1 to 365")
        return ()
    return tuple(sorted(set(days), reverse=True))


def write(templates: tuple[Template, ...]) -> dict[str, Any]:
    """The section in its one canonical form; `gives` as it was read."""
    return {"coupon_templates": [write_one(t) for t in templates]}


def write_one(t: Template) -> dict[str, Any]:
    """One entry, without what is as by default."""
    v, w = t.validity, t.holders
    validity: dict[str, Any] = {
        "starts": v.starts_on.isoformat() if v.starts_on else None,
        "ends": v.ends_on.isoformat() if v.ends_on else None,
        "days": v.days,
        "months": v.months,
        "after_days": v.after_days or None,
    }
    who = {"members_only": w.members_only or None, "tiers": list(w.tiers), "audiences": list(w.audiences)}
    limits = {"claim": t.limits.claim, "hold": t.limits.hold, "redeem": t.limits.redeem, "total": t.limits.total}
    is_plain = (t.pattern, t.alphabet) == (_NOTHING.pattern, _NOTHING.alphabet)
    entry = {
        "key": t.key,
        "name": dict(t.names),
        "note": t.note,
        "validity": {k: x for k, x in validity.items() if x is not None},
        "stores": list(t.stores),
        "channels": list(t.channels),
        "who": {k: x for k, x in who.items() if x},
        "limits": {k: x for k, x in limits.items() if x is not None},
        "code": {} if is_plain else {"pattern": t.pattern, "alphabet": t.alphabet.value},
        "giftable": t.giftable,
        "returns": t.returns.value if t.returns is not Returns.RESTORE else "",
        "reminders": list(t.reminders),
    }
    return {**{k: x for k, x in entry.items() if x}, "gives": dict(t.gives)}
