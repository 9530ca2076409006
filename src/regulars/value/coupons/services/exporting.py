"""The export of a batch: its codes as they stand, streamed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from regulars.kernel import clock
from regulars.value.coupons.models import CouponRow, SheetRow
from regulars.value.coupons.services import making, sheets
from regulars.value.coupons.terms import Batch, BatchRunning, State

AT_ONCE = 5_000

_Line = tuple[str, str, datetime, datetime | None]


def codes_of(*, program_id: int, batch_id: UUID) -> Iterator[bytes]:
    """The codes of a batch as CSV (code, state, starts_at, ends_at), streamed in the order in which they are stored.

    Raises: UnknownBatch, at once; BatchRunning while codes are still being made.
    """
    found = making.find_batch(program_id=program_id, batch_id=batch_id)
    if found.done_at is None:
        raise BatchRunning(made=found.made, size=found.size)
    return _streamed(program_id, found)


def _streamed(program_id: int, found: Batch) -> Iterator[bytes]:
    yield b"code,state,starts_at,ends_at\r\n"
    for place in range(1, found.size + 1, AT_ONCE):
        lines = _on_sheets(found, place)
        lines.update(_with_rows(program_id, found, place))  # whoever was touched has a row, and it is right
        out = io.StringIO()
        writer = csv.writer(out)
        now = clock.now()
        for _, (code, state, starts, ends) in sorted(lines.items()):
            is_over = state == State.OPEN and ends is not None and ends <= now
            writer.writerow(
                [code, "expired" if is_over else state, starts.isoformat(), ends.isoformat() if ends else ""]
            )
        if lines:
            yield out.getvalue().encode()


def _on_sheets(found: Batch, first: int) -> dict[int, _Line]:
    """The codes of the sheets at `AT_ONCE` places."""
    state = State.VOIDED if found.voided_at else State.OPEN
    lines: dict[int, _Line] = {}
    laid = SheetRow.objects.filter(batch_id=found.batch_id, place__gt=first - sheets.SHEET, place__lt=first + AT_ONCE)
    for place, low, codes in laid.values_list("place", "low", "codes"):
        text, width = bytes(codes).decode(), len(low)
        for n, at in enumerate(range(0, len(text), width), start=place):
            if first <= n < first + AT_ONCE:
                lines[n] = (text[at : at + width], state, found.starts_at, found.ends_at)
    return lines


def _with_rows(program_id: int, found: Batch, first: int) -> dict[int, _Line]:
    """The coupons with rows at `AT_ONCE` places."""
    begin = found.batch_id.int + first
    rows = CouponRow.objects.filter(
        program_id=program_id, pk__gte=UUID(int=begin), pk__lt=UUID(int=begin + AT_ONCE), batch_id=found.batch_id
    )
    told = rows.values_list("pk", "code", "shown", "state", "starts_at", "ends_at")
    return {
        pk.int - found.batch_id.int: (shown or code, state, starts, ends)
        for pk, code, shown, state, starts, ends in told
    }
