"""Limits and budgets under a rush, with threads and real commits: never one too many, and the last one is given too."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, InternalError, connection, transaction

from regulars.governance.publishing import services as publishing
from regulars.kernel.errors import Busy, Refusal
from regulars.value.promotions.services import usage
from regulars.value.promotions.terms import Take
from regulars.value.promotions.terms.usage import LimitReached

DOCUMENT = """
program: {key: shop, name: Shop, zone: Europe/London, currency: GBP}
units: [{key: points, kind: spendable}]
"""


@pytest.fixture
def shop():
    return publishing.apply(document=DOCUMENT, actor="staff:1").program_id


def rush(calls: list[Callable[[], Any]], threads: int = 16) -> list[Any]:
    """All calls from a pool of threads, each thread with a connection of its own; a refusal is an answer."""

    def run(call: Callable[[], Any]) -> Any:
        while True:
            try:
                with transaction.atomic():
                    return call()
            except Busy:
                continue
            except Refusal as no:
                return no

    def close() -> None:
        gate.wait()
        connection.close()

    gate = threading.Barrier(threads)
    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(run, calls))
        for done in [pool.submit(close) for _ in range(threads)]:
            done.result()
    return found


def used(shop: int, key: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("select used from promotions_usage_facts where program_id = %s and key = %s", [shop, key])
        row = cursor.fetchone()
        return int(row[0]) if row else 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_hot", [False, True])
def test_a_limit_of_a_hundred_under_a_thousand_redemptions_at_once_gives_exactly_a_hundred(shop, is_hot):
    one = Take("rush/program/times/day/2026-11-11", 1, 100, is_hot=is_hot)
    found = rush([lambda: usage.take(program_id=shop, takes=[one])] * 1_000)
    assert found.count(None) == 100
    assert {type(f) for f in found if f is not None} == {LimitReached}
    assert {f.facts["left"] for f in found if f is not None} == {0}
    assert used(shop, one.key) == 100
    assert usage.discrepancies() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_hot", [False, True])
def test_a_budget_in_money_is_never_overspent_and_spent_to_the_penny_by_small_change(shop, is_hot):
    key, limit = "rush/budget/minor/lifetime", 50_000
    amounts = [random.Random(7).randint(1, 400) for _ in range(400)] + [1] * 400
    found = rush(
        [lambda n=n: usage.take(program_id=shop, takes=[Take(key, n, limit, is_hot, True)]) or n for n in amounts]
    )
    spent = sum(f for f in found if isinstance(f, int))
    assert spent == used(shop, key) == limit
    assert all(f.facts["left"] < n for f, n in zip(found, amounts, strict=True) if not isinstance(f, int))
    assert usage.discrepancies() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_hot", [False, True])
def test_takers_and_givers_at_once_leave_exactly_what_was_taken_and_not_given_back(shop, is_hot):
    key, limit, kept = "rush/budget/minor/lifetime", 3_000, []

    def go(seed: int) -> int:
        n = random.Random(seed).randint(1, 90)
        usage.take(program_id=shop, takes=[Take(key, n, limit, is_hot, True)])
        if seed % 3:
            usage.give_back(program_id=shop, taken={key: n})
            return 0
        return n

    kept = [f for f in rush([lambda s=s: go(s) for s in range(300)]) if isinstance(f, int)]
    assert used(shop, key) == sum(kept) <= limit
    usage.give_back(program_id=shop, taken={key: sum(kept)})
    assert used(shop, key) == 0
    assert usage.discrepancies() == []


@pytest.mark.django_db(transaction=True)
def test_two_versions_with_different_limits_hot_and_not_both_keep_their_own(shop):
    key = "rush/budget/minor/lifetime"
    kinds = [(1_000, True), (600, True), (600, False), (1_000, False)]

    def go(n: int) -> tuple[int, int]:
        limit, is_hot = kinds[n % 4]
        usage.take(program_id=shop, takes=[Take(key, 7, limit, is_hot, True)])
        return limit, used(shop, key)

    found = [f for f in rush([lambda n=n: go(n) for n in range(300)]) if isinstance(f, tuple)]
    assert used(shop, key) == 7 * len(found) == 994
    assert all(now <= limit for limit, now in found if limit == 600)
    assert usage.discrepancies() == []


@pytest.mark.django_db(transaction=True)
def test_many_limits_taken_in_any_order_neither_deadlock_nor_pass_any(shop):
    keys = [f"p{n}/program/times/lifetime" for n in range(6)]

    def go(seed: int) -> list[str]:
        chosen = random.Random(seed).sample(keys, 3)
        usage.take(program_id=shop, takes=[Take(k, 1, 60, seed % 2 == 0) for k in chosen])
        return chosen

    found = [f for f in rush([lambda s=s: go(s) for s in range(400)]) if isinstance(f, list)]
    for key in keys:
        assert used(shop, key) == sum(key in chosen for chosen in found) <= 60
    assert usage.discrepancies() == []


@pytest.mark.django_db
def test_a_refusal_takes_nothing_and_names_the_limit(shop):
    takes = [Take("a/program/times/lifetime", 1, 5), Take("b/program/times/lifetime", 3, 2)]
    with pytest.raises(LimitReached) as no, transaction.atomic():
        usage.take(program_id=shop, takes=takes)
    assert no.value.facts == {"key": "b/program/times/lifetime", "promotion": "b", "left": 2, "limit": 2}
    assert used(shop, "a/program/times/lifetime") == 0


@pytest.mark.django_db
def test_no_more_is_given_back_than_was_taken(shop):
    usage.take(program_id=shop, takes=[Take("a/program/times/lifetime", 2, 5)])
    with pytest.raises((IntegrityError, InternalError), match="R11_no_more_is_given_back"), transaction.atomic():  # noqa: SIM117
        with connection.cursor() as cursor:
            cursor.execute(
                "select promotions_give_back(%s, array['a/program/times/lifetime'], array[3::bigint])", [shop]
            )
    assert used(shop, "a/program/times/lifetime") == 2


@pytest.mark.django_db
def test_what_is_left_is_told_of_keys_that_were_taken_from(shop):
    usage.take(program_id=shop, takes=[Take("a/x", 2, 5), Take("h/x", 7, 100, True, True)])
    limits = {"a/x": 5, "h/x": 100, "untouched/x": 9}
    assert usage.left(program_id=shop, limits=limits) == {"a/x": 3, "h/x": 93}
    assert usage.left(program_id=shop, limits={"a/x": 1}) == {"a/x": -1}


@pytest.mark.django_db
def test_a_proof_finds_a_slot_that_took_more_than_it_was_granted(shop):
    usage.take(program_id=shop, takes=[Take("h/x", 7, 100, True, True)])
    with connection.cursor() as cursor:
        cursor.execute("update promotions_usage set used = used + 200 where key like 'h/x#%%'")
    assert [d.promise for d in usage.discrepancies()] == ["R11 no slot takes more than it was granted"]


@pytest.mark.django_db
def test_a_night_forgets_days_that_ended_long_ago_and_no_budget(shop):
    keys = ["a/program/count/day/2023-01-01", "a/program/count/month/2026-01-01", "a/budget/minor/lifetime"]
    usage.take(program_id=shop, takes=[Take(k, 1, 5, is_hot=k.endswith("2023-01-01")) for k in keys])
    assert usage.forget_old(program_id=shop, today=date(2026, 11, 22)) == 2
    assert [used(shop, k) for k in keys] == [0, 1, 1]
    assert usage.discrepancies() == []
