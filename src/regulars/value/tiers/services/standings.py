"""Standings: reviewed from the ledger's facts, read, and proved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count

from regulars.kernel import clock
from regulars.kernel.nights import Work
from regulars.kernel.outbox import announce as tell
from regulars.people.agreements import services as agreements
from regulars.people.programs import services as programs
from regulars.value.tiers import rules
from regulars.value.tiers.models import GivenRow, MilestoneRow, MoveRow, StandingRow
from regulars.value.tiers.services import giving
from regulars.value.tiers.services.document import ladders
from regulars.value.tiers.terms import (
    By,
    Discrepancy,
    Ladder,
    Level,
    Move,
    Need,
    Progress,
    Projected,
    Reviewed,
    ReviewGoesOn,
    Standing,
)

BATCH = 2_000
LATE = timedelta(days=2)
_BEFORE_ALL = "00000000-0000-0000-0000-000000000000"
_NOBODY = Reviewed(seen=0, raised=0, lowered=0)


@transaction.atomic
def review(
    *,
    program_id: int,
    member_ids: Sequence[UUID],
    cause: str = "review",
    announce: bool = True,
    at: datetime | None = None,
) -> Reviewed:
    """Put each member on the levels that are hers now; rises and falls alike.

    The ledger is read again after the standings are locked, so that of two reviews at once the later one has seen
    what the earlier one saw. Seen twice, nothing moves twice.

    Args: cause: what led to it, for the history (`order`, `return`, `import`, `publish` …). announce: tell the
    outbox of rises, falls, milestones and falls ahead. at: the instant to judge at; None: now.
    """
    version = programs.by_id(program_id=program_id).current_version
    with connection.cursor() as cursor:
        cursor.execute(
            "select seen, raised, lowered"
            " from tiers_review(%s::int, %s::int, %s::uuid[], %s::text, %s::timestamptz, %s::boolean)",
            [program_id, version, list(member_ids), cause, at or clock.now(), announce],
        )
        seen, raised, lowered = cursor.fetchone()
    return Reviewed(seen=seen, raised=raised, lowered=lowered)


def review_all(*, program_id: int, cause: str = "review", announce: bool = True, batch: int = BATCH) -> Reviewed:
    """Review every member who has a measure or a standing, a batch of `batch` per transaction, in order of id."""
    total, after = _NOBODY, UUID(int=0)
    while members := _members_after(program_id, after, batch):
        done = review(program_id=program_id, member_ids=members, cause=cause, announce=announce)
        total = Reviewed(
            seen=total.seen + done.seen, raised=total.raised + done.raised, lowered=total.lowered + done.lowered
        )
        after = members[-1]
    return total


def review_onward(*, program_id: int, cause: str, after: UUID | None = None, batch: int = BATCH) -> None:
    """Review one batch of all members, and announce that the rest is next: each batch is a commit of its own.

    A worker that dies leaves the announcement where it was, so the review goes on behind the last batch committed.

    Args: after: the last member of the batch before; None: from the first one.
    """
    found = _members_after(program_id, after or UUID(int=0), batch)
    if found:
        review(program_id=program_id, member_ids=found, cause=cause)
    if len(found) == batch:
        tell(ReviewGoesOn(after=found[-1], cause=cause), program_id=program_id)


def review_at_night(work: Work) -> str | None:
    """The night's step: one batch of those whose time has come, or whose books have grown unseen, in order of id.

    Stopped anywhere, it goes on behind the last member that it has committed, and ends the same.
    """
    version = programs.by_id(program_id=work.program_id).current_version
    with connection.cursor() as cursor:
        cursor.execute(
            "select tiers_night(%s::int, %s::int, %s::uuid, %s::timestamptz, %s::timestamptz, %s::int)",
            [work.program_id, version, work.cursor or _BEFORE_ALL, work.at, clock.now(), BATCH],
        )
        last = cursor.fetchone()[0]
    return str(last) if last else None


def _members_after(program_id: int, after: UUID, limit: int) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            "(select member_id from ledger_account_facts where program_id = %s and member_id > %s"
            " order by member_id limit %s)"
            " union (select distinct member_id from tiers_standing where program_id = %s and member_id > %s"
            " order by member_id limit %s)"
            " order by member_id limit %s",
            [program_id, after, limit, program_id, after, limit, limit],
        )
        return [row[0] for row in cursor.fetchall()]


def standing(*, program_id: int, member_id: UUID) -> Standing | None:
    """Where a member stands on the first ladder; the lowest level before any review; None without ladders."""
    found = standings(program_id=program_id, member_id=member_id)
    return found[0] if found else None


def standings(*, program_id: int, member_id: UUID) -> tuple[Standing, ...]:
    """Where a member stands on each ladder of the version whose terms are hers, in the order of the document."""
    current = agreements.version_of(program_id=program_id, member_id=member_id)
    rows = _rows(program_id, member_id)
    hers = ladders(program_id=program_id, version=current)
    return tuple([_standing(member_id, x, rows.get(x.key), current) for x in hers])


def counts(*, program_id: int) -> dict[tuple[str, str], int]:
    """How many members stand on each (ladder, level); who was never reviewed is not counted."""
    rows = StandingRow.objects.filter(program_id=program_id, level__isnull=False).values_list("ladder", "level")
    return {(ladder, level): n for ladder, level, n in rows.annotate(n=Count("member_id"))}


def _rows(program_id: int, member_id: UUID) -> dict[str, StandingRow]:
    return {r.ladder: r for r in StandingRow.objects.filter(member_id=member_id, program_id=program_id)}


def _standing(member_id: UUID, ladder: Ladder, row: StandingRow | None, current: int) -> Standing:
    # a level that the current version no longer has shows as the lowest until the review that publishing asks for
    level = next((v for v in ladder.levels if row and v.key == row.level), ladder.levels[0])
    return Standing(
        member_id=member_id,
        ladder=ladder.key,
        level=level.key,
        names=level.names,
        since=row.since if row else None,
        version=row.version if row else current,
        by=By(row.by) if row else By.EARNED,
        valid_until=row.valid_until if row and row.by == By.EARNED else None,
    )


def progress(*, program_id: int, member_id: UUID) -> tuple[Progress, ...]:
    """Each ladder's standing with what is missing to the next level, what keeps this one, and what lies ahead.

    Amounts of a ladder without windows are what the ledger says now; those of another are from its last review.
    """
    values = _measures(program_id, member_id)
    zone = programs.by_id(program_id=program_id).zone
    current = agreements.version_of(program_id=program_id, member_id=member_id)
    rows = _rows(program_id, member_id)
    hers = ladders(program_id=program_id, version=current)
    return tuple([_progress(member_id, x, rows.get(x.key), current, values, zone) for x in hers])


def _progress(
    member_id: UUID, ladder: Ladder, row: StandingRow | None, current: int, values: dict[str, int], zone: str
) -> Progress:
    at = _standing(member_id, ladder, row, current)
    if not rules.is_plain(ladder):
        counted = list(row.amounts or []) if row else []
        values = dict(zip(ladder.measures, counted or [0] * len(ladder.measures), strict=False))
    level = next(v for v in ladder.levels if v.key == at.level)
    following = rules.above(ladder, at.level)
    needs = rules.needs(following.enter, values) if following else ()
    first = next((n for n in needs if n.measure == ladder.measure), None)
    return Progress(
        ladder=ladder.key,
        level=at.level,
        names=at.names,
        since=at.since,
        measure=ladder.measure,
        value=values.get(ladder.measure, 0),
        entered_at=level.enter.get(ladder.measure, 0),
        next_level=following.key if following else None,
        next_names=following.names if following else None,
        next_at=first.at if first else None,
        missing=first.missing if first else None,
        match=ladder.match,
        by=at.by,
        earned=(row.earned if row else None) or ladder.levels[0].key,
        next_needs=needs,
        keep_needs=_to_keep(ladder, level, row, values),
        valid_until=at.valid_until,
        grace_until=row.grace_until if row and at.by is By.EARNED else None,
        fall=_ahead(ladder, row.falls_to, row.falls_on, zone) if row and at.by is By.EARNED else None,
        rise=_ahead(ladder, row.rises_to, row.rises_on, zone) if row else None,
    )


def _to_keep(ladder: Ladder, level: Level, row: StandingRow | None, values: dict[str, int]) -> tuple[Need, ...]:
    """What is asked at the end of this level's time; nothing, where it has no end."""
    if row is None or row.by != By.EARNED or level == ladder.levels[0] or row.look_at is None:
        return ()
    return rules.needs(level.keep, values)


def _ahead(ladder: Ladder, level: str | None, at: datetime | None, zone: str) -> Projected | None:
    found = next((v for v in ladder.levels if v.key == level), None)
    if found is None or at is None:
        return None
    return Projected(level=found.key, names=found.names, at=at, on=clock.local_day(at, zone))


def _measures(program_id: int, member_id: UUID) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select unit, active from tiers_measure_facts where program_id = %s and member_id = %s",
            [program_id, member_id],
        )
        return dict(cursor.fetchall())


def moves(*, program_id: int, member_id: UUID, before: int | None = None, limit: int = 50) -> list[tuple[int, Move]]:
    """A member's rises and falls, newest first, with their ids; `before` is the last id of the page before."""
    rows = MoveRow.objects.filter(member_id=member_id, program_id=program_id)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return [
        (
            r.id,
            Move(
                member_id=r.member_id,
                ladder=r.ladder,
                from_level=r.from_level,
                to_level=r.to_level,
                value=r.value,
                cause=r.cause,
                version=r.version,
                moved_at=r.moved_at,
                effective_at=r.effective_at,
                why=r.why,
            ),
        )
        for r in rows.order_by("-id")[:limit]
    ]


def absorb(*, program_id: int, from_member: UUID, into_member: UUID) -> Reviewed:
    """After a merge moved the measures: the one who stays stands where the sum of both histories leads.

    What the other was given goes over too; where one source gave both a level, the one that lasts longer stands.
    """
    StandingRow.objects.filter(member_id=from_member, program_id=program_id).delete()
    giving.carry(program_id=program_id, from_member=from_member, into_member=into_member)
    return review(program_id=program_id, member_ids=[into_member], cause="merge")


def separate(*, program_id: int, members: Iterable[UUID]) -> Reviewed:
    """After a merge was undone: both stand where their own histories lead, with what each was given."""
    both = list(members)
    giving.give_back(program_id=program_id, members=both)
    return review(program_id=program_id, member_ids=both, cause="merge undone")


def dossier(*, program_id: int, member_id: UUID) -> dict[str, Any]:
    """What we keep about a member, for her to see."""
    mine = {"program_id": program_id, "member_id": member_id}
    reached = MilestoneRow.objects.filter(**mine).order_by("id")
    given = GivenRow.objects.filter(**mine).order_by("id")
    return {
        "standings": [asdict(s) for s in standings(program_id=program_id, member_id=member_id)],
        "moves": [asdict(m) for _, m in moves(program_id=program_id, member_id=member_id, limit=10_000)],
        "given": list(given.values("ladder", "level", "kind", "source", "until", "reason", "given_at", "ended_at")),
        "milestones": list(reached.values("ladder", "level", "milestone", "value", "reached_at")),
    }


def forget(*, program_id: int, member_id: UUID) -> None:
    """Levels and moves stay under the anonymous id; what staff wrote about her goes."""
    rows = GivenRow.objects.filter(program_id=program_id, member_id=member_id)
    rows.exclude(reason="").update(reason="forgotten")


def discrepancies(program_id: int | None = None) -> list[Discrepancy]:
    """T2: every standing that the facts, walked again from the beginning, do not lead to. T7: every boundary missed.

    A member of whom news still waits in the outbox is none: her review is on its way. News that no try could deliver
    (a dead letter) is no excuse.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select promise, program_id, member_id, ladder, what, expected, found"
            " from tiers_wrong(%s::int, %s::timestamptz) order by 1, 2, 3, 4",
            [program_id, clock.now() - LATE],
        )
        return [
            Discrepancy(
                promise=promise,
                what=f"{what} on the ladder {ladder}",
                program_id=program,
                member_id=member,
                expected=expected,
                found=found,
            )
            for promise, program, member, ladder, what, expected, found in cursor.fetchall()
        ]
