"""The verbs of assurance: prove every context's promises, and remember what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.db import connection, transaction

from regulars.governance.assurance.models import RunRow
from regulars.governance.assurance.statements import statement as statement
from regulars.governance.assurance.statements import statement_faults as statement_faults
from regulars.governance.assurance.statements import statement_key as statement_key
from regulars.governance.assurance.terms import AlreadyRunning, Finding, NoRun, PromisesBroken, Run, RunState
from regulars.governance.identity import services as identity
from regulars.kernel import clock, ids
from regulars.kernel.outbox import announce
from regulars.people.agreements import services as agreements
from regulars.people.audiences import services as audiences
from regulars.people.care import services as care
from regulars.value.allowances import services as allowances
from regulars.value.benefits import services as benefits
from regulars.value.catalog import services as catalog
from regulars.value.checkout import services as checkout
from regulars.value.coupons import services as coupons
from regulars.value.ledger import services as ledger
from regulars.value.orders import services as orders
from regulars.value.promotions import services as promotions
from regulars.value.rewards import services as rewards
from regulars.value.subscriptions import services as subscriptions
from regulars.value.tiers import services as tiers

MOST = 1_000  # findings kept and shown
STALE_AFTER = timedelta(hours=6)  # a proof that did not end by then died with its process
_LOCK = 0x4A55  # one proof at a time: it reads everything

PROOFS: tuple[tuple[str, Callable[..., Iterable[Any]]], ...] = (
    ("agreements", agreements.discrepancies),
    ("audiences", audiences.discrepancies),
    ("care", care.discrepancies),
    ("ledger", ledger.discrepancies),
    ("catalog", catalog.discrepancies),
    ("coupons", coupons.discrepancies),
    ("benefits", benefits.discrepancies),
    ("promotions", promotions.discrepancies),
    ("orders", orders.discrepancies),
    ("checkout", checkout.discrepancies),
    ("tiers", tiers.discrepancies),
    ("rewards", rewards.discrepancies),
    ("subscriptions", subscriptions.discrepancies),
    ("allowances", allowances.discrepancies),
    ("identity", identity.discrepancies),
)


def discrepancies(*, program_id: int | None = None) -> list[Finding]:
    """What is broken, of every context, at one instant. Should be nothing.

    All proofs see one snapshot, so that writing goes on meanwhile and a half-seen order is no finding.

    Args: program_id: None proves every program.
    """
    if not connection.in_atomic_block:
        _learn_what_is_new()
    with transaction.atomic():
        with connection.cursor() as cursor:
            if not connection.savepoint_ids:  # inside a caller's transaction its own level stands
                cursor.execute("set transaction isolation level repeatable read, read only")
            cursor.execute("set local statement_timeout = 0")
        return [_finding(context, found) for context, prove in PROOFS for found in prove(program_id=program_id)]


def _learn_what_is_new() -> None:
    """Count tables anew of which a tenth is new: right after an import the database would plan proofs for what was
    there before, and take minutes for what takes seconds.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select quote_ident(relname) from pg_stat_user_tables where schemaname = current_schema()"
            " and n_mod_since_analyze > 1000 + n_live_tup * 0.1"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"analyze (skip_locked) {table}")


def _finding(context: str, found: Any) -> Finding:
    member = getattr(found, "member_id", None)
    return Finding(
        context=context,
        promise=found.promise,
        what=found.what,
        member=ids.encode("mem", member) if member else "",
        expected=str(getattr(found, "expected", "")),
        found=str(getattr(found, "found", "")),
    )


def begin(*, program_id: int | None, actor: str) -> Run:
    """Note that a proof begins; `work` does it.

    Raises: AlreadyRunning.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s::int, %s::int)", [_LOCK, program_id or 0])
        fresh = RunRow.objects.filter(
            program_id=program_id, state=RunState.RUNNING, started_at__gt=clock.now() - STALE_AFTER
        )
        if fresh.exists():
            raise AlreadyRunning
        return _run(
            RunRow.objects.create(program_id=program_id, state=RunState.RUNNING, started_at=clock.now(), actor=actor)
        )


def work(*, run_id: int) -> Run:
    """Do a proof that has begun, and keep what it found. Done twice, the second says what the first found.

    Raises: NoRun.
    """
    row = RunRow.objects.filter(id=run_id).first()
    if row is None:
        raise NoRun
    if row.state != RunState.RUNNING:
        return _run(row)
    try:
        found = discrepancies(program_id=row.program_id)
    except Exception:
        RunRow.objects.filter(id=run_id).update(state=RunState.FAILED, finished_at=clock.now())
        raise
    with transaction.atomic():
        row.state = RunState.BROKEN if found else RunState.CLEAN
        row.finished_at, row.count = clock.now(), len(found)
        row.findings = [asdict(f) for f in found[:MOST]]
        row.save()
        if found and row.program_id is not None:
            announce(PromisesBroken(run_id=row.id, count=len(found)), program_id=row.program_id)
    return _run(row)


def runs(*, program_id: int | None = None, limit: int = 20) -> list[Run]:
    """The latest proofs, newest first; of one program, those of all programs included."""
    rows = RunRow.objects.order_by("-id")
    if program_id is not None:
        rows = rows.filter(program_id__in=[program_id]) | rows.filter(program_id=None)
    return [_run(row) for row in rows[:limit]]


def forget_old(*, days: int = 730) -> int:
    """Take away proofs that began long ago; returns how many."""
    gone, _ = RunRow.objects.filter(started_at__lt=clock.now() - timedelta(days=days)).delete()
    return gone


def _run(row: RunRow) -> Run:
    return Run(
        id=row.pk,
        program_id=row.program_id,
        state=RunState(row.state),
        started_at=row.started_at,
        finished_at=row.finished_at,
        count=row.count,
        findings=tuple(Finding(**f) for f in row.findings),
        actor=row.actor,
    )
