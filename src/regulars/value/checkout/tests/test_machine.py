"""The state machine of sessions against a simple model: whatever is done in whatever order, what is reserved adds up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from regulars.kernel import clock
from regulars.kernel.errors import Refusal
from regulars.value.checkout import services as checkout
from regulars.value.checkout.tests import house, shop
from regulars.value.orders import services as orders

KEYS = st.sampled_from(["a", "b", "c"])
POINTS, PRICE = 1_000, 700  # points in the wallet; the budget is 500, a cake takes 200 of it


@dataclass
class Basket:
    """What the model knows of a session."""

    state: str = "open"
    points: int = 0  # wished for
    held: int = 0
    budget: int = 0  # taken, reserved or used


def check_refused(basket: Basket | None, no: Refusal) -> None:
    """A verb is refused because of the state that the model has too."""
    assert no.code == ("no_session" if basket is None else f"session_{basket.state}")


class Sessions(RuleBasedStateMachine):
    """Three baskets of one member: cake out of a budget of 5.00, and points that pay."""

    def __init__(self):
        super().__init__()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.program = shop.program(shop.CAKE, rules=(house.house.GROWTH,))
        self.mary = house.member(self.program)
        shop.give(self.program, self.mary, POINTS)
        self.baskets: dict[str, Basket] = {}
        self.spent = 0

    def budget_left(self):
        return 500 - sum(b.budget for b in self.baskets.values())

    def free(self):
        return POINTS - self.spent - sum(b.held for b in self.baskets.values())

    @rule(key=KEYS, points=st.sampled_from([0, 100, 300, 500]))
    def put(self, key, points):
        basket = self.baskets.get(key)
        spend = (house.pay(points),) if points else ()
        lines = (house.line("k", PRICE, sku="cake"),)
        try:
            quote = house.put(self.program, *lines, key=key, member_id=self.mary, spend=spend)
        except Refusal as no:
            return check_refused(basket, no)
        assert basket is None or basket.state in ("open", "tendering")
        self.baskets[key] = Basket(points=points)
        told = quote.body
        assert told["discount_total"] == min(200, self.budget_left())
        assert sum(s["amount"] for s in told["spend"]) == min(points, self.free() // 100 * 100)

    @rule(key=KEYS)
    def tender(self, key):
        basket = self.baskets.get(key)
        try:
            session = house.tender(self.program, key)
        except Refusal as no:
            return check_refused(basket, no)
        assert basket is not None and basket.state in ("open", "tendering")
        if basket.state == "open":
            basket.state = "tendering"
            basket.budget = min(200, self.budget_left())
            basket.held = min(basket.points, self.free() // 100 * 100)
        assert PRICE - basket.budget - basket.held == session.due_minor

    @rule(key=KEYS)
    def close(self, key):
        basket = self.baskets.get(key)
        try:
            session = house.close(self.program, key)
        except Refusal as no:
            return check_refused(basket, no)
        assert basket is not None
        if session.was_done:
            assert basket.state == "closed"
            return
        if basket.state == "open":
            basket.budget = min(200, self.budget_left())
            basket.held = min(basket.points, self.free() // 100 * 100)
        assert session.due_minor == PRICE - basket.budget - basket.held
        self.spent, basket.held, basket.state = self.spent + basket.held, 0, "closed"
        basket.points = PRICE - basket.budget - session.due_minor

    @rule(key=KEYS)
    def cancel(self, key):
        basket = self.baskets.get(key)
        try:
            house.cancel(self.program, key)
        except Refusal as no:
            return check_refused(basket, no)
        assert basket is not None
        basket.state, basket.held, basket.budget = "cancelled", 0, 0

    @rule(key=KEYS)
    def reopen(self, key):
        basket = self.baskets.get(key)
        try:
            session = house.reopen(self.program, key)
        except Refusal:
            assert basket is None or basket.state != "closed"
            return
        if session.was_done:
            return
        assert basket is not None
        self.spent -= basket.points
        basket.state, basket.budget = "open", 0
        told = session.body
        assert told["discount_total"] == min(200, self.budget_left())

    @rule()
    def time_passes(self):
        with clock.at(clock.now() + timedelta(minutes=20)):
            checkout.sweep(program_id=self.program)
        for basket in self.baskets.values():
            if basket.state == "tendering":
                basket.state, basket.held, basket.budget = "open", 0, 0

    @invariant()
    def what_is_reserved_and_used_adds_up(self):
        held = sum(b.held for b in self.baskets.values())
        assert house.wallet(self.mary) == (POINTS - self.spent - held, held)
        assert shop.used("cake-budget") == sum(b.budget for b in self.baskets.values())
        for key, basket in self.baskets.items():
            assert checkout.get(program_id=self.program, key=key).state == basket.state

    def teardown(self):
        try:
            assert [*checkout.discrepancies(), *orders.discrepancies()] == []
        finally:
            transaction.set_rollback(True)
            self.savepoint.__exit__(None, None, None)


def run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Sessions,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.django_db
def test_sessions_agree_with_the_model_in_any_order_of_verbs():
    run(examples=8, steps=14)
    assert checkout.discrepancies() == []


@pytest.mark.deep
@pytest.mark.timeout(3600)
@pytest.mark.django_db
def test_thousands_of_verbs_agree_with_the_model():
    run(examples=100, steps=40)
    assert checkout.discrepancies() == []
