"""Attributes and birthdays: what was declared, and whether a value fits."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from regulars.people.members.terms import Attribute, AttributeType, Birthday

Fault = tuple[str, str]
_KEY = re.compile(r"[a-z][a-z0-9_]{0,59}")
_LONGEST_TEXT = 1_000


def declaration_faults(attributes: Sequence[Attribute]) -> list[Fault]:
    """Everything wrong with declared attributes, by path."""
    faults: list[Fault] = []
    seen: set[str] = set()
    for place, one in enumerate(attributes):
        if not _KEY.fullmatch(one.key):
            faults.append((f"attributes.{place}.key", "must be small letters, digits and _, beginning with a letter"))
        if one.key in seen:
            faults.append((f"attributes.{place}.key", f"{one.key} is declared twice"))
        seen.add(one.key)
        if (one.type is AttributeType.CHOICE) != bool(one.choices):
            faults.append((f"attributes.{place}.choices", "are needed for the type choice, and for no other"))
    return faults


def faults(values: Mapping[str, Any], declared: Mapping[str, Attribute]) -> list[Fault]:
    """Everything wrong with the values that somebody gives; None stands for "take it away" and always fits."""
    found: list[Fault] = []
    for key, value in values.items():
        one = declared.get(key)
        if one is None:
            found.append((f"attributes.{key}", "is not declared by the program"))
        elif value is not None and (wrong := _misfit(one, value)):
            found.append((f"attributes.{key}", wrong))
    return found


def split(values: Mapping[str, Any], declared: Mapping[str, Attribute]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values parted into plain ones and personal ones."""
    plain = {k: v for k, v in values.items() if not declared[k].personal}
    return plain, {k: v for k, v in values.items() if declared[k].personal}


def patched(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """`old` with `new` laid over it; a None takes its key away.

    >>> patched({"a": 1, "b": 2}, {"b": None, "c": 3})
    {'a': 1, 'c': 3}
    """
    return {k: v for k, v in {**old, **new}.items() if v is not None}


def birthday_faults(birthday: Birthday | None, *, this_year: int) -> list[Fault]:
    """What is wrong with a birthday; 29 February needs no leap year where the year is not told."""
    if birthday is None:
        return []
    year = birthday.year
    if not 1 <= birthday.month <= 12:
        return [("birthday.month", "must be 1 to 12")]
    if year is not None and not 1880 <= year <= this_year:
        return [("birthday.year", f"must be 1880 to {this_year}")]
    last = monthrange(year if year is not None else 2000, birthday.month)[1]
    if not 1 <= birthday.day <= last:
        return [("birthday.day", f"must be 1 to {last}")]
    return []


def _misfit(one: Attribute, value: Any) -> str:
    match one.type:
        case AttributeType.TEXT:
            fits = isinstance(value, str) and len(value) <= _LONGEST_TEXT and "\x00" not in value
            return "" if fits else f"must be a text of at most {_LONGEST_TEXT} characters"
        case AttributeType.INTEGER:
            fits = type(value) is int and abs(value) < 2**53
            return "" if fits else "must be a whole number"
        case AttributeType.BOOLEAN:
            return "" if isinstance(value, bool) else "must be true or false"
        case AttributeType.CHOICE:
            return "" if value in one.choices else f"must be one of {', '.join(one.choices)}"
        case AttributeType.DATE:
            return "" if _is_date(value) else "must be a date: 2026-01-31"


def _is_date(value: Any) -> bool:
    if not isinstance(value, str) or len(value) != 10:
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True
