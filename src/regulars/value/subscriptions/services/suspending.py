"""While a member is suspended, or may only earn: nothing is charged, nothing given, and it goes on afterwards."""

from __future__ import annotations

from regulars.kernel import clock
from regulars.people.members import services as members
from regulars.value.subscriptions.models import SubscriptionRow
from regulars.value.subscriptions.services import base, granting, pausing, running
from regulars.value.subscriptions.terms import (
    EventKind,
    State,
    SubscriptionPaused,
)


def rest(row: SubscriptionRow, *, actor: str) -> None:
    """Let a membership under lock rest until its member is let in again: she could not use what is due."""
    status = members.fact(program_id=row.program_id, member_id=row.member_id).status
    if row.state != State.PAUSED:
        granting.uncover(row, running.plan_of(row), actor=actor)
        news = SubscriptionPaused(subscription_id=row.id, member_id=row.member_id, until=None)
        running.told(row, news)
    row.state, row.paused_until, row.waits_since = State.PAUSED, None, base.today(row.program_id)
    row.next_due_at = row.notice_at = None
    row.tries = 0
    row.save()
    base.tell(row, EventKind.WAITS, actor, reason=f"member_{status.value}")


def go_on(row: SubscriptionRow, *, actor: str, reason: str = "") -> None:
    """Let one under lock go on that rested because of its member: with the days left, or by renewing now."""
    if base.last_period(row).closed_on is not None:  # a pause of her own had not come to its end
        pausing.run_again(row, actor=actor, reason=reason)
        return
    row.state, row.waits_since, row.next_due_at = State.ACTIVE, None, clock.now()
    row.save()
    base.tell(row, EventKind.RESUMED, actor, reason=reason or None)
