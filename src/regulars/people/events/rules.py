"""Schemas of events: whether a schema can be used, whether properties fit it, whether a change only widens it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

Fault = tuple[str, str]
KEY = re.compile(r"[a-z][a-z0-9_.]{0,59}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,59}")
TYPES = ("string", "integer", "number", "boolean", "array")
FORMATS = ("date", "date-time")
_LIMITS = {"string": ("minLength", "maxLength"), "integer": ("minimum", "maximum"), "number": ("minimum", "maximum")}
MOST_PROPERTIES = 50
LONGEST_TEXT = 1_000
LONGEST_LIST = 100
MOST_MONTHS = 120
_LARGEST = 2**53  # beyond it JSON numbers are not exact in every reader


def schema_faults(schema: Any, *, path: str = "schema") -> list[Fault]:
    """Everything wrong with a schema. Used is `{"properties": {name: {…}}, "required": [names]}`, of JSON Schema the
    keywords type, enum, format, minLength, maxLength, minimum, maximum, items; properties not named are refused.
    """
    if not isinstance(schema, Mapping):
        return [(path, "must be an object")]
    found: list[Fault] = []
    for key in schema:
        if key not in ("type", "properties", "required", "additionalProperties", "description"):
            found.append((f"{path}.{key}", "is not supported"))
    if schema.get("type", "object") != "object":
        found.append((f"{path}.type", "must be object"))
    if schema.get("additionalProperties", False) is not False:
        found.append((f"{path}.additionalProperties", "must be false: what is kept is declared"))
    properties = schema.get("properties", {})
    if not isinstance(properties, Mapping) or len(properties) > MOST_PROPERTIES:
        return [*found, (f"{path}.properties", f"must be an object of at most {MOST_PROPERTIES}")]
    for name, said in properties.items():
        if not _NAME.fullmatch(name):
            found.append((f"{path}.properties.{name}", "is not a name of letters, digits and _"))
        found += _property_faults(said, f"{path}.properties.{name}", is_item=False)
    required = schema.get("required", [])
    if not isinstance(required, list) or any(not isinstance(r, str) or r not in properties for r in required):
        found.append((f"{path}.required", "must list names of properties"))
    return found


def _property_faults(said: Any, path: str, *, is_item: bool) -> list[Fault]:
    if not isinstance(said, Mapping):
        return [(path, "must be an object")]
    kind = said.get("type")
    if kind not in TYPES or (is_item and kind == "array"):
        return [(f"{path}.type", f"must be one of {', '.join(TYPES[: -1 if is_item else None])}")]
    allowed = {"type", "description", "enum", *_LIMITS.get(kind, ())}
    allowed |= {"format"} if kind == "string" else {"items"} if kind == "array" else set()
    found = [(f"{path}.{key}", f"is not supported for the type {kind}") for key in said if key not in allowed]
    for limit in _LIMITS.get(kind, ()):
        value = said.get(limit)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            found.append((f"{path}.{limit}", "must be a number"))
    if "enum" in said and not (isinstance(said["enum"], list) and said["enum"]):
        found.append((f"{path}.enum", "must be a list that is not empty"))
    if said.get("format") not in (None, *FORMATS):
        found.append((f"{path}.format", f"must be one of {', '.join(FORMATS)}"))
    if kind == "array":
        found += _property_faults(said.get("items"), f"{path}.items", is_item=True)
    return found


def property_faults(values: Any, schema: Mapping[str, Any]) -> list[Fault]:
    """Everything wrong with the properties of an event, by path; they fit a schema without faults or not."""
    if not isinstance(values, Mapping):
        return [("properties", "must be an object")]
    properties: Mapping[str, Any] = schema.get("properties", {})
    found = [(f"properties.{name}", "is required") for name in schema.get("required", []) if name not in values]
    for name, value in values.items():
        path = f"properties.{name}"
        if name not in properties:
            found.append((path, "is not declared"))
        elif wrong := misfit(value, properties[name]):
            found.append((path, wrong))
    return found


def misfit(value: Any, said: Mapping[str, Any]) -> str:
    """Why a value does not fit its declaration, or "".

    >>> misfit("x", {"type": "integer"}), misfit(3, {"type": "integer", "maximum": 2}), misfit([1], {"type": "array",
    ... "items": {"type": "integer"}})
    ('must be a whole number', 'must be at most 2', '')
    """
    kind = said["type"]
    if kind == "array":
        return _list_misfit(value, said)
    if kind == "boolean":
        wrong = "" if isinstance(value, bool) else "must be true or false"
    elif kind == "string":
        wrong = _text_misfit(value, said)
    else:
        wrong = _number_misfit(value, said, whole=kind == "integer")
    if not wrong and "enum" in said and value not in said["enum"]:
        return f"must be one of {', '.join(str(one) for one in said['enum'])}"
    return wrong


def _list_misfit(value: Any, said: Mapping[str, Any]) -> str:
    if not isinstance(value, list) or len(value) > LONGEST_LIST:
        return f"must be a list of at most {LONGEST_LIST}"
    return next((wrong for one in value if (wrong := misfit(one, said["items"]))), "")


def _text_misfit(value: Any, said: Mapping[str, Any]) -> str:
    if not isinstance(value, str) or "\x00" in value or any("\ud800" <= c <= "\udfff" for c in value):
        return "must be a text"
    if len(value) > min(LONGEST_TEXT, said.get("maxLength", LONGEST_TEXT)):
        return f"must be at most {min(LONGEST_TEXT, said.get('maxLength', LONGEST_TEXT))} characters"
    if len(value) < said.get("minLength", 0):
        return f"must be at least {said['minLength']} characters"
    if said.get("format") == "date":
        return "" if _is_day(value) else "must be a date: 2026-01-31"
    if said.get("format") == "date-time":
        return "" if _is_instant(value) else "must be an instant with its offset: 2026-01-31T12:00:00Z"
    return ""


def _number_misfit(value: Any, said: Mapping[str, Any], *, whole: bool) -> str:
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        return "must be a whole number" if whole else "must be a number"
    if not -_LARGEST <= value <= _LARGEST:  # also refuses infinities and what is no number
        return f"must be between -{_LARGEST} and {_LARGEST}"
    if "minimum" in said and value < said["minimum"]:
        return f"must be at least {said['minimum']}"
    if "maximum" in said and value > said["maximum"]:
        return f"must be at most {said['maximum']}"
    return ""


def is_wider(new: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    """Whether all that fits the old schema fits the new one: what is there stays, what is new is optional.

    >>> old = {"properties": {"sku": {"type": "string"}}, "required": ["sku"]}
    >>> is_wider({"properties": {"sku": {"type": "string"}, "n": {"type": "integer"}}}, old)
    True
    >>> is_wider({"properties": {"sku": {"type": "string"}}, "required": ["sku"]}, {**old, "required": []})
    False
    """
    was, now = old.get("properties", {}), new.get("properties", {})
    if not set(new.get("required", [])) <= set(old.get("required", [])):
        return False
    return all(name in now and _is_wider_property(now[name], said) for name, said in was.items())


def _is_wider_property(new: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    if new["type"] != old["type"] and (new["type"], old["type"]) != ("number", "integer"):
        return False
    if "items" in old and not _is_wider_property(new["items"], old["items"]):
        return False
    if new.get("format") not in (None, old.get("format")):
        return False
    if "enum" in new and not ("enum" in old and all(one in new["enum"] for one in old["enum"])):
        return False
    lower = all(key in old and new[key] <= old[key] for key in ("minLength", "minimum") if key in new)
    return lower and all(key in old and new[key] >= old[key] for key in ("maxLength", "maximum") if key in new)


def _is_day(text: str) -> bool:
    try:
        return len(text) == 10 and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _is_instant(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
