"""The books of paid membership: how many have which plan, and prepaid income by day."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from django.db.models import Count, Sum

from regulars.kernel import postgres
from regulars.value.subscriptions.models import PaymentRow, PeriodRow, SubscriptionRow
from regulars.value.subscriptions.terms import IncomeLine, PaymentState, PlanFigures


def figures(*, program_id: int) -> tuple[PlanFigures, ...]:
    """For each plan that anybody ever had: how many by state, what was charged and refunded so far."""
    states: dict[str, dict[str, int]] = defaultdict(dict)
    rows = SubscriptionRow.objects.filter(program_id=program_id)
    for plan, state, n in rows.values_list("plan", "state").annotate(n=Count("id")):
        states[plan][state] = n
    money: dict[str, tuple[int, int]] = {}
    paid = PaymentRow.objects.filter(program_id=program_id, state=PaymentState.PAID).values_list("terms__plan")
    for plan, charged, refunded in paid.annotate(a=Sum("amount_minor"), b=Sum("refunded_minor")):
        money[plan] = (charged, refunded)
    return tuple(
        [
            PlanFigures(
                plan=plan,
                by_state=states.get(plan, {}),
                charged_minor=money.get(plan, (0, 0))[0],
                refunded_minor=money.get(plan, (0, 0))[1],
            )
            for plan in sorted({*states, *money})
        ]
    )


def states(*, program_id: int) -> dict[str, int]:
    """How many subscriptions stand in which state."""
    rows = SubscriptionRow.objects.filter(program_id=program_id).values_list("state").annotate(n=Count("id"))
    return dict(rows)


def income(*, program_id: int, from_on: date, to_on: date) -> tuple[IncomeLine, ...]:
    """Prepaid income by plan from a day to a day (exclusive), in minor units.

    What was charged is earned by the day: over a period's days by largest remainder, so that they sum to what was
    paid. opening + charged + moved − refunded − earned = closing: what is paid and not yet earned, credits and gifts
    that wait included. `moved` is the credit that a change of plan takes along. A day that is over is never restated:
    what is paid late for days before is earned on the day of payment.
    """
    rows = postgres.ask(
        "select plan, sum(opening)::bigint, sum(charged)::bigint, sum(moved)::bigint, sum(refunded)::bigint,"
        " sum(earned)::bigint from subscriptions_income(%s::int, %s::date, %s::date) group by plan order by plan",
        (program_id, from_on, to_on),
    )
    return tuple(
        [
            IncomeLine(
                plan=plan,
                opening_minor=opening,
                charged_minor=charged,
                moved_minor=moved,
                refunded_minor=refunded,
                earned_minor=earned,
                closing_minor=opening + charged + moved - refunded - earned,
            )
            for plan, opening, charged, moved, refunded, earned in rows
        ]
    )


def earned_by_day(*, program_id: int, from_on: date, to_on: date) -> list[tuple[date, int]]:
    """What all plans earned on each day from a day to a day (exclusive), in minor units."""
    rows = postgres.ask(
        "select d, coalesce(sum(subscriptions_earned(p, d + 1) - subscriptions_earned(p, d)), 0)::bigint"
        " from generate_series(0, %s::date - %s::date - 1) as g(n) cross join lateral (select %s::date + g.n as d) x"
        " left join subscriptions_period p on p.program_id = %s::int and least(p.starts_on, p.booked_on) <= d"
        " and greatest(p.ends_on, p.booked_on + 1, coalesce(p.closed_on + 1, p.ends_on)) > d group by d order by d",
        (to_on, from_on, from_on, program_id),
    )
    return [(day, amount) for day, amount in rows]


def first_day(*, program_id: int) -> date | None:
    """The day on which the first money came."""
    rows = PeriodRow.objects.filter(program_id=program_id).order_by("starts_on")
    return rows.values_list("starts_on", flat=True).first()
