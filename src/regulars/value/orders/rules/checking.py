"""What an order or a return must be like, whoever tells it: every fault is listed with its path."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson

from regulars.value.orders.terms import MOST_LINES, OrderTold, ReturnTold

Faults = list[tuple[str, str]]

MOST_MINOR = 10**12
MOST_QUANTITY = Decimal(10**12)
MOST_EARNED = 10**18
MOST_ATTRIBUTES = 50
MOST_ATTRIBUTE_BYTES = 8_192
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)  # whatever the clock says; every zone can still write it
_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")  # no slash: it parts source and ref in journal keys


def attribute_fault(value: Mapping[str, Any] | None) -> str:
    """What is wrong with attributes, or nothing: they are kept as JSON."""
    if value is None:
        return ""
    if not isinstance(value, Mapping) or len(value) > MOST_ATTRIBUTES:
        return f"must be an object of at most {MOST_ATTRIBUTES} names"
    try:
        told = orjson.dumps(dict(value))
    except (TypeError, ValueError):
        return "cannot be kept as JSON (numbers beyond 64 bits, broken characters or too deep)"
    if len(told) > MOST_ATTRIBUTE_BYTES or b"\\u0000" in told:
        return f"must have at most {MOST_ATTRIBUTE_BYTES} bytes and no NUL characters"
    return ""


def _head(told: OrderTold | ReturnTold) -> Faults:
    faults: Faults = []
    if not _SOURCE.fullmatch(told.source):
        faults.append(("source", "must be 1 to 60 letters, digits, dots, hyphens or underscores"))
    if not 0 < len(told.ref) <= 200:
        faults.append(("ref", "must have 1 to 200 characters"))
    if told.occurred_at.tzinfo is None:
        faults.append(("occurred_at", "must carry its offset"))
    elif told.occurred_at < _EARLIEST:
        faults.append(("occurred_at", "must not be before 1970"))
    elif told.occurred_at > _LATEST:
        faults.append(("occurred_at", "must not lie in the future"))
    if told.member is not None and told.identifier is not None:
        faults.append(("identifier", "cannot be said together with member; say one of them"))
    if not 0 < len(told.lines) <= MOST_LINES:
        faults.append(("lines", f"must have 1 to {MOST_LINES} entries; it has {len(told.lines)}"))
    return faults


def _is_countable(quantity: Decimal) -> bool:
    if not quantity.is_finite() or not -MOST_QUANTITY < quantity < MOST_QUANTITY:
        return False
    exponent = quantity.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -6


def check_order(told: OrderTold) -> Faults:
    """The faults of an order; none for a good one. What the program must know (store, channel) is checked later."""
    faults = _head(told)
    if wrong := attribute_fault(told.attributes):
        faults.append(("attributes", wrong))
    seen: set[str] = set()
    for i, line in enumerate(told.lines):
        if line.attributes and (wrong := attribute_fault(line.attributes)):
            faults.append((f"lines.{i}.attributes", wrong))
        if not _is_countable(line.quantity):
            faults.append((f"lines.{i}.quantity", "must have at most 12 digits before the point and 6 after"))
        elif line.quantity <= 0 and line.kind != "adjustment":
            faults.append((f"lines.{i}.quantity", "must be above zero (only an adjustment may be zero or less)"))
        if not -MOST_MINOR <= line.amount_minor <= MOST_MINOR:
            faults.append((f"lines.{i}.amount_minor", f"must be between -{MOST_MINOR} and {MOST_MINOR} minor units"))
        elif line.amount_minor < 0 and line.kind != "adjustment":
            faults.append((f"lines.{i}.amount_minor", "must not be below zero (only an adjustment may be)"))
        if line.id in seen:
            faults.append((f"lines.{i}.id", "was used for another line of this order"))
        seen.add(line.id)
    for i, tender in enumerate(told.tenders):
        if not -MOST_MINOR <= tender.amount_minor <= MOST_MINOR:
            faults.append(
                (f"tenders.{i}.amount_minor", f"must be between -{MOST_MINOR} and {MOST_MINOR} minor units")
            )
    return faults


def check_return(told: ReturnTold) -> Faults:
    """The faults of a return; none for a good one."""
    faults = _head(told)
    for i, back in enumerate(told.lines):
        if not _is_countable(back.quantity) or back.quantity <= 0:
            faults.append((f"lines.{i}.quantity", "must be above zero, with at most 6 digits after the point"))
        if back.amount_minor is not None and not 0 <= back.amount_minor <= MOST_MINOR:
            faults.append((f"lines.{i}.amount_minor", f"must be between 0 and {MOST_MINOR} minor units"))
        if told.order is not None and back.line is None:
            faults.append((f"lines.{i}.id", "is missing: which line of the order comes back?"))
        if told.order is None and back.sku is None:
            faults.append((f"lines.{i}.sku", "is missing: without an order the goods must be named"))
        if told.order is None and back.line is not None:
            faults.append((f"lines.{i}.id", "names a line, so the order must be said too"))
        if told.order is None and back.amount_minor is None:
            faults.append((f"lines.{i}.amount_minor", "is missing: without an order nobody knows what was paid"))
    return faults


def check_clock(occurred_at: datetime, now: datetime, tolerance_minutes: int) -> Faults:
    """A fault when something is said to have happened later than clocks may differ."""
    if occurred_at > now + timedelta(minutes=tolerance_minutes):
        return [("occurred_at", f"is more than {tolerance_minutes} minutes in the future")]
    return []
