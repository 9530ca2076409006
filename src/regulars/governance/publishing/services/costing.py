"""What a document would have cost by the orders of last year: a random sample, decided by the rules of now and new.

What members and budgets have used up is left aside: each basket is decided as though it were the first of its time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Max

from regulars.governance.publishing import rules
from regulars.governance.publishing.models import EstimateRow, VersionRow
from regulars.governance.publishing.rules import estimating
from regulars.governance.publishing.services import hooks, wholes
from regulars.governance.publishing.services.wholes import Document
from regulars.governance.publishing.terms import Estimate, PreviewState, UnknownEstimate
from regulars.kernel import clock, ids
from regulars.value.checkout.services import engine
from regulars.value.ledger import services as ledger
from regulars.value.orders.services import sampling
from regulars.value.orders.services.sampling import Sampled
from regulars.value.promotions import services as promotions
from regulars.value.promotions.terms import MemberFacts, Question, Snapshot

YEAR = timedelta(days=365)
MOST_BASKETS = 20_000
PART = 200
SMALL_PART = 25  # where time is short, the clock is looked at more often
Progress = Callable[[int, int], None]

log = structlog.get_logger(__name__)


def begin(*, program_id: int, document: Document, actor: str, seed: int = 1, most: int = MOST_BASKETS) -> Estimate:
    """Note that an estimate begins; `work` does it. The same document, seed and number running already is that one.

    Args: seed: which sample; the same seed draws the same orders. most: baskets, at most 20,000.
    Raises: Invalid with the faults of the document; NoProgram.
    """
    wanted = wholes.filled(wholes.read(document), wholes.described(program_id))
    told, count = rules.plain(wanted.noted), max(1, min(MOST_BASKETS, most))
    digest = rules.digest(told)
    row = EstimateRow.objects.filter(
        program_id=program_id,
        digest=digest,
        seed=seed,
        most=count,
        state=PreviewState.RUNNING,
        started_at__gt=clock.now() - timedelta(hours=1),
    ).first() or EstimateRow.objects.create(
        id=ids.new_id(),
        program_id=program_id,
        document=told,
        digest=digest,
        seed=seed,
        most=count,
        state=PreviewState.RUNNING,
        actor=actor,
        started_at=clock.now(),
    )
    return _told(row)


def work(*, estimate_id: UUID, on_progress: Progress | None = None, seconds: int | None = None) -> Estimate:
    """Do an estimate that has begun, with notes of its progress. What is wrong with it stands in its report.

    Args: seconds: stop about then with what has been decided so far, itself a random sample (`is_cut`); None: do all.
    Raises: UnknownEstimate.
    """
    row = EstimateRow.objects.filter(id=estimate_id).first()
    if row is None:
        raise UnknownEstimate
    if row.state != PreviewState.RUNNING:
        return _told(row)
    try:
        report = _do(row, on_progress, time.monotonic() + seconds if seconds is not None else None)
    except Exception as error:
        log.warning("an estimate failed", estimate=str(estimate_id), error=type(error).__name__)
        row.state, row.report = PreviewState.FAILED, {"error": str(error)[:500] or type(error).__name__}
    else:
        row.state, row.report = PreviewState.FINISHED, report
    row.finished_at = clock.now()
    row.save()
    return _told(row)


def find(*, program_id: int, estimate_id: UUID) -> Estimate:
    """One estimate.

    Raises: UnknownEstimate.
    """
    row = EstimateRow.objects.filter(program_id=program_id, id=estimate_id).first()
    if row is None:
        raise UnknownEstimate
    return _told(row)


def latest(*, program_id: int, document: Document) -> Estimate | None:
    """The estimate of this very document that began last."""
    wanted = wholes.filled(wholes.read(document), wholes.described(program_id))
    digest = rules.digest(wanted.noted)
    row = EstimateRow.objects.filter(program_id=program_id, digest=digest).order_by("-started_at").first()
    return _told(row) if row is not None else None


def forget_old(*, days: int = 90) -> int:
    """Take away estimates that began long ago; returns how many."""
    gone, _ = EstimateRow.objects.filter(started_at__lt=clock.now() - timedelta(days=days)).delete()
    return gone


def _do(row: EstimateRow, on_progress: Progress | None, ends: float | None) -> dict[str, Any]:
    until = clock.now()
    population, order_ids = sampling.random_ids(
        program_id=row.program_id, since=until - YEAR, until=until, most=row.most, seed=row.seed
    )
    row.total = len(order_ids)
    EstimateRow.objects.filter(id=row.id).update(total=row.total)
    before = promotions.snapshot(program_id=row.program_id)
    after = _snapshot_of(row.program_id, row.document)
    tally = estimating.Estimate()
    for question in _questions(row, order_ids, after, on_progress, ends):
        tally.add(
            promotions.decide(question=question, snapshot=before),
            promotions.decide(question=question, snapshot=after),
        )
    worth = {u.key: u.value_micro for u in ledger.units(program_id=row.program_id) if u.value_micro}
    report = tally.report(population=population, value_micro=worth)
    is_cut = {"is_cut": True} if row.done < row.total else {}
    return {**report, **is_cut, "seed": row.seed, "version": before.version, "currency": before.currency}


def _snapshot_of(program_id: int, document: dict[str, Any]) -> Snapshot:
    """The document compiled as though it were in force: written as the next version, read, and taken back."""
    with transaction.atomic():
        wanted = wholes.filled(wholes.read(document), wholes.described(program_id))
        number = 1 + (VersionRow.objects.filter(program_id=program_id).aggregate(last=Max("number"))["last"] or 0)
        for hook in hooks.HOOKS:
            hook.apply(program_id, number, wanted.bare, "system:estimate")
        found = promotions.snapshot(program_id=program_id, version=number)
        transaction.set_rollback(True)
    return found


def _questions(
    row: EstimateRow, order_ids: list[UUID], snapshot: Snapshot, on_progress: Progress | None, ends: float | None
) -> Iterator[Question]:
    """The sample's baskets, in its own random order: whatever part of them is decided is a random sample too."""
    facts: dict[UUID, MemberFacts | None] = {}
    part = PART if ends is None else SMALL_PART
    for first in range(0, len(order_ids), part):
        if ends is not None and first and time.monotonic() >= ends:
            return
        for one in sampling.baskets(program_id=row.program_id, order_ids=order_ids[first : first + part]):
            yield _question(row, one, snapshot, facts)
        row.done = min(first + part, len(order_ids))
        EstimateRow.objects.filter(id=row.id).update(done=row.done)
        if on_progress is not None:
            on_progress(row.done, row.total)


def _question(row: EstimateRow, one: Sampled, snapshot: Snapshot, facts: dict[UUID, MemberFacts | None]) -> Question:
    """A basket as the first of its time: no limit used yet, no points paid with, its coupons as they were."""
    if one.question is not None:
        asked = engine.question_of(one.question)
        member = asked.member._replace(counters={}) if asked.member is not None else None
        return asked._replace(only=None, spend=(), left={}, member=member)
    if one.member_id is not None and one.member_id not in facts:
        facts[one.member_id] = sampling.member_facts(
            program_id=row.program_id, member_id=one.member_id, snapshot=snapshot, at=clock.now()
        )
    return Question(basket=one.basket, member=facts.get(one.member_id) if one.member_id else None)


def _told(row: EstimateRow) -> Estimate:
    return Estimate(
        estimate_id=row.id,
        program_id=row.program_id,
        seed=row.seed,
        state=PreviewState(row.state),
        done=row.done,
        total=row.total,
        report=row.report or {},
        actor=row.actor,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
