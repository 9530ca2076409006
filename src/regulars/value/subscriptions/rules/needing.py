"""Which rules of a program document somebody has only because she pays for a plan. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_LISTS = ("plans", "benefits", "packs")


def needs(entry: Any, *, names: frozenset[str]) -> bool:
    """Whether a rule asks for a plan, or for a pack or benefit that one gives, as a condition or in an expression.

    Args: names: keys of plans, packs and benefits.

    >>> needs({"who": {"plans": ["prime"]}}, names=frozenset({"prime"}))
    True
    >>> needs({"when": "'prime' in member.plans"}, names=frozenset({"prime"}))
    True
    >>> needs({"when": "member.tier == 'prime'"}, names=frozenset({"prime"}))
    False
    """
    if isinstance(entry, Mapping):
        for key, value in entry.items():
            if key in _LISTS and _any(value, names):
                return True
            if key == "uses_benefit" and value in names:
                return True
            if needs(value, names=names):
                return True
        return False
    if isinstance(entry, list | tuple):
        return any(needs(part, names=names) for part in entry)
    if isinstance(entry, str) and ("member.plans" in entry or "member.benefits" in entry):
        return any(f"'{n}'" in entry or f'"{n}"' in entry for n in names)
    return False


def _any(value: Any, names: frozenset[str]) -> bool:
    entries: Iterable[Any] = value if isinstance(value, list | tuple) else [value]
    return any(e in names for e in entries if isinstance(e, str))
