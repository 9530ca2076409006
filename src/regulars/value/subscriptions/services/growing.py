"""Measure by the day for who pays: faster or slower as the plan says, every night, once a day."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import structlog
from django.db import transaction

from regulars.kernel import clock, ids, postgres
from regulars.kernel.errors import Refusal
from regulars.kernel.nights import Work
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import Source, UnknownUnit
from regulars.value.subscriptions.models import PeriodRow, SubscriptionRow
from regulars.value.subscriptions.services import base, document, running
from regulars.value.subscriptions.terms import PREFIX

log = structlog.get_logger(__name__)

# subscriptions of which a paid day before the night has given nothing yet, by id
_DUE = """
select s.id from subscriptions_subscription s
 where s.program_id = %s::int and s.id > %s::uuid
   and exists (select 1 from subscriptions_period p
                 join subscriptions_plan q on q.program_id = p.program_id and q.version = p.version and q.key = p.plan
                where p.subscription_id = s.id and q.body #> '{gives,growth}' is not null and p.starts_on < %s::date
                  and least(coalesce(p.closed_on, p.ends_on), p.ends_on, %s::date) > p.starts_on
                  and (s.grown_through is null
                       or least(coalesce(p.closed_on, p.ends_on), p.ends_on, %s::date) - 1 > s.grown_through))
 order by s.id limit %s::int
"""


def grow_at_night(work: Work) -> str | None:
    """A step of the night: for each paid day before it that has given nothing yet, the measure of its plan.

    A day gives once, by the ledger's key, however often a night is worked; a day that is paid for later gives later.
    """
    after = UUID(work.cursor) if work.cursor else UUID(int=0)
    asked = (work.program_id, after, work.day, work.day, work.day, work.limit)
    found = [row_id for (row_id,) in postgres.ask(_DUE, asked)]
    for row_id in found:
        grow(program_id=work.program_id, subscription_id=row_id, before=work.day)
    return str(found[-1]) if len(found) == work.limit else None


@transaction.atomic
def grow(*, program_id: int, subscription_id: UUID, before: date) -> int:
    """Give one subscription's measure for its paid days before a day. Returns: for how many days.

    Raises: UnknownSubscription; Busy.
    """
    row = base.held(program_id=program_id, subscription_id=subscription_id)
    given = 0
    last = row.grown_through
    for period in PeriodRow.objects.filter(subscription_id=row.id, starts_on__lt=before).order_by("n"):
        ends = min(period.closed_on or period.ends_on, period.ends_on, before)
        day = period.starts_on if last is None else max(period.starts_on, last + timedelta(days=1))
        while day < ends:
            given += _give(row, period, day)
            last = day
            day += timedelta(days=1)
    row.grown_through = last
    row.save(update_fields=["grown_through"])
    return given


def _give(row: SubscriptionRow, period: PeriodRow, day: date) -> int:
    gives = document.plan(program_id=row.program_id, key=period.plan, version=period.version).gives
    if not gives.growth_per_day:
        return 0
    public = ids.encode(PREFIX, row.id)
    try:
        with transaction.atomic():
            unit = next((u for u in ledger.units(program_id=row.program_id) if u.key == gives.growth_unit), None)
            if unit is None:
                raise UnknownUnit
            at = min(clock.day_ends(day, base.zone(row.program_id)), clock.now())
            parcel = ledger.parcel_for(
                program_id=row.program_id,
                member_id=row.member_id,
                unit=unit,
                amount=gives.growth_per_day,
                earned_at=at,
                zone=base.zone(row.program_id),
            )
            ledger.earn(
                program_id=row.program_id,
                member_id=row.member_id,
                key=f"growth/{public}/{day.isoformat()}",
                parcels=[parcel],
                actor=running.SYSTEM,
                source=Source(type="subscription", ref=public, line=day.isoformat()),
                occurred_at=at,
                reason="membership_day",
            )
    except Refusal as no:  # suspended, closed, the unit gone: this day gives nothing
        log.info("a day of membership gave nothing", subscription=public, day=day.isoformat(), reason=no.code)
        return 0
    return 1
