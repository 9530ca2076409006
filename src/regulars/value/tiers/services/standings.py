"""Standings: reviewed from the ledger's present measures, read, and proved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from regulars.kernel import clock
from regulars.kernel.nights import Work
from regulars.people.programs import services as programs
from regulars.value.tiers import rules
from regulars.value.tiers.models import MoveRow, StandingRow
from regulars.value.tiers.services.document import ladders
from regulars.value.tiers.terms import Discrepancy, Ladder, Move, Progress, Reviewed, Standing

BATCH = 2_000
_BEFORE_ALL = "00000000-0000-0000-0000-000000000000"
_NOBODY = Reviewed(seen=0, raised=0, lowered=0)


@transaction.atomic
def review(*, program_id: int, member_ids: Sequence[UUID], cause: str = "review", announce: bool = True) -> Reviewed:
    """Put each member on the levels that her measures reach now; rises and falls alike.

    The ledger is read again after the standings are locked, so that of two reviews at once the later one has seen
    what the earlier one saw. Seen twice, nothing moves twice.

    Args: cause: what led to it, for the history (`order`, `return`, `import`, `publish` …). announce: tell the
    outbox of rises and falls.
    """
    version = programs.by_id(program_id=program_id).current_version
    with connection.cursor() as cursor:
        cursor.execute(
            "select seen, raised, lowered"
            " from tiers_review(%s::int, %s::int, %s::uuid[], %s::text, %s::timestamptz, %s::boolean)",
            [program_id, version, list(member_ids), cause, clock.now(), announce],
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


def review_at_night(work: Work) -> str | None:
    """The night's step: one batch of members, since measures also move by expiry, by hand and by import."""
    found = _members_after(work.program_id, UUID(work.cursor or _BEFORE_ALL), work.limit)
    if not found:
        return None
    review(program_id=work.program_id, member_ids=found, cause="night")
    return str(found[-1])


def _members_after(program_id: int, after: UUID, limit: int) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select distinct member_id from tiers_measure_facts where program_id = %s and member_id > %s"
            " union select distinct member_id from tiers_standing where program_id = %s and member_id > %s"
            " order by member_id limit %s",
            [program_id, after, program_id, after, limit],
        )
        return [row[0] for row in cursor.fetchall()]


def standing(*, program_id: int, member_id: UUID) -> Standing | None:
    """Where a member stands on the first ladder; the lowest level before any review; None without ladders."""
    found = standings(program_id=program_id, member_id=member_id)
    return found[0] if found else None


def standings(*, program_id: int, member_id: UUID) -> tuple[Standing, ...]:
    """Where a member stands on each ladder of the current version, in the order of the document."""
    current = programs.by_id(program_id=program_id).current_version
    rows = {r.ladder: r for r in StandingRow.objects.filter(member_id=member_id, program_id=program_id)}
    return tuple([_standing(member_id, x, rows.get(x.key), current) for x in ladders(program_id=program_id)])


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
    )


def progress(*, program_id: int, member_id: UUID) -> tuple[Progress, ...]:
    """Each ladder's standing with what is missing to the next level, by the measure as it is now."""
    values = _measures(program_id, member_id)
    out = []
    found = standings(program_id=program_id, member_id=member_id)
    for ladder, at in zip(ladders(program_id=program_id), found, strict=True):
        value = values.get(ladder.measure, 0)
        above = rules.next_of(ladder, value)
        out.append(
            Progress(
                ladder=ladder.key,
                level=at.level,
                names=at.names,
                since=at.since,
                measure=ladder.measure,
                value=value,
                entered_at=next(v.enter for v in ladder.levels if v.key == at.level),
                next_level=above.key if above else None,
                next_names=above.names if above else None,
                next_at=above.enter if above else None,
                missing=above.enter - value if above else None,
            )
        )
    return tuple(out)


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
            ),
        )
        for r in rows.order_by("-id")[:limit]
    ]


def absorb(*, program_id: int, from_member: UUID, into_member: UUID) -> Reviewed:
    """After a merge moved the measures: the one who stays stands where the sum reaches; the other's row goes."""
    StandingRow.objects.filter(member_id=from_member, program_id=program_id).delete()
    return review(program_id=program_id, member_ids=[into_member], cause="merge")


def separate(*, program_id: int, members: Iterable[UUID]) -> Reviewed:
    """After a merge was undone: both stand where their own measures reach."""
    return review(program_id=program_id, member_ids=list(members), cause="merge undone")


def dossier(*, program_id: int, member_id: UUID) -> dict[str, Any]:
    """What we keep about a member, for her to see."""
    return {
        "standings": [asdict(s) for s in standings(program_id=program_id, member_id=member_id)],
        "moves": [asdict(m) for _, m in moves(program_id=program_id, member_id=member_id, limit=10_000)],
    }


def forget(*, program_id: int, member_id: UUID) -> None:
    """Nothing here names a person: levels and moves stay under the anonymous id."""


def discrepancies(program_id: int | None = None) -> list[Discrepancy]:
    """T2: every standing whose level is not the one that the member's measure reaches by the standing's version.

    A member of whom news still waits in the outbox is none: her review is on its way. News that no try could deliver
    (a dead letter) is no excuse.
    """
    with connection.cursor() as cursor:
        cursor.execute(_WRONG_STANDINGS, [program_id, program_id])
        return [
            Discrepancy(
                promise="T2",
                what=f"stands wrong on the ladder {ladder}",
                program_id=program,
                member_id=member,
                expected=expected,
                found=found or "nowhere",
            )
            for program, member, ladder, expected, found in cursor.fetchall()
        ]


_WRONG_STANDINGS = """
select s.program_id, s.member_id, s.ladder, l.key, s.level
  from tiers_standing s
  join tiers_level base on base.program_id = s.program_id and base.version = s.version
                       and base.ladder = s.ladder and base.place = 0
  left join tiers_measure_facts b on b.member_id = s.member_id and b.program_id = s.program_id
                                 and b.unit = base.measure
 cross join lateral (select key from tiers_level t where t.program_id = s.program_id and t.version = s.version
                        and t.ladder = s.ladder and t.enter <= greatest(coalesce(b.active, 0), 0)
                      order by t.enter desc limit 1) as l
 where (%s::int is null or s.program_id = %s) and s.level is distinct from l.key
   and not exists (select 1 from kernel_fact f where f.done_at is null and f.dead_at is null
                      and f.kind not in ('TierRaised', 'TierLowered')
                      and f.member_id = s.member_id and f.program_id = s.program_id)
 order by 1, 2, 3
"""
