"""The sections `benefits` and `packs` of a program document, read with every fault and written canonically. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from regulars.kernel import money
from regulars.kernel.errors import Invalid
from regulars.kernel.reading import Fault, Reader
from regulars.value.benefits.rules import writing
from regulars.value.benefits.terms import (
    ON_NEWS,
    YEARLY,
    Benefit,
    Choose,
    Days,
    Given,
    Kind,
    LeapDay,
    OnReversal,
    Pack,
    Period,
    Quota,
    Whose,
)

MOST = 2_000
MOST_GIVEN = 10
MOST_DAYS = 366
_MOST_MINOR = 10**12
ABOVE = "+"  # after a level: that one and those above it


class Known:
    """What the document defines elsewhere; None where it does not say, and then nothing is checked against it."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.currency = _currency(document)
        self.units = _keys(document.get("units"))
        self.templates = _keys(document.get("coupon_templates"))
        self.rewards = _keys(document.get("rewards"))
        self.plans = _keys(document.get("plans"))
        self.audiences = _keys(document.get("audiences"))
        self.packs = _keys(document.get("packs")) or frozenset()
        self.benefits = _keys(document.get("benefits")) or frozenset()
        self.levels = _levels(document.get("ladders"))
        self.milestones = _milestones(document.get("ladders"))


def _keys(entries: Any) -> frozenset[str] | None:
    if not isinstance(entries, list | tuple):
        return None
    return frozenset(e["key"] for e in entries if isinstance(e, Mapping) and isinstance(e.get("key"), str))


def _levels(ladders: Any) -> dict[str, tuple[str, ...]] | None:
    """The levels of each ladder, lowest first."""
    if not isinstance(ladders, list | tuple):
        return None
    return {
        x["key"]: tuple([v["key"] for v in _mappings(x.get("levels")) if isinstance(v.get("key"), str)])
        for x in _mappings(ladders)
        if isinstance(x.get("key"), str)
    }


def _milestones(ladders: Any) -> frozenset[str] | None:
    if not isinstance(ladders, list | tuple):
        return None
    levels = [v for x in _mappings(ladders) for v in _mappings(x.get("levels"))]
    return frozenset(str(m.get("key")) for v in levels for m in _mappings(v.get("milestones")))


def _mappings(entries: Any) -> Iterator[Mapping[str, Any]]:
    return (e for e in entries if isinstance(e, Mapping)) if isinstance(entries, list | tuple) else iter(())


def _currency(document: Mapping[str, Any]) -> str:
    program = document.get("program")
    said = program.get("currency") if isinstance(program, Mapping) else None
    return said if isinstance(said, str) and len(said) == 3 and said.isascii() and said.isupper() else "XXX"


def read(document: Mapping[str, Any]) -> tuple[tuple[Benefit, ...], tuple[Pack, ...], list[Fault]]:
    """The benefits and packs of a document, with every fault; other sections are looked up for what they define."""
    faults: list[Fault] = []
    known = Known(document)
    top = Reader({"benefits": document.get("benefits"), "packs": document.get("packs")}, "", faults)
    benefits = tuple([_benefit(entry, known) for entry in top.children("benefits", most=MOST)])
    packs = tuple([_pack(entry, known) for entry in top.children("packs", most=MOST)])
    _each_once(top, "benefits", [b.key for b in benefits])
    _each_once(top, "packs", [p.key for p in packs])
    _one_leap_day(top, benefits)
    by_key = {b.key: b for b in benefits}
    for n, b in enumerate(benefits):
        for m, key in enumerate(b.choose.of if b.choose else ()):
            other = by_key.get(key)
            if other is not None and (other.choose or other.comes_by_itself):
                top.fault(f"benefits.{n}.choose.of.{m}", f"{key!r} cannot be chosen: it comes by itself or is one")
    return benefits, packs, faults


def _one_leap_day(top: Reader, benefits: tuple[Benefit, ...]) -> None:
    """Gifts of one sort arrive together: they cannot disagree about when 29 February is celebrated."""
    first: dict[Kind, LeapDay] = {}
    for n, b in enumerate(benefits):
        if b.kind in YEARLY and first.setdefault(b.kind, b.leap_day) is not b.leap_day:
            top.fault(f"benefits.{n}.leap_day", f"must be {first[b.kind]} as that of other benefits of kind {b.kind}")


def _each_once(top: Reader, section: str, keys: list[str]) -> None:
    for n, key in enumerate(keys):
        if key and key in keys[:n]:
            top.fault(f"{section}.{n}.key", f"{key!r} is the key of another entry too")


def _pack(entry: Reader, known: Known) -> Pack:
    pack = Pack(
        key=entry.key(),
        names=entry.names("name"),
        note=entry.text("note"),
        benefits=entry.keys("benefits", known=known.benefits, what="benefit"),
    )
    entry.done()
    return pack


def _benefit(entry: Reader, known: Known) -> Benefit:
    if not entry.has("kind"):
        entry.fault("kind", f"is missing: one of {', '.join(Kind)}")
    kind = entry.choice("kind", Kind, Kind.SERVICE)
    whose, told = _whose(entry, known)
    window = entry.child("window")
    benefit = Benefit(
        key=entry.key(),
        kind=kind,
        names=entry.names("name"),
        note=entry.text("note"),
        whose=whose,
        told_levels=told,
        gives=_gives(entry, known),
        quota=_quota(entry, kind),
        choose=_choose(entry, known, kind),
        days=_days(entry, kind),
        milestones=entry.keys("milestones", known=known.milestones, what="milestone"),
        before_days=(window.whole("before_days", 0, most=180) or 0) if window else 0,
        after_days=(window.whole("after_days", 0, most=180) or 0) if window else 0,
        leap_day=entry.choice("leap_day", LeapDay, LeapDay.FEB28),
        cost_minor=_cost(entry, known.currency),
        funder=entry.text("funder", longest=64),
        on_reversal=entry.choice("on_reversal", OnReversal, OnReversal.RETURN),
    )
    if window:
        window.done()
        if kind not in YEARLY:
            entry.fault("window", "is for birthday and anniversary")
    if benefit.milestones and kind is not Kind.MILESTONE:
        entry.fault("milestones", "is for kind milestone")
    if kind in ON_NEWS and not benefit.gives:
        entry.fault("gives", "is missing: what arrives")
    if kind is Kind.UPGRADE and not whose.levels:
        entry.fault("for.levels", "is missing: reaching which levels brings it")
    entry.done()
    return benefit


def _whose(entry: Reader, known: Known) -> tuple[Whose, tuple[str, ...]]:
    said = entry.child("for")
    if said is None:
        return Whose(), ()
    told = said.keys("levels")
    whose = Whose(
        levels=_reached(said, told, known.levels),
        plans=said.keys("plans", known=known.plans, what="plan"),
        packs=said.keys("packs", known=known.packs, what="pack"),
        audiences=said.keys("audiences", known=known.audiences, what="audience"),
        everyone=said.flag("everyone"),
    )
    said.done()
    return whose, told


def _reached(said: Reader, told: tuple[str, ...], known: Mapping[str, tuple[str, ...]] | None) -> tuple[str, ...]:
    """Levels with those above where that is said, in the order in which they are said."""
    out: list[str] = []
    for n, entry in enumerate(told):
        name, is_open = (entry[:-1], True) if entry.endswith(ABOVE) else (entry, False)
        ladder, slash, level = name.partition("/")
        levels = (known or {}).get(ladder, ())
        if not slash or not ladder or not level:
            said.fault(f"levels.{n}", "must be ladder/level, with + for those above it too")
        elif known is not None and level not in levels:
            said.fault(f"levels.{n}", f"there is no level {name!r} in this program")
        elif known is None:
            out.append(name)
        else:
            reached = levels[levels.index(level) :] if is_open else (level,)
            out += [f"{ladder}/{x}" for x in reached]
    return tuple(dict.fromkeys(out))


def _quota(entry: Reader, kind: Kind) -> Quota:
    said = entry.child("quota")
    if said is None:
        period = Period.OCCASION if kind in YEARLY else Period.LIFETIME
        return Quota(times=1 if kind in YEARLY else None, period=period)
    times = said.whole("times", least=1, most=10**6)
    period = said.choice("period", Period, Period.OCCASION if kind in YEARLY else Period.LIFETIME)
    if times is None and not said.has("times") and kind is not Kind.CHOICE:
        said.fault("times", "is missing: how often in a period")
    if kind is Kind.CHOICE and times is not None:
        said.fault("times", "has no place here: a choice is made once per period")
    if kind in ON_NEWS:
        entry.fault("quota", "has no place here: it arrives once for what it is given for")
    if (period is Period.OCCASION) != (kind in YEARLY):
        said.fault("period", "birthdays and anniversaries count by occasion, others do not")
    said.done()
    return Quota(times=times, period=period)


def _choose(entry: Reader, known: Known, kind: Kind) -> Choose | None:
    said = entry.child("choose")
    if kind is not Kind.CHOICE:
        if said is not None:
            entry.fault("choose", "is for kind choice")
        return None
    if said is None:
        entry.fault("choose", "is missing: how many of which benefits")
        return None
    of = said.keys("of", known=known.benefits, what="benefit")
    pick = said.whole("pick", 1, least=1, most=100) or 1
    if len(of) <= pick and of:
        said.fault("pick", f"must be less than the {len(of)} there are to choose from")
    elif not of:
        said.fault("of", "is missing: the benefits to choose from")
    said.done()
    return Choose(pick=pick, of=of)


def _days(entry: Reader, kind: Kind) -> Days | None:
    said = entry.child("day")
    if kind is not Kind.MEMBER_DAY:
        if said is not None:
            entry.fault("day", "is for kind member_day")
        return None
    if said is None:
        entry.fault("day", "is missing: which day is member day (of_month, weekdays, nth, dates)")
        return None
    days = Days(
        of_month=_numbers(said, "of_month", range(1, 32)),
        weekdays=_numbers(said, "weekdays", range(1, 8)),
        nth=_numbers(said, "nth", (1, 2, 3, 4, 5, -1)),
        dates=tuple(sorted([d for d in _dates(said) if d is not None])),
    )
    if not (days.of_month or days.weekdays or days.dates):
        said.fault("", "names no day")
    if days.nth and not days.weekdays:
        said.fault("nth", "needs weekdays")
    said.done()
    return days


def _numbers(said: Reader, name: str, allowed: Any) -> tuple[int, ...]:
    value = said.raw(name)
    entries = [] if value is None else value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(e, int) and not isinstance(e, bool) and e in allowed for e in entries):
        said.fault(name, f"must be whole numbers of {', '.join(str(a) for a in allowed)}")
        return ()
    return tuple(sorted(set(entries)))


def _dates(said: Reader) -> Iterator[Any]:
    value = said.raw("dates")
    if value is not None and not (isinstance(value, list | tuple) and len(value) <= MOST_DAYS):
        said.fault("dates", f"must be at most {MOST_DAYS} days")
        return
    for n, day in enumerate(value or ()):
        at: list[Fault] = []
        found = Reader({"day": day}, "", at).day("day")
        if found is None:
            said.fault(f"dates.{n}", "must be a day as 2026-12-31")
        yield found


def _gives(entry: Reader, known: Known) -> tuple[Given, ...]:
    out = []
    for part in entry.children("gives", most=MOST_GIVEN):
        points, coupon, reward = part.child("points"), part.child("coupon"), part.child("reward")
        if sum(x is not None for x in (points, coupon, reward)) != 1:
            part.fault("", "must be one of points, coupon, reward")
        elif points is not None:
            out.append(
                Given(
                    unit=_one(points, "unit", known.units, "unit"),
                    amount=points.whole("amount", 1, least=1, most=10**9) or 1,
                )
            )
            if not points.has("amount"):
                points.fault("amount", "is missing")
            points.done()
        elif coupon is not None:
            count = coupon.whole("count", 1, least=1, most=20) or 1
            out.append(Given(template=_one(coupon, "template", known.templates, "coupon template"), count=count))
            coupon.done()
        elif reward is not None:
            out.append(Given(reward=_one(reward, "key", known.rewards, "reward")))
            reward.done()
        part.done()
    return tuple(out)


def _one(said: Reader, name: str, known: frozenset[str] | None, what: str) -> str:
    key = said.key(name)
    if key and known is not None and key not in known:
        said.fault(name, f"there is no {what} {key!r} in this program")
    return key


def _cost(entry: Reader, currency: str) -> int:
    number = entry.number("cost")
    if number is None:
        return 0
    try:
        decimals = money.exponent(currency)
    except Invalid:
        decimals = 2
    minor: Decimal = number.scaleb(decimals)
    if minor < 0 or minor != minor.to_integral_value() or minor > _MOST_MINOR:
        entry.fault("cost", f"must be an amount with at most {decimals} decimals, not below zero")
        return 0
    return int(minor)


def write(benefits: tuple[Benefit, ...], packs: tuple[Pack, ...], currency: str) -> dict[str, Any]:
    """Both sections in their one canonical form."""
    return {
        "benefits": [writing.benefit(b, currency) for b in benefits],
        "packs": [writing.pack(p) for p in packs],
    }
