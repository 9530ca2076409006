"""YAML read safely: no anchors, no tags, no duplicate keys, exact decimals, bounded in every direction.

Text is read event by event with a stack of our own, so that neither depth nor aliases can exhaust anything. Plain
words mean what YAML 1.2 says: `no` and `on` are texts, `09:00` is no number of base 60, `007` stays a text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from math import isfinite
from typing import Any

import yaml

from regulars.kernel.errors import Invalid

LONGEST = 1024 * 1024
DEEPEST = 24
MOST_NODES = 100_000
LONGEST_KEY = 200
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})\Z", re.ASCII)
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,12}\Z", re.ASCII)
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "true": True, "false": False}
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_text(text: str | bytes) -> Any:
    """The value of a YAML (or JSON) text.

    Raises: Invalid with the line where the text cannot be read.
    """
    if len(text) > LONGEST:
        raise Invalid(errors=[("", f"the document is longer than {LONGEST} bytes")])
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        return _Builder().build(text)
    except UnicodeDecodeError as error:
        raise Invalid(errors=[("", f"the document is not UTF-8 (byte {error.start})")]) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        said = error.problem or error.context or "cannot be read"
        raise Invalid(errors=[("", f"{at}{said}")]) from None
    except yaml.YAMLError as error:
        raise Invalid(errors=[("", f"cannot be read as YAML: {str(error).splitlines()[0]}")]) from None


class _Builder:
    """Builds the value from parse events."""

    def __init__(self) -> None:
        self.nodes = 0
        self.stack: list[tuple[Any, str | None]] = []  # container, and the key that waits for its value
        self.found: list[Any] = []

    def build(self, text: str) -> Any:
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.DocumentStartEvent) and self.found:
                raise _at(event, "a second document begins here; write one")
            if isinstance(event, yaml.AliasEvent):
                raise _at(event, "anchors and aliases (&, *) are not used in program documents")
            if isinstance(event, yaml.NodeEvent):
                self._node(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                container, _ = self.stack.pop()
                self._put(container)
        return self.found[0] if self.found else None

    def _node(self, event: Any) -> None:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise _at(event, f"the document has more than {MOST_NODES} values")
        if event.anchor:
            raise _at(event, "anchors and aliases (&, *) are not used in program documents")
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
            return
        if event.tag and not event.implicit:
            raise _at(event, f"tags ({event.tag[:40]}) are not used in program documents")
        if len(self.stack) >= DEEPEST:
            raise _at(event, f"the document is nested deeper than {DEEPEST}")
        if self._wants_key():
            raise _at(event, "a name must be a text")
        self.stack.append(({} if isinstance(event, yaml.MappingStartEvent) else [], None))

    def _scalar(self, event: Any) -> None:
        if event.tag and not any(event.implicit):
            raise _at(event, f"tags ({event.tag[:40]}) are not used in program documents")
        if not self._wants_key():
            self._put(_plain_word(event.value) if event.implicit[0] and not event.style else event.value)
            return
        container, _ = self.stack[-1]
        if event.value in container:
            raise _at(event, f"{event.value[:40]!r} is said twice")
        if len(event.value) > LONGEST_KEY:
            raise _at(event, f"a name is longer than {LONGEST_KEY} characters")
        self.stack[-1] = (container, event.value)

    def _wants_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1][0], dict) and self.stack[-1][1] is None

    def _put(self, value: Any) -> None:
        if not self.stack:
            self.found.append(value)
            return
        container, key = self.stack[-1]
        if isinstance(container, dict):
            container[key] = value
            self.stack[-1] = (container, None)
        else:
            container.append(value)


def _plain_word(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.match(text):
        return int(text)
    if _DECIMAL.match(text):
        return Decimal(text)
    return text


def _at(event: Any, message: str) -> Invalid:
    mark = event.start_mark
    return Invalid(errors=[("", f"line {mark.line + 1}, column {mark.column + 1}: {message}")])


def tidy(value: Any) -> dict[str, Any]:
    """A document that came as values (from JSON), with binary fractions made exact and every name a text.

    Raises: Invalid when it is no mapping, holds what JSON cannot, or is too deep or too large.
    """
    counted = [0]
    if not isinstance(value, Mapping):
        raise Invalid(errors=[("", "a program document is a mapping of sections")])
    tidied: dict[str, Any] = _tidy(value, "", 0, counted)
    return tidied


def _tidy(value: Any, path: str, depth: int, counted: list[int]) -> Any:
    counted[0] += 1
    if depth > DEEPEST or counted[0] > MOST_NODES:
        raise Invalid(errors=[(path[:200], f"deeper than {DEEPEST} or more than {MOST_NODES} values")])
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str) or len(key) > LONGEST_KEY:
                raise Invalid(errors=[(path[:200], f"a name must be a text of at most {LONGEST_KEY} characters")])
        return {k: _tidy(v, f"{path}.{k}".lstrip("."), depth + 1, counted) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_tidy(v, f"{path}.{n}".lstrip("."), depth + 1, counted) for n, v in enumerate(value)]
    if isinstance(value, float):
        if not isfinite(value):
            raise Invalid(errors=[(path, "must be a finite number")])
        return Decimal(repr(value))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and ("\x00" in value or any("\ud800" <= c <= "\udfff" for c in value)):
        raise Invalid(errors=[(path[:200], "holds an invisible sign that cannot be kept")])
    if isinstance(value, int | Decimal) and not -(10**18) < value < 10**18:
        raise Invalid(errors=[(path, "must have at most 18 digits")])
    if value is None or isinstance(value, str | int | Decimal):
        return value
    raise Invalid(errors=[(path, f"a {type(value).__name__} cannot stand in a program document")])


def plain(value: Any) -> Any:
    """A document as JSON holds it: exact decimals as text."""
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return format(value, "f") if isinstance(value, Decimal) else value
