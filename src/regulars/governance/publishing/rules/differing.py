"""What differs between two documents or objects, value by value; keyed objects of lists are matched. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from regulars.governance.publishing.terms import Field

_NAMES = ("key", "unit", "id")
_LONGEST = 200


def differences(before: Any, after: Any, path: str = "") -> Iterator[Field]:
    """Every value that differs, outer before inner, in the order of the later form.

    >>> [f.path for f in differences({"levels": [{"key": "a", "enter": 1}]}, {"levels": [{"key": "a", "enter": 2}]})]
    ['levels.a.enter']
    """
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in [*after, *(n for n in before if n not in after)]:
            yield from differences(before.get(name), after.get(name), f"{path}.{name}".lstrip("."))
        return
    name = _named_by(before, after)
    if name is None:
        yield Field(path=path, before=before, after=after)
        return
    old, new = ({e[name]: e for e in side} for side in (before, after))
    for key in [*new, *(k for k in old if k not in new)]:
        yield from differences(old.get(key), new.get(key), f"{path}.{key}".lstrip("."))
    if [k for k in old if k in new] != [k for k in new if k in old]:
        yield Field(path=f"{path}.order".lstrip("."), before=list(old), after=list(new))


def _named_by(before: Any, after: Any) -> str | None:
    """The field that names each entry of both lists once; None when they are no such lists."""
    for name in _NAMES:
        if all(_is_named(side, name) for side in (before, after)) and (before or after):
            return name
    return None


def _is_named(side: Any, name: str) -> bool:
    if not isinstance(side, Sequence) or isinstance(side, str):
        return False
    if not all(isinstance(e, Mapping) and isinstance(e.get(name), str) for e in side):
        return False
    return len({e[name] for e in side}) == len(side)


def short(value: Any) -> str:
    """A value on one line, cut where it is long."""
    if isinstance(value, list | tuple):
        text = "[" + ", ".join(short(v) for v in value) + "]"
    elif isinstance(value, Mapping):
        text = "{" + ", ".join(f"{k}: {short(v)}" for k, v in value.items()) + "}"
    elif isinstance(value, bool):
        text = "true" if value else "false"
    else:
        text = "nothing" if value is None else str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
