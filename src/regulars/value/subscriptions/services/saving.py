"""What a membership was worth to her: "you saved 312 this year", from what orders and uses of benefits say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from regulars.kernel import postgres
from regulars.people.programs import services as programs
from regulars.value.benefits import services as benefits
from regulars.value.ledger import services as ledger
from regulars.value.promotions import services as promotions
from regulars.value.subscriptions.models import PaymentRow, PeriodRow, SeatRow, SubscriptionRow
from regulars.value.subscriptions.rules import needing
from regulars.value.subscriptions.services import base, benefited, document
from regulars.value.subscriptions.terms import PaymentState, Saving, Savings

_MICRO = 1_000_000

_GAINS = """
select g.rule_version, g.terms_version, g.kind, g.rule, g.unit, sum(g.amount)::bigint, count(*)::int
  from orders_gain_facts g join members_facts m on m.member_id = g.member_id
 where g.program_id = %s::int and m.person_id = %s::uuid and g.amount > 0
   and exists (select 1 from unnest(%s::timestamptz[], %s::timestamptz[]) as d(starts, ends)
                where g.occurred_at >= d.starts and g.occurred_at < d.ends)
 group by 1, 2, 3, 4, 5 order by 3, 4, 1, 2, 5
"""


def savings(*, program_id: int, member_id: UUID, from_on: date, to_on: date) -> Savings:
    """What she saved by her memberships from a day to a day (exclusive), and what she paid for them.

    Counted are: discounts and points of rules that ask for a plan of hers (or for a pack or benefit that it gives),
    in orders of paid days and less what came back; and uses of benefits that the plan gives, at their cost. Points
    count as money where their unit has a value. What she would have had anyway is not counted. A guest of a family
    saves too, and pays nothing.
    Raises: NoProgram.
    """
    rows = _hers(program_id, member_id)
    spans, plans = _spans(rows, from_on, to_on)
    names = frozenset(_names(program_id, plans))
    items: list[Saving] = []
    if spans:
        starts = [base.midnight(program_id, a) for a, _ in spans]
        ends = [base.midnight(program_id, b) for _, b in spans]
        gains = postgres.ask(_GAINS, (program_id, member_id, starts, ends))
        items += _of_orders(program_id, gains, names)
        items += _of_benefits(program_id, member_id, from_on, to_on, plans)
    mine = [r.id for r in rows if r.member_id == member_id]
    paid = PaymentRow.objects.filter(
        subscription_id__in=mine, state=PaymentState.PAID, settled_on__gte=from_on, settled_on__lt=to_on
    )
    return Savings(
        from_on=from_on,
        to_on=to_on,
        currency=programs.by_id(program_id=program_id).currency,
        items=tuple(items),
        saved_minor=sum(i.minor for i in items),
        paid_minor=sum(p.amount_minor - p.refunded_minor for p in paid),
    )


def _hers(program_id: int, member_id: UUID) -> list[SubscriptionRow]:
    seats = SeatRow.objects.filter(program_id=program_id, member_id=member_id).exclude(state="invited")
    rows = SubscriptionRow.objects.filter(program_id=program_id, member_id=member_id)
    return list(rows | SubscriptionRow.objects.filter(pk__in=seats.values("subscription_id")))


def _spans(
    rows: list[SubscriptionRow], from_on: date, to_on: date
) -> tuple[list[tuple[date, date]], set[tuple[str, int]]]:
    """The paid days within the time, and the plans that they belong to."""
    spans, plans = [], set()
    for p in PeriodRow.objects.filter(subscription_id__in=[r.id for r in rows]):
        starts, ends = max(p.starts_on, from_on), min(p.closed_on or p.ends_on, p.ends_on, to_on)
        if starts < ends:
            spans.append((starts, ends))
            plans.add((p.plan, p.version))
    return spans, plans


def _names(program_id: int, plans: set[tuple[str, int]]) -> set[str]:
    names: set[str] = set()
    for key, version in plans:
        plan = document.plan(program_id=program_id, key=key, version=version)
        names |= {key, *plan.gives.packs}
    given = {
        b.key
        for b in benefits.benefits(program_id=program_id)
        if not b.whose.everyone and (names & {*b.whose.plans, *b.whose.packs})
    }
    packed = {k for p in benefits.packs(program_id=program_id) if p.key in names for k in p.benefits}
    return names | given | packed


def _of_orders(program_id: int, gains: list[tuple[Any, ...]], names: frozenset[str]) -> list[Saving]:
    worth = {u.key: u.value_micro or 0 for u in ledger.units(program_id=program_id)}
    asking: dict[tuple[int, int], Mapping[str, bool]] = {}
    found: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for version, terms, kind, rule, unit, amount, times in gains:
        if (version, terms) not in asking:
            asking[version, terms] = _rules_that_need(program_id, version, terms, names)
        if asking[version, terms].get(rule):
            found[kind, rule, unit or ""][0] += amount
            found[kind, rule, unit or ""][1] += times
    return [
        Saving(
            kind=kind,
            key=rule,
            minor=amount if kind == "discount" else amount * worth.get(unit, 0) // _MICRO,
            points=amount if kind == "points" else 0,
            unit=unit,
            times=times,
        )
        for (kind, rule, unit), (amount, times) in found.items()
    ]


def _rules_that_need(program_id: int, version: int, terms: int, names: frozenset[str]) -> dict[str, bool]:
    told, older = (promotions.describe(program_id, n) for n in (version, terms))
    rules = [*told.get("promotions", ()), *older.get("earn_rules", ())]
    return {r["key"]: needing.needs(r, names=names) for r in rules if "key" in r}


def _of_benefits(
    program_id: int, member_id: UUID, from_on: date, to_on: date, plans: set[tuple[str, int]]
) -> list[Saving]:
    reasons: set[str] = set()
    for key, version in plans:
        plan = document.plan(program_id=program_id, key=key, version=version)
        reasons |= {f"plan {key}", *(f"pack {p}" for p in plan.gives.packs)}
    since, until = base.midnight(program_id, from_on), base.midnight(program_id, to_on)
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for use in benefited.standing(
        program_id=program_id, member_id=member_id, since=since, reasons=frozenset(reasons)
    ):
        if use.used_at < until and use.cost_minor:
            found[use.benefit][0] += use.cost_minor
            found[use.benefit][1] += use.times
    return [Saving(kind="benefit", key=k, minor=m, times=n) for k, (m, n) in sorted(found.items())]
