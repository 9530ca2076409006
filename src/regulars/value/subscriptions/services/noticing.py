"""Told ahead: that a membership will be paid again soon, or that it ends."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import transaction

from regulars.kernel import clock
from regulars.value.subscriptions.models import SubscriptionRow
from regulars.value.subscriptions.services import base, running
from regulars.value.subscriptions.terms import EndAhead, EventKind, RenewalAhead, State

_RUNS = (State.TRIAL, State.ACTIVE)


def due(*, limit: int, program_id: int | None = None) -> list[tuple[int, UUID]]:
    """Subscriptions whose members are to be told of what comes, longest first: (program, id)."""
    rows = SubscriptionRow.objects.filter(notice_at__lte=clock.now())
    if program_id is not None:
        rows = rows.filter(program_id=program_id)
    return list(rows.order_by("notice_at", "id").values_list("program_id", "id")[:limit])


@transaction.atomic
def tell(*, program_id: int, subscription_id: UUID) -> int:
    """Tell once a period what comes at its end; nobody who has left, and nothing that is past. Returns: 1 or 0.

    Who is suspended is told when she is let in again, if that is before the end.

    Raises: Busy.
    """
    row = base.held(program_id=program_id, subscription_id=subscription_id)
    if row.notice_at is None or row.notice_at > clock.now():
        return 0
    ends_on = base.last_period(row).ends_on
    later = None
    if base.rests(program_id=program_id, member_id=row.member_id) and ends_on > base.today(program_id):
        later = clock.now() + timedelta(days=1)
    row.notice_at = later
    row.save(update_fields=["notice_at"])
    if later is not None:
        return 1
    has_left = base.has_left(program_id=program_id, member_id=row.member_id)
    if row.state not in _RUNS or ends_on <= base.today(program_id) or has_left:
        return 1
    is_trial = row.state == State.TRIAL
    news: RenewalAhead | EndAhead
    if row.renews:
        plan = running.next_plan(row)
        amount = plan.price_minor - min(row.credit_minor, plan.price_minor)
        base.tell(row, EventKind.NOTICED, running.SYSTEM, until=ends_on, plan=plan.key, amount_minor=amount)
        news = RenewalAhead(
            subscription_id=row.id, member_id=row.member_id, plan=plan.key, on=ends_on, amount_minor=amount,
            is_trial=is_trial,
        )  # fmt: skip
    else:
        base.tell(row, EventKind.NOTICED, running.SYSTEM, until=ends_on)
        news = EndAhead(subscription_id=row.id, member_id=row.member_id, plan=row.plan, on=ends_on, is_trial=is_trial)
    running.told(row, news)
    return 1
