"""What memberships do when their member was suspended, let in again, or has left."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from regulars.people.members import services as members
from regulars.people.members.terms import MemberStatus
from regulars.value.subscriptions.models import SeatRow, SubscriptionRow
from regulars.value.subscriptions.services import base, leaving, running, sharing, suspending
from regulars.value.subscriptions.terms import LIVE, State, When


@transaction.atomic
def follow_member(*, program_id: int, member_id: UUID) -> int:
    """What her memberships do when she was suspended, let in again, or has left. Returns: how many did something.

    Who has left: they end at once, and what the plans' rules owe goes back; her places in families are free again.
    Who is let in: those go on that rested. Who is suspended: nothing yet; it is seen when a renewal is due.
    Raises: UnknownMember; Busy.
    """
    hers = SubscriptionRow.objects.filter(program_id=program_id, member_id=member_id, state__in=LIVE)
    has_left = base.has_left(program_id=program_id, member_id=member_id)
    done = _leave_families(program_id, member_id) if has_left else 0
    for row_id in hers.order_by("id").values_list("id", flat=True):
        row = base.held(program_id=program_id, subscription_id=row_id)
        fact = members.fact(program_id=program_id, member_id=member_id)  # as it is now that she is held
        if row.member_id != member_id or row.state == State.ENDED:
            continue
        if fact.status is MemberStatus.CLOSED:
            told = leaving.quote(row, When.AT_ONCE)
            leaving.leave(row, told, cause="closed", reason="member_closed", actor=running.SYSTEM)
        elif fact.status is MemberStatus.ACTIVE and row.waits_since is not None:
            suspending.go_on(row, actor=running.SYSTEM)
        else:
            continue
        done += 1
    return done


def _leave_families(program_id: int, member_id: UUID) -> int:
    sits = SeatRow.objects.filter(program_id=program_id, member_id=member_id, state__in=sharing.SITTING)
    found = list(sits.order_by("id").values_list("subscription_id", flat=True))
    for row_id in found:
        sharing.leave(program_id=program_id, subscription_id=row_id, member_id=member_id, actor=running.SYSTEM)
    return len(found)
