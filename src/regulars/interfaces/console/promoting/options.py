"""The keys of a program that the editor lets one choose: stores, channels, levels, units, audiences, promotions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from regulars.governance.publishing import services as publishing
from regulars.interfaces.console import words
from regulars.interfaces.console.desk import Desk

MOST = 500
Options = dict[str, list[tuple[str, str]]]


def options(desk: Desk) -> Options:
    """Every list of keys with names in the reader's language, at most five hundred of each."""
    document = publishing.current(program_id=desk.program.id).document
    levels = [level for ladder in document.get("ladders") or [] for level in ladder.get("levels") or []]
    return {
        **{
            name: _named(desk, document.get(name)) for name in ("stores", "channels", "brands", "units", "promotions")
        },
        "tiers": _named(desk, levels),
        "ladders": _named(desk, document.get("ladders")),
        "templates": _named(desk, document.get("coupon_templates")),
        "audiences": _named(desk, document.get("audiences")),
        "plans": _named(desk, document.get("plans")),
        "benefits": _named(desk, document.get("benefits")),
    }


def _named(desk: Desk, entries: Iterable[Mapping[str, Any]] | None) -> list[tuple[str, str]]:
    found = {}
    for entry in entries or []:
        name = entry.get("name") or entry.get("names")
        key = str(entry.get("key"))
        found[key] = name if isinstance(name, str) and name else words.named(name or {}, key, desk.language)
    return list(found.items())[:MOST]
