"""From staging tables to orders: in the order of time, a batch a transaction, and the place reached in the same one.

While PostgreSQL writes a batch, on a thread of its own, the next one is read and decided. Killed anywhere, nothing is
lost and nothing comes twice: a batch and the place after it are one commit.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from regulars.interfaces.imports.models import JobRow
from regulars.interfaces.imports.services import rejecting, telling
from regulars.interfaces.imports.services.jobs import Show
from regulars.interfaces.imports.services.stage import Stage
from regulars.interfaces.imports.services.telling import Batch
from regulars.interfaces.imports.terms import Mapping, Progress, Reject, State
from regulars.kernel.errors import Busy, Refusal
from regulars.people.agreements import services as agreements
from regulars.value.orders import services as orders
from regulars.value.orders.services import bulk
from regulars.value.orders.terms import OrderMoved, OrderTold
from regulars.value.promotions import services as promotions

ORDERS_AT_ONCE = 2_000
LINES_AT_ONCE = 40_000
FIRST_LINES = 8_000
_TRIES = 5
_LOCK_WAIT = "30s"


class Cancelled(Exception):
    """Somebody has cancelled the job; what was recorded stays."""


class Recording:
    """One job being recorded."""

    def __init__(self, *, row: JobRow, stage: Stage, mapping: Mapping, currency: str, show: Show) -> None:
        self.row, self.stage, self.mapping, self.currency, self.show = row, stage, mapping, currency, show
        self.program_id, self.total = row.program_id, row.total or 0
        self.snapshot = promotions.snapshot(program_id=row.program_id)
        self.slots = {plan.slot: plan.key for plan in self.snapshot.units.values()}
        self.actor = f"system:import {row.id}"

    def run(self) -> None:
        """Record everything that is not recorded yet. Raises: Cancelled."""
        # where older terms are kept, who has which is asked order by order
        if bulk.can_be_many(self.snapshot) and not agreements.are_kept(program_id=self.program_id):
            with _few_collections():
                self._run_many()
        else:
            self._run_singly()

    def _run_many(self) -> None:
        place = self.row.done
        waiting: Future[None] | None = None
        with ThreadPoolExecutor(1, thread_name_prefix="import") as writer, _closing(writer):
            while True:
                batch = self._read(place, FIRST_LINES if waiting is None else None)  # the writer waits for the first
                prepared = self._prepare(batch) if batch else None
                if waiting is not None:
                    waiting.result()
                    self.show(Progress(state=State.RECORDING, done=place, total=self.total, unit="orders"))
                if batch is None or prepared is None:
                    return
                waiting = writer.submit(self._write, place, batch, prepared)
                place = batch.last

    def _read(self, place: int, most_lines: int | None = None) -> Batch | None:
        return telling.read(
            stage=self.stage,
            mapping=self.mapping,
            currency=self.currency,
            after=place,
            most=ORDERS_AT_ONCE,
            most_lines=most_lines or LINES_AT_ONCE,
        )

    def _prepare(self, batch: Batch) -> bulk.Prepared:
        return bulk.prepare(program_id=self.program_id, events=batch.events, snapshot=self.snapshot, actor=self.actor)

    def _write(self, place: int, batch: Batch, prepared: bulk.Prepared) -> None:
        """Write one batch; when a till was faster with an order of it, or a return of one, decide it again."""
        for left in reversed(range(_TRIES)):
            try:
                with transaction.atomic():
                    self._commit(place, batch, prepared)
                return
            except (IntegrityError, Busy, OrderMoved):
                if not left:
                    raise
                prepared = self._prepare(batch)

    def _commit(self, place: int, batch: Batch, prepared: bulk.Prepared) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"set local lock_timeout = '{_LOCK_WAIT}'")
        row = self._locked(place)
        done = bulk.record(batch=prepared)
        report = row.report
        _count(report, done, prepared, self.slots)
        self._refuse(row, {**batch.refused, **done.refused})
        row.done = batch.last
        row.save(update_fields=["done", "report", "rejected"])

    def _locked(self, place: int) -> JobRow:
        row = JobRow.objects.select_for_update().get(id=self.row.id)
        if row.state == State.CANCELLED or row.done != place:
            raise Cancelled  # another process has gone on with this job, or somebody stopped it
        return row

    def _refuse(self, row: JobRow, refused: dict[int, str]) -> None:
        lines = telling.rejected_lines(self.stage, refused)
        if not lines:
            return
        rejecting.note(
            program_id=self.program_id, job_id=row.id, rejects=[Reject(line=line, reason=r) for line, r in lines]
        )
        row.rejected += len(lines)
        reasons = row.report.setdefault("reasons", {})
        for _, reason in lines:
            reasons[reason] = reasons.get(reason, 0) + 1
        row.report["orders_rejected"] = row.report.get("orders_rejected", 0) + len(refused)

    def _run_singly(self) -> None:
        """Order by order, for rules that look at what earlier orders changed."""
        while batch := self._read(self.row.done):
            refused, done = dict(batch.refused), bulk.Recorded()
            repeated = 0
            for event in batch.events:
                try:
                    told = bulk.for_member(event)
                    if isinstance(told, OrderTold):
                        receipt = orders.place(program_id=self.program_id, told=told, actor=self.actor)
                        done.orders += receipt.is_new
                    else:
                        receipt = orders.take_back(program_id=self.program_id, told=told, actor=self.actor)
                        done.returns += receipt.is_new
                    repeated += not receipt.is_new
                except Refusal as no:
                    refused[event.ord] = no.code
            with transaction.atomic():
                row = self._locked(self.row.done)
                report = row.report
                for name, more in (("orders", done.orders), ("returns", done.returns), ("repeated", repeated)):
                    report[name] = report.get(name, 0) + more
                self._refuse(row, refused)
                row.done = batch.last
                row.save(update_fields=["done", "report", "rejected"])
            self.row.done = batch.last
            self.show(Progress(state=State.RECORDING, done=batch.last, total=self.total, unit="orders"))


@contextmanager
def _closing(writer: ThreadPoolExecutor) -> Iterator[None]:
    """The writer's own connection is closed on its own thread."""
    try:
        yield
    finally:
        writer.submit(lambda: connection.close()).result()


@contextmanager
def _few_collections() -> Iterator[None]:
    """Millions of small tuples come and go, none in a cycle: looking for cycles cost a quarter of the time."""
    before = gc.get_threshold()
    gc.set_threshold(1_000_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _count(report: dict[str, Any], done: bulk.Recorded, prepared: bulk.Prepared, slots: dict[int, str]) -> None:
    """Add a batch to the report."""
    for name, more in (
        ("orders", done.orders),
        ("orders_that_earn", done.earning),
        ("returns", done.returns),
        ("repeated", prepared.repeated),
        ("refund_minor", done.refund_minor),
    ):
        report[name] = report.get(name, 0) + more
    matches = report.setdefault("returned_lines", {})
    for kind, count in done.matches.items():
        matches[kind] = matches.get(kind, 0) + count
    for name in ("earned", "clawed", "owed", "forgiven"):
        sums = report.setdefault(name, {})
        for slot, amount in enumerate(getattr(done, name), 1):
            if amount:
                sums[slots[slot]] = sums.get(slots[slot], 0) + amount


def job_of(job_id: UUID) -> JobRow:
    """The row of a job."""
    return JobRow.objects.get(id=job_id)
