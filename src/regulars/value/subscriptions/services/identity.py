"""When members become one or come apart, what a member may read of herself, and what is forgotten."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db.models import Max

from regulars.kernel import clock
from regulars.value.subscriptions.models import GiftRow, PaymentRow, SeatRow, SubscriptionRow, TrialRow
from regulars.value.subscriptions.services import base, gifting, granting, looking, running
from regulars.value.subscriptions.terms import LIVE, EventKind, SeatState, State

ACTOR = "system:merge"


def absorb(*, program_id: int, from_id: UUID, into_id: UUID) -> dict[str, Any]:
    """Take one member's memberships, trials, gifts and places over to another. Returns: what `separate` needs.

    If both pay for the same, both go on (as twins) until somebody ends one; nobody's paid days are lost.
    """
    moved = []
    for row in (
        SubscriptionRow.objects.select_for_update().filter(program_id=program_id, member_id=from_id).order_by("id")
    ):
        _move(row, into_id)
        moved.append(str(row.id))
    trials = list(TrialRow.objects.filter(program_id=program_id, member_id=from_id))
    TrialRow.objects.filter(program_id=program_id, member_id=from_id).delete()
    TrialRow.objects.bulk_create(
        [
            TrialRow(program_id=program_id, member_id=into_id, family=t.family, subscription_id=t.subscription_id)
            for t in trials
        ],
        ignore_conflicts=True,
    )
    gifts = list(GiftRow.objects.filter(program_id=program_id, payer_id=from_id).values_list("id", flat=True))
    GiftRow.objects.filter(pk__in=gifts).update(payer_id=into_id)
    return {
        "from": str(from_id),
        "into": str(into_id),
        "subscriptions": moved,
        "trials": [[t.family, str(t.subscription_id)] for t in trials],
        "gifts": [str(g) for g in gifts],
        "seats": _move_seats(program_id, from_id, into_id),
    }


def _move(row: SubscriptionRow, to: UUID) -> None:
    """Another member has it now, with what it gives."""
    covered = row.covered_until
    plan = running.plan_of(row)
    if covered is not None:
        granting.take(row, plan, row.member_id, actor=ACTOR)
    live = SubscriptionRow.objects.filter(
        program_id=row.program_id, member_id=to, family=row.family, state__in=LIVE
    ).aggregate(n=Max("twin"))["n"]
    row.twin = 0 if live is None or row.state == State.ENDED else live + 1
    before, row.member_id = row.member_id, to
    if row.waits_since is not None:  # the other may not be suspended: it is looked at again
        row.next_due_at = clock.now()
    row.save(update_fields=["member_id", "twin", "next_due_at"])
    if covered is not None:
        granting.give(row, plan, covered, to, actor=ACTOR)
    base.tell(row, EventKind.MERGED, ACTOR, member=str(before), into=str(to))


def _move_seats(program_id: int, from_id: UUID, into_id: UUID) -> list[str]:
    """Places in families go over; where the other sits there herself, or owns it, the place is given up."""
    moved = []
    for seat in SeatRow.objects.select_for_update().filter(program_id=program_id, member_id=from_id).order_by("id"):
        row = SubscriptionRow.objects.select_for_update().get(pk=seat.subscription_id)
        sits = seat.state in (SeatState.INVITED, SeatState.JOINED)
        others = SeatRow.objects.filter(program_id=program_id, member_id=into_id)
        twice = others.filter(subscription_id=row.id).exists() or (
            seat.state == SeatState.JOINED and others.filter(family=row.family, state=SeatState.JOINED).exists()
        )
        if seat.state == SeatState.JOINED and row.covered_until is not None:
            granting.take(row, running.plan_of(row), from_id, actor=ACTOR, is_guest=True)
        if twice or row.member_id == into_id:
            if sits:
                seat.state, seat.since = SeatState.LEFT, clock.now()
                seat.save(update_fields=["state", "since"])
                row.seats -= 1
                row.save(update_fields=["seats"])
            continue
        seat.member_id = into_id
        seat.save(update_fields=["member_id"])
        if seat.state == SeatState.JOINED and row.covered_until is not None:
            granting.give(row, running.plan_of(row), row.covered_until, into_id, actor=ACTOR, is_guest=True)
        moved.append(str(seat.pk))
    return moved


def separate(*, program_id: int, record: dict[str, Any]) -> int:
    """Give back what was taken over and has not gone elsewhere; returns how many memberships went back."""
    from_id, into_id = UUID(record["from"]), UUID(record["into"])
    rows = SubscriptionRow.objects.select_for_update().filter(pk__in=record["subscriptions"], member_id=into_id)
    n = 0
    for row in rows.order_by("id"):
        _move(row, from_id)
        n += 1
    TrialRow.objects.bulk_create(
        [
            TrialRow(program_id=program_id, member_id=from_id, family=f, subscription_id=s)
            for f, s in record["trials"]
        ],
        ignore_conflicts=True,
    )
    GiftRow.objects.filter(pk__in=record["gifts"], payer_id=into_id).update(payer_id=from_id)
    for seat in SeatRow.objects.select_for_update().filter(pk__in=record["seats"], member_id=into_id):
        row = SubscriptionRow.objects.get(pk=seat.subscription_id)
        is_covered = seat.state == SeatState.JOINED and row.covered_until is not None
        if is_covered:
            granting.take(row, running.plan_of(row), into_id, actor=ACTOR, is_guest=True)
        seat.member_id = from_id
        seat.save(update_fields=["member_id"])
        if is_covered and row.covered_until is not None:
            granting.give(row, running.plan_of(row), row.covered_until, from_id, actor=ACTOR, is_guest=True)
    return n


def dossier(*, program_id: int, member_id: UUID) -> dict[str, Any]:
    """What we keep about a member, for her to see."""
    hers = SubscriptionRow.objects.filter(program_id=program_id, member_id=member_id).order_by("id")
    stories = [looking.story(program_id=program_id, subscription_id=i) for i in hers.values_list("id", flat=True)]
    seats = SeatRow.objects.filter(program_id=program_id, member_id=member_id).order_by("id")
    return {
        "subscriptions": [asdict(s) for s in stories],
        "gifts": [asdict(g) for g in gifting.gifts(program_id=program_id, payer_id=member_id, limit=1_000)],
        "families": [{"subscription_id": s.subscription_id, "state": s.state, "since": s.since} for s in seats],
    }


def forget(*, program_id: int, member_id: UUID) -> None:
    """Nothing more is asked of how she paid; what runs does not renew. Books stay under the anonymous id."""
    rows = SubscriptionRow.objects.filter(program_id=program_id, member_id=member_id)
    rows.update(method=None, renews=False)
    PaymentRow.objects.filter(subscription__in=rows).update(method=None)
    PaymentRow.objects.filter(gift__payer_id=member_id, program_id=program_id).update(method=None)
