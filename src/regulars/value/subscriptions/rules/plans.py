"""The section `plans` of a program document, read with every fault and written canonically. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regulars.kernel import money
from regulars.kernel.errors import Invalid
from regulars.kernel.reading import Fault, Reader
from regulars.value.subscriptions.terms import Every, Gives, Plan, RefundRule, Renews, When, WhenUsed

MOST_PLANS = 500
MOST_MINOR = 10**12
MOST_TRIES = 10
MOST_GUESTS = 50
_NOTHING = Plan(key="")


class Known:
    """What the document defines elsewhere; None where it does not say, and then nothing is checked against it."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.currency = _currency(document)
        self.packs = _keys(document.get("packs"))
        self.units = _keys(document.get("units"))
        ladders = document.get("ladders")
        self.levels = (
            {x["key"]: _keys(x.get("levels")) or frozenset() for x in ladders if isinstance(x, Mapping) and _key(x)}
            if isinstance(ladders, list | tuple)
            else None
        )

    @property
    def places(self) -> frozenset[str] | None:
        """Every level as ladder/level."""
        if self.levels is None:
            return None
        return frozenset(f"{ladder}/{level}" for ladder, levels in self.levels.items() for level in levels)


def _key(entry: Mapping[str, Any]) -> bool:
    return isinstance(entry.get("key"), str)


def _keys(entries: Any) -> frozenset[str] | None:
    if not isinstance(entries, list | tuple):
        return None
    return frozenset(e["key"] for e in entries if isinstance(e, Mapping) and _key(e))


def _currency(document: Mapping[str, Any]) -> str:
    program = document.get("program")
    said = program.get("currency") if isinstance(program, Mapping) else None
    return said if isinstance(said, str) and len(said) == 3 and said.isascii() and said.isupper() else "XXX"


def read(document: Mapping[str, Any], *, version: int = 0) -> tuple[tuple[Plan, ...], list[Fault]]:
    """The plans of a document, with every fault; other sections are only looked up for what they define."""
    faults: list[Fault] = []
    known = Known(document)
    top = Reader({"plans": document.get("plans")}, "", faults)
    found: list[Plan] = []
    for n, entry in enumerate(top.children("plans", most=MOST_PLANS)):
        plan = _plan(entry, known, version)
        if plan.key and plan.key in {p.key for p in found}:
            top.fault(f"plans.{n}.key", f"{plan.key!r} is the key of another plan too")
        found.append(plan)
    return tuple(found), faults


def _plan(entry: Reader, known: Known, version: int) -> Plan:
    trial, pause, cancel = entry.child("trial"), entry.child("pause"), entry.child("cancel")
    change, family, whom = entry.child("change"), entry.child("family"), entry.child("for")
    plan = Plan(
        key=entry.key(),
        version=version,
        names=entry.names("name"),
        note=entry.text("note"),
        of=entry.key("of", required=False),
        levels=whom.keys("levels", known=known.places, what="level") if whom else (),
        price_minor=_minor(entry, "price", known.currency, is_required=True),
        every=_every(entry),
        trial_days=_whole(trial, "days", least=1, most=366, is_required=True),
        trial_minor=_minor(trial, "price", known.currency) if trial else 0,
        grace_days=entry.whole("grace_days", 0, most=90) or 0,
        dunning=_dunning(entry),
        pause_days=_whole(pause, "most_days", least=1, most=366, is_required=True),
        pauses_a_year=_whole(pause, "times_per_year", default=1, least=1, most=52),
        cancel=cancel.choice("when", When, _NOTHING.cancel) if cancel else _NOTHING.cancel,
        refund=_refund(entry),
        gives=_gives(entry, known),
        guests=_whole(family, "members", least=1, most=MOST_GUESTS, is_required=True),
        giftable=entry.flag("giftable"),
        notice_days=_or(entry.whole("notice_days", _NOTHING.notice_days, most=60), 0),
        gift_claim_days=entry.whole("gift_claim_days", 0, least=1, most=3_660) or 0,
        up=change.choice("up", When, _NOTHING.up) if change else _NOTHING.up,
        down=change.choice("down", When, _NOTHING.down) if change else _NOTHING.down,
        renews=entry.choice("renews", Renews, _NOTHING.renews),
    )
    if plan.gift_claim_days and not plan.giftable:
        entry.fault("gift_claim_days", "is the time of a gift, and this plan cannot be given as one")
    if plan.dunning and plan.grace_days < plan.dunning[-1]:
        entry.fault("grace_days", "must reach at least to the last day of dunning, or the last tries come too late")
    for part in (trial, pause, cancel, change, family, whom):
        if part is not None:
            part.done()
    entry.done()
    return plan


def _or(found: int | None, other: int) -> int:
    return other if found is None else found


def _whole(
    entry: Reader | None, name: str, *, default: int = 0, least: int, most: int, is_required: bool = False
) -> int:
    if entry is None:
        return 0
    found = entry.whole(name, default or None, least=least, most=most)
    if found is None and is_required and not entry.has(name):
        entry.fault(name, "is missing")
    return found or default


def _minor(entry: Reader, name: str, currency: str, *, is_required: bool = False) -> int:
    number = entry.number(name)
    if number is None:
        if is_required and not entry.has(name):
            entry.fault(name, "is missing")
        return 0
    try:
        decimals = money.exponent(currency)
    except Invalid:
        decimals = 2
    found = number.scaleb(decimals)
    if not 0 <= found <= MOST_MINOR or found != found.to_integral_value():
        entry.fault(name, f"must be an amount of zero or more with at most {decimals} decimals")
        return 0
    return int(found)


def _every(entry: Reader) -> Every:
    told = entry.child("every")
    if told is None:
        entry.fault("every", "is missing: a number of months or of days")
        return _NOTHING.every
    found = Every(months=told.whole("months", least=1, most=120), days=told.whole("days", least=1, most=3_660))
    if (found.months is None) == (found.days is None):
        told.fault("", "is a number of months or a number of days")
        found = _NOTHING.every
    told.done()
    return found


def _dunning(entry: Reader) -> tuple[int, ...]:
    days = entry.raw("dunning")
    if days is None:
        return ()
    is_list = isinstance(days, list | tuple) and len(days) <= MOST_TRIES
    if not is_list or not all(isinstance(d, int) and not isinstance(d, bool) and 1 <= d <= 90 for d in days):
        entry.fault("dunning", f"must be at most {MOST_TRIES} numbers of days after the due day, 1 to 90")
        return ()
    return tuple(sorted(set(days)))


def _refund(entry: Reader) -> RefundRule:
    told = entry.child("refund")
    if told is None:
        return RefundRule()
    found = RefundRule(
        within_days=_whole(told, "within_days", least=1, most=366, is_required=True),
        when_used=told.choice("when_used", WhenUsed, WhenUsed.NONE),
    )
    told.done()
    return found


def _gives(entry: Reader, known: Known) -> Gives:
    told = entry.child("gives")
    if told is None:
        return Gives()
    level, growth = told.child("level"), told.child("growth")
    found = Gives(
        packs=told.keys("packs", known=known.packs, what="pack"),
        ladder=level.key("ladder") if level else "",
        level=level.key("level") if level else "",
        growth_unit=growth.key("unit") if growth else "",
        growth_per_day=_whole(growth, "per_day", least=1, most=10**9, is_required=True),
    )
    if level is not None:
        if known.levels is not None and found.level and found.level not in known.levels.get(found.ladder, ()):
            level.fault("level", f"there is no level {found.level!r} on a ladder {found.ladder!r} in this program")
        level.done()
    if growth is not None:
        if known.units is not None and found.growth_unit and found.growth_unit not in known.units:
            growth.fault("unit", f"there is no unit {found.growth_unit!r} in this program")
        growth.done()
    told.done()
    return found


def write(plans: tuple[Plan, ...], currency: str) -> dict[str, Any]:
    """The section in its one canonical form."""
    return {"plans": [write_one(p, currency) for p in plans]}


def write_one(p: Plan, currency: str) -> dict[str, Any]:
    """One entry, without what is as by default. Money as text in major units."""
    every = {"months": p.every.months} if p.every.months is not None else {"days": p.every.days}
    trial: dict[str, Any] = {"days": p.trial_days} if p.trial_days else {}
    if p.trial_minor:
        trial["price"] = money.to_text(p.trial_minor, currency)
    gives: dict[str, Any] = {"packs": list(p.gives.packs)} if p.gives.packs else {}
    if p.gives.level:
        gives["level"] = {"ladder": p.gives.ladder, "level": p.gives.level}
    if p.gives.growth_per_day:
        gives["growth"] = {"unit": p.gives.growth_unit, "per_day": p.gives.growth_per_day}
    refund = {"within_days": p.refund.within_days, "when_used": p.refund.when_used.value}
    change = {"up": p.up, "down": p.down}
    entry: dict[str, Any] = {
        "key": p.key,
        "name": dict(p.names),
        "note": p.note,
        "of": p.of,
        "for": {"levels": list(p.levels)} if p.levels else {},
        "price": money.to_text(p.price_minor, currency),
        "every": every,
        "trial": trial,
        "grace_days": p.grace_days,
        "dunning": list(p.dunning),
        "pause": {"most_days": p.pause_days, "times_per_year": p.pauses_a_year} if p.pause_days else {},
        "cancel": {"when": p.cancel.value} if p.cancel is not _NOTHING.cancel else {},
        "refund": refund if p.refund.within_days else {},
        "gives": gives,
        "family": {"members": p.guests} if p.guests else {},
        "giftable": p.giftable,
        "gift_claim_days": p.gift_claim_days,
        "change": {k: v.value for k, v in change.items() if v is not getattr(_NOTHING, k)},
        "renews": p.renews.value if p.renews is not _NOTHING.renews else "",
    }
    told = {k: x for k, x in entry.items() if x}
    return told if p.notice_days == _NOTHING.notice_days else {**told, "notice_days": p.notice_days}
