"""Sheets: how a large part of a batch is stored, some hundred codes to a row, until somebody touches one of them."""

from __future__ import annotations

from array import array

import psycopg
from django.db import connection
from django.db.models import Q

from regulars.kernel import postgres
from regulars.value.coupons.models import BatchRow, CouponRow, RunRow, TemplateRow
from regulars.value.coupons.rules import codes, copying
from regulars.value.coupons.terms import Alphabet, Template

LEAST = 50_000  # a part with fewer codes is stored as rows: each run is one more place to look for a code (5 µs)
SHEET = 1_800  # bytes of codes on a sheet, so that it lies in its table, four to a page
_CHUNK = 20_000  # codes in memory at once


def must_look(row: BatchRow, maker: codes.Maker) -> bool:
    """Whether some code of this pattern may be a coupon already: imported, shared, or of another such pattern.

    Nobody brings codes of his own to this program until the transaction ends, unless from a template published since.
    """
    postgres.ask("select coupons_one_at_a_time(%s::int, true)", (row.program_id,))
    if BatchRow.objects.filter(program_id=row.program_id, series=None).exists():
        return True
    first, last = (sign * len(maker.pattern) for sign in ("0", "Z"))
    shared = CouponRow.objects.filter(Q(code__gte=first, code__lte=last), program_id=row.program_id, is_shared=True)
    if any(len(code) == len(maker.pattern) for code in shared.values_list("code", flat=True)):
        return True
    plain = Template(key="")
    told = TemplateRow.objects.filter(program_id=row.program_id).values_list("body__code", flat=True).distinct()
    others = {
        (code["pattern"], Alphabet(code["alphabet"])) if code else (plain.pattern, plain.alphabet) for code in told
    }
    return any(
        codes.overlap(maker.pattern, pattern, (maker.alphabet, alphabet))
        for pattern, alphabet in others - {(maker.pattern, maker.alphabet)}
    )


def lay(row: BatchRow, maker: codes.Maker, images: array[int]) -> None:
    """Store the codes of these permuted numbers, which ascend, as its next run. Args: row: as it was before."""
    place, width = row.made + 1, len(maker.pattern)
    low, high = maker.spell(array("Q", [images[0], images[-1]]))
    RunRow.objects.create(
        batch_id=row.id, place=place, count=len(images), program_id=row.program_id, width=width, low=low, high=high
    )
    each = max(SHEET // width, 1)
    chunk = _CHUNK // each * each
    connection.ensure_connection()
    statement = f"copy coupons_sheet ({copying.SHEET_COLUMNS}) from stdin (format binary)"
    with psycopg.Cursor(connection.connection) as cursor, cursor.copy(statement) as copy:
        copy.write(copying.HEADER)
        for at in range(0, len(images), chunk):
            part = images[at : at + chunk]
            text = bytearray(width * len(part))
            maker.write(part, text, at=0, width=width)
            copy.write(
                copying.sheets(bytes(text), width=width, each=each, batch_id=row.id, run=place, place=place + at)
            )
        copy.write(copying.TRAILER)


def untouched(*, row: BatchRow) -> int:
    """How many codes of a batch lie on its sheets and have no row."""
    return int(
        postgres.ask(
            "select coalesce(sum(r.count - (select count(*) from coupons_coupon c where c.id between"
            " coupons_id(r.batch_id, r.place) and coupons_id(r.batch_id, r.place + r.count - 1))), 0)"
            " from coupons_run r where r.batch_id = %s::uuid",
            (row.id,),
        )[0][0]
    )
