"""Rows that stay out: noted by line and reason, and written, whole, to a file that only its owner can read."""

from __future__ import annotations

import csv
import itertools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from regulars.interfaces.imports.models import RejectRow
from regulars.interfaces.imports.services.files import Source
from regulars.interfaces.imports.terms import Mapping, Reject
from regulars.kernel import home

_AT_ONCE = 5_000


def note(*, program_id: int, job_id: UUID, rejects: Iterable[Reject]) -> None:
    """Remember rows that stay out; the same row for the same reason is remembered once."""
    rows = [RejectRow(program_id=program_id, job_id=job_id, line=r.line, reason=r.reason[:80]) for r in rejects]
    RejectRow.objects.bulk_create(rows, batch_size=_AT_ONCE, ignore_conflicts=True)


def write(*, job_id: UUID, path: Path, mapping: Mapping) -> Path | None:
    """Write the rejects file of a job beside its input (or, where nothing may be written there, in the data folder).

    It has the columns of the input after `line` and `reason`, so that its rows can be mended and imported. It is made
    whole or not at all, with mode 0600, because it may hold personal data. Without rejects there is none.
    """
    reasons = RejectRow.objects.filter(job_id=job_id).order_by("line", "id").values_list("line", "reason")
    if not reasons.exists():
        return None
    target = _place(job_id, path)
    temporary = target.with_suffix(".part")
    handle = os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
        _copy_rows(csv.writer(out), Source(path, mapping), reasons.iterator(chunk_size=_AT_ONCE))
    temporary.replace(target)
    return target


def _place(job_id: UUID, path: Path) -> Path:
    name = f"{path.name}.rejects.{job_id.hex[:8]}.csv"
    if os.access(path.parent, os.W_OK):
        return path.parent / name
    folder = home.folder() / "imports"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder / name


def _copy_rows(out: Any, source: Source, reasons: Iterator[tuple[int, str]]) -> None:
    """Both sides come in order of lines: walk along them together."""
    waiting, is_begun = next(reasons, None), False
    for lines, batch in itertools.chain(source.rows(), [(None, None)]):
        if not is_begun:
            out.writerow(["line", "reason", *source.header])
            is_begun = True
        found: dict[int, list[str]] = {}
        while waiting is not None and (lines is None or (len(lines) and waiting[0] <= lines[-1].as_py())):
            found.setdefault(waiting[0], []).append(waiting[1])
            waiting = next(reasons, None)
        told = _told(lines, batch, found) if found and lines is not None else []
        told += [(reject.line, [text.rstrip("\r\n")]) for reject, text in source.bad if reject.line in found]
        source.bad = [(reject, text) for reject, text in source.bad if waiting and reject.line >= waiting[0]]
        for line, row in sorted(told, key=lambda pair: pair[0]):
            out.writerow([line, " ".join(found[line]), *row])


def _told(lines: pa.Array, batch: pa.RecordBatch, found: dict[int, list[str]]) -> list[tuple[int, list[Any]]]:
    chosen = pc.is_in(lines, value_set=pa.array(list(found), pa.int64()))
    columns = [column.to_pylist() for column in batch.filter(chosen).columns]
    return [(line, [column[n] for column in columns]) for n, line in enumerate(lines.filter(chosen).to_pylist())]
