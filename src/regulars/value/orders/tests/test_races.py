"""Races, with threads and real commits: nothing lost, nothing twice, no deadlock that reaches a caller."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from regulars.kernel.errors import Refusal
from regulars.value.orders import services as orders
from regulars.value.orders.terms import AlreadyClaimed, OrderDiffers, Repeat, ReturnExceeds
from regulars.value.orders.tests import house

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run all at the same moment, each on a connection of its own; a refusal is an answer."""
    gate = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            with connection.cursor() as cursor:
                cursor.execute("select 1")
            gate.wait()
            return call()
        except Refusal as no:
            return no
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def count(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])


def test_the_same_order_told_by_eight_tills_at_once_counts_once():
    shop = house.program()
    mary = house.member(shop)
    for round_ in range(5):
        told = house.told(house.line("a", 1250, "2"), ref=f"round-{round_}", member=house.mem(mary))
        found = at_once(*[lambda t=told: orders.place(program_id=shop, told=t, actor="a")] * 8)
        assert len({r.order_id for r in found}) == 1
        assert len({r.body for r in found}) == 1
        assert sorted(r.is_new for r in found) == [False] * 7 + [True]
    assert house.holds(mary)["points"] == (60, 0)
    assert orders.discrepancies() == []


def test_the_same_guest_s_order_told_by_eight_tills_with_one_key_counts_once():
    shop = house.program()
    told = house.told()
    calls = [lambda: orders.place(program_id=shop, told=told, actor="a", repeat=Repeat("k", b"1" * 16))] * 8
    found = at_once(*calls)
    assert len({r.body for r in found}) == 1
    assert {r.status for r in found} == {201}
    assert count("select count(*) from orders_order") == count("select count(*) from kernel_idempotency") == 1


def test_two_tills_with_different_content_for_one_reference_leave_one_order():
    shop = house.program()
    mary = house.member(shop)
    tellings = [house.told(house.line("a", n * 100), ref="x", member=house.mem(mary)) for n in range(1, 9)]
    found = at_once(*[lambda t=t: orders.place(program_id=shop, told=t, actor="a") for t in tellings])
    placed = [r for r in found if not isinstance(r, Refusal)]
    assert len(placed) == 1
    assert all(isinstance(r, OrderDiffers) for r in found if r is not placed[0])
    assert house.holds(mary)["points"] == (placed[0].earned["points"], 0)


def test_sixteen_orders_of_one_member_at_once_give_a_gapless_chain_and_keep_the_cap():
    rule = {**house.POINTS, "caps": [{"amount": 100, "period": "lifetime", "on_excess": "cap"}]}
    shop = house.program(rule, house.GROWTH)
    mary = house.member(shop)
    tellings = [house.told(house.line("a", 1000), member=house.mem(mary)) for _ in range(16)]
    found = at_once(*[lambda t=t: orders.place(program_id=shop, told=t, actor="a") for t in tellings])
    assert [type(r).__name__ for r in found] == ["Receipt"] * 16
    assert house.holds(mary) == {"points": (100, 0), "growth": (160, 0)}
    assert sum(r.earned.get("points", 0) for r in found) == 100
    with connection.cursor() as cursor:
        cursor.execute("select seq from ledger_journal where member_id = %s order by seq", [mary])
        assert [seq for (seq,) in cursor.fetchall()] == list(range(1, 17))
        cursor.execute("select hash from ledger_journal where member_id = %s order by seq desc limit 1", [mary])
        last = cursor.fetchone()
        cursor.execute("select head from ledger_account where member_id = %s", [mary])
        assert cursor.fetchone() == last
    after = sorted(r.balances["growth"].active for r in found)
    assert after == list(range(10, 170, 10))
    assert orders.discrepancies() == []


def test_two_returns_of_one_line_at_once_never_exceed_it():
    shop = house.program()
    mary = house.member(shop)
    sold = house.sell(shop, house.line("a", 1000, "3"), member_id=mary)
    backs = [house.back(house.part("1", "a"), order=house.ord_(sold)) for _ in range(8)]
    found = at_once(*[lambda b=b: orders.take_back(program_id=shop, told=b, actor="a") for b in backs])
    done = [r for r in found if not isinstance(r, Refusal)]
    assert len(done) == 3
    assert sum(r.refund_minor for r in done) == 1000
    assert all(isinstance(r, ReturnExceeds) for r in found if isinstance(r, Refusal))
    assert house.holds(mary) == {"points": (0, 0), "growth": (0, 0)}
    assert orders.discrepancies() == []


def test_the_same_return_told_by_eight_tills_at_once_counts_once():
    shop = house.program()
    mary = house.member(shop)
    sold = house.sell(shop, house.line("a", 1000, "3"), member_id=mary)
    told = house.back(house.part("1", "a"), order=house.ord_(sold))
    found = at_once(*[lambda: orders.take_back(program_id=shop, told=told, actor="a")] * 8)
    assert len({r.body for r in found}) == 1
    assert house.holds(mary)["points"] == (7, 0)


def test_credits_without_an_order_at_once_match_each_purchase_once():
    shop = house.program()
    mary = house.member(shop)
    for _ in range(3):
        house.sell(shop, house.line("a", 1000, "1"), member_id=mary)
    backs = [house.back(house.goods("1"), member=house.mem(mary)) for _ in range(6)]
    found = at_once(*[lambda b=b: orders.take_back(program_id=shop, told=b, actor="a") for b in backs])
    assert sorted(r.lines[0].match for r in found) == ["exhausted"] * 3 + ["matched"] * 3
    assert house.holds(mary)["points"] == (0, 0)
    assert orders.discrepancies() == []


def test_a_receipt_claimed_by_four_members_at_once_belongs_to_one():
    shop = house.program()
    sold = house.sell(shop)
    people = [house.member(shop) for _ in range(4)]
    found = at_once(
        *[
            lambda who=who: orders.claim(program_id=shop, ref=house.ord_(sold), member_id=who, actor="a")
            for who in people
        ]
    )
    assert sorted(type(r) is AlreadyClaimed for r in found) == [False, True, True, True]
    assert sum(house.holds(who)["points"][0] for who in people) == 10
    assert orders.discrepancies() == []


def test_orders_returns_and_claims_of_one_member_at_once_all_take_place():
    shop = house.program()
    mary = house.member(shop)
    sold = [house.sell(shop, house.line("a", 1000, "2"), member_id=mary) for _ in range(4)]
    guests = [house.sell(shop, house.line("a", 500)) for _ in range(4)]
    calls: list[Callable[[], Any]] = []
    for order, guest in zip(sold, guests, strict=True):
        told, back = house.told(member=house.mem(mary)), house.back(house.part("2", "a"), order=house.ord_(order))
        calls += [
            lambda t=told: orders.place(program_id=shop, told=t, actor="a"),
            lambda b=back: orders.take_back(program_id=shop, told=b, actor="a"),
            lambda g=guest: orders.claim(program_id=shop, ref=house.ord_(g), member_id=mary, actor="a"),
        ]
    found = at_once(*calls)
    assert [r for r in found if isinstance(r, Refusal)] == []
    assert house.holds(mary)["points"] == (60, 0)
    assert orders.discrepancies() == []
