"""A document that was written over one version put over another: what it changes is taken, all else stays. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from regulars.governance.publishing.rules.comparing_documents import keyed
from regulars.governance.publishing.terms import SECTIONS

Document = Mapping[str, Any]


def merged(*, base: Document, wanted: Document, now: Document) -> tuple[dict[str, Any], list[str]]:
    """The document of now with what `wanted` changes of `base`; and the objects that both changed, each otherwise.

    >>> merged(base={"units": [{"key": "a"}]}, wanted={"units": [{"key": "a", "scale": 1}]},
    ...        now={"units": [{"key": "a"}, {"key": "b"}]})
    ({'units': [{'key': 'a', 'scale': 1}, {'key': 'b'}]}, [])
    """
    found, clashes = dict[str, Any](), list[str]()
    for section in SECTIONS:
        a, b, c = base.get(section), wanted.get(section, base.get(section)), now.get(section)
        if b in (a, c):
            value = c
        elif c == a:
            value = b
        elif isinstance(b, list | tuple) and isinstance(c, list | tuple):
            value = _objects(section, a or [], b, c, clashes)
        else:
            value = b
            clashes.append(section)
        if value is not None:
            found[section] = value
    return found, clashes


def _objects(section: str, base: Any, wanted: Any, now: Any, clashes: list[str]) -> list[Any]:
    a, b, c = keyed(base), keyed(wanted), keyed(now)
    taken: dict[str, Any] = {}
    for key in dict.fromkeys((*c, *b)):
        if b.get(key) == a.get(key) or b.get(key) == c.get(key):
            taken[key] = c.get(key)
        else:
            taken[key] = b.get(key)
            if c.get(key) != a.get(key):
                clashes.append(f"{section}.{key}")
    order = (
        [*b, *(k for k in c if k not in b)] if _order(a, c) == _order(c, a) else [*c, *(k for k in b if k not in c)]
    )
    return [taken[key] for key in order if taken.get(key) is not None]


def _order(one: Iterable[str], other: Mapping[str, Any]) -> list[str]:
    return [key for key in one if key in other]
