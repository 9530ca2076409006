"""Small things that the verbs share: rows under lock, local days, stories, values of rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from regulars.kernel import clock
from regulars.kernel.errors import Busy, sure
from regulars.people.members import services as members
from regulars.people.members.terms import MemberFacts, MemberStatus
from regulars.people.programs import services as programs
from regulars.value.ledger.terms import MemberClosed, MemberEarnOnly, MemberMerged, MemberSuspended
from regulars.value.subscriptions.models import EventRow, PaymentRow, PeriodRow, SubscriptionRow
from regulars.value.subscriptions.terms import (
    EventKind,
    PaymentState,
    PaymentUnderWay,
    Period,
    PeriodKind,
    Plan,
    PlanNotForYou,
    State,
    UnknownSubscription,
)
from regulars.value.tiers import services as tiers


def zone(program_id: int) -> str:
    """The program's IANA zone, in which all its days are counted."""
    return programs.by_id(program_id=program_id).zone


def today(program_id: int) -> date:
    """The local day of now."""
    return clock.local_day(clock.now(), zone(program_id))


def midnight(program_id: int, day: date) -> datetime:
    """The instant at which a local day begins."""
    return clock.day_starts(day, zone(program_id))


def living(*, program_id: int, member_id: UUID) -> MemberFacts:
    """A member who may become or stay a paying one.

    Raises: UnknownMember; MemberMerged; MemberClosed; MemberSuspended.
    """
    fact = members.fact(program_id=program_id, member_id=member_id)
    if fact.merged_into is not None:
        raise MemberMerged
    if fact.status is MemberStatus.CLOSED:
        raise MemberClosed
    if fact.status is MemberStatus.SUSPENDED:
        raise MemberSuspended
    return fact


def able(*, program_id: int, member_id: UUID) -> MemberFacts:
    """A member who can use what she would pay for: one who may only earn uses no benefits.

    Raises: UnknownMember; MemberMerged; MemberClosed; MemberSuspended; MemberEarnOnly.
    """
    fact = living(program_id=program_id, member_id=member_id)
    if fact.status is MemberStatus.EARN_ONLY:
        raise MemberEarnOnly
    return fact


def rests(*, program_id: int, member_id: UUID) -> bool:
    """Whether a member can use no benefits for now (suspended, or limited to earning): nobody is charged for that."""
    status = members.fact(program_id=program_id, member_id=member_id).status
    return status in (MemberStatus.SUSPENDED, MemberStatus.EARN_ONLY)


def bar(row: SubscriptionRow) -> str:
    """Why nothing is charged for a subscription now, as a payment's reason; empty when nothing stands against it."""
    if row.state in (State.CANCELLED, State.ENDED):
        return "cancelled"
    status = members.fact(program_id=row.program_id, member_id=row.member_id).status
    return "" if status is MemberStatus.ACTIVE else f"member_{status.value}"


def has_left(*, program_id: int, member_id: UUID) -> bool:
    """Whether a member has closed her membership of the program."""
    return members.fact(program_id=program_id, member_id=member_id).status is MemberStatus.CLOSED


def is_covered(row: SubscriptionRow) -> bool:
    """Whether what its plan gives is given at this moment."""
    return row.covered_until is not None and row.covered_until > clock.now()


def must_be_for(*, program_id: int, member_id: UUID, plan: Plan) -> None:
    """A plan for certain levels is begun by who stands on one of them; falling later does not end it.

    Raises: PlanNotForYou.
    """
    if not plan.levels:
        return
    standings = tiers.standings(program_id=program_id, member_id=member_id)
    if not {f"{s.ladder}/{s.level}" for s in standings} & set(plan.levels):
        raise PlanNotForYou(levels=list(plan.levels))


def held(*, program_id: int, subscription_id: UUID, others: Sequence[UUID] = ()) -> SubscriptionRow:
    """A subscription under lock until the transaction ends; its member is locked first, as everywhere.

    Args: others: members to lock with hers, in the order of their ids.
    Raises: UnknownSubscription; Busy.
    """
    rows = SubscriptionRow.objects.filter(program_id=program_id, pk=subscription_id)
    seen = rows.values_list("member_id", flat=True).first()
    if seen is None:
        raise UnknownSubscription
    members.hold(program_id=program_id, member_ids=[seen, *others])
    row = rows.select_for_update().get()
    if row.member_id != seen:
        raise Busy("The member was merged meanwhile. Nothing was changed; try again.")
    return row


def must_be_quiet(row: SubscriptionRow) -> None:
    """Nothing is changed while a payment is being asked for.

    Raises: PaymentUnderWay.
    """
    if open_payment(row) is not None:
        raise PaymentUnderWay


def open_payment(row: SubscriptionRow) -> PaymentRow | None:
    """The payment that waits for its answer; not one that was withdrawn, which keeps nothing waiting."""
    rows = PaymentRow.objects.filter(subscription_id=row.id, state=PaymentState.INTENDED, withdrawn_at=None)
    return rows.first()


def last_period(row: SubscriptionRow) -> PeriodRow:
    """The period with the highest number; there is one as soon as something was paid."""
    found = PeriodRow.objects.filter(subscription_id=row.id).order_by("-n").first()
    sure(found is not None, "a started subscription has a period")
    return found  # type: ignore[return-value]


def periods(row: SubscriptionRow) -> list[PeriodRow]:
    """All its periods, by number."""
    return list(PeriodRow.objects.filter(subscription_id=row.id).order_by("n"))


def payments_of(row: SubscriptionRow) -> list[PaymentRow]:
    """Everything that was asked for it, the gift's payment too, latest first."""
    rows = PaymentRow.objects.filter(Q(subscription_id=row.id) | Q(gift_id=row.gift_id, gift__isnull=False))
    return list(rows.order_by("-created_at", "-id"))


def tell(row: SubscriptionRow, kind: EventKind, actor: str, **facts: Any) -> None:
    """Write a line of a subscription's story."""
    now = clock.now()
    EventRow.objects.create(
        program_id=row.program_id,
        subscription_id=row.id,
        kind=kind,
        at=now,
        day=clock.local_day(now, zone(row.program_id)),
        actor=actor,
        facts={k: v.isoformat() if isinstance(v, date) else v for k, v in facts.items() if v is not None},
    )


def period_of(row: PeriodRow) -> Period:
    """A period as a value."""
    return Period(
        n=row.n,
        kind=PeriodKind(row.kind),
        plan=row.plan,
        version=row.version,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        booked_on=row.booked_on,
        amount_minor=row.amount_minor,
        carried_minor=row.carried_minor,
        payment_id=row.payment_id,
        closed_on=row.closed_on,
        closed_by=row.closed_by,
        refunded_minor=row.refunded_minor,
        credited_minor=row.credited_minor,
        correction_minor=row.correction_minor,
    )
