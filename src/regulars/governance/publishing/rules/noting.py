"""Notes for colleagues on sections whose tables hold the present only: taken out of a document, put in. Pure.

They live with the version, not in the tables of the contexts; sections whose rows belong to versions keep their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Faults = list[tuple[str, str]]
SINGLE = ("program", "policies", "offline")
LISTS = ("brands", "stores", "channels", "units")
LONGEST = 2_000


def taken_out(document: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str], Faults]:
    """The document without these notes; the notes by `section` or `section.key`; every fault of one.

    >>> taken_out({"units": [{"key": "points", "note": "by Ann"}]})
    ({'units': [{'key': 'points'}]}, {'units.points': 'by Ann'}, [])
    """
    bare, notes, faults = dict(document), dict[str, str](), Faults()
    for section in SINGLE:
        if isinstance(said := bare.get(section), Mapping):
            bare[section] = _without(said, section, section, notes, faults)
    for section in LISTS:
        if isinstance(entries := bare.get(section), list | tuple):
            bare[section] = [
                _without(e, f"{section}.{n}", f"{section}.{e.get('key')}", notes, faults)
                if isinstance(e, Mapping)
                else e
                for n, e in enumerate(entries)
            ]
    return bare, notes, faults


def _without(said: Mapping[str, Any], path: str, name: str, notes: dict[str, str], faults: Faults) -> dict[str, Any]:
    note = said.get("note")
    if note is not None and not isinstance(note, str):
        faults.append((f"{path}.note", "must be a text"))
    elif note is not None and len(note) > LONGEST:
        faults.append((f"{path}.note", f"is longer than {LONGEST} characters"))
    elif note:
        notes[name] = note
    return {field: value for field, value in said.items() if field != "note"}


def put_in(document: Mapping[str, Any], notes: Mapping[str, str]) -> dict[str, Any]:
    """The document with these notes; a note whose object is not there is left out.

    >>> put_in({"units": [{"key": "points"}]}, {"units.points": "by Ann", "units.gone": "x"})
    {'units': [{'key': 'points', 'note': 'by Ann'}]}
    """
    noted = dict(document)
    for section in SINGLE:
        if section in notes:
            noted[section] = {**noted.get(section, {}), "note": notes[section]}
    for section in LISTS:
        if section in noted:
            noted[section] = [
                {**e, "note": notes[name]} if (name := f"{section}.{e.get('key')}") in notes else e
                for e in noted[section]
            ]
    return noted
