"""Which uses of benefits a membership brought about, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from uuid import UUID

from regulars.value.benefits import services as benefits
from regulars.value.benefits.terms import Use, UseState
from regulars.value.subscriptions.models import SubscriptionRow
from regulars.value.subscriptions.services import base, granting, running

_PAGE = 200


def used_in(row: SubscriptionRow, *, since: date) -> tuple[int, int]:
    """How often she and her guests used benefits of the plan since a day, and what that cost (minor units)."""
    plan = running.plan_of(row)
    reasons = frozenset({f"plan {plan.key}", *(f"pack {p}" for p in plan.gives.packs)})
    from_ = base.midnight(row.program_id, since)
    times = cost = 0
    for member_id in [row.member_id, *granting.guests(row)]:
        for use in standing(program_id=row.program_id, member_id=member_id, since=from_, reasons=reasons):
            times, cost = times + use.times, cost + use.cost_minor
    return times, cost


def standing(*, program_id: int, member_id: UUID, since: datetime, reasons: frozenset[str]) -> Iterator[Use]:
    """A member's uses since an instant that were not undone and that one of these reasons allowed, latest first."""
    before: UUID | None = None
    while True:
        page = benefits.uses(program_id=program_id, member_id=member_id, before=before, limit=_PAGE)
        for use in page:
            if use.used_at < since:
                return
            if use.state is UseState.USED and use.by in reasons:
                yield use
        if len(page) < _PAGE:
            return
        before = page[-1].use_id
