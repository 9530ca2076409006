"""Rules of audiences: what one may say, and its section of a program document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from regulars.kernel.reading import KEY, Fault, Reader
from regulars.people.audiences.terms import MOST_AUDIENCES, Audience
from regulars.people.programs.terms import Change

SECTION = "audiences"
LONGEST_NOTE = 500


def read(document: Mapping[str, Any]) -> tuple[tuple[Audience, ...] | None, list[Fault]]:
    """The audiences that a document declares (None: it says nothing of them), and every fault."""
    faults: list[Fault] = []
    if SECTION not in document:
        return None, faults
    found: list[Audience] = []
    first: dict[str, int] = {}
    for n, entry in enumerate(Reader(document, "", faults).children(SECTION, MOST_AUDIENCES)):
        one = Audience(
            key=entry.key(),
            names=entry.names("name"),
            note=entry.text("note", longest=LONGEST_NOTE),
            active=entry.flag("active", True),
        )
        entry.done()
        if one.key and first.setdefault(one.key, n) != n:
            entry.fault("key", f"{one.key!r} stands at {SECTION}.{first[one.key]} already")
        found.append(one)
    return tuple(found), faults


def write(audiences: Iterable[Audience]) -> list[dict[str, Any]]:
    """The section as a document has it: keys and names, never members."""
    return [
        {
            "key": one.key,
            **({"name": dict(one.names)} if one.names else {}),
            **({"note": one.note} if one.note else {}),
            **({} if one.active else {"active": False}),
        }
        for one in audiences
    ]


def changes(*, now: Iterable[Audience], wanted: Iterable[Audience]) -> list[Change]:
    """What stands between what is and what a document declares; an audience that is no longer named is retired."""
    before = {one["key"]: one for one in write(now)}
    after = {one["key"]: one for one in write(wanted)}
    found: list[Change] = []
    for key, entry in after.items():
        path = f"{SECTION}.{key}"
        if key not in before:
            found.append(Change(path=path, action="add", after=entry))
        elif before[key] != entry:
            is_adverse = not entry.get("active", True) and before[key].get("active", True)
            found.append(Change(path=path, action="change", before=before[key], after=entry, adverse=is_adverse))
    found += [
        Change(path=f"{SECTION}.{key}", action="retire", before=entry, adverse=True)
        for key, entry in before.items()
        if key not in after and entry.get("active", True)
    ]
    return found


def faults_of(*, key: str, names: Mapping[str, str], note: str) -> list[Fault]:
    """Every fault of one audience told by itself."""
    _, faults = read({SECTION: [{"key": key, "name": dict(names), "note": note}]})
    found = [(path.removeprefix(f"{SECTION}.0."), message) for path, message in faults]
    return found if key else [("key", "is missing"), *(f for f in found if f[0] != "key")]


def source_faults(source: str) -> list[Fault]:
    """Every fault of a source: who or what put members there (`api`, `import`, `promotion:spring`)."""
    head = source.replace(":", ".").replace("/", ".")
    if not 0 < len(source) <= 60 or not KEY.match(head.lower().replace(" ", "_")):
        return [("source", "must be 1 to 60 letters, digits, '_', '.', '-', ':' or '/'")]
    return []
