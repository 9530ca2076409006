"""Rules of care: the section `preferences` of a program document, and which values a preference takes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from regulars.kernel.reading import Fault, Reader
from regulars.people.care.terms import (
    LONGEST_VALUE,
    MOST_CHOICES,
    MOST_PREFERENCES,
    Choice,
    Preference,
    PreferenceType,
)
from regulars.people.programs.terms import Change

SECTION = "preferences"
_OF_CHOICES = (PreferenceType.CHOICE, PreferenceType.CHOICES)


def read(document: Mapping[str, Any]) -> tuple[tuple[Preference, ...] | None, list[Fault]]:
    """The preferences that a document declares (None: it says nothing of them), and every fault."""
    faults: list[Fault] = []
    if SECTION not in document:
        return None, faults
    found: list[Preference] = []
    first: dict[str, int] = {}
    for n, entry in enumerate(Reader(document, "", faults).children(SECTION, MOST_PREFERENCES)):
        one = Preference(
            key=entry.key(),
            names=entry.names("name"),
            type=entry.choice("type", PreferenceType, PreferenceType.TEXT),
            choices=_choices(entry),
            till=entry.flag("till"),
            note=entry.text("note", longest=500),
            active=entry.flag("active", True),
        )
        if not entry.has("type"):
            entry.fault("type", f"is missing: one of {', '.join(PreferenceType)}")
        elif one.type in _OF_CHOICES and not one.choices and not entry.has("choices"):
            entry.fault("choices", "are missing: what may be chosen")
        elif one.type not in _OF_CHOICES and entry.has("choices"):
            entry.fault("choices", f"make no sense for the type {one.type.value}")
        entry.done()
        if one.key and first.setdefault(one.key, n) != n:
            entry.fault("key", f"{one.key!r} stands at {SECTION}.{first[one.key]} already")
        found.append(one)
    return tuple(found), faults


def _choices(entry: Reader) -> tuple[Choice, ...]:
    found: list[Choice] = []
    for n, told in enumerate(entry.children("choices", MOST_CHOICES)):
        one = Choice(key=told.key(), names=told.names("name"))
        told.done()
        if one.key and any(one.key == other.key for other in found):
            entry.fault(f"choices.{n}.key", f"{one.key!r} is said twice")
        found.append(one)
    return tuple(found)


def write(preferences: Iterable[Preference]) -> list[dict[str, Any]]:
    """The section as a document has it."""
    return [
        {
            "key": one.key,
            **({"name": dict(one.names)} if one.names else {}),
            "type": one.type.value,
            **({"choices": choices_json(one.choices)} if one.choices else {}),
            **({"till": True} if one.till else {}),
            **({"note": one.note} if one.note else {}),
            **({} if one.active else {"active": False}),
        }
        for one in preferences
    ]


def choices_json(choices: Iterable[Choice]) -> list[dict[str, Any]]:
    """Choices as a document and a row have them."""
    return [{"key": c.key, **({"name": dict(c.names)} if c.names else {})} for c in choices]


def changes(*, now: Iterable[Preference], wanted: Iterable[Preference]) -> list[Change]:
    """What stands between what is and what a document declares; what is no longer named is retired, values stay."""
    before = {one["key"]: one for one in write(now)}
    after = {one["key"]: one for one in write(wanted)}
    found: list[Change] = []
    for key, entry in after.items():
        path = f"{SECTION}.{key}"
        if key not in before:
            found.append(Change(path=path, action="add", after=entry))
        elif before[key] != entry:
            found.append(Change(path=path, action="change", before=before[key], after=entry))
    found += [
        Change(path=f"{SECTION}.{key}", action="retire", before=entry)
        for key, entry in before.items()
        if key not in after and entry.get("active", True)
    ]
    return found


def type_faults(*, now: Iterable[Preference], wanted: Iterable[Preference]) -> list[Fault]:
    """A preference keeps its type: values of another would be lost or shown that were sealed."""
    types = {one.key: one.type for one in now}
    return [
        (f"{SECTION}.{n}.type", f"{one.key!r} is of type {types[one.key].value}; take another key")
        for n, one in enumerate(wanted)
        if one.key in types and types[one.key] is not one.type
    ]


def value_fault(preference: Preference, value: Any) -> str | None:
    """Why a preference does not take a value; None when it does."""
    keys = {c.key for c in preference.choices}
    if preference.type is PreferenceType.FLAG:
        return None if isinstance(value, bool) else "must be true or false"
    if preference.type is PreferenceType.CHOICE:
        return None if isinstance(value, str) and value in keys else f"must be one of {', '.join(sorted(keys))}"
    if preference.type is PreferenceType.CHOICES:
        if isinstance(value, list) and value and all(isinstance(v, str) and v in keys for v in value):
            return None if len(set(value)) == len(value) else "says a choice twice"
        return f"must be a list of {', '.join(sorted(keys))}"
    if not isinstance(value, str) or not 0 < len(value.strip()) <= LONGEST_VALUE:
        return f"must be a text of 1 to {LONGEST_VALUE} characters"
    return None if all(c >= " " or c == "\n" for c in value) and "\x7f" not in value else "holds an invisible sign"
