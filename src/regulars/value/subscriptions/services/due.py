"""What falls due: renewals, tries again, the end of grace, of pauses, of cancelled ones. In batches, restartable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef

from regulars.kernel import clock
from regulars.kernel.errors import Busy, Refusal
from regulars.value.subscriptions.models import PaymentRow, SubscriptionRow
from regulars.value.subscriptions.rules import calendar
from regulars.value.subscriptions.services import (
    base,
    gifting,
    lasting,
    noticing,
    pausing,
    paying,
    running,
    suspending,
)
from regulars.value.subscriptions.terms import (
    PaymentKind,
    PaymentState,
    PeriodKind,
    State,
)

BATCH = 500

log = structlog.get_logger(__name__)


def due(*, limit: int = BATCH, program_id: int | None = None) -> list[tuple[int, UUID]]:
    """Subscriptions for which something is due and no payment is under way, longest first: (program, id)."""
    open_ones = PaymentRow.objects.filter(
        subscription_id=OuterRef("pk"), state=PaymentState.INTENDED, withdrawn_at=None
    )
    rows = SubscriptionRow.objects.filter(next_due_at__lte=clock.now()).exclude(Exists(open_ones))
    if program_id is not None:
        rows = rows.filter(program_id=program_id)
    return list(rows.order_by("next_due_at", "id").values_list("program_id", "id")[:limit])


def work(
    *, limit: int = BATCH, program_id: int | None = None, should_stop: Callable[[], bool] = lambda: False
) -> int:
    """Do one batch of what is due, then ask the providers about everything that waits. Returns: how much was done.

    Each subscription is a transaction of its own, each payment is asked for outside any: a worker may die anywhere,
    and any number of them may work at once. One subscription's fault does not keep the others waiting.
    """
    done = 0
    for do, program, row_id in _waiting(limit, program_id):
        if should_stop():
            return done
        try:
            done += do(program, row_id)
        except Refusal as no:
            log.info("a subscription will be looked at again", reason=no.code)
        except Exception:
            log.exception("a subscription could not go on", program=program)
            if do is _step:
                _set_aside(row_id)
    for kind, program, row_id in paying.open_work(limit=limit, program_id=program_id):
        if should_stop():
            return done
        try:
            pursue_one(kind=kind, program_id=program, row_id=row_id)
            done += 1
        except Exception:
            log.exception("a payment could not be settled and will be asked about again", program=program)
    return done


def _waiting(limit: int, program_id: int | None) -> Iterator[tuple[Callable[[int, UUID], int], int, UUID]]:
    for do, found in ((_tell, noticing.due), (_expire, gifting.expired), (_step, due)):
        for program, row_id in found(limit=limit, program_id=program_id):
            yield do, program, row_id


def _tell(program_id: int, row_id: UUID) -> int:
    return noticing.tell(program_id=program_id, subscription_id=row_id)


def _expire(program_id: int, row_id: UUID) -> int:
    return gifting.expire_one(program_id=program_id, gift_id=row_id)


def _step(program_id: int, row_id: UUID) -> int:
    return step(program_id=program_id, subscription_id=row_id)


def pursue_one(*, kind: str, program_id: int, row_id: UUID) -> None:
    """Ask the provider about one waiting payment or refund.

    Where somebody is changing the same thing in this moment it is left to the clock's worker: what was asked for is
    written down already, and a caller who heard "busy" would believe that it is not.
    """
    try:
        if kind == "payment":
            paying.pursue(program_id=program_id, payment_id=row_id)
        else:
            paying.pursue_refund(program_id=program_id, refund_id=row_id)
    except Busy:
        log.info("a payment will be settled by the clock's worker", kind=kind)


@transaction.atomic
def step(*, program_id: int, subscription_id: UUID) -> int:
    """Do what is due for one subscription; nothing if another worker did it. Returns: 1 or 0.

    Raises: Busy.
    """
    row = base.held(program_id=program_id, subscription_id=subscription_id)
    if row.next_due_at is None or row.next_due_at > clock.now() or base.open_payment(row) is not None:
        return 0
    rests = base.rests(program_id=program_id, member_id=row.member_id)
    if row.state == State.PAUSED and rests:
        suspending.rest(row, actor=running.SYSTEM)
    elif row.waits_since is not None:
        suspending.go_on(row, actor=running.SYSTEM)
    elif row.state == State.PAUSED:
        pausing.run_again(row, actor=running.SYSTEM)
    elif row.state == State.CANCELLED and lasting.run_on_credit(row, actor=running.SYSTEM):
        return 1
    elif row.state == State.CANCELLED:
        running.end(row, "cancelled", actor=running.SYSTEM)
    elif row.state == State.PAST_DUE and row.tries > len(running.plan_of(row).dunning):
        running.end(row, "unpaid", actor=running.SYSTEM)
    elif not row.renews:
        running.end(row, "expired", actor=running.SYSTEM)
    elif base.has_left(program_id=program_id, member_id=row.member_id):
        running.end(row, "closed", actor=running.SYSTEM)  # nobody is charged who has left
    elif rests:
        suspending.rest(row, actor=running.SYSTEM)  # nor who could not use it
    else:
        ask_renewal(row)
    return 1


def ask_renewal(row: SubscriptionRow) -> PaymentRow:
    """Mean to take the money for the next period. Credit pays first.

    Nobody pays for days on which nothing was given: a renewal so late that benefits had ended begins today.
    """
    plan = running.next_plan(row)
    old, day = base.last_period(row), base.today(row.program_id)
    starts_on, anchor_on, anchor_n = old.ends_on, row.anchor_on or old.ends_on, row.anchor_n + 1
    if day > old.ends_on and not base.is_covered(row):
        starts_on, anchor_on, anchor_n = day, day, 1
    if plan.every != running.plan_of(row).every or old.kind == PeriodKind.GIFT:
        anchor_on, anchor_n = starts_on, 1
    carried = min(row.credit_minor, plan.price_minor)
    return paying.intend(
        row,
        kind=PaymentKind.RENEWAL,
        plan=plan,
        amount=plan.price_minor - carried,
        carried=carried,
        starts_on=starts_on,
        ends_on=calendar.period_end(anchor_on, anchor_n, plan.every),
        anchor_on=anchor_on.isoformat(),
        anchor_n=anchor_n,
    )


def _set_aside(subscription_id: UUID) -> None:
    """Look again in an hour at one that failed, so that it does not stand before the others."""
    later = clock.now() + timedelta(hours=1)
    SubscriptionRow.objects.filter(pk=subscription_id, next_due_at__isnull=False).update(next_due_at=later)
