"""What time does: unpaid redemptions end, unfetched ones expire, offers go to the next. Each may be repeated."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from regulars.kernel import clock, postgres
from regulars.kernel.nights import Work
from regulars.people.programs import services as programs
from regulars.value.rewards.models import RedemptionRow, WaitRow
from regulars.value.rewards.services import document, moving
from regulars.value.rewards.terms import State, WaitState

ACTOR = "system:clock"
AT_ONCE = 200
KEPT_DAYS = 730


def end_unpaid(*, program_id: int, before: datetime, limit: int) -> int:
    """End one batch of redemptions whose money did not come by an instant; what was set aside is let go."""
    return _each(program_id, "pay_until", before, limit)


def expire_unfetched(*, program_id: int, before: datetime, limit: int) -> int:
    """Expire one batch of what nobody fetched by an instant; the value comes back if the reward says so."""
    return _each(program_id, "fetch_until", before, limit)


def _each(program_id: int, field: str, before: datetime, limit: int) -> int:
    due = RedemptionRow.objects.filter(program_id=program_id, **{f"{field}__lte": before}).order_by(field)
    found = list(due.values_list("pk", flat=True)[:limit])
    return sum(_end(program_id, pk, field, before) for pk in found)


@transaction.atomic
def _end(program_id: int, redemption_id: UUID, field: str, before: datetime) -> int:
    row = moving.held(program_id, redemption_id)
    until = getattr(row, field)
    if until is None or until > before:  # paid, fetched or cancelled in this moment
        return 0
    if field == "pay_until":
        moving.end(row, State.CANCELLED, actor=ACTOR, reason="not paid", restock=True)
    else:
        give_back = document.reward_of(row).fulfilment.give_back
        moving.end(row, State.EXPIRED, actor=ACTOR, reason="not fetched", restock=True, give_back=give_back)
    return 1


def lapse_offers(*, program_id: int, before: datetime, limit: int) -> int:
    """Let one batch of offers go to the next that were not taken by an instant."""
    found = postgres.ask("select rewards_lapse(%s::int, %s::timestamptz, %s::int)", (program_id, before, limit))
    return int(found[0][0])


def sweep() -> int:
    """What is due by now, in every program; a batch of each. Returns how many."""
    now, n = clock.now(), 0
    for program in programs.all_programs():
        for batch in (end_unpaid, lapse_offers, expire_unfetched):
            n += batch(program_id=program.id, before=now, limit=AT_ONCE)
    return n


def forget_waits_at_night(work: Work) -> str | None:
    """Take away one batch of places on waiting lists that ended long ago; an answer while there may be more."""
    ended = WaitRow.objects.filter(program_id=work.program_id, ended_at__lt=work.at - timedelta(days=KEPT_DAYS))
    found = list(ended.exclude(state=WaitState.TAKEN).values_list("pk", flat=True)[: work.limit])
    gone, _ = WaitRow.objects.filter(pk__in=found).delete()
    return str(gone) if gone else None
