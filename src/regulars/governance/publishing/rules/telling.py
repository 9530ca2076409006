"""Changes as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from regulars.governance.publishing.rules.reading import plain
from regulars.governance.publishing.terms import Change

WORDS = {"add": "added", "change": "changed", "retire": "removed"}
_SIGNS = {"added": "+", "changed": "~", "removed": "-"}
_LONGEST = 200


def change(
    *, path: str, action: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, adverse: bool
) -> Change:
    """One change of a context, told by section and key, with what differs."""
    section, _, key = path.partition(".")
    if action == "change":
        parts = list(_differences(plain(before or {}), plain(after or {}), ""))
    else:
        parts = [f"{name}: {_short(v)}" for name, v in plain(after or before or {}).items() if v and name != "key"]
    return Change(section=section, key=key, change=WORDS[action], detail="; ".join(parts), adverse=adverse)


def _differences(before: Any, after: Any, path: str) -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in {**before, **after}:
            yield from _differences(before.get(name), after.get(name), f"{path}.{name}".lstrip("."))
    elif before != after:
        yield f"{path}: {_short(before)} → {_short(after)}"


def _short(value: Any) -> str:
    if isinstance(value, list):
        text = "[" + ", ".join(_short(v) for v in value) + "]"
    elif isinstance(value, Mapping):
        text = "{" + ", ".join(f"{k}: {_short(v)}" for k, v in value.items()) + "}"
    else:
        text = "nothing" if value is None else str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def told(changes: tuple[Change, ...]) -> str:
    """The changes as lines: `+` added, `~` changed, `-` removed, `!` takes something from members."""
    if not changes:
        return "Nothing would change.\n"
    lines = [
        f"{_SIGNS[c.change]}{'!' if c.adverse else ' '} {c.section}{'.' if c.key else ''}{c.key}"
        + (f"  {c.detail}" if c.detail else "")
        for c in changes
    ]
    return "\n".join(lines) + "\n"
