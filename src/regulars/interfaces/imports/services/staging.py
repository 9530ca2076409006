"""From file to staging tables: typed rows in, faults noted, sums taken; the same for a dry run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from django.db import connection

from regulars.interfaces.imports.rules.convert import Staged, convert
from regulars.interfaces.imports.services import files
from regulars.interfaces.imports.services.jobs import Show
from regulars.interfaces.imports.services.stage import Stage
from regulars.interfaces.imports.terms import Mapping, Progress, Reject, State

Note = Callable[[list[Reject]], None]


@dataclass(kw_only=True)
class Figures:
    """What was read: rows kept, left out on purpose, and rejected; sums before and after rounding."""

    rows: int = 0
    kept: int = 0
    rejected: int = 0
    exact: Decimal = Decimal(0)
    minor: int = 0
    refunds: int = 0
    refund_minor: int = 0
    members_exact: Decimal = Decimal(0)
    dropped: dict[str, list[int]] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)

    def add(self, staged: Staged, rows: int) -> None:
        """Count a chunk in."""
        self.rows += rows
        self.kept += staged.kept
        self.exact += staged.exact
        self.minor += staged.minor
        self.refunds += staged.refunds
        self.refund_minor += staged.refund_minor
        self.members_exact += staged.members_exact
        for name, (dropped, minor) in staged.dropped.items():
            sums = self.dropped.setdefault(name, [0, 0])
            sums[0], sums[1] = sums[0] + dropped, sums[1] + minor

    def report(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "rows": self.rows,
            "rows_kept": self.kept,
            "rows_rejected": self.rejected,
            "rows_dropped": {name: {"rows": n, "minor": minor} for name, (n, minor) in self.dropped.items()},
            "reasons": dict(sorted(self.reasons.items())),
            "sum_before_rounding": _plain(self.exact),
            "sum_minor": self.minor,
            "members_sum_before_rounding": _plain(self.members_exact),
            "refunds": self.refunds,
            "refunds_minor": self.refund_minor,
        }


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f") if value else "0"


def load(
    *, stage: Stage, path: Path, mapping: Mapping, currency: str, latest: datetime, note: Note, show: Show
) -> Figures:
    """Read the file into the staging tables and put its events in order.

    Args: latest: what is later is of the future, and rejected. note: called with lists of rejects. Raises: BadFile.
    """
    figures, size = Figures(), files.size_of(path, mapping)
    unit = "rows" if mapping.format == "parquet" else "bytes"
    source = files.Source(path, mapping, lambda n: show(Progress(state=State.STAGING, done=n, total=size, unit=unit)))
    stage.create()
    with _putting(stage) as put:
        for chunk in source.chunks():
            staged = convert(chunk, mapping, currency, latest)
            put(staged.table)
            figures.add(staged, len(chunk.lines))
            _reject(figures, [*staged.rejects, *(reject for reject, _ in source.bad)], note)
            figures.rows += len(source.bad)
            source.bad.clear()
    _reject(figures, [reject for reject, _ in source.bad], note)
    figures.rows += len(source.bad)
    pa.default_memory_pool().release_unused()  # what chunks needed, recording needs now
    return figures


@contextmanager
def _putting(stage: Stage) -> Iterator[Callable[[pa.Table], None]]:
    """Where chunks go: while PostgreSQL takes one, on a thread and a connection of its own, the next one is read.

    The tables of a dry run belong to the connection that made them.
    """
    if stage.is_dry:
        yield stage.put
        return
    waiting: list[Future[None]] = []
    with ThreadPoolExecutor(1, thread_name_prefix="staging") as writer:

        def put(table: pa.Table) -> None:
            if waiting:
                waiting.pop().result()
            waiting.append(writer.submit(stage.put, table))

        try:
            yield put
            if waiting:
                waiting.pop().result()
        finally:
            writer.submit(lambda: connection.close()).result()


def _reject(figures: Figures, rejects: list[Reject], note: Note) -> None:
    if rejects:
        note(rejects)
    for reject in rejects:
        figures.reasons[reject.reason] = figures.reasons.get(reject.reason, 0) + 1
    figures.rejected += len(rejects)
