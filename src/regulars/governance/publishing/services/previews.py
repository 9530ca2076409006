"""A draft tried on the orders of last week: begun by a person, done by the worker, its report kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import transaction

from regulars.governance.publishing.models import PreviewRow
from regulars.governance.publishing.rules import previewing
from regulars.governance.publishing.terms import NoPreview, Preview, PreviewState
from regulars.kernel import clock, ids
from regulars.value.checkout.services import engine
from regulars.value.orders.services import sampling
from regulars.value.orders.services.sampling import Sampled
from regulars.value.promotions import services as promotions
from regulars.value.promotions.services import drafts, trials
from regulars.value.promotions.terms import MemberFacts, Question, Snapshot, Verdict

WEEK = timedelta(days=7)
MOST_BASKETS = 2_000
PART = 100  # baskets between two notes of progress
STALE_AFTER = timedelta(hours=1)

log = structlog.get_logger(__name__)


def begin(*, program_id: int, draft_id: UUID, actor: str) -> Preview:
    """Note that a preview begins; `work` does it. One that is running for the same body already is that one.

    Raises: NoDraft.
    """
    draft = drafts.draft(program_id=program_id, draft_id=draft_id)
    last = latest(program_id=program_id, draft_id=draft_id)
    fresh = last is not None and last.started_at > clock.now() - STALE_AFTER
    if last is not None and fresh and last.state is PreviewState.RUNNING and last.revision == draft.revision:
        return last
    row = PreviewRow.objects.create(
        id=ids.new_id(),
        program_id=program_id,
        draft_id=draft_id,
        revision=draft.revision,
        body=dict(draft.body),
        state=PreviewState.RUNNING,
        actor=actor,
        started_at=clock.now(),
    )
    return _told(row)


def work(*, preview_id: UUID) -> Preview:
    """Do a preview that has begun, with notes of its progress. What is wrong with it stands in its report.

    Raises: NoPreview.
    """
    row = PreviewRow.objects.filter(id=preview_id).first()
    if row is None:
        raise NoPreview
    if row.state != PreviewState.RUNNING:
        return _told(row)
    try:
        report = _do(row)
    except Exception as error:
        log.warning("a preview failed", preview=str(preview_id), error=type(error).__name__)
        row.state, row.report = PreviewState.FAILED, {"error": str(error)[:500] or type(error).__name__}
    else:
        row.state, row.report = PreviewState.FINISHED, report
    row.finished_at = clock.now()
    row.save()
    return _told(row)


def latest(*, program_id: int, draft_id: UUID) -> Preview | None:
    """The preview of a draft that began last."""
    row = PreviewRow.objects.filter(program_id=program_id, draft_id=draft_id).order_by("-started_at").first()
    return _told(row) if row is not None else None


def forget_old(*, days: int = 90) -> int:
    """Take away previews that began long ago; returns how many."""
    gone, _ = PreviewRow.objects.filter(started_at__lt=clock.now() - timedelta(days=days)).delete()
    return gone


@dataclass
class _World:
    """One course of the week: the snapshot that decides, what members and limits have used of it so far."""

    snapshot: Snapshot
    counters: dict[UUID, dict[str, int]] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)

    def decide(self, question: Question) -> Verdict:
        """Decide as though the week went by in this world; limits fill up in the order of the purchases."""
        member = question.member
        if member is not None:
            member = member._replace(counters=self.counters.get(member.member_id, {}))
        verdict = promotions.decide(question=question._replace(member=member, left=self.left), snapshot=self.snapshot)
        for take in verdict.pricing.takes:
            self.left[take.key] = self.left.get(take.key, take.limit) - take.amount
        if member is not None and verdict.counters is not None:
            self.counters[member.member_id] = dict(verdict.counters)
        return verdict


def _do(row: PreviewRow) -> dict[str, object]:
    until = clock.now()
    seen, order_ids = sampling.sample_ids(
        program_id=row.program_id, since=until - WEEK, until=until, most=MOST_BASKETS
    )
    PreviewRow.objects.filter(id=row.id).update(total=len(order_ids))
    row.total = len(order_ids)
    now = promotions.snapshot(program_id=row.program_id)
    trial = trials.with_bodies(snapshot=now, bodies=[previewing.opened(row.body)])
    before, after = _World(snapshot=now), _World(snapshot=trial)
    tally = previewing.Tally(key=str(row.body.get("key")))
    for one, question in _questions(row, order_ids, trial):
        day = clock.local_day(one.basket.occurred_at, now.zone)
        tally.add(day, one.member_id, before.decide(question), after.decide(question))
    return {**tally.report(), "seen": seen, "version": now.version}


def _questions(row: PreviewRow, order_ids: list[UUID], snapshot: Snapshot) -> Iterator[tuple[Sampled, Question]]:
    facts: dict[UUID, MemberFacts | None] = {}
    for first in range(0, len(order_ids), PART):
        for one in sampling.baskets(program_id=row.program_id, order_ids=order_ids[first : first + PART]):
            if one.question is not None:
                yield one, engine.question_of(one.question)._replace(only=None, spend=())
                continue
            if one.member_id is not None and one.member_id not in facts:
                facts[one.member_id] = sampling.member_facts(
                    program_id=row.program_id, member_id=one.member_id, snapshot=snapshot, at=clock.now()
                )
            yield one, Question(basket=one.basket, member=facts.get(one.member_id) if one.member_id else None)
        row.done = min(first + PART, len(order_ids))
        with transaction.atomic():
            PreviewRow.objects.filter(id=row.id).update(done=row.done)


def _told(row: PreviewRow) -> Preview:
    return Preview(
        preview_id=row.id,
        program_id=row.program_id,
        draft_id=row.draft_id,
        revision=row.revision,
        state=PreviewState(row.state),
        done=row.done,
        total=row.total,
        report=row.report or {},
        actor=row.actor,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
