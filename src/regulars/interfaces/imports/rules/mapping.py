"""A mapping document, read and checked: every fault with its path."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping as MappingOf
from typing import Any
from zoneinfo import ZoneInfo

from regulars.interfaces.imports.terms import BadMapping, Drop, Kind, Mapping, Returns, Test
from regulars.kernel import money
from regulars.kernel.errors import Invalid

COLUMNS = {
    Kind.ORDERS: {
        "needs": ("order", "occurred_at"),
        "may": ("sku", "quantity", "amount", "unit_price", "member", "description", "category", "brand")
        + ("uom", "store", "channel", "currency"),
    },
    Kind.MEMBERS: {
        "needs": ("external",),
        "may": ("phone", "email", "card", "name", "birthday", "locale", "zone", "joined_at"),
    },
    Kind.BALANCES: {"needs": ("member", "unit", "amount"), "may": ("key", "expires_on", "occurred_at")},
    Kind.PRODUCTS: {
        "needs": ("sku", "name"),
        "may": ("category", "brand", "uom", "price", "member_price", "channel", "store", "currency")
        + ("starts_on", "ends_on", "active"),
    },
    Kind.STOCK: {"needs": ("sku", "quantity"), "may": ("store", "counted_at")},
    Kind.AUDIENCE: {"needs": ("member",), "may": ("audience", "expires_on")},
}
CONSTANTS = (
    "audience",
    "counted_at",
    "currency",
    "sku",
    "channel",
    "store",
    "uom",
    "category",
    "brand",
    "unit",
    "locale",
)
KEYS = (
    "kind source format encoding delimiter zone currency minor_units times columns constants attributes returns "
    "adjustments drop register_members member_type note"
).split()


class _Faults:
    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []

    def say(self, path: str, message: str) -> None:
        self.found.append((path, message))


def read_mapping(document: Any) -> Mapping:
    """The mapping that a document (parsed YAML or JSON) says.

    Raises: BadMapping with every fault and its path.
    """
    faults = _Faults()
    if not isinstance(document, dict):
        raise BadMapping(errors=[("", "a mapping is a table of settings")])
    for key in document:
        if key not in KEYS:
            faults.say(str(key), f"is not a setting; the settings are {', '.join(KEYS)}")
    try:
        kind = Kind(document.get("kind", "orders"))
    except ValueError as no:
        raise BadMapping(errors=[("kind", f"must be one of {', '.join(Kind)}")]) from no
    columns = _columns(document, kind, faults)
    mapping = Mapping(
        kind=kind,
        source=_text(document, "source", faults, fallback="import", pattern=r"[a-z0-9][a-z0-9._-]{0,39}"),
        format=_one_of(document, "format", ("csv", "parquet"), faults),  # type: ignore[arg-type]
        columns=columns,
        encoding=_encoding(document, faults),
        delimiter=_text(document, "delimiter", faults, fallback=",", pattern=r"(?s)."),
        zone=_zone(document, faults),
        currency=_currency(document, faults),
        minor_units=_flag(document, "minor_units", faults, fallback=False),
        times=_times(document, faults),
        constants=_texts(document, "constants", faults, allowed=CONSTANTS),
        attributes=_texts(document, "attributes", faults),
        returns=_returns(document.get("returns"), faults),
        adjustments=_test(document["adjustments"], "adjustments", faults) if document.get("adjustments") else None,
        drop=_drops(document.get("drop"), faults),
        register_members=_flag(document, "register_members", faults, fallback=True),
        member_type=_one_of(document, "member_type", ("external", "number", "card"), faults),
    )
    _check_money(mapping, faults)
    _check_goods(mapping, faults)
    if faults.found:
        raise BadMapping(errors=faults.found)
    return mapping


def _columns(document: MappingOf[str, Any], kind: Kind, faults: _Faults) -> dict[str, tuple[str, ...]]:
    said = document.get("columns")
    if not isinstance(said, dict) or not said:
        faults.say("columns", "says which column of the file holds what; it is missing")
        return {}
    known = (*COLUMNS[kind]["needs"], *COLUMNS[kind]["may"])
    columns: dict[str, tuple[str, ...]] = {}
    for ours, theirs in said.items():
        if ours not in known:
            faults.say(f"columns.{ours}", f"is not known; the columns of {kind} are {', '.join(known)}")
        elif isinstance(theirs, str) and theirs:
            columns[ours] = (theirs,)
        elif (
            isinstance(theirs, list) and theirs and all(isinstance(t, str) and t for t in theirs) and ours == "order"
        ):
            columns[ours] = tuple(theirs)
        else:
            faults.say(f"columns.{ours}", "must be the name of a column" + (" or a list" if ours == "order" else ""))
    for ours in COLUMNS[kind]["needs"]:
        if ours not in said:
            faults.say(f"columns.{ours}", "is needed")
    return columns


def _check_goods(mapping: Mapping, faults: _Faults) -> None:
    """What a file of goods, counts or lists must say in a column or once for all."""
    said = {*mapping.columns, *mapping.constants}
    if mapping.kind == Kind.STOCK and "counted_at" not in said:
        faults.say(
            "constants.counted_at", "say when it was counted, here or in a column: it makes a count repeatable"
        )
    if mapping.kind == Kind.AUDIENCE and "audience" not in said:
        faults.say("constants.audience", "say the key of the audience, here or in a column")
    if mapping.kind == Kind.PRODUCTS and "price" not in mapping.columns:
        for name in ("member_price", "starts_on", "ends_on"):
            if name in mapping.columns:
                faults.say(f"columns.{name}", "belongs to a price; say columns.price")


def _check_money(mapping: Mapping, faults: _Faults) -> None:
    if mapping.kind != Kind.ORDERS:
        return
    if ("amount" in mapping.columns) == ("unit_price" in mapping.columns):
        faults.say("columns.amount", "say either amount (of the whole line) or unit_price (of one)")
    if "unit_price" in mapping.columns and "quantity" not in mapping.columns:
        faults.say("columns.quantity", "is needed beside unit_price")
    if "sku" not in mapping.columns and "sku" not in mapping.constants:
        faults.say("columns.sku", "is needed, or constants.sku for a file without goods")


def _text(document: MappingOf[str, Any], key: str, faults: _Faults, *, fallback: str, pattern: str) -> str:
    value = document.get(key, fallback)
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        faults.say(key, f"must match {pattern}")
        return fallback
    return value


def _one_of(document: MappingOf[str, Any], key: str, allowed: tuple[str, ...], faults: _Faults) -> str:
    value = document.get(key, allowed[0])
    if value not in allowed:
        faults.say(key, f"must be one of {', '.join(allowed)}")
        return allowed[0]
    return str(value)


def _flag(document: MappingOf[str, Any], key: str, faults: _Faults, *, fallback: bool) -> bool:
    value = document.get(key, fallback)
    if not isinstance(value, bool):
        faults.say(key, "must be true or false")
        return fallback
    return value


def _encoding(document: MappingOf[str, Any], faults: _Faults) -> str:
    value = document.get("encoding", "auto")
    if value == "auto":
        return "auto"
    try:
        return codecs.lookup(str(value)).name
    except LookupError:
        faults.say("encoding", f"{value!r} is not known; auto, utf-8, gb18030, latin-1 … are")
        return "auto"


def _zone(document: MappingOf[str, Any], faults: _Faults) -> str:
    value = document.get("zone", "UTC")
    try:
        ZoneInfo(str(value))
    except (KeyError, ValueError, OSError):
        faults.say("zone", f"{value!r} is not an IANA time zone such as Europe/London")
        return "UTC"
    return str(value)


def _currency(document: MappingOf[str, Any], faults: _Faults) -> str | None:
    value = document.get("currency")
    if value is None:
        return None
    try:
        money.exponent(str(value))
    except Invalid as no:
        faults.found += no.errors
        return None
    return str(value)


def _times(document: MappingOf[str, Any], faults: _Faults) -> tuple[str, ...]:
    value = document.get("times", ["iso"])
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, list) or not value or not all(isinstance(v, str) and v for v in value):
        faults.say("times", "is a list of formats: iso, or such as '%d/%m/%Y %H:%M'")
        return ("iso",)
    return tuple(value)


def _texts(
    document: MappingOf[str, Any], key: str, faults: _Faults, *, allowed: tuple[str, ...] = ()
) -> dict[str, str]:
    value = document.get(key) or {}
    if not isinstance(value, dict):
        faults.say(key, "must be a table")
        return {}
    for name in value:
        if allowed and name not in allowed:
            faults.say(f"{key}.{name}", f"is not known; there are {', '.join(allowed)}")
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", str(name)):
            faults.say(f"{key}.{name}", "names are small letters, digits and _")
    return {str(k): str(v) for k, v in value.items()}


def _test(value: Any, path: str, faults: _Faults) -> Test:
    tests = ("equals", "matches", "empty")
    if not isinstance(value, dict) or not isinstance(value.get("column"), str):
        faults.say(path, "is {column: …} with one of equals, matches, empty")
        return Test(column="")
    if set(value) - {"column", *tests} or sum(t in value for t in tests) != 1:
        faults.say(path, "has exactly one of equals, matches, empty beside column")
    if isinstance(value.get("matches"), str):
        try:
            re.compile(value["matches"])
        except re.error as no:
            faults.say(f"{path}.matches", f"is no regular expression: {no}")
    if "empty" in value and not isinstance(value["empty"], bool):
        faults.say(f"{path}.empty", "must be true or false")
    equals = value.get("equals", [])
    return Test(
        column=value["column"],
        equals=tuple(str(e) for e in (equals if isinstance(equals, list) else [equals])),
        matches=value.get("matches"),
        empty=value.get("empty"),
    )


def _returns(value: Any, faults: _Faults) -> Returns:
    if value is None:
        return Returns()
    if not isinstance(value, dict) or set(value) - {"when", "refund", "negative_quantity", "order"}:
        faults.say("returns", "is a table of when, refund, negative_quantity and order")
        return Returns()
    return Returns(
        when=_test(value["when"], "returns.when", faults) if value.get("when") else None,
        refund=value.get("refund"),
        negative_quantity=value.get("negative_quantity", False) is True,
        order=value.get("order"),
    )


def _drops(value: Any, faults: _Faults) -> tuple[Drop, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        faults.say("drop", "is a list")
        return ()
    drops = []
    for n, item in enumerate(value):
        if not isinstance(item, dict) or set(item) != {"name", "when"}:
            faults.say(f"drop.{n}", "is {name: …, when: {column: …}}")
            continue
        drops.append(Drop(name=str(item["name"]), when=_test(item["when"], f"drop.{n}.when", faults)))
    return tuple(drops)
