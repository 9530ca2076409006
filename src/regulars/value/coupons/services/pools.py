"""Pools of codes that others made, imported from a file: streamed, resumable, with a file of what was rejected."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

from django.db import transaction

from regulars.kernel import clock, postgres
from regulars.kernel.errors import Invalid
from regulars.value.coupons.models import BatchRow
from regulars.value.coupons.rules import codes as spelling
from regulars.value.coupons.services import making
from regulars.value.coupons.terms import BatchRunning, Imported

PART = 10_000
_LEAST = 4
_HEADERS = {"code", "coupon", "coupon_code", "voucher"}


def import_pool(
    *,
    program_id: int,
    template: str,
    path: Path,
    rejects: Path | None = None,
    key: str = "",
    note: str = "",
    dry_run: bool = False,
    actor: str,
    told: Callable[[int, int], None] | None = None,
    part: int = PART,
) -> Imported:
    """Store the codes of a text or CSV file (first column, or the one called `code`) as one batch.

    The same file again continues where it was, or answers what it did. A line that is no code, stands in the file
    before, or is a code already, goes to the rejects file with its reason.

    Args: key: makes it repeatable (empty: the file's digest). told: called after each part with (lines, all).
    Raises: UnknownTemplate; BatchDiffers; BatchRunning; Expired; Invalid for an unreadable or empty file.
    """
    digest, size = _measure(path)
    if not size:
        raise Invalid(errors=[("file", "holds no codes")])
    if size > making.MOST:
        raise Invalid(errors=[("file", f"holds more than {making.MOST} codes")])
    told_digest = hashlib.sha256(digest + template.encode()).digest()[:16]
    if dry_run:
        making.new_row(
            program_id=program_id, template=template, size=size, key="-", note=note, actor=actor, digest=told_digest
        )
        good = sum(1 for _, code in _lines(path) if not _fault(code))
        return Imported(batch_id=UUID(int=0), lines=size, stored=good, rejected=size - good)
    with transaction.atomic():
        name = key or f"pool/{told_digest.hex()}"
        row = making.begun(program_id=program_id, key=name, digest=told_digest)
        if row is None:
            row = making.new_row(
                program_id=program_id,
                template=template,
                size=size,
                key=name,
                note=note,
                actor=actor,
                digest=told_digest,
            )
            row.save(force_insert=True)
    _carry_in(row, path, rejects, told, part)
    stored = postgres.ask("select count(*) from coupons_coupon where batch_id = %s::uuid", (row.id,))[0][0]
    return Imported(batch_id=row.id, lines=size, stored=int(stored), rejected=size - int(stored))


def _carry_in(
    begun: BatchRow, path: Path, rejects: Path | None, told: Callable[[int, int], None] | None, part: int
) -> None:
    waiting: list[tuple[int, str]] = []
    for n, line in enumerate(_lines(path), start=1):
        if n > begun.made:
            waiting.append(line)
        if len(waiting) == part or (n == begun.size and waiting):
            refused = _store(begun, waiting)
            if rejects is not None and refused:
                with rejects.open("a", newline="", encoding="utf-8") as out:
                    csv.writer(out).writerows(refused)
            waiting = []
            if told:
                told(begun.made, begun.size)


@transaction.atomic
def _store(begun: BatchRow, lines: list[tuple[int, str]]) -> list[tuple[int, str, str]]:
    """One part: codes and progress in one commit. Returns what was refused, as (line, text, reason)."""
    row = BatchRow.objects.select_for_update().get(pk=begun.pk)
    if row.made != begun.made:
        raise BatchRunning
    refused, good = [], {}
    for place, (number, text) in enumerate(lines, start=row.made + 1):
        code, fault = spelling.canonical(text), _fault(text)
        if fault or code in good:
            refused.append((number, text, fault or "stands in the file twice"))
        else:
            good[code] = (number, text, UUID(int=row.id.int + place))
    postgres.ask("select coupons_one_at_a_time(%s::int)", (row.program_id,))
    on_sheets = postgres.ask("select code from coupons_on_sheets(%s::int, %s::text[])", (row.program_id, list(good)))
    refused += [(*good.pop(code)[:2], "is a code already") for (code,) in on_sheets]
    stored = postgres.ask(
        "insert into coupons_coupon (id, program_id, code, shown, template, version, starts_at, ends_at, issued_at,"
        " batch_id) select x.id, %s::int, x.code, nullif(x.shown, x.code), %s::text, %s::int, %s::timestamptz,"
        " %s::timestamptz, %s::timestamptz, %s::uuid from unnest(%s::uuid[], %s::text[], %s::text[])"
        " as x (id, code, shown) order by x.code on conflict (program_id, code) do nothing returning code",
        (
            row.program_id,
            row.template,
            row.version,
            row.starts_at,
            row.ends_at,
            row.created_at,
            row.id,
            [v[2] for v in good.values()],
            list(good),
            [v[1] for v in good.values()],
        ),
    )
    there = {code for (code,) in stored}
    refused += [(v[0], v[1], "is a code already") for code, v in good.items() if code not in there]
    row.made += len(lines)
    if row.made == row.size:
        row.done_at = clock.now()
    row.save(update_fields=["made", "done_at"])
    begun.made = row.made
    return sorted(refused)


def _fault(text: str) -> str:
    code = spelling.canonical(text)
    if len(text) > spelling.LONGEST or len(code) < _LEAST:
        return f"must have {_LEAST} to {spelling.LONGEST} signs"
    return "" if code.isascii() and code.isprintable() and " " not in code else "has signs that no code has"


def _measure(path: Path) -> tuple[bytes, int]:
    """The file's digest and how many codes it holds."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        return digest, sum(1 for _ in _lines(path))
    except (OSError, UnicodeDecodeError, csv.Error) as no:
        raise Invalid(errors=[("file", f"cannot be read: {no}")]) from no


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """The codes of a file with the numbers of their lines; blank lines and a head line are passed over."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        column = 0
        for n, cells in enumerate(csv.reader(file), start=1):
            if n == 1:
                heads = [c.strip().lower() for c in cells]
                known = [place for place, head in enumerate(heads) if head in _HEADERS]
                if known:
                    column = known[0]
                    continue
            text = cells[column].strip() if len(cells) > column else ""
            if text:
                yield n, text
