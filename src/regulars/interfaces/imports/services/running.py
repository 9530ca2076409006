"""Running a job from wherever it stands to its end, and the dry run that changes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from regulars.interfaces.imports.models import JobRow, RejectRow
from regulars.interfaces.imports.services import files, members, recording, rejecting, staging, telling, whole
from regulars.interfaces.imports.services.jobs import Show, job, mapping_of, upload_folder
from regulars.interfaces.imports.services.stage import Stage
from regulars.interfaces.imports.terms import (
    BadMapping,
    FileGone,
    ImportFinished,
    ImportOver,
    ImportRunning,
    Job,
    Kind,
    Mapping,
    Progress,
    State,
)
from regulars.kernel import clock, ids
from regulars.kernel.errors import Refusal
from regulars.kernel.outbox import announce
from regulars.people.programs import services as programs
from regulars.value.orders.services import bulk
from regulars.value.promotions import services as promotions
from regulars.value.tiers import services as tiers

_LOCK_SPACE = 0x1A9047  # the first half of our advisory locks; the second is the program
_LOOK_SECONDS = 0.5


def _silent(_: Progress) -> None:
    """Shows nothing."""


def run(*, program_id: int, job_id: UUID, show: Show = _silent, wait_seconds: float = 0) -> Job:
    """Carry a job to its end. Killed anywhere and run again, it goes on where it stood; nothing comes twice.

    Imports into one program run one at a time. A job that fails keeps its place and can be run again.

    Args: show: told of progress. wait_seconds: how long to wait for another import of the program.
    Raises: ImportOver for a job that has ended; ImportRunning; BadFile; FileGone when the file is not the same.
    """
    found = job(program_id=program_id, job_id=job_id)
    with _alone(program_id, wait_seconds):
        row = JobRow.objects.get(id=found.id)
        if row.state in (State.FINISHED, State.CANCELLED):
            raise ImportOver
        try:
            _run(row, mapping_of(found), show)
        except recording.Cancelled:
            Stage(row.id).drop()
        except Exception as no:
            if connection.in_atomic_block or connection.connection is None or connection.connection.closed:
                raise
            told = f"{no.code}: {no.detail}" if isinstance(no, Refusal) else type(no).__name__
            JobRow.objects.filter(id=row.id).exclude(state=State.CANCELLED).update(
                state=State.FAILED, error=told[:500]
            )
            raise
    return job(program_id=program_id, job_id=job_id)


def _run(row: JobRow, mapping: Mapping, show: Show) -> None:
    path = Path(row.path)
    if not path.exists() or files.digest(path) != row.digest:
        raise FileGone
    if row.started_at is None:
        row.started_at = clock.now()
    row.error = None
    row.save(update_fields=["started_at", "error"])
    started = time.monotonic()
    if mapping.kind == Kind.ORDERS:
        _orders(row, path, mapping, show)
    else:
        whole.run(row=row, path=path, mapping=mapping, show=show)
    row.refresh_from_db()
    rejects = rejecting.write(job_id=row.id, path=path, mapping=mapping)
    row.rejects_path = str(rejects) if rejects else None
    row.state, row.finished_at = State.FINISHED, clock.now()
    row.report["seconds"] = round(row.report.get("seconds", 0) + time.monotonic() - started, 3)
    report = row.report
    with transaction.atomic():
        row.save(update_fields=["rejects_path", "state", "finished_at", "report"])
        event = ImportFinished(
            program_id=row.program_id,
            job_id=row.id,
            kind=row.kind,
            source=row.source,
            recorded=report.get("orders", 0) + report.get("returns", 0) + report.get("recorded", 0),
            repeated=report.get("repeated", 0),
        )
        announce(event, program_id=row.program_id)
    if mapping.kind == Kind.ORDERS:
        Stage(row.id).drop()
    if path.is_relative_to(upload_folder()):  # it may hold personal data, and it is in
        path.unlink()


def _orders(row: JobRow, path: Path, mapping: Mapping, show: Show) -> None:
    currency = currency_of(row.program_id, mapping)
    stage = Stage(row.id)
    if not row.staged or not stage.is_whole(row.total):
        _stage(row, stage, path, mapping, currency, show)
    stage.execute("set application_name = 'regulars import'")
    members.register(row=row, stage=stage, mapping=mapping)
    row.state = State.RECORDING
    row.save(update_fields=["state"])
    recording.Recording(row=row, stage=stage, mapping=mapping, currency=currency, show=show).run()
    show(Progress(state=State.RECORDING, done=row.total or 0, total=row.total, unit="orders"))
    tiers.review_all(program_id=row.program_id, cause="import", announce=False)


def _stage(row: JobRow, stage: Stage, path: Path, mapping: Mapping, currency: str, show: Show) -> None:
    """Read the file. The second time (after a crash of the server) the same rows get the same places."""
    if not row.staged:
        row.state = State.STAGING
        row.save(update_fields=["state"])
        RejectRow.objects.filter(job_id=row.id).delete()
    figures = staging.load(
        stage=stage,
        path=path,
        mapping=mapping,
        currency=currency,
        latest=_latest(row.program_id, row.created_at),
        note=lambda rejects: rejecting.note(program_id=row.program_id, job_id=row.id, rejects=rejects),
        show=show,
    )
    total = stage.arrange()
    if row.staged:
        return
    row.total, row.staged, row.rejected = total, True, figures.rejected
    row.report = {**figures.report(), "file": stage.summary()}
    row.save(update_fields=["total", "staged", "rejected", "report"])


def currency_of(program_id: int, mapping: Mapping) -> str:
    """The currency of a file: the program's, which a mapping may only repeat.

    Raises: BadMapping when it says another one.
    """
    currency = programs.by_id(program_id=program_id).currency
    if mapping.currency not in (None, currency):
        raise BadMapping(errors=[("currency", f"is {mapping.currency}, but the program's is {currency}")])
    return currency


def dry_run(*, program_id: int, path: Path, mapping: Mapping, show: Show = _silent) -> dict[str, Any]:
    """What an import of this file would find and do. Nothing is changed, no member made, no rejects file written.

    `would_earn` assumes that new members are active ones of no level.

    Raises: BadFile, BadMapping.
    """
    rejects: list[tuple[int, str]] = []
    if mapping.kind != Kind.ORDERS:
        return whole.dry_run(program_id=program_id, path=path, mapping=mapping, show=show)
    currency, stage = currency_of(program_id, mapping), Stage(ids.new_id(), is_dry=True)

    def note(found: list[Any]) -> None:
        rejects.extend((r.line, r.reason) for r in found[: max(0, 100 - len(rejects))])

    try:
        figures = staging.load(
            stage=stage,
            path=path,
            mapping=mapping,
            currency=currency,
            latest=_latest(program_id, clock.now()),
            note=note,
            show=show,
        )
        total = stage.arrange()
        report = {**figures.report(), "file": stage.summary(), "first_rejects": rejects, "total": total}
        report |= members.expected(program_id=program_id, stage=stage, mapping=mapping)
        report |= _expected(program_id, stage, mapping, currency, total, show)
    finally:
        stage.drop()
    return report


def _expected(
    program_id: int, stage: Stage, mapping: Mapping, currency: str, total: int, show: Show
) -> dict[str, Any]:
    snapshot = promotions.snapshot(program_id=program_id)
    keys = {plan.slot: plan.key for plan in snapshot.units.values()}
    earned: dict[str, int] = {}
    place, repeated, refused, new = 0, 0, {}, 0
    while batch := telling.read(
        stage=stage,
        mapping=mapping,
        currency=currency,
        after=place,
        most=recording.ORDERS_AT_ONCE,
        most_lines=recording.LINES_AT_ONCE,
    ):
        prepared = bulk.prepare(
            program_id=program_id, events=batch.events, snapshot=snapshot, actor="system:dry run", is_guess=True
        )
        repeated, new = repeated + prepared.repeated, new + len(prepared.events)
        for reason in (*prepared.refused.values(), *batch.refused.values()):
            refused[reason] = refused.get(reason, 0) + 1
        for slot, amount in prepared.would_earn():
            earned[keys[slot]] = earned.get(keys[slot], 0) + amount
        place = batch.last
        show(Progress(state=State.RECORDING, done=place, total=total, unit="orders"))
    return {"new": new, "repeated": repeated, "refused": refused, "would_earn": earned}


def _latest(program_id: int, now: datetime) -> datetime:
    """How far ahead a clock of the past may have been: as far as that of a till today."""
    ahead = promotions.snapshot(program_id=program_id).policies.future_tolerance_minutes
    return now + timedelta(minutes=ahead)


@contextmanager
def _alone(program_id: int, wait_seconds: float) -> Iterator[None]:
    """One import a program at a time. The lock belongs to our connection, so it ends with us however we end."""
    until = time.monotonic() + wait_seconds
    with connection.cursor() as cursor:
        while True:
            cursor.execute("select pg_try_advisory_lock(%s, %s)", [_LOCK_SPACE, program_id])
            if cursor.fetchone()[0]:
                break
            if time.monotonic() >= until:
                raise ImportRunning
            time.sleep(_LOOK_SECONDS)
    try:
        yield
    finally:
        if connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute("select pg_advisory_unlock(%s, %s)", [_LOCK_SPACE, program_id])
