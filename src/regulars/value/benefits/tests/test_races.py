"""Races, with threads and real commits: a quota is never exceeded, an occasion comes once, a choice is one choice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction

from regulars.kernel import clock
from regulars.kernel.errors import Busy, Refusal
from regulars.value.benefits import services as benefits
from regulars.value.benefits.tests.house import ACTOR, join, program, rows, use
from regulars.value.ledger import services as ledger

pytestmark = pytest.mark.django_db(transaction=True)
WORKERS = 16
EVERYONE = {"everyone": True}


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """Run all, each worker on its own connection with real commits; a refusal is an answer."""
    gate = Barrier(WORKERS)

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

    with ThreadPoolExecutor(WORKERS) as pool:
        return [one for many in pool.map(run, [calls[n::WORKERS] for n in range(WORKERS)]) for one in many]


def test_five_hundred_tills_use_a_quota_of_a_hundred_and_a_hundred_get_it() -> None:
    p = program({"key": "lounge", "kind": "lounge", "for": EVERYONE, "quota": {"times": 100, "period": "year"}})
    m = join(p)
    found = Counter(at_once([lambda n=n: use(p, m, "lounge", f"till-{n}").is_new for n in range(500)]))
    assert found == {True: 100, "quota_used_up": 400}
    assert rows("select used from benefits_quota") == [(100,)]
    assert rows("select count(*), count(distinct key) from benefits_use where state = 'used'") == [(100, 100)]
    assert benefits.discrepancies() == []


def test_the_same_call_told_by_many_at_once_is_one_use_and_gives_once() -> None:
    gives = [{"points": {"unit": "points", "amount": 10}}]
    p = program(
        {"key": "box", "kind": "gift", "for": EVERYONE, "gives": gives, "quota": {"times": 5, "period": "day"}}
    )
    m = join(p)
    found = Counter(at_once([lambda: use(p, m, "box", "same").is_new for _ in range(64)]))
    assert found == {True: 1, False: 63}
    assert ledger.balances(program_id=p, member_id=m, zone="UTC")["points"].active == 10


def test_uses_and_undoing_at_once_leave_the_quota_true() -> None:
    p = program({"key": "lounge", "kind": "lounge", "for": EVERYONE, "quota": {"times": 20, "period": "year"}})
    m = join(p)
    first = [use(p, m, "lounge", f"a{n}").use_id for n in range(20)]
    undo = [
        lambda u=u: benefits.undo(program_id=p, use_id=u, reason="no", actor=ACTOR).is_new
        for u in first
        for _ in "ab"
    ]
    again = [lambda n=n: use(p, m, "lounge", f"b{n}").is_new for n in range(40)]
    at_once([call for pair in zip(undo, again, strict=True) for call in pair])
    assert rows("select count(*) from benefits_use where state = 'undone'") == [(20,)]
    assert rows("select used <= 20 from benefits_quota") == [(True,)]
    assert benefits.discrepancies() == []


def test_a_birthday_that_many_workers_look_at_brings_one_gift() -> None:
    gives = [{"points": {"unit": "points", "amount": 10}}]
    p = program({"key": "cake", "kind": "birthday", "for": EVERYONE, "gives": gives})
    at = datetime(2026, 5, 4, 12, tzinfo=UTC)
    with clock.at(datetime(2025, 1, 1, tzinfo=UTC)):
        members_ = [join(p, born=(5, 4)) for _ in range(5)]
    with clock.at(at):
        at_once([lambda: benefits.give_due(program_id=p, at=at) for _ in range(32)])
    assert [ledger.balances(program_id=p, member_id=m, zone="UTC")["points"].active for m in members_] == [10] * 5
    assert rows("select count(*), min(state), max(state) from benefits_gift") == [(5, "given", "given")]


def test_who_changes_a_choice_while_it_is_used_never_has_both() -> None:
    pick = {"key": "pick", "kind": "choice", "for": EVERYONE, "choose": {"pick": 1, "of": ["spa", "car", "tea"]}}
    p = program(pick, *({"key": k, "kind": "service"} for k in ("spa", "car", "tea")))
    m = join(p)
    calls: list[Callable[[], Any]] = []
    for n in range(48):
        key = ("spa", "car", "tea")[n % 3]
        calls.append(
            lambda key=key: (
                benefits.choose(program_id=p, member_id=m, benefit="pick", picked=[key], actor=ACTOR).chosen
            )
        )
        calls.append(lambda key=key: use(p, m, key).benefit)
    at_once(calls)
    assert rows("select count(distinct benefit) <= 1 from benefits_use where state = 'used'") == [(True,)]
