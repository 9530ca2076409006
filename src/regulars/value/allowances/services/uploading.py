"""What a till uploads: who signed it, order by order, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from regulars.kernel import clock, secrets
from regulars.kernel.errors import Busy, Invalid
from regulars.value.allowances.models import DeviceRow, UploadRow
from regulars.value.allowances.rules import reading, tokens
from regulars.value.allowances.services.settling import settle, warm
from regulars.value.allowances.terms import MOST_ORDERS, BadTillSignature, NoDevice, Settled, Told, Uploaded

_TRIES = 4
_MOST_GAPS = 100
_MOST_SEEN = 50_000


def upload(
    *,
    program_id: int,
    device: str,
    sent_at: datetime,
    items: Iterable[Mapping[str, Any]],
    signature: str,
    signed: bytes,
    actor: str,
) -> Uploaded:
    """Take orders that a till made without a line: each by itself, in its order, at least once and never twice.

    What fails in the middle leaves what came before recorded; the till sends all again.

    Args: items: checked for their form only. signature: of the bytes `signed`, by the till's key.
    Raises: NoDevice; BadTillSignature; Invalid when a number is said twice; NoSuchVersion; Busy.
    """
    row = DeviceRow.objects.filter(program_id=program_id, key=device).first()
    if row is None:
        raise NoDevice
    raw = tokens.signature_of(signature)
    if raw is None or not secrets.verify(bytes(row.public_key), tokens.BATCH_CONTEXT + signed, raw):
        raise BadTillSignature
    told = sorted((reading.read(item) for item in items), key=lambda t: t.seq)
    _check(told)
    now = clock.now()
    offset = reading.offset_ms(sent_at=sent_at, now=now)
    warm(program_id=program_id)
    settled = [_settled(row, one, offset, now, actor) for one in told]
    upto, missing = _seen(row, sent_at, now)
    return Uploaded(
        device=device, items=tuple(settled), missing=missing, upto=upto, clock_offset_ms=row.clock_offset_ms or 0
    )


def _check(told: list[Told]) -> None:
    if not 0 < len(told) <= MOST_ORDERS:
        raise Invalid(errors=[("orders", f"must have 1 to {MOST_ORDERS} entries")])
    seqs = [t.seq for t in told]
    if len(set(seqs)) != len(seqs):
        raise Invalid(errors=[("orders", "say a number twice")])


def _settled(row: DeviceRow, told: Told, offset_ms: int, now: datetime, actor: str) -> Settled:
    for last in range(_TRIES):
        try:
            return settle(device_id=row.id, told=told, offset_ms=offset_ms, now=now, actor=actor)
        except Busy:
            if last == _TRIES - 1:
                raise
    raise Busy


@transaction.atomic
def _seen(row: DeviceRow, sent_at: datetime, now: datetime) -> tuple[int, tuple[tuple[int, int], ...]]:
    """Note how far the till's numbers reach, and what its clock says. Answers the gaps, the first hundred."""
    fresh = DeviceRow.objects.select_for_update().get(id=row.id)
    above = UploadRow.objects.filter(device=fresh, seq__gt=fresh.upto).order_by("seq")
    seqs = list(above.values_list("seq", flat=True).distinct()[:_MOST_SEEN])
    upto, missing = reading.gaps(seqs, upto=fresh.upto)
    fresh.upto, fresh.last_seq = upto, max([fresh.last_seq, *seqs])
    fresh.clock_offset_ms = row.clock_offset_ms = reading.behind_ms(sent_at=sent_at, now=now)
    fresh.seen_at = now
    fresh.save(update_fields=["upto", "last_seq", "clock_offset_ms", "seen_at"])
    return upto, missing[:_MOST_GAPS]
