"""Levels by thresholds, progress, and ladders as a program document writes them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regulars.kernel.reading import Fault, Reader
from regulars.value.tiers.terms import Ladder, Level

MOST_LADDERS = 5
MOST_LEVELS = 9
_MEASURE = "measure"


def level_of(ladder: Ladder, value: int) -> Level:
    """The highest level whose threshold is reached; the lowest one below all of them.

    Args: value: of the ladder's measure, in units.
    """
    found = ladder.levels[0]
    for level in ladder.levels:
        if level.enter <= value:
            found = level
    return found


def next_of(ladder: Ladder, value: int) -> Level | None:
    """The lowest level that is not reached yet; None at the top."""
    return next((level for level in ladder.levels[1:] if level.enter > value), None)


def read(document: Mapping[str, Any]) -> tuple[tuple[Ladder, ...], list[Fault]]:
    """The ladders of a document, with every fault; other sections are only looked up for the units they define."""
    faults: list[Fault] = []
    top = Reader({"ladders": document.get("ladders")}, "", faults)
    measures = _measures(document)
    ladders = tuple([_ladder(entry, measures) for entry in top.children("ladders", most=MOST_LADDERS)])
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


def _ladder(entry: Reader, measures: Mapping[str, str] | None) -> Ladder:
    ladder = Ladder(
        key=entry.key(),
        names=entry.names("name"),
        measure=entry.key("measure"),
        levels=tuple([_level(level) for level in entry.children("levels", most=MOST_LEVELS)]),
    )
    if ladder.measure and measures is not None:
        if ladder.measure not in measures:
            entry.fault("measure", f"there is no unit {ladder.measure!r} in this program")
        elif measures[ladder.measure] != _MEASURE:
            entry.fault("measure", f"{ladder.measure!r} can be spent; a ladder stands on a unit of kind measure")
    if len(ladder.levels) < 2 and isinstance(entry.raw("levels") or [], list):
        entry.fault("levels", "a ladder has at least two levels")
    for n, (below, level) in enumerate(zip(ladder.levels, ladder.levels[1:], strict=False), start=1):
        if level.enter <= below.enter:
            entry.fault(f"levels.{n}.enter", f"must be above {below.enter}, the level before")
    if ladder.levels and ladder.levels[0].enter != 0:
        entry.fault("levels.0.enter", "must be 0: everybody stands at least on the first level")
    entry.done()
    return ladder


def _level(entry: Reader) -> Level:
    level = Level(key=entry.key(), names=entry.names("name"), enter=entry.whole("enter", 0) or 0)
    if not entry.has("enter"):
        entry.fault("enter", "is missing: the amount of the measure that reaches this level")
    entry.done()
    return level


def write(ladders: tuple[Ladder, ...]) -> dict[str, Any]:
    """The section `ladders` in its one canonical form."""
    return {
        "ladders": [
            {
                "key": ladder.key,
                **({"name": dict(ladder.names)} if ladder.names else {}),
                "measure": ladder.measure,
                "levels": [
                    {"key": v.key, **({"name": dict(v.names)} if v.names else {}), "enter": v.enter}
                    for v in ladder.levels
                ],
            }
            for ladder in ladders
        ]
    }
