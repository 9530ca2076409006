"""Races over real commits: one order, one redemption, never more than there was; no loser undoes the winner."""

from __future__ import annotations

import pytest

from regulars.kernel.errors import Refusal
from regulars.value.checkout import services as checkout
from regulars.value.checkout.tests import house, shop
from regulars.value.orders import services as orders
from regulars.value.orders.tests.test_races import at_once, count
from regulars.value.promotions import services as promotions

pytestmark = pytest.mark.django_db(transaction=True)


def sound() -> bool:
    assert [*checkout.discrepancies(), *orders.discrepancies(), *promotions.discrepancies()] == []
    return True


def in_waves(calls, size=10):
    """All calls, so many at once; every wave meets what the one before has left."""
    return [one for i in range(0, len(calls), size) for one in at_once(*calls[i : i + size])]


def test_eight_tills_closing_one_session_make_one_order():
    program = shop.program()
    mary = house.member(program)
    for round_ in range(3):
        key = f"round-{round_}"
        house.put(program, house.line("b", 1000, sku="book"), key=key, member_id=mary)
        if round_ == 1:
            house.tender(program, key)
        found = at_once(*[lambda k=key: house.close(program, k)] * 8)
        assert len({s.order_id for s in found}) == 1
        assert len({s.json for s in found}) == 1
        assert sorted(s.was_done for s in found) == [False] + [True] * 7
    assert house.wallet(mary) == (30, 0)
    assert count("select count(*) from orders_order") == 3
    assert sound()


def test_eight_tills_tendering_one_session_all_hear_that_it_is_tendered():
    program = shop.program()
    mary = house.member(program)
    shop.give(program, mary, 300)
    for n in range(4):
        key = f"s{n}"
        house.put(program, house.line("b", 1000, sku="book"), key=key, member_id=mary, spend=(house.pay(100),))
        found = at_once(*[lambda k=key: house.tender(program, k)] * 8)
        assert [s for s in found if isinstance(s, Refusal)] == []
        assert {s.state for s in found} == {"tendering"}
        assert house.wallet(mary) == (200, 100)
        house.cancel(program, key)
    assert sound()


def test_one_coupon_in_fifty_sessions_at_once_is_redeemed_exactly_once():  # pain 3
    program = shop.program()
    mary = house.member(program)
    code = shop.coupon(program, mary)
    quotes = [
        house.put(program, house.line("b", 2000, sku="book"), key=f"s{n}", member_id=mary, coupons=(code,))
        for n in range(50)
    ]
    assert {q.due_minor for q in quotes} == {1500}
    found = in_waves([lambda q=q: house.close(program, q.key, digest=q.digest) for q in quotes])
    done = [s for s in found if not isinstance(s, Refusal)]
    assert len(done) == 1
    assert {type(s).__name__ for s in found if s is not done[0]} == {"QuoteChanged"}
    assert shop.coupon_state(code) == "redeemed"
    assert count("select count(*) from orders_order") == 1
    assert sound()


def test_the_loser_of_a_race_for_a_coupon_does_not_undo_the_winner():  # pain 4
    program = shop.program()
    mary = house.member(program)
    code = shop.coupon(program, mary)
    quotes = [
        house.put(program, house.line("b", 2000, sku="book"), key=f"s{n}", member_id=mary, coupons=(code,))
        for n in range(2)
    ]
    found = at_once(*[lambda q=q: house.tender(program, q.key, digest=q.digest) for q in quotes])
    won = [s for s in found if not isinstance(s, Refusal)]
    assert len(won) == 1
    loser = next(q.key for q in quotes if q.key != won[0].key)
    house.cancel(program, loser)
    assert shop.coupon_state(code) == "reserved"
    done = house.close(program, won[0].key, digest=won[0].digest)
    assert (done.due_minor, shop.coupon_state(code)) == (1500, "redeemed")
    assert sound()


def test_the_points_of_one_wallet_in_twenty_sessions_pay_once():
    program = shop.program()
    mary = house.member(program)
    shop.give(program, mary, 1000)
    quotes = [
        house.put(program, house.line("b", 2000, sku="book"), key=f"s{n}", member_id=mary, spend=(house.pay(300),))
        for n in range(20)
    ]
    found = in_waves([lambda q=q: house.tender(program, q.key, digest=q.digest) for q in quotes])
    won = [s for s in found if not isinstance(s, Refusal)]
    assert len(won) == 3
    assert house.wallet(mary) == (100, 900)
    closed = at_once(*[lambda s=s: house.close(program, s.key, digest=s.digest) for s in won])
    assert all(s.state == "closed" for s in closed)
    assert house.wallet(mary) == (100 + 3 * 17, 0)
    assert sound()


def test_a_limit_of_a_hundred_under_many_closes_gives_exactly_a_hundred():  # pain 3
    limit = {"action": "times", "per": "program", "period": "lifetime", "limit": 100, "on_excess": "reject"}
    program = shop.program({**shop.TEA, "limits": [limit]})
    keys = [f"s{n}" for n in range(130)]
    for key in keys:
        house.put(program, house.line("t", 1000, sku="tea"), key=key)
    found = in_waves([lambda k=k: house.close(program, k) for k in keys], size=13)
    refused = [s for s in found if isinstance(s, Refusal)]
    assert refused == []
    assert sorted(s.due_minor for s in found) == [900] * 100 + [1000] * 30
    assert shop.used("tea-week") == 100
    assert sound()


def test_a_budget_in_money_is_never_overspent_by_tenders_closes_and_cancels_at_once():
    program = shop.program()
    keys = [f"s{n}" for n in range(24)]
    for key in keys:
        house.put(program, house.line("k", 700, sku="cake"), key=key)

    def one(n, key):
        if n % 3 == 0:
            house.tender(program, key)
            return house.cancel(program, key)
        if n % 3 == 1:
            house.tender(program, key)
        return house.close(program, key)

    found = in_waves([lambda n=n, k=k: one(n, k) for n, k in enumerate(keys)], size=8)
    assert [s for s in found if isinstance(s, Refusal)] == []
    given = sum(700 - s.due_minor for s in found if s.state == "closed")
    assert given == shop.used("cake-budget") <= 500
    assert sound()


def test_one_basket_told_from_eight_tills_at_once_is_one_session():
    program = shop.program()
    calls = [lambda n=n: house.put(program, house.line("b", 100 * n, sku="book"), key="b") for n in range(1, 9)]
    found = at_once(*calls)
    assert sorted(s.revision for s in found if not isinstance(s, Refusal)) == list(range(1, 9))
    assert count("select count(*) from checkout_session") == 1


def test_a_close_and_a_cancel_at_once_end_in_one_of_both_and_nothing_is_left_reserved():
    program = shop.program()
    mary = house.member(program)
    shop.give(program, mary, 600)
    for n in range(6):
        key = f"s{n}"
        house.put(program, house.line("b", 500, sku="book"), key=key, member_id=mary, spend=(house.pay(100),))
        house.tender(program, key)
        found = at_once(
            lambda k=key: house.close(program, k),
            lambda k=key: house.cancel(program, k),
            lambda: checkout.sweep(program_id=program),
        )
        ended = checkout.get(program_id=program, key=key).state
        assert ended in ("closed", "cancelled")
        assert sum(isinstance(s, Refusal) for s in found) == 1
    assert house.wallet(mary)[1] == 0
    assert sound()
