"""Batches: many codes made and stored in parts, each part one commit, whatever kills the worker; and withdrawn."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import psycopg
import pyarrow as pa
from django.db import connection, transaction

from regulars.kernel import clock, ids, postgres
from regulars.kernel.errors import Broken, Invalid
from regulars.people.programs import services as programs
from regulars.value.coupons.models import BatchRow, CouponRow, SeriesRow
from regulars.value.coupons.rules import copying, validity
from regulars.value.coupons.rules.codes import Maker
from regulars.value.coupons.services import coining, document, sheets
from regulars.value.coupons.terms import (
    Alphabet,
    Batch,
    BatchDiffers,
    BatchRunning,
    Expired,
    State,
    UnknownBatch,
)

MOST = 10_000_000
PART = 250_000  # codes in one commit
CHUNK = 20_000  # rows in memory at once
AT_ONCE = 10_000  # so many are made while the caller waits
_LONGEST_NOTE = 500


@transaction.atomic
def begin_batch(
    *,
    program_id: int,
    template: str,
    size: int,
    key: str,
    note: str = "",
    ends_at: datetime | None = None,
    actor: str,
) -> Batch:
    """Begin a batch: its numbers are set aside, its codes made by `make_batch`. Begun once by `key`.

    Args: ends_at: an end earlier than the template's (None: the template's).
    Raises: UnknownTemplate; TooFewCodes; BatchDiffers when the key began something else; Expired; Invalid.
    """
    faults = []
    if not 1 <= size <= MOST:
        faults.append(("size", f"must be between 1 and {MOST}"))
    if len(note) > _LONGEST_NOTE:
        faults.append(("note", f"must have at most {_LONGEST_NOTE} characters"))
    if faults:
        raise Invalid(errors=faults)
    digest = hashlib.sha256(f"{template}/{size}/{ends_at}".encode()).digest()[:16]
    row = begun(program_id=program_id, key=key, digest=digest)
    if row is not None:
        return batch_of(row)
    found = document.template(program_id=program_id, key=template)
    series, first = coining.take_range(
        program_id=program_id, pattern=found.pattern, alphabet=found.alphabet, size=size
    )
    row = new_row(program_id=program_id, template=template, size=size, key=key, note=note, actor=actor, digest=digest)
    row.series, row.first = series, first
    if ends_at is not None and (row.ends_at is None or ends_at < row.ends_at):
        row.ends_at = ends_at
    if row.ends_at is not None and row.ends_at <= row.starts_at:
        raise Expired("Coupons of this batch would have ended.", reason="expired")
    row.save(force_insert=True)
    return batch_of(row)


def begun(*, program_id: int, key: str, digest: bytes) -> BatchRow | None:
    """The batch that this key began, if any; two callers with one key wait for each other.

    Raises: BatchDiffers; Invalid.
    """
    if not key or len(key) > 200:
        raise Invalid(errors=[("key", "must have 1 to 200 characters")])
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"coupon batch {program_id} {key}"])
    row = BatchRow.objects.filter(program_id=program_id, key=key).first()
    if row is not None and bytes(row.digest) != digest:
        raise BatchDiffers
    return row


def new_row(*, program_id: int, template: str, size: int, key: str, note: str, actor: str, digest: bytes) -> BatchRow:
    """A batch's row, not saved; its coupons' ids follow its own.

    Raises: UnknownTemplate; Expired.
    """
    found = document.template(program_id=program_id, key=template)
    now = clock.now()
    starts, ends = validity.span(found.validity, issued_at=now, zone=programs.by_id(program_id=program_id).zone)
    if ends is not None and ends <= starts:
        raise Expired("Coupons of this template have ended.", reason="expired")
    return BatchRow(
        id=UUID(int=ids.new_id().int >> 32 << 32),
        program_id=program_id,
        key=key,
        digest=digest,
        template=template,
        version=found.version,
        size=size,
        made=0,
        starts_at=starts,
        ends_at=ends,
        note=note,
        actor=actor,
        created_at=now,
    )


def make_batch(
    *,
    program_id: int,
    batch_id: UUID,
    told: Callable[[int, int], None] | None = None,
    part: int = PART,
    should_stop: Callable[[], bool] = lambda: False,
) -> Batch:
    """Make the codes of a batch that are missing, part by part; each part is one commit with its progress.

    Killed and called again, it continues where it was: nothing is made twice. Memory is bounded by the part.

    Args: told: called after each part with (made, size). should_stop: asked between parts.
    Raises: UnknownBatch; BatchRunning when another worker has it.
    """
    while True:
        with transaction.atomic():
            row = BatchRow.objects.select_for_update(skip_locked=True, of=("self",)).select_related("series").filter(
                program_id=program_id, pk=batch_id
            ).first()  # fmt: skip
            if row is None:
                find_batch(program_id=program_id, batch_id=batch_id)
                raise BatchRunning
            if row.series is not None and row.made < row.size:
                _make_part(row, min(part, row.size - row.made))
        if told:
            told(row.made, row.size)
        if row.done_at is not None or row.series is None or should_stop():
            return batch_of(row)


def _make_part(row: BatchRow, count: int) -> None:
    series = row.series
    if series is None:
        raise Broken("an imported batch is not made")
    maker = coining.maker(program_id=row.program_id, pattern=series.pattern, alphabet=Alphabet(series.alphabet))
    begin = int(row.first or 0) + row.made
    images = _sorted(maker.permute(array("Q", range(begin, begin + count))))
    if count >= sheets.LEAST:
        if sheets.must_look(row, maker):
            images = _sorted(_without_taken(row, series, maker, images))
        sheets.lay(row, maker, images)
    else:
        _store(row, series, maker, images)
    row.made += count
    if row.made == row.size:
        row.done_at = clock.now()
    row.save(update_fields=["made", "done_at"])


def _store(row: BatchRow, series: SeriesRow, maker: Maker, images: array[int]) -> None:
    try:
        with transaction.atomic():
            _copy(row, maker, images)
    except psycopg.errors.UniqueViolation:  # an imported pool has codes of this pattern: others are drawn for them
        _copy(row, maker, _sorted(_without_taken(row, series, maker, images)))


def _sorted(images: array[int]) -> array[int]:
    told = pa.Array.from_buffers(pa.uint64(), len(images), [None, pa.py_buffer(images)]).sort()
    out = array("Q")
    out.frombytes(told.buffers()[1][: 8 * len(images)])
    return out


def _without_taken(row: BatchRow, series: SeriesRow, maker: Maker, images: array[int]) -> array[int]:
    good, wanted = images, len(images)
    while True:
        codes = maker.spell(good)
        taken = {c for (c,) in postgres.ask(
            "select code from coupons_coupon where program_id = %s::int and code = any(%s::text[])"
            " union select code from coupons_on_sheets(%s::int, %s::text[])",
            (row.program_id, codes, row.program_id, codes),
        )}  # fmt: skip
        good = array("Q", [n for n, code in zip(good, codes, strict=True) if code not in taken])
        if len(good) == wanted:
            return good
        _, first = coining.take_range(
            program_id=row.program_id,
            pattern=series.pattern,
            alphabet=Alphabet(series.alphabet),
            size=wanted - len(good),
        )
        good.extend(maker.permute(array("Q", range(first, first + wanted - len(good)))))


def _copy(row: BatchRow, maker: Maker, images: array[int]) -> None:
    spans = (copying.instant(row.starts_at), copying.instant(row.ends_at), copying.instant(row.created_at))
    model, code_at = copying.row(
        first=row.id,
        program_id=row.program_id,
        code=maker.pattern.encode(),
        template=row.template,
        version=row.version,
        spans=spans,
        batch_id=row.id,
    )
    connection.ensure_connection()
    statement = f"copy coupons_coupon ({copying.COLUMNS}) from stdin (format binary)"
    with psycopg.Cursor(connection.connection) as cursor, cursor.copy(statement) as copy:
        copy.write(copying.HEADER)
        for at in range(0, len(images), CHUNK):
            chunk = images[at : at + CHUNK]
            copy.write(copying.rows(model, code_at, maker=maker, images=chunk, first=row.made + at + 1))
        copy.write(copying.TRAILER)


def unfinished() -> list[tuple[int, UUID]]:
    """Batches of every program that are not done: (program, batch), oldest first."""
    rows = BatchRow.objects.filter(done_at=None, voided_at=None, series__isnull=False).order_by("created_at")
    return [(r.program_id, r.id) for r in rows]


def find_batch(*, program_id: int, batch_id: UUID) -> Batch:
    """A batch and how far it has come.

    Raises: UnknownBatch.
    """
    row = BatchRow.objects.select_related("series").filter(program_id=program_id, pk=batch_id).first()
    if row is None:
        raise UnknownBatch
    return batch_of(row)


def batches(*, program_id: int, limit: int = 100) -> tuple[Batch, ...]:
    """The batches of a program, newest first."""
    rows = BatchRow.objects.select_related("series").filter(program_id=program_id).order_by("-created_at")[:limit]
    return tuple([batch_of(r) for r in rows])


def batch_of(row: BatchRow) -> Batch:
    """A row in words."""
    return Batch(
        batch_id=row.id,
        template=row.template,
        version=row.version,
        pattern=row.series.pattern if row.series else "",
        size=row.size,
        made=row.made,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        note=row.note,
        actor=row.actor,
        created_at=row.created_at,
        done_at=row.done_at,
        voided_at=row.voided_at,
    )


@transaction.atomic
def void_batch(*, program_id: int, batch_id: UUID, actor: str, reason: str) -> int:
    """Withdraw every code of a batch that nobody holds, reserved or used; returns how many.

    Raises: UnknownBatch; BatchRunning; Invalid without a reason.
    """
    if not reason.strip():
        raise Invalid(errors=[("reason", "must be 1 to 200 characters")])
    row = BatchRow.objects.select_for_update().filter(program_id=program_id, pk=batch_id).first()
    if row is None:
        raise UnknownBatch
    if row.done_at is None:
        raise BatchRunning
    rows = CouponRow.objects.filter(
        program_id=program_id, pk__gt=row.id, pk__lte=UUID(int=row.id.int + row.size), state=State.OPEN
    )
    gone = 0 if row.voided_at else sheets.untouched(row=row)  # the batch's own row withdraws them
    gone += rows.filter(batch_id=row.id, member_id=None).update(state=State.VOIDED)
    row.voided_at = clock.now()
    row.note = f"{row.note}\n{actor}: {reason.strip()}".strip()
    row.save(update_fields=["voided_at", "note"])
    return gone
