"""Rows of coupons in PostgreSQL's binary COPY form, many at once and all of one width. Pure."""

from __future__ import annotations

import struct
from array import array
from datetime import UTC, datetime
from sys import byteorder
from uuid import UUID

from regulars.value.coupons.rules.codes import Maker

COLUMNS = "id, program_id, code, template, version, starts_at, ends_at, issued_at, batch_id"
SHEET_COLUMNS = "batch_id, run, place, low, codes"
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_PLACE = struct.Struct("!iq")
_COUNTER_AT = 2 + 4 + 12  # the last four bytes of the id, which is the first field


def row(*, first: UUID, program_id: int, code: bytes, template: str, version: int, spans: tuple[bytes, bytes, bytes],
        batch_id: UUID) -> tuple[bytes, int]:  # fmt: skip
    """One row as bytes, and how far into it the code begins. Args: spans: starts, ends, issued, by `instant`."""
    starts, ends, issued = spans
    head = struct.pack("!h", 9) + _field(first.bytes) + _field(struct.pack("!i", program_id))
    tail = (
        _field(template.encode())
        + _field(struct.pack("!i", version))
        + starts
        + ends
        + issued
        + _field(batch_id.bytes)
    )
    return head + _field(code) + tail, len(head) + 4


def instant(at: datetime | None) -> bytes:
    """An instant, or null, as a field."""
    if at is None:
        return b"\xff\xff\xff\xff"
    micros = (at - _EPOCH).days * 86_400_000_000 + (at - _EPOCH).seconds * 1_000_000 + (at - _EPOCH).microseconds
    return _field(struct.pack("!q", micros))


def _field(data: bytes) -> bytes:
    return struct.pack("!i", len(data)) + data


def sheets(codes: bytes, *, width: int, each: int, batch_id: UUID, run: int, place: int) -> bytes:
    """Rows of `SHEET_COLUMNS`: codes of one width, which ascend, `each` to a sheet; `place` is that of the first."""
    head = struct.pack("!h", 5) + _field(batch_id.bytes) + _field(struct.pack("!q", run))
    out = []
    for at in range(0, len(codes), each * width):
        sheet = codes[at : at + each * width]
        out += [head, _PLACE.pack(8, place + at // width), _field(sheet[:width]), _field(sheet)]
    return b"".join(out)


def rows(model: bytes, code_at: int, *, maker: Maker, images: array[int], first: int) -> bytearray:
    """Copies of one row with their own codes and ids.

    Args: images: permuted numbers. first: what the last four bytes of the first row's id count.
    """
    count, width = len(images), len(model)
    out = bytearray(model * count)
    counters = array("I", range(first, first + count))
    if byteorder == "little":
        counters.byteswap()
    told = counters.tobytes()
    for n in range(4):
        out[_COUNTER_AT + n :: width] = told[n::4]
    maker.write(images, out, at=code_at, width=width)
    return out
