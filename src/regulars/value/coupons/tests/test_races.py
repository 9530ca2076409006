"""Races, with threads and real commits: once is once, limits hold, and no loser undoes the winner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction

from regulars.kernel.errors import Busy, Refusal
from regulars.value.coupons import services as coupons
from regulars.value.coupons.tests import house

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(calls: list[Callable[[], Any]], workers: int = 20) -> list[Any]:
    """Run all, as many at the same moment as there are workers, each on its own connection; a refusal is an answer."""
    gate = Barrier(workers)

    def run(mine: list[Callable[[], Any]]) -> list[Any]:
        found: list[Any] = []
        try:
            with connection.cursor() as cursor:
                cursor.execute("select 1")
            gate.wait()
            for call in mine:
                try:
                    with transaction.atomic():
                        found.append(call())
                except Busy:
                    found.append("busy")
                except Refusal as no:
                    found.append(no.code)
        finally:
            connection.close()
        return found

    with ThreadPoolExecutor(workers) as pool:
        return [one for many in pool.map(run, [calls[n::workers] for n in range(workers)]) for one in many]


def test_usage_limits_do_not_break_when_two_hundred_baskets_use_a_coupon_at_once():
    shop = house.program()
    (code,) = house.batch(shop, size=1)
    held = house.find(shop, code)
    calls = [lambda n=n: coupons.redeem(program_id=shop, held=held, order=f"o{n}", actor="a") for n in range(200)]
    found = Counter(at_once(calls))
    assert found == {1: 1, "coupon_already_used": 199}
    assert house.rows("select count(*) from coupons_use where state = 'redeemed'") == [(1,)]
    assert house.rows("select count(*) from coupons_event where kind = 'redeemed'") == [(1,)]
    assert coupons.discrepancies() == []


def test_the_loser_of_a_race_never_undoes_what_the_winner_has():
    shop = house.program()
    (code,) = house.batch(shop, size=1)
    held = house.find(shop, code)

    def basket(n: int) -> str:
        owner = f"till-{n}"
        try:
            with transaction.atomic():
                coupons.reserve(program_id=shop, held=held, owner=owner, actor="a")
        except Refusal:
            coupons.release(program_id=shop, owner=owner, actor="a")  # what every loser does
            coupons.restore(program_id=shop, order=f"o{n}", actor="a", always=True)
            return "lost"
        return f"o{n}" if coupons.settle(program_id=shop, owner=owner, order=f"o{n}", actor="a") else "nothing"

    found = Counter(at_once([lambda n=n: basket(n) for n in range(100)]))
    (winner,) = [who for who in found if who != "lost"]
    assert found == {winner: 1, "lost": 99}
    assert house.rows("select state, owner from coupons_coupon") == [("redeemed", winner)]
    assert coupons.discrepancies() == []


def test_a_shared_code_for_fifty_is_used_by_fifty_of_three_hundred():
    shop = house.program()
    coupons.share(program_id=shop, template="ten", code="FIFTY", most=50, actor="a")
    held = house.find(shop, "FIFTY")
    calls = [lambda n=n: coupons.redeem(program_id=shop, held=held, order=f"o{n}", actor="a") for n in range(300)]
    assert Counter(at_once(calls)) == {1: 50, "coupon_limit_reached": 250}
    assert house.rows("select used from coupons_coupon") == [(50,)]
    assert coupons.discrepancies() == []


def test_a_template_for_twenty_and_one_each_holds_whoever_comes_at_once():
    shop = house.program(house.template(limits={"redeem": 1, "total": 20}))
    codes = house.batch(shop, size=120)
    people = [house.member(shop) for _ in range(30)]

    def use(n: int) -> int:
        held = house.find(shop, codes[n])
        return coupons.redeem(program_id=shop, held=held, order=f"o{n}", member_id=people[n % 30], actor="a")

    found = Counter(at_once([lambda n=n: use(n) for n in range(120)]))
    assert found == {1: 20, "coupon_limit_reached": 100}
    assert house.rows("select max(redeemed), sum(redeemed) from coupons_tally") == [(1, 20)]
    assert coupons.discrepancies() == []


def test_baskets_with_several_coupons_in_any_order_never_wait_for_each_other():
    kinds = [house.template(key, limits={"redeem": 100, "total": 1000}) for key in ("a", "b", "c")]
    shop = house.program(*kinds)
    for key in ("a", "b", "c"):
        coupons.share(program_id=shop, template=key, code=f"ALL{key}", most=1000, actor="a")
    mary = house.member(shop)
    words = ["ALLA", "ALLB", "ALLC"]

    def use(n: int) -> int:
        held = house.find(shop, *(words[n % 3 :] + words[: n % 3]))
        done = coupons.redeem(program_id=shop, held=held, order=f"o{n}", member_id=mary, actor="a")
        if n % 2:
            coupons.restore(program_id=shop, order=f"o{n}", actor="a")
        return done

    assert Counter(at_once([lambda n=n: use(n) for n in range(60)], workers=8)) == {3: 60}
    assert house.rows("select used from coupons_coupon") == [(30,)] * 3
    assert coupons.discrepancies() == []


def test_an_issue_told_by_many_at_once_happens_once():
    shop = house.program()
    mary = house.member(shop)
    found = at_once(
        [lambda: coupons.issue(program_id=shop, template="ten", member_id=mary, n=2, key="gift", actor="a")] * 20
    )
    assert len({tuple(c.code for c in many) for many in found}) == 1
    assert house.rows("select count(*) from coupons_coupon") == [(2,)]


def test_a_page_with_thirty_gives_thirty_and_one_to_each():
    shop = house.program()
    people = [house.member(shop) for _ in range(40)]
    page = coupons.open_claims(program_id=shop, template="ten", per_member=1, total=30, actor="a")

    def fetch(n: int) -> str:
        coupons.claim(program_id=shop, token=page.token, member_id=people[n % 40], key=f"k{n}", actor="a")
        return "got"

    found = Counter(at_once([lambda n=n: fetch(n) for n in range(120)]))
    assert found == {"got": 30, "coupon_limit_reached": 90}
    assert house.rows("select count(*), count(distinct member_id) from coupons_coupon") == [(30, 30)]
    assert house.rows("select max(claimed) from coupons_tally") == [(1,)]
    assert coupons.discrepancies() == []
