"""A purchase right as JSON: written for the database, read from it, and every fault of one that somebody told."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from regulars.kernel.reading import KEY, Fault
from regulars.value.catalog.terms import Right, RightTold, Span, Window

MOST_WINDOWS = 50
MOST_GOODS = 10_000
MOST_UNITS = 1_000_000


def right_body(right: Right) -> dict[str, Any]:
    """What the database keeps of a right; nothing that is not said."""
    body = {
        "key": right.key,
        "members_only": right.members_only or None,
        "tiers": list(right.tiers) or None,
        "audiences": list(right.audiences) or None,
        "windows": [_window_body(w) for w in right.windows] or None,
        "most": right.most,
        "span": right.span.value if right.most is not None else None,
        "starts_at": _text(right.starts_at),
        "ends_at": _text(right.ends_at),
    }
    return {name: value for name, value in body.items() if value is not None}


def _window_body(window: Window) -> dict[str, Any]:
    body = {
        "from_at": _text(window.from_at),
        "until_at": _text(window.until_at),
        "members_only": window.members_only or None,
        "tiers": list(window.tiers) or None,
        "audiences": list(window.audiences) or None,
    }
    return {name: value for name, value in body.items() if value is not None}


def read_right(body: Mapping[str, Any]) -> Right:
    """The right that `right_body` wrote."""
    return Right(
        key=body["key"],
        members_only=body.get("members_only", False),
        tiers=tuple(body.get("tiers", ())),
        audiences=tuple(body.get("audiences", ())),
        windows=tuple(
            [
                Window(
                    from_at=_instant(w.get("from_at")),
                    until_at=_instant(w.get("until_at")),
                    members_only=w.get("members_only", False),
                    tiers=tuple(w.get("tiers", ())),
                    audiences=tuple(w.get("audiences", ())),
                )
                for w in body.get("windows", ())
            ]
        ),
        most=body.get("most"),
        span=Span(body.get("span", Span.LIFETIME)),
        starts_at=_instant(body.get("starts_at")),
        ends_at=_instant(body.get("ends_at")),
    )


def right_faults(told: RightTold) -> list[Fault]:
    """Every fault of a right."""
    right = told.right
    faults: list[Fault] = []
    if not KEY.match(right.key):
        faults.append(("key", "must be lower-case letters, digits, '_', '.' or '-', at most 64"))
    if not (right.members_only or right.tiers or right.audiences or right.windows or right.most is not None):
        faults.append(("", "says nothing: members_only, tiers, audiences, windows or most"))
    if not (told.skus or told.categories):
        faults.append(("skus", "a right stands on skus or categories; say some"))
    if len(told.skus) + len(told.categories) > MOST_GOODS:
        faults.append(("skus", f"at most {MOST_GOODS} skus and categories"))
    if right.most is not None and not 0 < right.most <= MOST_UNITS:
        faults.append(("most", f"must be 1 to {MOST_UNITS}"))
    if len(right.windows) > MOST_WINDOWS:
        faults.append(("windows", f"at most {MOST_WINDOWS}"))
    if right.starts_at and right.ends_at and right.ends_at <= right.starts_at:
        faults.append(("ends_at", "must be after starts_at"))
    for n, window in enumerate(right.windows):
        if window.from_at and window.until_at and window.until_at <= window.from_at:
            faults.append((f"windows.{n}.until_at", "must be after from_at"))
    return faults


def unknown_who(right: Right, *, levels: Collection[str], audiences: Collection[str]) -> list[Fault]:
    """Every level and audience of a right, and of its windows, that is not there: nobody would ever be let in."""
    faults: list[Fault] = []
    places: list[tuple[str, Right | Window]] = [
        ("", right),
        *[(f"windows.{n}.", window) for n, window in enumerate(right.windows)],
    ]
    for path, one in places:
        faults += [
            (f"{path}tiers.{n}", f"there is no level {key!r} on the program's first ladder"[:200])
            for n, key in enumerate(one.tiers)
            if key not in levels
        ]
        faults += [
            (f"{path}audiences.{n}", f"there is no audience {key!r}"[:200])
            for n, key in enumerate(one.audiences)
            if key not in audiences
        ]
    return faults


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
