"""Money: the intent is written first, then the provider is asked outside any transaction, then it is settled.

A crash between is harmless: the key of the intent is what the provider was told, and it is asked by that key before
anything is charged again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q

from regulars.kernel import clock, ids
from regulars.value.subscriptions.models import GiftRow, PaymentRow, RefundRow, SubscriptionRow, TrialRow
from regulars.value.subscriptions.rules import calendar
from regulars.value.subscriptions.services import base, document, granting, providers, running, settled, suspending
from regulars.value.subscriptions.terms import (
    PAYMENT_PREFIX,
    REFUND_PREFIX,
    Answer,
    ClosedBy,
    DuplicateKey,
    EventKind,
    GiftState,
    Outcome,
    PaymentKind,
    PaymentState,
    PeriodKind,
    Plan,
    PlanChanged,
    Provider,
    RefundState,
    State,
    SubscriptionRenewed,
    SubscriptionStarted,
    Unreachable,
)

LEASE = timedelta(minutes=2)
SURELY = timedelta(days=1)  # what a provider has not found so long after it was sent has never arrived
MOST_PAUSE_DOUBLINGS = 6

log = structlog.get_logger(__name__)


def intend(
    row: SubscriptionRow, *, kind: PaymentKind, plan: Plan, amount: int, carried: int, starts_on: date, ends_on: date,
    **more: Any,
) -> PaymentRow:  # fmt: skip
    """Write that money shall be taken for the next period of a subscription under lock; nobody is asked yet.

    P2 keeps that there is one at a time, and one that is paid for a period. Money of nothing is settled at once.
    """
    payment = PaymentRow.objects.create(
        id=ids.new_id(),
        program_id=row.program_id,
        subscription=row,
        kind=kind,
        state=PaymentState.INTENDED,
        n=row.period_n + 1,
        amount_minor=amount,
        currency=row.currency,
        provider=row.provider,
        method=row.method,
        terms={
            "plan": plan.key,
            "version": plan.version,
            "starts_on": starts_on.isoformat(),
            "ends_on": ends_on.isoformat(),
            "carried": carried,
            **more,
        },
        created_at=clock.now(),
    )
    if amount == 0:
        _apply(row, payment, Answer(outcome=Outcome.DONE))
    return payment


def pursue(*, program_id: int, payment_id: UUID) -> PaymentState:
    """Take an intended payment to its end: ask the provider, settle. Harmless to repeat, from any number of workers.

    Outside a transaction only. Returns: where it stands; `intended` when another is asking or nobody answered.
    Raises: RuntimeError inside a transaction.
    """
    with transaction.atomic(durable=True):
        payment = _lease(PaymentRow, program_id, payment_id, PaymentState.INTENDED)
        bar = settled.bar(payment) if payment else ""
        if payment is not None and not bar:
            PaymentRow.objects.filter(pk=payment.id).update(sent_at=clock.now())
    if payment is None:
        found = PaymentRow.objects.filter(program_id=program_id, pk=payment_id).values_list("state", flat=True).get()
        return PaymentState(found)
    try:
        answer = _charged(payment, bar)
    except Unreachable:
        log.warning("a payment provider gave no answer", payment=ids.encode(PAYMENT_PREFIX, payment_id))
        _not_answered(program_id, payment)
        return PaymentState.INTENDED
    return _settle(program_id, payment, answer)


def pursue_refund(*, program_id: int, refund_id: UUID) -> RefundState:
    """Take an intended refund to its end, as `pursue` does.

    Raises: RuntimeError inside a transaction.
    """
    with transaction.atomic(durable=True):
        refund = _lease(RefundRow, program_id, refund_id, RefundState.INTENDED)
    if refund is None:
        found = RefundRow.objects.filter(program_id=program_id, pk=refund_id).values_list("state", flat=True).get()
        return RefundState(found)
    payment = PaymentRow.objects.get(pk=refund.payment_id)
    try:
        answer = _refunded(refund, payment)
    except Unreachable:
        RefundRow.objects.filter(pk=refund.id, state=RefundState.INTENDED).update(leased_until=_pause(refund.asks))
        return RefundState.INTENDED
    state = RefundState.DONE if answer.outcome is Outcome.DONE else RefundState.FAILED
    with transaction.atomic():
        RefundRow.objects.filter(pk=refund.id, state=RefundState.INTENDED).update(
            state=state, answer=answer.ref or answer.reason, settled_at=clock.now(), leased_until=None
        )
        subscription = SubscriptionRow.objects.filter(_whose(payment)).first()
        if subscription is not None:
            kind = EventKind.REFUND_DONE if state is RefundState.DONE else EventKind.REFUND_FAILED
            base.tell(subscription, kind, running.SYSTEM, amount_minor=refund.amount_minor, reason=answer.reason)
    return state


def _whose(payment: PaymentRow) -> Q:
    whose = payment.subscription_id
    return Q(gift_id=payment.gift_id) if whose is None else Q(pk=whose)


def _lease(table: Any, program_id: int, row_id: UUID, state: str) -> Any:
    """The row, if it is ours to ask the provider about: nobody else is at it."""
    now = clock.now()
    row = (
        table.objects.select_for_update(no_key=True)
        .filter(
            Q(leased_until__isnull=True) | Q(leased_until__lte=now), program_id=program_id, pk=row_id, state=state
        )
        .first()
    )
    if row is not None:
        row.asks += 1
        row.leased_until = now + LEASE
        row.save(update_fields=["asks", "leased_until"])
    return row


def _charged(payment: PaymentRow, bar: str) -> Answer:
    provider, key = providers.named(payment.provider), ids.encode(PAYMENT_PREFIX, payment.id)

    def charge() -> Answer:
        if bar and payment.sent_at is not None and clock.now() < payment.sent_at + SURELY:
            raise Unreachable  # it may still be on its way to the provider
        if bar:
            return Answer(outcome=Outcome.DECLINED, reason=bar)
        return provider.charge(
            key=key,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
            method=payment.method or "",
            about=f"{payment.terms['plan']} {payment.n}",
        )

    return _asked(provider, key, is_first=payment.asks == 1, move=charge)


def _refunded(refund: RefundRow, payment: PaymentRow) -> Answer:
    provider, key = providers.named(payment.provider), ids.encode(REFUND_PREFIX, refund.id)
    return _asked(
        provider,
        key,
        is_first=refund.asks == 1,
        move=lambda: provider.refund(
            key=key, ref=payment.ref, amount_minor=refund.amount_minor, currency=payment.currency
        ),
    )


def _asked(provider: Provider, key: str, *, is_first: bool, move: Callable[[], Answer]) -> Answer:
    """The provider's answer; whoever asked before and did not write it down is followed by the key."""
    found = None if is_first else provider.find(key=key)
    if found is not None:
        return found
    try:
        return move()
    except DuplicateKey:
        found = provider.find(key=key)
        if found is None:
            raise Unreachable from None
        return found


def _pause(asks: int) -> datetime:
    """When to ask again after so many answers that did not come: a minute, doubling up to an hour."""
    return clock.now() + timedelta(minutes=1 << min(asks - 1, MOST_PAUSE_DOUBLINGS))


@transaction.atomic
def _not_answered(program_id: int, payment: PaymentRow) -> None:
    later = {"leased_until": _pause(payment.asks)}
    if payment.subscription_id is None:
        PaymentRow.objects.filter(pk=payment.id, state=PaymentState.INTENDED).update(**later)
        return
    row = base.held(program_id=program_id, subscription_id=payment.subscription_id)
    still = PaymentRow.objects.filter(pk=payment.id, state=PaymentState.INTENDED).update(**later)
    if still and payment.asks == 1:
        base.tell(row, EventKind.UNREACHABLE, running.SYSTEM)
        if payment.kind == PaymentKind.RENEWAL and row.state not in (State.CANCELLED, State.ENDED):
            running.unreachable(row)


@transaction.atomic
def _settle(program_id: int, asked: PaymentRow, answer: Answer) -> PaymentState:
    if asked.subscription_id is None:
        payment = PaymentRow.objects.select_for_update().get(pk=asked.id)
        if payment.state == PaymentState.INTENDED:
            _settle_gift(payment, answer)
        return PaymentState(payment.state)
    row = base.held(program_id=program_id, subscription_id=asked.subscription_id)
    payment = PaymentRow.objects.select_for_update().get(pk=asked.id)
    if payment.state == PaymentState.INTENDED:
        _apply(row, payment, answer)
    return PaymentState(payment.state)


def _write(payment: PaymentRow, answer: Answer) -> None:
    is_paid = answer.outcome is Outcome.DONE
    payment.state = PaymentState.PAID if is_paid else PaymentState.DECLINED
    payment.settled_at = clock.now()
    payment.settled_on = base.today(payment.program_id)
    payment.ref, payment.reason, payment.leased_until = answer.ref, answer.reason[:200], None
    payment.method = None  # nobody is asked by it again
    if is_paid and payment.withdrawn_at is not None:
        payment.refunded_minor = payment.amount_minor
    payment.save()


def _settle_gift(payment: PaymentRow, answer: Answer) -> None:
    _write(payment, answer)
    state = GiftState.READY if payment.state == PaymentState.PAID else GiftState.FAILED
    GiftRow.objects.filter(id=payment.gift_id or payment.id, state=GiftState.WAITING).update(state=state)


def _apply(row: SubscriptionRow, payment: PaymentRow, answer: Answer) -> None:
    """Settle one payment of a subscription under lock, and let follow what follows from it."""
    _write(payment, answer)
    kind, is_paid = PaymentKind(payment.kind), answer.outcome is Outcome.DONE
    if payment.withdrawn_at is not None:
        settled.withdrawn(row, payment)
    elif row.state == State.ENDED:
        settled.after_the_end(row, payment)
    elif row.state == State.CANCELLED and not is_paid:
        settled.not_paid(row)
    elif is_paid:
        {PaymentKind.FIRST: _begun, PaymentKind.RENEWAL: _renewed, PaymentKind.CHANGE: _changed}[kind](row, payment)
        row.save()
    elif kind is PaymentKind.FIRST:
        base.tell(row, EventKind.DECLINED, running.SYSTEM, reason=answer.reason)
        running.end(row, "declined", actor=running.SYSTEM)
    elif kind is PaymentKind.RENEWAL and base.bar(row) == "member_closed":
        running.end(row, "closed", actor=running.SYSTEM)
    elif kind is PaymentKind.RENEWAL and base.bar(row) and base.bar(row) == answer.reason:
        suspending.rest(row, actor=running.SYSTEM)
    elif kind is PaymentKind.RENEWAL:
        running.declined(row, answer.reason)
    else:
        base.tell(row, EventKind.DECLINED, running.SYSTEM, reason=answer.reason, plan=payment.terms["plan"])


def _terms(row: SubscriptionRow, payment: PaymentRow) -> tuple[Plan, date, date]:
    told = payment.terms
    plan = document.plan(program_id=row.program_id, key=told["plan"], version=told["version"])
    return plan, date.fromisoformat(told["starts_on"]), date.fromisoformat(told["ends_on"])


def _begun(row: SubscriptionRow, payment: PaymentRow) -> None:
    plan, starts_on, ends_on = _terms(row, payment)
    late = base.today(row.program_id) - starts_on  # an answer that took days costs her none
    starts_on, ends_on = starts_on + late, ends_on + late
    is_trial = bool(payment.terms.get("trial"))
    if is_trial:
        TrialRow.objects.bulk_create(
            [TrialRow(program_id=row.program_id, member_id=row.member_id, family=row.family, subscription_id=row.id)],
            ignore_conflicts=True,
        )
    kind = PeriodKind.TRIAL if is_trial else PeriodKind.PAID
    period = running.open_period(
        row,
        kind=kind,
        plan=plan,
        starts_on=starts_on,
        ends_on=ends_on,
        charged=payment.amount_minor,
        payment=payment,
    )
    row.started_at = clock.now()
    row.anchor_on, row.anchor_n = (ends_on, 0) if is_trial else (starts_on, 1)
    row.most_seats = plan.guests
    running.set_running(row, State.TRIAL if is_trial else State.ACTIVE, period, actor=running.SYSTEM)
    base.tell(row, EventKind.STARTED, running.SYSTEM, plan=plan.key, until=ends_on, amount_minor=payment.amount_minor)
    news = SubscriptionStarted(
        subscription_id=row.id, member_id=row.member_id, plan=plan.key, until=ends_on, is_trial=is_trial
    )
    running.told(row, news)


def _renewed(row: SubscriptionRow, payment: PaymentRow) -> None:
    plan, starts_on, ends_on = _terms(row, payment)
    anchor_on, anchor_n = date.fromisoformat(payment.terms["anchor_on"]), payment.terms["anchor_n"]
    day = base.today(row.program_id)
    if day > starts_on and not base.is_covered(row):  # the answer came after her benefits had ended
        starts_on, anchor_on, anchor_n = day, day, 1
        ends_on = calendar.period_end(day, 1, plan.every)
    take_plan(row, plan)
    period = running.open_period(
        row,
        kind=PeriodKind.PAID,
        plan=plan,
        starts_on=starts_on,
        ends_on=ends_on,
        charged=payment.amount_minor,
        carried=payment.terms["carried"],
        payment=payment,
    )
    row.anchor_on, row.anchor_n = anchor_on, anchor_n
    row.tries = 0
    state = State.CANCELLED if row.state == State.CANCELLED else State.ACTIVE
    running.set_running(row, state, period, actor=running.SYSTEM)
    amount = payment.amount_minor
    base.tell(row, EventKind.RENEWED, running.SYSTEM, plan=plan.key, until=ends_on, amount_minor=amount)
    news = SubscriptionRenewed(
        subscription_id=row.id, member_id=row.member_id, plan=plan.key, until=ends_on, amount_minor=amount
    )
    running.told(row, news)


def _changed(row: SubscriptionRow, payment: PaymentRow) -> None:
    plan, starts_on, ends_on = _terms(row, payment)
    late = base.today(row.program_id) - starts_on
    starts_on, ends_on = starts_on + late, ends_on + late
    old, credited = base.last_period(row), payment.terms["credited"]
    running.close_period(row, old, on=starts_on, by=ClosedBy.CHANGE, credited=credited)
    take_plan(row, plan)
    period = running.open_period(
        row,
        kind=PeriodKind.PAID,
        plan=plan,
        starts_on=starts_on,
        ends_on=ends_on,
        charged=payment.amount_minor,
        carried=payment.terms["carried"],
        payment=payment,
    )
    row.anchor_on, row.anchor_n = starts_on, 1
    running.set_running(row, State.ACTIVE, period, actor=running.SYSTEM)


def take_plan(row: SubscriptionRow, plan: Plan) -> None:
    """The subscription follows another plan, or another version of it. The row is the caller's to save."""
    old = running.plan_of(row)
    if (old.key, old.version) == (plan.key, plan.version):
        return
    running.fit_seats(row, plan, actor=running.SYSTEM)
    until = row.covered_until or clock.now()
    granting.exchange(row, old, plan, until, actor=running.SYSTEM)
    row.plan, row.version = plan.key, plan.version
    row.next_plan = None
    if old.key != plan.key:
        base.tell(row, EventKind.CHANGED, running.SYSTEM, plan=plan.key, before=old.key)
        running.told(
            row, PlanChanged(subscription_id=row.id, member_id=row.member_id, from_plan=old.key, to_plan=plan.key)
        )


def open_work(*, limit: int, program_id: int | None = None) -> list[tuple[str, int, UUID]]:
    """Payments and refunds that wait for an answer and nobody asks about now: ("payment" | "refund", program, id)."""
    found: list[tuple[str, int, UUID]] = []
    now = clock.now()
    for word, table in (("payment", PaymentRow), ("refund", RefundRow)):
        rows = table._default_manager.filter(state=PaymentState.INTENDED).filter(
            Q(leased_until__isnull=True) | Q(leased_until__lte=now)
        )
        if program_id is not None:
            rows = rows.filter(program_id=program_id)
        found += [(word, p, i) for p, i in rows.order_by("created_at").values_list("program_id", "id")[:limit]]
    return found
