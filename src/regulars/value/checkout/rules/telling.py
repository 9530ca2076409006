"""What is told of a basket: its faults, and the JSON that a session keeps of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from regulars.kernel.reading import Fault
from regulars.value.checkout.terms import MOST_COUPONS, MOST_SPENDS, LineTold, SessionTold
from regulars.value.promotions.terms import Spend, Tender

_LONGEST_KEY = 200
_CONTROLS = frozenset(map(chr, [*range(32), 127]))
_MEANT = frozenset("~/")  # `~` counts the orders of a reopened session, `/` parts an address even when it is encoded


def key_fault(key: str) -> list[Fault]:
    """What is wrong with a session's key, or nothing."""
    if not 0 < len(key) <= _LONGEST_KEY or not _CONTROLS.isdisjoint(key) or not _MEANT.isdisjoint(key):
        return [("key", f"must have 1 to {_LONGEST_KEY} characters, none of them invisible, '~' or '/'")]
    return []


def told_faults(told: SessionTold) -> list[Fault]:
    """The faults that a basket has beside those that an order can have."""
    faults: list[Fault] = []
    if told.member is not None and told.identifier is not None:
        faults.append(("identifier", "cannot be said together with member; say one of them"))
    if len(told.coupons) > MOST_COUPONS:
        faults.append(("coupons", f"at most {MOST_COUPONS} in one basket"))
    if len(set(told.coupons)) != len(told.coupons):
        faults.append(("coupons", "the same code is there twice"))
    for i, code in enumerate(told.coupons):
        if not 0 < len(code) <= 100:
            faults.append((f"coupons.{i}", "must have 1 to 100 characters"))
    if len(told.spend) > MOST_SPENDS or len({s.unit for s in told.spend}) != len(told.spend):
        faults.append(("spend_points", f"at most {MOST_SPENDS} units, each once"))
    for i, spend in enumerate(told.spend):
        if spend.amount is not None and not 0 <= spend.amount < 10**15:
            faults.append((f"spend_points.{i}.amount", "must be a whole number of the unit"))
    return faults


def told_to_json(told: SessionTold, occurred_at: datetime) -> dict[str, Any]:
    """What is kept of a basket: nobody's identifier, and no payment token."""
    kept: dict[str, Any] = {
        "channel": told.channel,
        "currency": told.currency,
        "store": told.store,
        "occurred_at": occurred_at.isoformat(),
        "lines": [_line_to_json(line) for line in told.lines],
    }
    if told.tenders:
        kept["tenders"] = [[t.type, t.amount_minor] for t in told.tenders]
    if told.coupons:
        kept["coupons"] = list(told.coupons)
    if told.spend:
        kept["spend"] = [list(s) for s in told.spend]
    if told.identifiers:
        kept["identifiers"] = list(told.identifiers)
    if told.attributes:
        kept["attributes"] = dict(told.attributes)
    return kept


def _line_to_json(line: LineTold) -> dict[str, Any]:
    row: dict[str, Any] = {
        name: value
        for name, value, usual in zip(_FIELDS, line, _USUAL, strict=True)
        if value is not usual and value != usual
    }
    row["quantity"] = format(line.quantity, "f")
    if line.tax_rate is not None:
        row["tax_rate"] = format(line.tax_rate, "f")
    return row


_USUAL = LineTold(id="", sku="", quantity=Decimal(0))
_FIELDS = LineTold._fields


def told_from_json(kept: Mapping[str, Any]) -> SessionTold:
    """What `told_to_json` wrote. The member is the session's own, and is not in it."""
    return SessionTold(
        channel=kept["channel"],
        currency=kept["currency"],
        store=kept["store"],
        occurred_at=datetime.fromisoformat(kept["occurred_at"]),
        lines=tuple([_line_from_json(row) for row in kept["lines"]]),
        tenders=tuple([Tender(type_, amount) for type_, amount in kept.get("tenders", ())]),
        coupons=tuple(kept.get("coupons", ())),
        spend=tuple([Spend(unit, amount) for unit, amount in kept.get("spend", ())]),
        identifiers=tuple(kept.get("identifiers", ())),
        attributes=kept.get("attributes"),
    )


def _line_from_json(row: Mapping[str, Any]) -> LineTold:
    rate = row.get("tax_rate")
    return LineTold(
        **{
            **row,
            "quantity": Decimal(row["quantity"]),
            "tax_rate": Decimal(rate) if rate is not None else None,
        }
    )
