"""Which promotions get in each other's way: those that may touch the same goods at the same time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

Body = Mapping[str, Any]
_FIRST, _LAST = "0001-01-01", "9999-12-31T23:59:59"


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """Another promotion and how it meets this one.

    `how`: `one_of_group`, `alone` (one of the two wants to be alone), `never`, `together` (both may apply). `goods`
    says whether both name goods that overlap, `all` when one takes all goods.
    """

    key: str
    name: Mapping[str, str]
    how: str
    goods: str
    shared: tuple[str, ...]
    priority: int


def conflicts(body: Body, others: Iterable[Body]) -> tuple[Conflict, ...]:
    """Every other promotion that may meet this one, the sharpest first; paused and past ones are left out by windows.

    >>> [c.how for c in conflicts({"key": "a", "group": "x"}, [{"key": "b", "group": "x"}, {"key": "c"}])]
    ['one_of_group', 'together']
    """
    found = [c for other in others if other.get("key") != body.get("key") and (c := _conflict(body, other))]
    sharp = ("never", "alone", "one_of_group", "together")
    return tuple(sorted(found, key=lambda c: (sharp.index(c.how), -c.priority, c.key)))


def _conflict(one: Body, other: Body) -> Conflict | None:
    if other.get("state") == "paused" or not _meet_in_time(one, other) or not _meet_in_places(one, other):
        return None
    shared = _shared_goods(one, other)
    how = _how(one, other)
    if shared is None and how == "together":
        return None  # other goods: neither takes anything from the other
    return Conflict(
        key=str(other.get("key", "")),
        name=_names(other.get("name")),
        how=how,
        goods="apart" if shared is None else "named" if shared else "all",
        shared=tuple(sorted(shared or ()))[:20],
        priority=_whole(other.get("priority")),
    )


def _how(one: Body, other: Body) -> str:
    a, b = str(one.get("key")), str(other.get("key"))
    with_a, with_b = _mapping(one.get("with")), _mapping(other.get("with"))
    if b in _texts(with_a.get("never")) or a in _texts(with_b.get("never")):
        return "never"
    if b in _texts(with_a.get("always")) or a in _texts(with_b.get("always")):
        return "together"
    if one.get("exclusive") or other.get("exclusive"):
        return "alone"
    group = one.get("group")
    return "one_of_group" if group and group == other.get("group") else "together"


def _meet_in_time(one: Body, other: Body) -> bool:
    (a0, a1), (b0, b1) = _window(one), _window(other)
    return a0 <= b1 and b0 <= a1 and _overlap(_schedule(one, "weekdays"), _schedule(other, "weekdays"))


def _meet_in_places(one: Body, other: Body) -> bool:
    return all(_overlap(_texts(one.get(name)), _texts(other.get(name))) for name in ("stores", "channels", "tiers"))


def _shared_goods(one: Body, other: Body) -> set[str] | None:
    """What both lists name; nothing named in common but perhaps the same goods: an empty set; surely apart: None."""
    a, b = _included(one), _included(other)
    if not a or not b:
        return set()
    shared = {entry for entry in a if entry in b}
    if shared:
        return shared
    kinds = {e.split(" ")[0] for e in a} | {e.split(" ")[0] for e in b}
    return None if len(kinds) == 1 and kinds != {"category"} else set()


def _included(body: Body) -> set[str]:
    include = _mapping(_mapping(body.get("goods")).get("include"))
    found = {
        f"{kind} {entry}"
        for field, kind in (("skus", "sku"), ("categories", "category"), ("brands", "brand"))
        for entry in _texts(include.get(field))
    }
    return found | {
        f"attribute {key}={v}" for key, vs in _mapping(include.get("attributes")).items() for v in _texts(vs)
    }


def _window(body: Body) -> tuple[str, str]:
    # texts of days and moments compare as the calendar does; offsets are left aside, a conflict is a hint
    schedule = _mapping(body.get("schedule"))
    starts, ends = _moment(schedule.get("starts"), _FIRST), _moment(schedule.get("ends"), _LAST)
    return starts, ends if len(ends) > 10 else f"{ends}T23:59:59"


def _moment(value: Any, otherwise: str) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()[:19]
    return value[:19] if isinstance(value, str) and value else otherwise


def _schedule(body: Body, name: str) -> frozenset[str]:
    return _texts(_mapping(body.get("schedule")).get(name))


def _overlap(one: frozenset[str], other: frozenset[str]) -> bool:
    return not one or not other or bool(one & other)


def _texts(value: Any) -> frozenset[str]:
    entries = [value] if isinstance(value, str) else value
    return frozenset(e for e in entries if isinstance(e, str)) if isinstance(entries, list | tuple) else frozenset()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _names(value: Any) -> dict[str, str]:
    return {"en": value} if isinstance(value, str) else {str(k): str(v) for k, v in _mapping(value).items()}


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
