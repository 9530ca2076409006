"""Any history of a membership agrees with what somebody writes down on paper, day by day."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars.kernel import money
from regulars.kernel.errors import Refusal
from regulars.value.subscriptions import services as subscriptions
from regulars.value.subscriptions.terms import Answer, Outcome, Subscription, When
from regulars.value.subscriptions.tests import house

pytestmark = pytest.mark.django_db
PRICES = {"monthly": (1000, 1), "yearly": (10_000, 12), "light": (400, 1)}
DUNNING, GRACE, MOST_PAUSE = (2, 5), 7, 60
STEPS = st.one_of(
    st.tuples(st.just("days"), st.integers(1, 40)),
    st.tuples(st.just("pause"), st.integers(1, 70)),
    st.tuples(st.sampled_from(["resume", "cancel", "end", "keep", "decline", "accept", "method"]), st.just(0)),
    st.tuples(st.just("change"), st.sampled_from(list(PRICES))),
)


class Moody(house.Sleepless):
    """A provider that declines while it is in the mood."""

    declines = False

    def charge(self, **asked: Any) -> Answer:
        if self.declines:
            return Answer(outcome=Outcome.DECLINED, reason="mood")
        return super().charge(**asked)


def month(anchor: date, months: int) -> date:
    year, index = anchor.year + (anchor.month - 1 + months) // 12, (anchor.month - 1 + months) % 12 + 1
    return date(year, index, min(anchor.day, calendar.monthrange(year, index)[1]))


class Paper:
    """What a careful person would write down. Money is a purse of the days that are paid and not yet over."""

    def __init__(self, day: date, plan: str) -> None:
        self.plan, self.next, self.declines = plan, None, False
        self.state, self.tries, self.credit, self.charged, self.earned = "active", 0, 0, 0, 0
        self.pauses: dict[int, int] = {}
        self.until = self.rest = None
        self.next_try: date | None = None
        self.open(day, day, 1)

    def open(self, day: date, anchor: date, n: int) -> None:
        price, months = PRICES[self.plan]
        used = min(self.credit, price)
        self.credit -= used
        self.charged += price - used
        self.anchor, self.n = anchor, n
        self.begin(day, month(anchor, n * months), price)

    def begin(self, day: date, to: date, amount: int) -> None:
        self.to = to
        parts = money.spread(amount, [1] * (to - day).days)
        self.purse = {day + timedelta(k): part for k, part in enumerate(parts)}

    def left(self) -> int:
        return sum(self.purse.values())

    def midnight(self, day: date) -> None:
        """The day before is over; whatever falls due on this one happens."""
        self.earned += sum(self.purse.pop(d) for d in [d for d in self.purse if d < day])
        if self.state == "paused" and day >= self.until:
            self.resume(day)
        if self.state == "cancelled" and day >= self.to:
            self.end()
        if self.state == "active" and day >= self.to:
            self.renew(day)
        elif self.state == "past_due":
            if self.next_try is not None and day >= self.next_try:
                self.renew(day)
            elif self.next_try is None and day >= self.to + timedelta(GRACE):
                self.end()

    def renew(self, day: date) -> None:
        wanted = self.next or self.plan
        price, _ = PRICES[wanted]
        if self.declines and price > self.credit:
            self.tries += 1
            self.state = "past_due"
            more = self.tries <= len(DUNNING)
            self.next_try = max(self.to + timedelta(DUNNING[self.tries - 1]), day + timedelta(1)) if more else None
            if not more and day >= self.to + timedelta(GRACE):
                self.end()
            return
        is_new = PRICES[wanted][1] != PRICES[self.plan][1]
        self.plan, self.next, self.tries, self.state = wanted, None, 0, "active"
        if is_new:
            self.open(self.to, self.to, 1)
        else:
            self.open(self.to, self.anchor, self.n + 1)
        self.earned += sum(self.purse.pop(d) for d in [d for d in self.purse if d < day])

    def end(self) -> None:
        self.earned += self.credit + self.left()
        self.credit, self.purse, self.state = 0, {}, "ended"

    def pause(self, day: date, days: int) -> bool:
        fits = days <= MOST_PAUSE and self.pauses.get(day.year, 0) < 1
        if self.state != "active" or not fits:
            return False
        self.pauses[day.year] = 1
        self.rest = ((self.to - day).days, self.left())
        self.credit += self.left()
        self.purse, self.state, self.until = {}, "paused", day + timedelta(days)
        return True

    def resume(self, day: date) -> bool:
        if self.state != "paused":
            return False
        days, amount = self.rest
        self.credit -= amount
        self.state = "active"
        self.begin(day, day + timedelta(days), amount)
        self.anchor, self.n = self.to, 0
        return True

    def change(self, day: date, plan: str) -> bool:
        if self.state != "active" or (plan == self.plan and self.next is None):
            return False
        (old, months), (price, more) = PRICES[self.plan], PRICES[plan]
        if plan == self.plan:
            self.next = None
        elif more > months or price * months > old * more:
            if self.declines and price > self.credit + self.left():
                return True
            self.credit += self.left()
            self.plan, self.next = plan, None
            self.open(day, day, 1)
        else:
            self.next = plan
        return True


def act(sub: Subscription, step: str, value: Any, shop: int) -> bool:
    told = {"program_id": shop, "subscription_id": sub.subscription_id, "actor": "key:1"}
    try:
        if step == "pause":
            subscriptions.pause(**told, days=value, reason="x")
        elif step == "resume":
            subscriptions.resume(**told, reason="x")
        elif step == "keep":
            subscriptions.keep(**told, reason="x")
        elif step == "change":
            subscriptions.change(**told, plan=value)
        elif step == "method":
            subscriptions.use_method(**told, method="other")
        else:
            when = When.AT_ONCE if step == "end" else When.PERIOD_END
            subscriptions.cancel(**told, reason="x", when=when, refund_minor=0 if step == "end" else None)
    except Refusal:
        return False
    house.pursued(shop, sub.subscription_id)
    return True


def on_paper(paper: Paper, day: date, step: str, value: Any) -> bool:
    if step in ("pause", "change"):
        return bool(getattr(paper, step)(day, value))
    if step == "resume":
        return paper.resume(day)
    if step == "keep":
        fits = paper.state == "cancelled"
        paper.state = "active" if fits else paper.state
        return fits
    if step == "method":
        if paper.state == "past_due":
            paper.renew(day)
        elif paper.state == "cancelled":
            pass
        return paper.state != "ended" or paper.tries > 0
    if paper.state == "ended":
        return False
    if paper.state == "paused":
        paper.resume(day)
    if step == "end" or paper.state == "past_due":
        paper.end()
    else:
        paper.state, paper.next = "cancelled", None
    return True


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(st.dates(date(2023, 12, 25), date(2024, 3, 2)), st.sampled_from(list(PRICES)), st.lists(STEPS, max_size=14))
def test_any_history_agrees_with_the_paper(starts, plan, steps):
    shop, _ = house.program(house.MONTHLY, house.YEARLY, house.LIGHT, key=house.fresh())
    bank = Moody()
    subscriptions.install(name="sandbox", provider=bank)
    member = house.member(shop)
    day = starts
    with house.noon(day):
        sub = house.begun(shop, member, plan)
    paper = Paper(day, plan)
    for step, value in [*steps, ("days", 3)]:
        if step == "days":
            for _ in range(value):
                day += timedelta(days=1)
                paper.midnight(day)
                house.run(shop, day, day)
        elif step in ("decline", "accept"):
            bank.declines = paper.declines = step == "decline"
        else:
            was_ended = paper.state == "ended"
            with house.noon(day):
                done = act(sub, step, value, shop)
                if step == "method":
                    assert done == (not was_ended)
                    on_paper(paper, day, step, value)
                else:
                    assert (step, done) == (step, on_paper(paper, day, step, value))
        _agree(shop, sub, member, paper, bank, day)


def _agree(shop: int, sub: Subscription, member: Any, paper: Paper, bank: Moody, day: date) -> None:
    after = house.look(shop, sub.subscription_id)
    assert (after.state, after.plan, after.credit_minor) == (paper.state, paper.plan, paper.credit)
    assert sum(house.charged(bank)) == paper.charged
    if paper.state in ("active", "cancelled"):
        assert after.period_to == paper.to
    with house.noon(day):
        assert bool(house.packs(shop, member)) == (paper.state not in ("paused", "ended"))
    lines = subscriptions.income(program_id=shop, from_on=date(2000, 1, 1), to_on=day)
    if paper.state != "ended":
        found = sum(line.earned_minor for line in lines), sum(line.charged_minor for line in lines)
        late = sum(line.closing_minor for line in subscriptions.income(
            program_id=shop, from_on=date(2000, 1, 1), to_on=day + timedelta(days=1)
        ))  # fmt: skip
        assert found[0] <= paper.charged
        assert late == paper.charged - _earned_by(paper, day)
    assert subscriptions.discrepancies(shop) == []


def _earned_by(paper: Paper, day: date) -> int:
    """What was earned to the end of this day: the purse still holds the share of today."""
    return paper.earned + paper.purse.get(day, 0)
