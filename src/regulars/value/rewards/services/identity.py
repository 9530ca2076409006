"""When members become one or come apart, and what a member may read of herself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from regulars.kernel import clock, ids, postgres
from regulars.people.members import services as members
from regulars.value.rewards.models import QUEUED, RedemptionRow, WaitRow
from regulars.value.rewards.rules.judging import OPEN
from regulars.value.rewards.services import base, looking
from regulars.value.rewards.terms import PREFIX, WaitState


def absorb(*, program_id: int, from_id: UUID, into_id: UUID) -> dict[str, Any]:
    """Take one member's redemptions and places over to another. Returns: the record that `separate` needs.

    Where both wait for the same, the earlier place stays. What each had counts towards the one member's limits.
    """
    mine = RedemptionRow.objects.filter(program_id=program_id, member_id=from_id)
    moved = [str(pk) for pk in mine.order_by("pk").values_list("pk", flat=True)]
    for sent in mine.filter(delivery__isnull=False):
        _reseal(sent, into_id)
    mine.update(member_id=into_id)
    waits = []
    for row in WaitRow.objects.filter(program_id=program_id, member_id=from_id, state__in=QUEUED).order_by("pk"):
        if not _drops(row, into_id):
            WaitRow.objects.filter(pk=row.pk).update(member_id=into_id)
            waits.append(str(row.pk))
    _recount(program_id, from_id, into_id)
    return {"from": str(from_id), "into": str(into_id), "redemptions": moved, "waits": waits}


def _reseal(row: RedemptionRow, into_id: UUID) -> None:
    """What is still to be sent keeps its address, under the other member's key; the others lose it."""
    words = looking.delivery(program_id=row.program_id, redemption_id=row.pk) if row.state in OPEN else ""
    row.delivery = (
        members.seal_words(program_id=row.program_id, member_id=into_id, words=words, purpose=base.DELIVERY)
        if words
        else None
    )
    row.save(update_fields=["delivery"])


def _drops(row: WaitRow, into_id: UUID) -> bool:
    """Where both wait, the better place stays: an offer, then the earlier one. Whether the row itself ended."""
    same = WaitRow.objects.filter(program_id=row.program_id, reward=row.reward, session=row.session)
    twin = same.filter(member_id=into_id, state__in=QUEUED).first()
    if twin is None:
        return False
    worse = max(row, twin, key=lambda w: (w.state != WaitState.OFFERED, w.pk))
    was_offered = worse.state == WaitState.OFFERED
    WaitRow.objects.filter(pk=worse.pk).update(state=WaitState.LEFT, ended_at=clock.now())
    if was_offered:
        postgres.ask(
            "select rewards_put(%s::int, %s::text, %s::text, 1, %s::timestamptz)",
            (row.program_id, row.reward, row.session, clock.now()),
        )
    return worse.pk == row.pk


def separate(*, program_id: int, record: dict[str, Any]) -> int:
    """Give back what was taken over; returns how many redemptions went back."""
    from_id, into_id = UUID(record["from"]), UUID(record["into"])
    rows = RedemptionRow.objects.filter(program_id=program_id, pk__in=record["redemptions"], member_id=into_id)
    for row in rows.filter(delivery__isnull=False):
        _reseal(row, from_id)
    n = rows.update(member_id=from_id)
    waits = WaitRow.objects.filter(program_id=program_id, pk__in=record["waits"], member_id=into_id, state__in=QUEUED)
    waits.update(member_id=from_id)
    _recount(program_id, from_id, into_id)
    return n


def _recount(program_id: int, *member_ids: UUID) -> None:
    for member_id in sorted(member_ids):
        postgres.ask("select rewards_recount(%s::int, %s::uuid)", (program_id, member_id))


def dossier(*, program_id: int, member_id: UUID) -> dict[str, Any]:
    """What we keep about a member, for her to see."""
    page = looking.redemptions(program_id=program_id, member_id=member_id, limit=500)
    rows = WaitRow.objects.filter(program_id=program_id, member_id=member_id).order_by("pk")
    return {
        "redemptions": [
            {
                "id": ids.encode(PREFIX, r.redemption_id),
                "reward": r.reward,
                "count": r.count,
                "state": r.state.value,
                "paid": {s.unit: s.amount for s in r.spends},
                "due_minor": r.due_minor,
                "requested_at": r.requested_at,
                "delivery": looking.delivery(program_id=program_id, redemption_id=r.redemption_id),
            }
            for r in page.items
        ],
        "waiting": [
            {"reward": w.reward, "session": w.session, "state": w.state, "joined_at": w.joined_at} for w in rows
        ],
    }


def forget(*, program_id: int, member_id: UUID) -> None:
    """Where things were sent is erased; redemptions stay under the anonymous id."""
    RedemptionRow.objects.filter(program_id=program_id, member_id=member_id).update(delivery=None)
