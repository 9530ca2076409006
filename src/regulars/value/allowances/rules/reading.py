"""An uploaded order, read; and what its number and content say about it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from regulars.kernel import ids
from regulars.kernel.errors import Invalid, NotFound
from regulars.value.allowances.terms import PREFIX, SKEW_MS, Burn, Told

_OURS = frozenset(("seq", "key", "ref", "chain", "occurred_at", "rule_version", "burns"))  # the rest is the order's
_NOBODYS = UUID(int=0)
_MOST_MS = 1000 * 86_400 * 366 * 20  # a clock that is wrong by more is wrong by this


def read(item: Mapping[str, Any]) -> Told:
    """One checked item of an upload. Its digest is over all that it says but the chain of the journal."""
    said = {k: v for k, v in item.items() if k != "chain"}
    try:
        told = orjson.dumps(said, default=str, option=orjson.OPT_SORT_KEYS)
    except TypeError as no:
        raise Invalid(errors=[("orders", f"{item['seq']}: a number is too large")]) from no
    digest = hashlib.sha256(told).digest()
    return Told(
        seq=item["seq"],
        key=item["key"],
        ref=item["ref"],
        chain=item["chain"],
        occurred_at=item["occurred_at"],
        rule_version=item["rule_version"],
        digest=digest,
        burns=tuple(_burn(b) for b in item["burns"]),
        body={name: value for name, value in item.items() if name not in _OURS and value is not None},
    )


def _burn(told: Mapping[str, Any]) -> Burn:
    try:
        allowance = ids.decode(PREFIX, told["allowance"])
    except NotFound:
        allowance = _NOBODYS  # unknown to us, as any other id that is not ours
    return Burn(allowance, told["amount"], told["amount_minor"])


def order_body(told: Told, *, source: str, ref: str, store: str, member: str | None, at: datetime) -> dict[str, Any]:
    """The order as `orders` reads it: what allowances paid is a tender of its own."""
    points = [{"type": "points", "amount_minor": b.amount_minor} for b in told.burns]
    body = {**told.body, "tenders": [*told.body.get("tenders", []), *points]}
    body.update(source=source, ref=ref, store=store, occurred_at=at)
    body.pop("member", None)
    return {**body, **({"member": member} if member else {})}


def behind_ms(*, sent_at: datetime, now: datetime) -> int:
    """How far the till's clock is behind ours, in milliseconds; below zero when it is ahead."""
    return max(-_MOST_MS, min(_MOST_MS, (now - sent_at) // timedelta(milliseconds=1)))


def offset_ms(*, sent_at: datetime, now: datetime) -> int:
    """What to add to the till's times; 0 when its clock is right enough: an upload takes its time too."""
    found = behind_ms(sent_at=sent_at, now=now)
    return found if abs(found) >= SKEW_MS else 0


def gaps(seqs: Iterable[int], *, upto: int) -> tuple[int, tuple[tuple[int, int], ...]]:
    """The new end of the unbroken beginning, and the gaps after it (both ends included).

    Args: seqs: the numbers above `upto` that are here, in order.

    >>> gaps([4, 5, 7, 10], upto=3)
    (5, ((6, 6), (8, 9)))
    """
    missing = []
    whole, last = upto, upto
    for seq in seqs:
        if seq > last + 1:
            missing.append((last + 1, seq - 1))
        if seq == whole + 1:
            whole = seq
        last = seq
    return whole, tuple(missing)
