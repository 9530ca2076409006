"""An adviser's desk: her members, what is due today, what should be done already."""

from __future__ import annotations

from datetime import timedelta

from regulars.people.care.models import AdviserRow, AssignmentRow, FollowUpRow
from regulars.people.care.services.advisers import assignment_of
from regulars.people.care.services.follow_ups import revealed, today_of
from regulars.people.care.terms import DeskPage, FollowUpState

MOST_OPEN = 200
_AHEAD = timedelta(days=7)


def desk(*, program_id: int, user_id: int, reader: str, before: int | None = None, limit: int = 50) -> DeskPage:
    """What a person of the staff has on her desk: a page of her members, newest first, and her open follow-ups.

    The words of follow-ups are shown; the audit trail tells that `reader` saw them. Args: before: the page's cursor.
    """
    mine = AdviserRow.objects.filter(program_id=program_id, user_id=user_id).values_list("id", flat=True)
    rows = AssignmentRow.objects.filter(adviser_id__in=list(mine), until=None).select_related("adviser__user")
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows.order_by("-id")[: limit + 1])
    today = today_of(program_id)
    waiting = FollowUpRow.objects.filter(
        program_id=program_id, assignee_id=user_id, state=FollowUpState.OPEN, due_on__lte=today + _AHEAD
    )
    told = revealed(program_id, waiting.order_by("due_on", "id")[:MOST_OPEN], actor=reader, object=f"staff:{user_id}")
    return DeskPage(
        members=tuple(assignment_of(row) for row in found[:limit]),
        overdue=tuple(f for f in told if f.due_on < today),
        today=tuple(f for f in told if f.due_on == today),
        coming=tuple(f for f in told if f.due_on > today),
        cursor=found[limit - 1].id if len(found) > limit else None,
    )
