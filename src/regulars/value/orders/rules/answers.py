"""What is written and answered: canonical digests, lines as JSON, and the JSON of receipts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson

from regulars.kernel import ids
from regulars.value.orders.terms import (
    PREFIX,
    RETURN_PREFIX,
    ByUnit,
    CouponBack,
    CouponVoided,
    NotUndone,
    OrderTold,
    Receipt,
    Repriced,
    ReturnReceipt,
    ReturnTold,
    Settled,
)

MEMBER_PREFIX = "mem"


def plain(quantity: Decimal) -> str:
    """A quantity as text in its shortest form; equal quantities give equal text.

    >>> plain(Decimal("1.50")), plain(Decimal("100")), plain(Decimal("0.000"))
    ('1.5', '100', '0')
    """
    text = format(quantity, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text


def instant(at: datetime) -> str:
    """An instant as RFC 3339 in UTC."""
    return at.astimezone(UTC).isoformat()


def lines_of(told: OrderTold) -> list[dict[str, Any]]:
    """The lines as orders_commit takes them: short names, what is usual left out."""
    rows = []
    for line in told.lines:
        row: dict[str, Any] = {
            "n": line.n,
            "i": line.id,
            "s": line.sku,
            "q": plain(line.quantity),
            "a": line.amount_minor,
        }
        if line.uom:
            row["u"] = line.uom
        if line.tax_rate is not None:
            row["t"] = plain(line.tax_rate)
        if not line.tax_included:
            row["x"] = False
        if line.kind != "goods":
            row["k"] = line.kind
        if line.category is not None:
            row["c"] = line.category
        if line.brand is not None:
            row["b"] = line.brand
        if line.attributes:
            row["j"] = dict(line.attributes)
        rows.append(row)
    for row, description in zip(rows, told.descriptions, strict=False):
        if description is not None:
            row["d"] = description
    return rows


def order_digest(told: OrderTold, lines: Sequence[dict[str, Any]]) -> bytes:
    """16 bytes of what was asked. Who it is for is compared apart, because members merge and guests claim."""
    head = [
        told.channel,
        told.store,
        told.currency,
        instant(told.occurred_at),
        [(t.type, t.amount_minor) for t in told.tenders],
        told.attributes,
    ]
    asked = hashlib.sha256(orjson.dumps(head, option=orjson.OPT_SORT_KEYS))
    asked.update(orjson.dumps(lines, option=orjson.OPT_SORT_KEYS))
    return asked.digest()[:16]


def return_digest(told: ReturnTold) -> bytes:
    """16 bytes of what was asked to come back."""
    asked = [
        told.order,
        told.order_source,
        instant(told.occurred_at) if told.is_dated else None,
        [(plain(b.quantity), b.line, b.sku, b.amount_minor, *([] if b.restock else [False])) for b in told.lines],
    ]
    return hashlib.sha256(orjson.dumps(asked)).digest()[:16]


def by_unit(amounts: Sequence[int] | None, keys: Mapping[int, str]) -> dict[str, int]:
    """Amounts by slot as amounts by unit; nothing is left out.

    Args: keys: the unit's key by slot, from 1.
    """
    return {keys[slot]: amount for slot, amount in enumerate(amounts or (), 1) if amount and slot in keys}


def receipt_body(receipt: Receipt) -> bytes:
    """The JSON of the answer to an order; ids only, nobody's phone."""
    return orjson.dumps(
        {
            "id": ids.encode(PREFIX, receipt.order_id),
            "ref": receipt.ref,
            "source": receipt.source,
            "state": receipt.state,
            "member": ids.encode(MEMBER_PREFIX, receipt.member_id) if receipt.member_id else None,
            "channel": receipt.channel,
            "store": receipt.store,
            "total_minor": receipt.total_minor,
            "currency": receipt.currency,
            "occurred_at": instant(receipt.occurred_at),
            "rule_version": receipt.rule_version,
            **({"terms_version": receipt.terms_version} if receipt.terms_version is not None else {}),
            "earned": receipt.earned,
            "lines": [{"id": line.id, "earned": line.earned} for line in receipt.lines],
            "applied": [a._asdict() for a in receipt.applied],
            "rejected": [r._asdict() for r in receipt.rejected],
            "balances": {unit: h._asdict() for unit, h in receipt.balances.items()},
        }
    )


def return_body(receipt: ReturnReceipt) -> bytes:
    """The JSON of the answer to a return."""
    return orjson.dumps(
        {
            "id": ids.encode(RETURN_PREFIX, receipt.return_id),
            "ref": receipt.ref,
            "source": receipt.source,
            "member": ids.encode(MEMBER_PREFIX, receipt.member_id) if receipt.member_id else None,
            "order": ids.encode(PREFIX, receipt.order_id) if receipt.order_id else None,
            "occurred_at": instant(receipt.occurred_at),
            "kind": receipt.kind,
            "refund_minor": receipt.refund_minor,
            "clawed": _dict(receipt.clawed),
            "owed": _dict(receipt.owed),
            "forgiven": _dict(receipt.forgiven),
            "lines": [
                {
                    "id": line.line,
                    "match": line.match,
                    "sku": line.sku,
                    "quantity": plain(line.quantity),
                    "amount_minor": line.amount_minor,
                    "refund_minor": line.refund_minor,
                    "order": ids.encode(PREFIX, line.order_id) if line.order_id else None,
                    "clawed": _dict(line.clawed),
                }
                for line in receipt.lines
            ],
            **settled_json(receipt.settled),
        }
    )


def settled_json(settled: Settled) -> dict[str, Any]:
    """What a return settled beside its lines, as it is kept and answered."""
    return {
        "tendered_minor": settled.tendered_minor,
        "charged_minor": settled.charged_minor,
        "restored": _dict(settled.restored),
        "expired": _dict(settled.expired),
        "coupons": [c._asdict() for c in settled.coupons],
        "issued": [i._asdict() for i in settled.issued],
        "limits": [{"key": key, "amount": amount} for key, amount in settled.limits],
        "restocked": [{"goods": goods, "quantity": plain(quantity)} for goods, quantity in settled.restocked],
        "repriced": [r._asdict() for r in settled.repriced],
        "not_undone": [n._asdict() for n in settled.not_undone],
    }


def settled_kept(kept: Mapping[str, Any] | None) -> Settled:
    """What `settled_json` wrote; nothing for None."""
    if kept is None:
        return Settled()
    return Settled(
        tendered_minor=kept["tendered_minor"],
        charged_minor=kept["charged_minor"],
        restored=kept["restored"],
        expired=kept["expired"],
        coupons=tuple(CouponBack(**c) for c in kept["coupons"]),
        issued=tuple(CouponVoided(**i) for i in kept["issued"]),
        limits=tuple((x["key"], x["amount"]) for x in kept["limits"]),
        restocked=tuple((x["goods"], Decimal(x["quantity"])) for x in kept["restocked"]),
        repriced=tuple(Repriced(**r) for r in kept["repriced"]),
        not_undone=tuple(NotUndone(**n) for n in kept["not_undone"]),
    )


def _dict(amounts: ByUnit) -> dict[str, int]:
    return dict(amounts)
