"""Events as JSON and back: frozen dataclasses of plain values, written by Python or by a stored function."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

import orjson

from regulars.kernel.errors import sure

Event = TypeVar("Event")

_READERS: dict[Any, Callable[[Any], Any]] = {
    UUID: UUID,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    Decimal: Decimal,
}


def to_json(event: object) -> dict[str, Any]:
    """The fields of an event as JSON values: instants and days as ISO text, enums by value, tuples as lists."""
    sure(dataclasses.is_dataclass(event) and not isinstance(event, type), "an event is a dataclass")
    body = orjson.loads(orjson.dumps(asdict(event), default=_default))  # type: ignore[call-overload]
    return dict(body)


def _default(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"an event cannot carry a {type(value).__name__}")


def from_json(kind: type[Event], body: dict[str, Any]) -> Event:
    """Read an event back.

    Fields that the class no longer has are left out, and missing ones take their default, so that facts
    written before an upgrade can be read after it.
    """
    readers = _readers_of(cast(Any, kind))
    return kind(**{name: readers[name](value) for name, value in body.items() if name in readers})


@cache
def _readers_of(kind: type) -> dict[str, Callable[[Any], Any]]:
    hints = get_type_hints(kind)
    return {field.name: _reader(hints[field.name]) for field in dataclasses.fields(kind)}


def _reader(hint: Any) -> Callable[[Any], Any]:
    origin, inside = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        rest = _reader(next(a for a in inside if a is not type(None)))
        return lambda value: None if value is None else rest(value)
    if origin in (tuple, frozenset):
        each = _reader(inside[0])
        return lambda value: origin(each(v) for v in value)
    if dataclasses.is_dataclass(hint):
        nested: Any = hint
        return lambda value: from_json(nested, value)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    return _READERS.get(hint, lambda value: value)
