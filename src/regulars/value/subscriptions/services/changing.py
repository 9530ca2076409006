"""Another plan of the same family, up or down, and another way to pay."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from regulars.kernel import clock
from regulars.value.subscriptions.models import SubscriptionRow
from regulars.value.subscriptions.rules import calendar, money
from regulars.value.subscriptions.services import base, document, due, looking, paying, providers, running
from regulars.value.subscriptions.terms import (
    EventKind,
    NotNow,
    OtherFamily,
    PaymentKind,
    Plan,
    Quote,
    SamePlan,
    State,
    Subscription,
    When,
)


def quote_change(*, program_id: int, subscription_id: UUID, plan: str, when: When | None = None) -> Quote:
    """What a change of plan would cost today; nothing is changed.

    Raises: as `change`.
    """
    row = looking.row_of(program_id=program_id, subscription_id=subscription_id)
    new, at = _wanted(row, plan, when)
    if row.state == State.TRIAL and at is When.AT_ONCE:
        return Quote(when=at, on=base.today(program_id))
    if at is When.PERIOD_END:
        return Quote(when=at, on=base.last_period(row).ends_on, charge_minor=new.price_minor)
    day = base.today(program_id)
    credit = row.credit_minor + money.left(base.period_of(base.last_period(row)), day)
    charge = max(0, new.price_minor - credit)
    return Quote(when=at, on=day, charge_minor=charge, credit_minor=credit - (new.price_minor - charge))


@transaction.atomic
def change(
    *, program_id: int, subscription_id: UUID, plan: str, actor: str, when: When | None = None
) -> Subscription:
    """Follow another plan of the family: at once, the days that are left being credited, or from the next period.

    Args: when: None: as the plan she has says for going up and going down.
    At once, `pursue` takes the difference after this commits; if it is declined she keeps the plan she has.
    Raises: UnknownSubscription; UnknownPlan; OtherFamily; SamePlan; NotNow; PaymentUnderWay;
    MemberSuspended, MemberEarnOnly; Busy.
    """
    row = base.held(program_id=program_id, subscription_id=subscription_id)
    base.must_be_quiet(row)
    new, at = _wanted(row, plan, when)
    base.tell(row, EventKind.CHANGE_ASKED, actor, plan=new.key, when=at.value)
    if new.key == row.plan:  # she stays after all
        row.next_plan = None
    elif at is When.PERIOD_END:
        row.next_plan = new.key
    elif row.state == State.TRIAL:
        paying.take_plan(row, new)
    else:
        _pay_difference(row, new)
    row.save()
    return looking.subscription(program_id=program_id, subscription_id=row.id)


def _wanted(row: SubscriptionRow, key: str, when: When | None) -> tuple[Plan, When]:
    old, new = running.plan_of(row), document.plan(program_id=row.program_id, key=key)
    if new.family != row.family:
        raise OtherFamily
    if new.key == row.plan and row.next_plan is None:
        raise SamePlan
    if row.state not in (State.TRIAL, State.ACTIVE) or not row.renews:
        raise NotNow(f"The plan of a subscription that is {row.state} cannot be changed.", state=row.state)
    if base.today(row.program_id) >= base.last_period(row).ends_on:
        raise NotNow("Its renewal is due; wait for it.", state=row.state)
    base.able(program_id=row.program_id, member_id=row.member_id)
    base.must_be_for(program_id=row.program_id, member_id=row.member_id, plan=new)
    return new, when or money.change_when(old, new)


def _pay_difference(row: SubscriptionRow, new: Plan) -> None:
    day, period = base.today(row.program_id), base.last_period(row)
    credited = money.left(base.period_of(period), day)
    carried = min(row.credit_minor + credited, new.price_minor)
    paying.intend(
        row,
        kind=PaymentKind.CHANGE,
        plan=new,
        amount=new.price_minor - carried,
        carried=carried,
        starts_on=day,
        ends_on=calendar.period_end(day, 1, new.every),
        credited=credited,
    )


@transaction.atomic
def use_method(
    *, program_id: int, subscription_id: UUID, method: str, actor: str, provider: str | None = None
) -> Subscription:
    """Pay in another way from now on; what is past due is asked for again at once (`pursue` it after this commits).

    A gift that she got renews from now on.
    Raises: UnknownSubscription; UnknownProvider; NotNow when it has ended; PaymentUnderWay; Busy.
    """
    row = base.held(program_id=program_id, subscription_id=subscription_id)
    base.must_be_quiet(row)
    if row.state in (State.ENDED, State.STARTING):
        raise NotNow(f"A subscription that is {row.state} is not paid for.", state=row.state)
    row.provider = providers.usual(provider or row.provider or None)
    row.method, row.renews = method, True
    base.tell(row, EventKind.METHOD, actor, provider=row.provider)
    if row.state == State.PAST_DUE:
        row.next_due_at = clock.now()
        due.ask_renewal(row)
    row.save()
    return looking.subscription(program_id=program_id, subscription_id=row.id)
