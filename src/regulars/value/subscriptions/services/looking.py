"""Reading subscriptions: one with its whole story, a member's, lists by state."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from regulars.kernel import clock, ids
from regulars.kernel.errors import NotFound
from regulars.value.subscriptions.models import (
    EventRow,
    PaymentRow,
    PeriodRow,
    RefundRow,
    SeatRow,
    SubscriptionRow,
)
from regulars.value.subscriptions.services import base, running
from regulars.value.subscriptions.terms import (
    PREFIX,
    Chapter,
    Payment,
    PaymentKind,
    PaymentState,
    Refund,
    RefundState,
    Seat,
    SeatState,
    State,
    Story,
    Subscription,
    UnknownSubscription,
)

SHOWN_SEATS = (SeatState.INVITED, SeatState.JOINED)


class Page(NamedTuple):
    """Some subscriptions, and behind which id the next page begins (None: this was the last)."""

    items: tuple[Subscription, ...]
    cursor: UUID | None


def row_of(*, program_id: int, subscription_id: UUID) -> SubscriptionRow:
    """One row.

    Raises: UnknownSubscription.
    """
    row = SubscriptionRow.objects.filter(program_id=program_id, pk=subscription_id).first()
    if row is None:
        raise UnknownSubscription
    return row


def subscription(*, program_id: int, subscription_id: UUID) -> Subscription:
    """A subscription as it stands.

    Raises: UnknownSubscription.
    """
    return _told([row_of(program_id=program_id, subscription_id=subscription_id)])[0]


def by_text(*, program_id: int, text: str) -> Subscription:
    """A subscription by its public id.

    Raises: UnknownSubscription.
    """
    try:
        found = ids.decode(PREFIX, text)
    except NotFound as no:
        raise UnknownSubscription from no
    return subscription(program_id=program_id, subscription_id=found)


def of_member(*, program_id: int, member_id: UUID) -> tuple[Subscription, ...]:
    """A member's subscriptions, latest first, those too in whose family she sits."""
    seats = SeatRow.objects.filter(program_id=program_id, member_id=member_id, state__in=SHOWN_SEATS)
    mine = SubscriptionRow.objects.filter(program_id=program_id, member_id=member_id)
    others = SubscriptionRow.objects.filter(pk__in=seats.values("subscription_id"))
    return tuple(_told(list((mine | others).order_by("-id"))))


def listed(
    *,
    program_id: int,
    state: State | None = None,
    plan: str | None = None,
    limit: int = 50,
    after: UUID | None = None,
) -> Page:
    """Subscriptions, latest first, a page at a time. Args: after: the id behind which the page begins."""
    rows = SubscriptionRow.objects.filter(program_id=program_id)
    if state is not None:
        rows = rows.filter(state=state)
    if plan is not None:
        rows = rows.filter(plan=plan)
    if after is not None:
        rows = rows.filter(pk__lt=after)
    found = list(rows.order_by("-id")[: limit + 1])
    more = len(found) > limit
    return Page(items=tuple(_told(found[:limit])), cursor=found[limit - 1].id if more else None)


def story(*, program_id: int, subscription_id: UUID) -> Story:
    """A subscription with all its periods, payments, refunds, guests and what happened to it.

    Raises: UnknownSubscription.
    """
    row = row_of(program_id=program_id, subscription_id=subscription_id)
    payments = base.payments_of(row)[::-1]
    refunds = RefundRow.objects.filter(payment_id__in=[p.id for p in payments]).order_by("created_at", "id")
    return Story(
        subscription=_told([row])[0],
        periods=tuple([base.period_of(p) for p in PeriodRow.objects.filter(subscription_id=row.id).order_by("n")]),
        payments=tuple([payment_of(p) for p in payments]),
        refunds=tuple([_refund(r) for r in refunds]),
        seats=tuple(
            [
                Seat(member_id=s.member_id, state=SeatState(s.state), since=s.since)
                for s in SeatRow.objects.filter(subscription_id=row.id).order_by("since", "id")
            ]
        ),
        chapters=tuple(
            [
                Chapter(kind=e.kind, at=e.at, actor=e.actor, facts=e.facts)
                for e in EventRow.objects.filter(subscription_id=row.id).order_by("id")
            ]
        ),
    )


def waiting(*, program_id: int, subscription_id: UUID) -> list[tuple[str, UUID]]:
    """What of a subscription waits for a provider's answer: ("payment" | "refund", id)."""
    row = row_of(program_id=program_id, subscription_id=subscription_id)
    payments = base.payments_of(row)
    refunds = RefundRow.objects.filter(payment_id__in=[p.id for p in payments], state=RefundState.INTENDED)
    found = [("payment", p.id) for p in payments if p.state == PaymentState.INTENDED]
    return found + [("refund", i) for i in refunds.order_by("created_at", "id").values_list("id", flat=True)]


def _told(rows: list[SubscriptionRow]) -> list[Subscription]:
    keys = [r.id for r in rows]
    periods = {
        p.subscription_id: p
        for p in PeriodRow.objects.filter(subscription_id__in=keys, closed_on__isnull=True).order_by("n")
    }
    payments = {p.subscription_id: p for p in PaymentRow.objects.filter(subscription_id__in=keys).order_by("id")}
    return [_subscription(r, periods.get(r.id), payments.get(r.id)) for r in rows]


def _subscription(row: SubscriptionRow, period: PeriodRow | None, payment: PaymentRow | None) -> Subscription:
    plan = running.plan_of(row)
    return Subscription(
        subscription_id=row.id,
        member_id=row.member_id,
        plan=row.plan,
        version=row.version,
        names=plan.names,
        state=State(row.state),
        next_plan=row.next_plan,
        renews=row.renews and row.state not in (State.CANCELLED, State.ENDED),
        started_at=row.started_at,
        period_from=period.starts_on if period else None,
        period_to=period.ends_on if period else None,
        covered_until=row.covered_until,
        next_due_at=row.next_due_at,
        notice_on=clock.local_day(row.notice_at, base.zone(row.program_id)) if row.notice_at else None,
        paused_until=row.paused_until,
        waits_since=row.waits_since,
        ended_at=row.ended_at,
        end_cause=row.end_cause,
        credit_minor=row.credit_minor,
        currency=row.currency,
        price_minor=plan.price_minor,
        gift_id=row.gift_id,
        guests=plan.guests,
        payment=payment_of(payment) if payment else None,
    )


def payment_of(row: PaymentRow) -> Payment:
    """A payment as a value."""
    return Payment(
        payment_id=row.id,
        kind=PaymentKind(row.kind),
        state=PaymentState(row.state),
        amount_minor=row.amount_minor,
        n=row.n,
        asks=row.asks,
        reason=row.reason,
        provider=row.provider,
        created_at=row.created_at,
        settled_at=row.settled_at,
        refunded_minor=row.refunded_minor,
        withdrawn_at=row.withdrawn_at,
    )


def _refund(row: RefundRow) -> Refund:
    return Refund(
        refund_id=row.id,
        payment_id=row.payment_id,
        amount_minor=row.amount_minor,
        state=RefundState(row.state),
        reason=row.reason,
        created_at=row.created_at,
        settled_at=row.settled_at,
    )
