"""What one document says otherwise than another, object by object: the same changes as a plan tells. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from regulars.governance.publishing.rules.telling import change
from regulars.governance.publishing.terms import SECTIONS, Change

Document = Mapping[str, Any]


def changes(before: Document, after: Document) -> tuple[Change, ...]:
    """Every object that is added, changed or removed, section by section, in the order of the later document.

    >>> [(c.section, c.key, c.change) for c in changes({"units": [{"key": "a"}]}, {"units": [{"key": "b"}]})]
    [('units', 'b', 'added'), ('units', 'a', 'removed')]
    """
    return tuple(one for section in SECTIONS for one in _of_section(section, before.get(section), after.get(section)))


def _of_section(section: str, before: Any, after: Any) -> Iterator[Change]:
    if before == after:
        return
    if isinstance(before, Mapping) or isinstance(after, Mapping):
        action = "add" if not before else "retire" if not after else "change"
        yield change(path=section, action=action, before=before, after=after, adverse=False)
        return
    old, new = keyed(before), keyed(after)
    for key, body in new.items():
        if key not in old:
            yield change(path=f"{section}.{key}", action="add", before=None, after=body, adverse=False)
        elif old[key] != body:
            yield change(path=f"{section}.{key}", action="change", before=old[key], after=body, adverse=False)
    for key, body in old.items():
        if key not in new:
            yield change(path=f"{section}.{key}", action="retire", before=body, after=None, adverse=False)


def keyed(entries: Any) -> dict[str, Mapping[str, Any]]:
    """The objects of a section by key; those without one are passed over."""
    found: Iterable[Any] = entries if isinstance(entries, list | tuple) else ()
    return {e["key"]: e for e in found if isinstance(e, Mapping) and isinstance(e.get("key"), str)}
