"""One promotion within the list that a document holds: found, put in its place, paused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Body = Mapping[str, Any]


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
