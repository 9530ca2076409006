"""Rules of our sections of a program document: its faults, its complete form, the changes it asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from regulars.people.programs.rules.places import (
    Faults,
    address_faults,
    choice_faults,
    currency_faults,
    hours_faults,
    is_online,
    key_faults,
    locale_faults,
    name_faults,
    path_of,
    tidy_hours,
    unknown_names,
    zone_faults,
)
from regulars.people.programs.terms import Change, ChannelKind, StoreKind

SECTIONS = ("brands", "stores", "channels")
Check = Callable[[Any, str], Faults]


def _yes_or_no(value: Any, path: str) -> Faults:
    return [] if isinstance(value, bool) else [(path, "must be true or false")]


def _any_mapping(value: Any, path: str) -> Faults:
    return [] if isinstance(value, Mapping) else [(path, "must be a mapping")]


def _store_kind(value: Any, path: str) -> Faults:
    return choice_faults(value, StoreKind, path)


def _channel_kind(value: Any, path: str) -> Faults:
    return choice_faults(value, ChannelKind, path)


PROGRAM: dict[str, Check] = {
    "key": key_faults,
    "name": name_faults,
    "zone": zone_faults,
    "currency": currency_faults,
    "locale": locale_faults,
    "settings": _any_mapping,
}
ENTRIES: dict[str, dict[str, Check]] = {
    "brands": {"key": key_faults, "name": name_faults, "active": _yes_or_no},
    "stores": {
        "key": key_faults,
        "name": name_faults,
        "kind": _store_kind,
        "parent": key_faults,
        "brand": key_faults,
        "zone": zone_faults,
        "currency": currency_faults,
        "hours": hours_faults,
        "address": address_faults,
        "active": _yes_or_no,
    },
    "channels": {
        "key": key_faults,
        "name": name_faults,
        "kind": _channel_kind,
        "online": _yes_or_no,
        "active": _yes_or_no,
    },
}
NEEDED = {"brands": ("key", "name"), "stores": ("key", "name"), "channels": ("key", "name", "kind")}


def faults(document: Mapping[str, Any]) -> Faults:
    """Every fault of our sections, each with its path (`stores.3.zone`); an empty list means it can be applied
    to a program that has the brands it names."""
    found: Faults = []
    program = document.get("program")
    if "program" in document:
        found += _fields(program, "program", PROGRAM, ("key", "name", "zone", "currency"))
    for section in SECTIONS:
        if section not in document:
            continue
        entries = document[section]
        if not isinstance(entries, list):
            found.append((section, "must be a list"))
            continue
        for n, entry in enumerate(entries):
            found += _fields(entry, f"{section}.{n}", ENTRIES[section], NEEDED[section])
        found += _twice(section, entries)
    return found + _tree(document.get("stores")) + _brands(document)


def _fields(entry: Any, path: str, checks: Mapping[str, Check], needed: tuple[str, ...]) -> Faults:
    if not isinstance(entry, Mapping):
        return [(path, "must be a mapping")]
    found = unknown_names(entry, checks, path)
    found += [(f"{path}.{name}", "is needed") for name in needed if name not in entry]
    for name, fault_of in checks.items():
        # an optional field may be said to be nothing, which is the same as not saying it
        if name in entry and not (entry[name] is None and name not in needed):
            found += fault_of(entry[name], f"{path}.{name}")
    return found


def _keyed(entries: Any) -> list[tuple[int, Mapping[str, Any]]]:
    """The entries that can be spoken of by their key, with their place."""
    if not isinstance(entries, list):
        return []
    return [(n, e) for n, e in enumerate(entries) if isinstance(e, Mapping) and isinstance(e.get("key"), str)]


def _twice(section: str, entries: list[Any]) -> Faults:
    first: dict[str, int] = {}
    found: Faults = []
    for n, entry in _keyed(entries):
        before = first.setdefault(entry["key"], n)
        if before != n:
            found.append((f"{section}.{n}.key", f"{entry['key']!r} stands at {section}.{before} already"))
    return found


def _tree(stores: Any) -> Faults:
    entries = _keyed(stores)
    kinds = {e["key"]: e.get("kind") or StoreKind.STORE for _, e in entries}
    parents = {e["key"]: e.get("parent") for _, e in entries}
    found: Faults = []
    for n, entry in entries:
        parent, path = entry.get("parent"), f"stores.{n}.parent"
        if not isinstance(parent, str):
            continue
        if parent not in kinds:
            found.append((path, f"there is no store {parent!r} in this document"))
        elif _in_circle(parents, entry["key"]):
            found.append((path, f"{entry['key']!r} lies below itself: the tree is a circle"))
        elif kinds[parent] != StoreKind.REGION:
            found.append((path, f"{parent!r} is a store; only a region holds others"))
    return found


def _in_circle(parents: Mapping[str, Any], key: str) -> bool:
    seen: set[str] = set()
    at = parents.get(key)
    while isinstance(at, str) and at not in seen:
        if at == key:
            return True
        seen.add(at)
        at = parents.get(at)
    return False


def _brands(document: Mapping[str, Any]) -> Faults:
    if not isinstance(document.get("brands"), list):
        return []
    known = {e["key"] for _, e in _keyed(document["brands"])}
    return [
        (f"stores.{n}.brand", f"there is no brand {entry['brand']!r} in this document")
        for n, entry in _keyed(document.get("stores"))
        if isinstance(entry.get("brand"), str) and entry["brand"] not in known
    ]


def complete(document: Mapping[str, Any], program: Mapping[str, Any]) -> dict[str, Any]:
    """Our sections with every field said: defaults filled in, hours tidied, entries by path or key.

    Args: document: without faults. program: what is so now (a document without `program` keeps it).
    """
    said = document.get("program") or program
    home = {"locale": "en", "settings": {}, **{k: v for k, v in said.items() if v is not None}}
    out: dict[str, Any] = {"program": home} if "program" in document else {}
    if "brands" in document:
        out["brands"] = [_filled(e, {"name": "", "active": True}) for e in document["brands"]]
    if "stores" in document:
        blank = {
            "kind": str(StoreKind.STORE),
            "parent": None,
            "brand": None,
            "zone": home["zone"],
            "currency": home["currency"],
            "hours": {},
            "address": "",
            "active": True,
        }
        out["stores"] = [_filled(e, blank) for e in document["stores"]]
        for store in out["stores"]:
            store["hours"] = {day: [list(s) for s in spans] for day, spans in tidy_hours(store["hours"]).items()}
        parents = {s["key"]: s["parent"] for s in out["stores"]}
        out["stores"].sort(key=lambda s: path_of(parents, s["key"]) or "")
    if "channels" in document:
        out["channels"] = [_filled(e, {"online": is_online(e["kind"]), "active": True}) for e in document["channels"]]
    return out


def _filled(entry: Mapping[str, Any], blank: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: value for name, value in entry.items() if value is not None}
    return {**blank, **said, "name": str(entry["name"]).strip()}


def changes(*, now: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[Change]:
    """What stands between two complete forms, section by section, by key.

    Args: now, wanted: of `complete`; a section that `wanted` does not have is left alone.
    """
    found: list[Change] = []
    if "program" in wanted and wanted["program"] != now["program"]:
        before, after = _differing(now["program"], wanted["program"])
        found.append(Change(path="program", action="change", before=before, after=after))
    for section in SECTIONS:
        if section not in wanted:
            continue
        old = {e["key"]: e for e in now.get(section, [])}
        new = {e["key"]: e for e in wanted[section]}
        for key, entry in new.items():
            path = f"{section}.{key}"
            if key not in old:
                found.append(Change(path=path, action="add", after=entry))
            elif old[key] != entry:
                before, after = _differing(old[key], entry)
                found.append(Change(path=path, action="change", before=before, after=after))
        found += [
            Change(path=f"{section}.{key}", action="retire", before=entry)
            for key, entry in old.items()
            if key not in new and entry["active"]
        ]
    return found


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    names = sorted({n for n in {**old, **new} if old.get(n) != new.get(n)})
    return {n: old.get(n) for n in names}, {n: new.get(n) for n in names}
