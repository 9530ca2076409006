"""One promotion within the list that a document holds: found, put in its place, paused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

Body = Mapping[str, Any]
_NUMBERS = frozenset("percent amount price off from cap limit per cap_percent".split())
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?\Z", re.ASCII)


def find(promotions: Iterable[Body], key: Any) -> dict[str, Any] | None:
    """The promotion with a key, if there is one."""
    return next((dict(p) for p in promotions if p.get("key") == key), None)


def put(promotions: Sequence[Body], body: Body) -> tuple[list[dict[str, Any]], int]:
    """The list with this body in the place of its key, or at the end; and that place.

    >>> put([{"key": "a"}, {"key": "b"}], {"key": "a", "note": "new"})
    ([{'key': 'a', 'note': 'new'}, {'key': 'b'}], 0)
    """
    keys = [p.get("key") for p in promotions]
    place = keys.index(body.get("key")) if body.get("key") in keys else len(keys)
    return [*map(dict, promotions[:place]), dict(body), *map(dict, promotions[place + 1 :])], place


def paused(body: Body, is_paused: bool) -> dict[str, Any]:
    """The same promotion standing still, or running.

    >>> paused(paused({"key": "a"}, True), False)
    {'key': 'a'}
    """
    kept = {name: value for name, value in body.items() if name != "state"}
    return {**kept, "state": "paused"} if is_paused else kept


def written(body: Any, name: str = "") -> Any:
    """A body with its amounts and percentages as numbers, as people write them; JSON keeps them as text.

    >>> written({"effects": [{"percent": "12.5"}], "when": "1"})
    {'effects': [{'percent': Decimal('12.5')}], 'when': '1'}
    """
    if isinstance(body, Mapping):
        return {k: v if k == "attributes" else written(v, k) for k, v in body.items()}
    if isinstance(body, list | tuple):
        return [written(v, name) for v in body]
    return Decimal(body) if name in _NUMBERS and isinstance(body, str) and _NUMBER.match(body) else body
