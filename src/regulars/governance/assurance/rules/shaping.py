"""The shape of a statement: what must be there and of which type. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

Fault = tuple[str, str]


class Or:
    """A value that may be null."""

    def __init__(self, shape: Any) -> None:
        self.shape = shape


class Some:
    """A field that may be absent."""

    def __init__(self, shape: Any) -> None:
        self.shape = shape


BALANCE = {"active": int, "pending": int, "held": int, "debt": int, "total": int}
MOVE = {"unit": str, "from": str, "to": str, "amount": int, "as": str}
ENTRY = {
    "seq": int,
    "kind": str,
    "recorded_at": datetime,
    "occurred_at": datetime,
    "by": str,
    "source": Or({"type": Or(str), "ref": Or(str), "line": Or(str)}),
    "rules": [{"rule": str, "unit": str, "amount": int}],
    "rule_version": Or(int),
    "reverses": Or(int),
    "reason": Or(str),
    "hash": str,
    "moves": [MOVE],
}
STATEMENT = {
    "statement": int,
    "program": {"key": str, "name": str, "zone": str, "currency": str},
    "member": {"id": str, "number": str},
    "period": {"from": date, "to": date, "begins_at": datetime, "ends_at": datetime, "is_over": bool},
    "made_at": datetime,
    "part": {"after": int, "through": int, "next": Or(int), "limit": int},
    "units": [
        {
            "unit": str,
            "kind": str,
            "scale": int,
            "names": {str: str},
            "opening": BALANCE,
            "closing": BALANCE,
            "totals": {str: int},
        }
    ],
    "entries": [ENTRY],
    "levels": [
        {"n": int, "ladder": str, "from": str, "to": str, "at": datetime, "cause": str, "why": str, "version": int}
    ],
    "person": Some({str: Or(str)}),
    "seal": {"key": str, "digests": {str: str}, "signature": str},
}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?(Z|[+-]\d\d:\d\d)", re.ASCII)


def shape_faults(value: Any, shape: Any = None, path: str = "") -> Iterator[Fault]:
    """Where a value is not of its shape."""
    shape = STATEMENT if shape is None else shape
    if isinstance(shape, Or):
        if value is not None:
            yield from shape_faults(value, shape.shape, path)
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield path, "must be a list"
            return
        for n, part in enumerate(value):
            yield from shape_faults(part, shape[0], f"{path}/{n}")
    elif isinstance(shape, dict):
        yield from _mapping(value, shape, path)
    elif not _is(value, shape):
        yield path, f"must be {_SAID[shape]}"


def _mapping(value: Any, shape: dict[Any, Any], path: str) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield path or "the statement", "must be an object"
        return
    if str in shape:  # any names
        for name, part in value.items():
            yield from shape_faults(part, shape[str], f"{path}.{name}")
        return
    for name, wanted in shape.items():
        here = f"{path}.{name}" if path else name
        if name in value:
            yield from shape_faults(value[name], wanted.shape if isinstance(wanted, Some) else wanted, here)
        elif not isinstance(wanted, Some):
            yield here, "is missing"
    for name in value:
        if name not in shape:
            yield (f"{path}.{name}" if path else str(name)), "does not belong here"


_SAID = {
    int: "a whole number",
    str: "a text",
    bool: "true or false",
    date: "a day as 2026-01-31",
    datetime: "an instant with its offset",
}


def _is(value: Any, wanted: type) -> bool:
    if wanted in (int, bool, str):
        return type(value) is wanted
    if not isinstance(value, str):
        return False
    try:
        if wanted is date:
            return len(value) == 10 and bool(date.fromisoformat(value))
        return bool(_INSTANT.fullmatch(value)) and bool(datetime.fromisoformat(value))
    except ValueError:
        return False
