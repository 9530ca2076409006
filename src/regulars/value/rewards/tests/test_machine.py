"""A history of redeeming, cancelling, handing over, restocking and waiting, against an oracle on paper."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from regulars.kernel import clock
from regulars.kernel.errors import Refusal
from regulars.value.ledger import services as ledger
from regulars.value.rewards import services as rewards
from regulars.value.rewards.terms import Redemption
from regulars.value.rewards.tests import house

PRICE, STOCK, MOST, HOURS = 10, 3, 4, 2
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
WHO = st.integers(0, 2)


@dataclass
class Paper:
    """What should be, by the simplest bookkeeping there is."""

    points: dict[UUID, int] = field(default_factory=dict)
    used: dict[UUID, int] = field(default_factory=dict)
    queue: list[UUID] = field(default_factory=list)
    offers: list[tuple[UUID, datetime]] = field(default_factory=list)
    stock: int = STOCK
    out: int = 0  # pieces that members have or have asked for

    @property
    def left(self) -> int:
        return self.stock - self.out - len(self.offers)

    def offer(self, now: datetime) -> None:
        while self.left > 0 and self.queue:
            self.offers.append((self.queue.pop(0), now + timedelta(hours=HOURS)))

    def has_offer(self, who: UUID, now: datetime) -> bool:
        return any(w == who and until > now for w, until in self.offers)


class Mall(RuleBasedStateMachine):
    """One reward with a stock, a limit and a waiting list; three members; time goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.atom = transaction.atomic()
        self.atom.__enter__()
        self.people: list[UUID] = []

    @initialize()
    def begin(self) -> None:
        self.now = START
        with clock.at(START):
            self.shop = house.program(
                house.reward(
                    points=PRICE, stock=STOCK, per_member={"times": MOST}, cancel={"until": "fulfilled"},
                    waiting_list={"hours": HOURS},
                )
            )  # fmt: skip
            self.people = [house.member(self.shop, 60) for _ in range(3)]
        self.paper, self.open, self.done = Paper(), [], []
        self.paper.points = dict.fromkeys(self.people, 60)
        self.paper.used = dict.fromkeys(self.people, 0)

    def teardown(self) -> None:
        try:
            if self.people and not connection.needs_rollback:
                assert rewards.discrepancies(self.shop) == []
        finally:
            self.atom.__exit__(Refusal, Refusal("this history is over"), None)

    def told(self, call: Any) -> Any:
        """What a call answers, or the code of its refusal, with nothing changed."""
        before = house.everything()
        try:
            with clock.at(self.now), transaction.atomic():
                return call()
        except Refusal as no:
            assert house.everything() == before
            return no.code

    @rule(who=WHO, count=st.integers(1, 3))
    def redeem(self, who: int, count: int) -> None:
        mary, paper = self.people[who], self.paper
        offered = paper.has_offer(mary, self.now)
        wanted = count - offered
        if paper.points[mary] < PRICE * count:
            expected = "not_enough_points"
        elif paper.used[mary] + count > MOST:
            expected = "reward_limit_reached"
        elif wanted > paper.left:
            expected = "reward_sold_out"
        else:
            expected = ""
        found = self.told(lambda: house.redeem(self.shop, mary, count=count))
        if expected:
            assert found == expected
            return
        assert isinstance(found, Redemption), found
        paper.points[mary] -= PRICE * count
        paper.used[mary] += count
        paper.out += count
        paper.offers = [(w, until) for w, until in paper.offers if w != mary or until <= self.now]
        paper.queue = [w for w in paper.queue if w != mary]
        self.open.append(found)

    @rule(pick=st.integers(0, 99), as_member=st.booleans())
    def cancel(self, pick: int, as_member: bool) -> None:
        if self.open:
            one = self.open.pop(pick % len(self.open))
            assert self.told(lambda: house.cancel(one, as_member=as_member)).gave_back
            self.back(one)

    @rule(pick=st.integers(0, 99))
    def fulfil(self, pick: int) -> None:
        if self.open:
            one = self.open.pop(pick % len(self.open))
            found = self.told(
                lambda: rewards.fulfil(program_id=self.shop, redemption_id=one.redemption_id, actor="a")
            )
            assert found.state == "fulfilled"
            assert self.told(lambda: house.cancel(one, as_member=True)) == "redemption_not_cancellable"
            self.done.append(one)

    @rule(pick=st.integers(0, 99), restock=st.booleans())
    def bring_back(self, pick: int, restock: bool) -> None:
        if self.done:
            one = self.done.pop(pick % len(self.done))
            assert self.told(lambda: house.cancel(one, reason="brought back", restock=restock)).gave_back
            self.back(one, restock)

    def back(self, one: Redemption, restock: bool = True) -> None:
        self.paper.points[one.member_id] += PRICE * one.count
        self.paper.used[one.member_id] -= one.count
        if restock:
            self.paper.out -= one.count
            self.paper.offer(self.now)

    @rule(count=st.integers(-3, 3).filter(bool))
    def restock(self, count: int) -> None:
        found = self.told(
            lambda: rewards.restock(program_id=self.shop, reward="mug", count=count, reason="x", actor="a")
        )
        if count < 0 and self.paper.left < -count:
            assert found == "reward_stock_taken"
        else:
            assert found is None
            self.paper.stock += count
            self.paper.offer(self.now)

    @rule(who=WHO)
    def join(self, who: int) -> None:
        mary, paper = self.people[who], self.paper
        found = self.told(lambda: rewards.join(program_id=self.shop, member_id=mary, reward="mug", actor="a"))
        if mary in paper.queue or mary in [w for w, _ in paper.offers]:
            assert not isinstance(found, str)
        elif paper.left > 0:
            assert found == "reward_not_sold_out"
        else:
            assert found.place == len(paper.queue) + 1
            paper.queue.append(mary)

    @rule(hours=st.integers(1, 3))
    def time_goes_on(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        lapsed = sum(until <= self.now for _, until in self.paper.offers)
        with clock.at(self.now):
            assert rewards.lapse_offers(program_id=self.shop, before=self.now, limit=100) == lapsed
        self.paper.offers = [(w, until) for w, until in self.paper.offers if until > self.now]
        self.paper.offer(self.now)

    @invariant()
    def all_is_as_on_paper(self) -> None:
        if not self.people:
            return
        paper = self.paper
        assert {who: house.wallet(who) for who in self.people} == {w: (n, 0) for w, n in paper.points.items()}
        assert house.shelf(self.shop) == (paper.stock, paper.out + len(paper.offers))
        waits = rewards.waits(program_id=self.shop, reward="mug")
        assert [w.member_id for w in waits if w.state == "waiting"] == paper.queue
        assert {w.member_id for w in waits if w.state == "offered"} == {w for w, _ in paper.offers}


@pytest.mark.django_db
@pytest.mark.parametrize(("examples", "steps"), [(4, 12), pytest.param(100, 40, marks=pytest.mark.deep)])
def test_every_history_of_rewards_is_as_on_paper(examples, steps):
    run_state_machine_as_test(
        Mall, settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None)
    )
    assert ledger.discrepancies() == []
