"""Levels by thresholds, needs, and ladders as a program document writes them. Pure."""

from __future__ import annotations

import calendar
import hashlib
import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from regulars.kernel.reading import Fault, Reader, shown
from regulars.value.tiers.terms import (
    Downgrade,
    Ladder,
    Level,
    Match,
    Milestone,
    Need,
    OnReturn,
    Upgrade,
    Validity,
    ValidTo,
    WindowKind,
)

MOST_LADDERS = 5
MOST_LEVELS = 9
MOST_MEASURES = 4
MOST_MILESTONES = 20
MOST_MONTHS = 120
_MEASURE = "measure"
_YEARLY = (WindowKind.CALENDAR_YEAR, WindowKind.ANNIVERSARY)


def met(ladder: Ladder, thresholds: Mapping[str, int], values: Mapping[str, int]) -> bool:
    """Whether these amounts reach a level's thresholds; never, where it has none.

    Args: thresholds, values: by measure, in units.
    """
    reached = [values.get(unit, 0) >= at for unit, at in thresholds.items()]
    return bool(reached) and (all(reached) if ladder.match is Match.ALL else any(reached))


def level_of(ladder: Ladder, value: int) -> Level:
    """The highest level that this much of the first measure alone reaches; the lowest one below all of them.

    Args: value: of the ladder's first measure, in units.
    """
    found = ladder.levels[0]
    for level in ladder.levels[1:]:
        if met(ladder, level.enter, {ladder.measure: value}):
            found = level
    return found


def next_of(ladder: Ladder, value: int) -> Level | None:
    """The lowest level that is not reached yet by the first measure alone; None at the top."""
    return next(
        (v for v in ladder.levels[1:] if not v.paid and not met(ladder, v.enter, {ladder.measure: value})), None
    )


def above(ladder: Ladder, level: str) -> Level | None:
    """The next level that can be earned above one; None at the top."""
    place = next((n for n, v in enumerate(ladder.levels) if v.key == level), 0)
    return next((v for v in ladder.levels[place + 1 :] if not v.paid), None)


def needs(thresholds: Mapping[str, int], values: Mapping[str, int]) -> tuple[Need, ...]:
    """What each measure still needs for these thresholds."""
    return tuple(
        [
            Need(measure=unit, value=values.get(unit, 0), at=at, missing=max(0, at - values.get(unit, 0)))
            for unit, at in thresholds.items()
        ]
    )


def is_plain(ladder: Ladder) -> bool:
    """Whether the present amounts say it all, so that nothing depends on when they came."""
    return (
        ladder.window is WindowKind.LIFETIME
        and ladder.validity is None
        and ladder.upgrade is Upgrade.AT_ONCE
        and ladder.downgrade is Downgrade.TO_EARNED
        and not ladder.grace_days
        and all(v.keep == v.enter for v in ladder.levels)
    )


def ends(ladder: Ladder, day: date, joined: date) -> date | None:
    """The day as which a level ends that is given on `day`, by the ladder's validity; None: it has no end.

    Args: joined: the local day on which the member joined.
    """
    v = ladder.validity
    if v is None:
        return None
    if v.months is not None:
        return _later(day, v.months)
    if v.to is ValidTo.YEAR_END:
        return date(day.year + v.years + 1, 1, 1)
    years = day.year - joined.year
    return _later(joined, 12 * (years + v.years + (0 if _later(joined, 12 * years) > day else 1)))


def _later(day: date, months: int) -> date:
    """So many months later; a day that the month lacks is its last one."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def digest(ladder: Ladder) -> str:
    """Of what judges members: names, notes and milestones are left out."""
    body = entry(ladder)
    for level in body["levels"]:
        for quiet in ("name", "note", "milestones"):
            level.pop(quiet, None)
    judging = {k: v for k, v in body.items() if k not in ("name", "note")}
    return hashlib.sha256(json.dumps(judging, sort_keys=True).encode()).hexdigest()[:32]


def read(document: Mapping[str, Any]) -> tuple[tuple[Ladder, ...], list[Fault]]:
    """The ladders of a document, with every fault; other sections are only looked up for the units they define."""
    faults: list[Fault] = []
    top = Reader({"ladders": document.get("ladders")}, "", faults)
    measures = _measures(document)
    ladders = tuple([_ladder(told, measures) for told in top.children("ladders", most=MOST_LADDERS)])
    keys: set[str] = set()
    levels: set[str] = set()
    for n, ladder in enumerate(ladders):
        if ladder.key in keys and ladder.key:
            top.fault(f"ladders.{n}.key", f"{ladder.key!r} is the key of another ladder too")
        keys.add(ladder.key)
        for m, level in enumerate(ladder.levels):
            if level.key in levels and level.key:
                top.fault(f"ladders.{n}.levels.{m}.key", f"{level.key!r} is the key of another level too")
            levels.add(level.key)
    return ladders, faults


def _measures(document: Mapping[str, Any]) -> dict[str, str] | None:
    units = document.get("units")
    if not isinstance(units, list):
        return None
    return {
        u["key"]: str(u.get("kind", "spendable"))
        for u in units
        if isinstance(u, Mapping) and isinstance(u.get("key"), str)
    }


def _ladder(told: Reader, measures: Mapping[str, str] | None) -> Ladder:
    units = _units(told, measures)
    window, months = _window(told)
    ladder = Ladder(
        key=told.key(),
        names=told.names("name"),
        measures=units,
        match=told.choice("match", Match, Match.ANY),
        levels=tuple([_level(v, units, n) for n, v in enumerate(told.children("levels", most=MOST_LEVELS))]),
        window=window,
        window_months=months,
        validity=_validity(told),
        grace_days=told.whole("grace_days", 0, most=366) or 0,
        upgrade=told.choice("upgrade", Upgrade, Upgrade.AT_ONCE),
        downgrade=told.choice("downgrade", Downgrade, Downgrade.TO_EARNED),
        on_return=told.choice("on_return", OnReturn, OnReturn.TAKE_BACK),
        notice_days=told.whole("notice_before_fall_days", most=366),
        note=told.text("note"),
    )
    _check_levels(told, ladder)
    _check_settings(told, ladder)
    told.done()
    return ladder


def _units(told: Reader, measures: Mapping[str, str] | None) -> tuple[str, ...]:
    field = "measures" if told.has("measures") else "measure"
    if field == "measures" and told.has("measure"):
        told.fault("measure", "say measure or measures, not both")
    units = told.keys("measures") if field == "measures" else tuple(u for u in [told.key("measure")] if u)
    told.raw("measure")
    told.raw("measures")
    if len(units) > MOST_MEASURES:
        told.fault(field, f"at most {MOST_MEASURES} measures are allowed")
    for n, unit in enumerate(units):
        path = f"measures.{n}" if field == "measures" else "measure"
        if measures is not None and unit not in measures:
            told.fault(path, f"there is no unit {unit!r} in this program")
        elif measures is not None and measures[unit] != _MEASURE:
            told.fault(path, f"{unit!r} can be spent; a ladder stands on a unit of kind measure")
    if field == "measures" and not units:
        told.fault(field, "must name at least one unit of kind measure")
    return units or ("",)


def _window(told: Reader) -> tuple[WindowKind, int | None]:
    inner = told.child("window")
    if inner is None:
        return WindowKind.LIFETIME, None
    kind = inner.choice("kind", WindowKind, WindowKind.LIFETIME)
    months = inner.whole("months", least=1, most=MOST_MONTHS)
    if kind is WindowKind.ROLLING and months is None:
        inner.fault("months", "is missing: how many months count")
    elif kind is not WindowKind.ROLLING and months is not None:
        inner.fault("months", "belongs to a rolling window only")
    inner.done()
    return kind, months


def _validity(told: Reader) -> Validity | None:
    inner = told.child("validity")
    if inner is None:
        return None
    months = inner.whole("months", least=1, most=MOST_MONTHS)
    to = inner.choice("to", ValidTo, ValidTo.YEAR_END) if inner.has("to") else None
    years = inner.whole("years", 1, most=10)
    if (months is None) == (to is None):
        inner.fault("", "says either months, or to: year_end or anniversary")
    if months is not None and inner.has("years"):
        inner.fault("years", "belongs to `to` only")
    inner.done()
    return Validity(months=months, to=to, years=1 if years is None else years)


def _level(told: Reader, units: tuple[str, ...], place: int) -> Level:
    paid = told.flag("paid")
    enter = {} if paid else _thresholds(told, "enter", units, least=0)
    keep = _thresholds(told, "keep", units, least=1) if told.has("keep") else enter
    if paid:
        for field in ("enter", "keep"):
            if told.has(field):
                told.fault(field, "a paid level is given, not earned: it has no thresholds")
            told.raw(field)
    elif not told.has("enter"):
        told.fault("enter", "is missing: the amount of the measure that reaches this level")
    if place == 0 and (paid or told.has("keep")):
        told.fault("paid" if paid else "keep", "the first level is for everybody")
    told.raw("keep")
    milestones = tuple([_milestone(m) for m in told.children("milestones", most=MOST_MILESTONES)])
    keys = [m.key for m in milestones]
    for n, key in enumerate(keys):
        if key and key in keys[:n]:
            told.fault(f"milestones.{n}.key", f"{key!r} is the key of another milestone of this level too")
    level = Level(
        key=told.key(), names=told.names("name"), enter=enter, keep=keep, paid=paid, milestones=milestones,
        note=told.text("note"),
    )  # fmt: skip
    for unit, at in level.keep.items():
        if at > level.enter.get(unit, at):
            told.fault("keep", f"must not be above what enters the level, {level.enter[unit]}")
    told.done()
    return level


def _milestone(told: Reader) -> Milestone:
    found = Milestone(key=told.key(), at=told.whole("at", 0, least=1) or 0, names=told.names("name"))
    if not told.has("at"):
        told.fault("at", "is missing: the amount of the first measure that reaches it")
    told.done()
    return found


def _thresholds(told: Reader, name: str, units: tuple[str, ...], *, least: int) -> dict[str, int]:
    if not isinstance(told.raw(name), Mapping):
        if told.has(name) and len(units) > 1 and told.raw(name) != 0:
            told.fault(name, f"must name each measure: {', '.join(units)}")
        at = told.whole(name, least, least=least)
        return dict.fromkeys(units, least if at is None else at)
    inner = told.child(name)
    found = {}
    for unit in units:
        found[unit] = (inner.whole(unit, least, least=least) if inner else least) or least
        if inner and not inner.has(unit):
            inner.fault(unit, "is missing")
    if inner:
        inner.done()
    return found


def _check_levels(told: Reader, ladder: Ladder) -> None:
    if len(ladder.levels) < 2 and isinstance(told.raw("levels") or [], list):
        told.fault("levels", "a ladder has at least two levels")
    below = ladder.levels[0] if ladder.levels else None
    for n, level in enumerate(ladder.levels):
        if below is None or n == 0 or level.paid:
            continue
        for unit, at in level.enter.items():
            if at <= below.enter.get(unit, -1):
                told.fault(f"levels.{n}.enter", f"must be above {below.enter[unit]}, the level before")
            elif level.keep.get(unit, at) < below.keep.get(unit, 0):
                told.fault(f"levels.{n}.keep", f"must not be below {below.keep[unit]}, the level before")
        below = level
    if ladder.levels and any(ladder.levels[0].enter.values()):
        told.fault("levels.0.enter", "must be 0: everybody stands at least on the first level")


def _check_settings(told: Reader, ladder: Ladder) -> None:
    if ladder.on_return is OnReturn.KEEP and ladder.validity is None:
        told.fault("on_return", "keep needs a validity: what a return would take is kept until that is over")
    if ladder.validity is not None:
        longest = 28 * ladder.validity.months - 1 if ladder.validity.months else 364
        if ladder.grace_days > longest:
            told.fault("grace_days", f"must not be above {longest}: grace ends before the next validity does")
    if ladder.notice_days is not None and ladder.downgrade is Downgrade.NEVER:
        told.fault("notice_before_fall_days", "nobody falls from this ladder")
    if ladder.upgrade is Upgrade.NEXT_PERIOD and ladder.window in _YEARLY and ladder.validity is None:
        told.fault(
            "validity", f"is missing: by {shown(ladder.window.value)} nothing counts when the next period begins"
        )


def write(ladders: tuple[Ladder, ...]) -> dict[str, Any]:
    """The section `ladders` in its one canonical form."""
    return {"ladders": [entry(ladder) for ladder in ladders]}


def entry(ladder: Ladder) -> dict[str, Any]:
    """One ladder in canonical form: what is as nobody says it is left out, and one measure stands alone."""
    many = len(ladder.measures) > 1
    v = ladder.validity
    body: dict[str, Any] = {"key": ladder.key}
    body |= {"name": dict(ladder.names)} if ladder.names else {}
    body |= {"measures": list(ladder.measures)} if many else {"measure": ladder.measure}
    body |= {"match": ladder.match.value} if ladder.match is not Match.ANY else {}
    if ladder.window is not WindowKind.LIFETIME:
        months = {"months": ladder.window_months} if ladder.window_months else {}
        body["window"] = {"kind": ladder.window.value, **months}
    if v is not None:
        body["validity"] = {"months": v.months} if v.to is None else {"to": v.to.value, "years": v.years}
    body |= {"grace_days": ladder.grace_days} if ladder.grace_days else {}
    body |= {"upgrade": ladder.upgrade.value} if ladder.upgrade is not Upgrade.AT_ONCE else {}
    body |= {"downgrade": ladder.downgrade.value} if ladder.downgrade is not Downgrade.TO_EARNED else {}
    body |= {"on_return": ladder.on_return.value} if ladder.on_return is not OnReturn.TAKE_BACK else {}
    body |= {"notice_before_fall_days": ladder.notice_days} if ladder.notice_days is not None else {}
    body["levels"] = [_written(level, many) for level in ladder.levels]
    return body | ({"note": ladder.note} if ladder.note else {})


def _written(level: Level, many: bool) -> dict[str, Any]:
    def said(thresholds: Mapping[str, int]) -> Any:
        return dict(thresholds) if many else next(iter(thresholds.values()))

    body: dict[str, Any] = {"key": level.key}
    body |= {"name": dict(level.names)} if level.names else {}
    body |= {"paid": True} if level.paid else {"enter": said(level.enter)}
    body |= {"keep": said(level.keep)} if level.keep != level.enter else {}
    if level.milestones:
        body["milestones"] = [
            {"key": m.key, **({"name": dict(m.names)} if m.names else {}), "at": m.at} for m in level.milestones
        ]
    return body | ({"note": level.note} if level.note else {})
