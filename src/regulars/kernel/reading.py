"""Reads a document somebody wrote, and collects every fault with its path instead of stopping at the first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeVar

Fault = tuple[str, str]
Choice = TypeVar("Choice", bound=StrEnum)

KEY = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}\Z", re.ASCII)
_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,12})?\Z", re.ASCII)
MOST_ENTRIES = 10_000
LONGEST_TEXT = 2_000


def shown(value: object) -> str:
    """A value as a fault quotes it: short, whatever was sent."""
    text = repr(value) if isinstance(value, str | int | Decimal | bool | date | type(None)) else type(value).__name__
    return text if len(text) <= 60 else text[:57] + "…"


class Reader:
    """One mapping of a document. Each method reads one field; `done()` says what was not asked for.

    A field that is wrong is reported once and read as its default, so that the rest can still be checked.
    """

    def __init__(self, value: object, path: str, faults: list[Fault]) -> None:
        self._faults = faults
        self._path = path
        self._asked: set[str] = set()
        self._value: Mapping[str, Any] = {}
        if isinstance(value, Mapping) and all(isinstance(k, str) for k in value):
            self._value = value
        else:
            self.fault("", f"must be a mapping of names to values, not {shown(value)}")

    def at(self, name: str) -> str:
        """The path of a field."""
        return ".".join(p for p in (self._path, name) if p)

    def fault(self, name: str, message: str) -> None:
        """Report a fault of a field."""
        self._faults.append((self.at(name), message))

    def has(self, name: str) -> bool:
        """Whether a field is said; null is as good as absent."""
        return self._value.get(name) is not None

    def raw(self, name: str) -> Any:
        """A field as it stands; None when absent."""
        self._asked.add(name)
        return self._value.get(name)

    def text(self, name: str, default: str = "", *, required: bool = False, longest: int = LONGEST_TEXT) -> str:
        """A text without invisible signs."""
        value = self.raw(name)
        if value is None:
            if required:
                self.fault(name, "is missing")
            return default
        if not isinstance(value, str):
            self.fault(name, f"must be a text, not {shown(value)}; put it in quotes")
        elif len(value) > longest:
            self.fault(name, f"is longer than {longest} characters")
        elif any((c < " " and c not in "\n\t") or c == "\x7f" or "\ud800" <= c <= "\udfff" for c in value):
            self.fault(name, "holds an invisible sign")
        else:
            return value
        return default

    def key(self, name: str = "key", *, required: bool = True) -> str:
        """A stable key: lower-case letters, digits, `_`, `.`, `-`; at most 64."""
        value = self.text(name, required=required)
        if value and not KEY.match(value):
            self.fault(name, f"{shown(value)} must be lower-case letters, digits, '_', '.' or '-', at most 64")
            return ""
        return value

    def keys(self, name: str, *, known: frozenset[str] | None = None, what: str = "entry") -> tuple[str, ...]:
        """A list of keys, each once; with `known`, each must be one of them. A single key may stand alone."""
        value = self.raw(name)
        if value is None:
            return ()
        entries = [value] if isinstance(value, str) else value
        if not isinstance(entries, list | tuple) or not all(isinstance(e, str) for e in entries):
            self.fault(name, "must be a list of keys")
            return ()
        for n, entry in enumerate(entries):
            if known is not None and entry not in known:
                self.fault(f"{name}.{n}", f"there is no {what} {shown(entry)} in this program")
            elif entry in entries[:n]:
                self.fault(f"{name}.{n}", f"{shown(entry)} is said twice")
        return tuple(entries)

    def whole(self, name: str, default: int | None = None, *, least: int = 0, most: int = 10**15) -> int | None:
        """A whole number within bounds, inclusive."""
        value = self.raw(name)
        if value is None:
            return default
        if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            self.fault(name, f"must be a whole number, not {shown(value)}")
        elif not least <= value <= most:
            self.fault(name, f"must be between {least} and {most}, not {shown(value)}")
        else:
            return value
        return default

    def number(self, name: str, value: Any = None) -> Decimal | None:
        """An exact decimal: a number, or a text that is one. Never a binary fraction."""
        value = self.raw(name) if value is None else value
        return None if value is None else self._decimal(name, value)

    def _decimal(self, name: str, value: Any) -> Decimal | None:
        if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
            self.fault(name, f"must be a number, not {shown(value)}")
            return None
        try:
            number = Decimal(value) if not isinstance(value, str) or _NUMBER.match(value) else None
        except InvalidOperation:
            number = None
        if number is None or not number.is_finite() or abs(number) >= 10**18:
            self.fault(name, f"must be a number with at most 18 digits, not {shown(value)}")
            return None
        return number

    def flag(self, name: str, default: bool = False) -> bool:
        """True or false."""
        value = self.raw(name)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        self.fault(name, f"must be true or false, not {shown(value)}")
        return default

    def day(self, name: str) -> date | None:
        """A calendar day, `2026-12-31`."""
        value = self.raw(name)
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        if isinstance(value, str) and len(value) == 10:
            try:
                return date.fromisoformat(value)
            except ValueError:
                pass
        if value is not None:
            self.fault(name, f"must be a day as 2026-12-31, not {shown(value)}")
        return None

    def choice(self, name: str, of: type[Choice], default: Choice) -> Choice:
        """One of the values of an enumeration."""
        value = self.raw(name)
        if value is None:
            return default
        try:
            return of(value)
        except (ValueError, TypeError):
            self.fault(name, f"must be one of {', '.join(o.value for o in of)}, not {shown(value)}")
            return default

    def names(self, name: str) -> dict[str, str]:
        """What a thing is called in each language; a plain text is its English name."""
        value = self.raw(name)
        if isinstance(value, str):
            value = {"en": value}
        if value is None:
            return {}
        inner = Reader(value, self.at(name), self._faults)
        out = {}
        for locale in inner._value:
            if not _LOCALE.match(locale):
                inner.fault(locale[:20], "must be a language as en or zh-Hans")
            out[locale] = inner.text(locale, longest=200)
        return out

    def child(self, name: str) -> Reader | None:
        """A mapping inside this one; None when absent."""
        value = self.raw(name)
        return None if value is None else Reader(value, self.at(name), self._faults)

    def children(self, name: str, most: int = MOST_ENTRIES) -> Iterator[Reader]:
        """The mappings of a list."""
        value = self.raw(name)
        if value is None:
            return
        if not isinstance(value, list | tuple):
            self.fault(name, f"must be a list, not {shown(value)}")
            return
        if len(value) > most:
            self.fault(name, f"has {len(value)} entries; at most {most} are allowed")
            return
        for n, entry in enumerate(value):
            yield Reader(entry, self.at(f"{name}.{n}"), self._faults)

    def done(self) -> None:
        """Report the fields that nobody asked for: a misspelt name must not be passed over."""
        for name in self._value:
            if name not in self._asked:
                known = ", ".join(sorted(self._asked))
                self.fault(name[:64], f"there is no such field; known are {known}")
