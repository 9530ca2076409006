"""Many at once, with threads and real commits: nothing lost, nothing twice, no deadlock reaches a caller."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from regulars.kernel import clock
from regulars.kernel.errors import Busy, Refusal
from regulars.value.ledger import services
from regulars.value.ledger.terms import NotEnoughPoints, Parcel
from regulars.value.ledger.tests import world
from regulars.value.ledger.tests.world import POINTS, T0, earn

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run all works in threads that start together; what each answered or raised, in order."""
    gate = threading.Barrier(len(works))
    answers: list[Any] = [None] * len(works)

    def run(n: int, work: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            gate.wait()
            answers[n] = patiently(work)
        except Exception as error:
            answers[n] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n, work)) for n, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def patiently(work: Callable[[], Any]) -> Any:
    """As any till does: told Busy (a lock waited for too long on a slow machine), ask again."""
    for _ in range(20):
        try:
            return work()
        except Busy as error:
            if error.__cause__ is not None and getattr(error.__cause__, "sqlstate", "") == "40P01":
                raise AssertionError("a deadlock reached the caller") from error
    return work()


@pytest.fixture(autouse=True)
def _books_hold() -> Iterator[None]:
    """After every race all promises hold, before the tables are emptied."""
    yield
    assert services.discrepancies() == []


def test_64_threads_spend_from_one_wallet_and_never_more_than_it_holds() -> None:
    shop = world.program()
    anna = world.member(shop)
    earn(shop, anna, "o1", (POINTS, 205), at=clock.now())

    def spend(n: int) -> Callable[[], Any]:
        return lambda: services.spend(
            program_id=shop, member_id=anna, key=f"s{n}", unit="points", amount=10, actor="system:test"
        )

    answers = at_once(*(spend(n) for n in range(64)))
    assert Counter(type(a).__name__ for a in answers) == {"Moved": 20, "NotEnoughPoints": 44}
    assert world.books(anna)[0] == [5]


def test_the_same_key_told_by_eight_threads_moves_value_once() -> None:
    shop = world.program()
    anna = world.member(shop)
    parcels = [Parcel(slot=POINTS, amount=7)]
    for verb in range(5):
        asked = {"program_id": shop, "member_id": anna, "key": f"o{verb}", "parcels": parcels, "actor": "system:test"}
        answers = at_once(*[lambda asked=asked: services.earn(**asked)] * 8)
        assert [a.seq for a in answers] == [verb + 1] * 8
    assert world.books(anna)[0] == [35]


def test_eight_small_corrections_at_once_stay_within_one_limit_together() -> None:
    shop = world.program()
    anna = world.member(shop)
    asked = {
        "program_id": shop,
        "member_id": anna,
        "unit": "points",
        "reason": "mistake",
        "actor": "staff:1",
        "limit": 100,
    }

    def correct(n: int) -> Callable[[], Any]:
        return lambda: services.adjust(**asked, key=f"c{n}", amount=30)

    answers = at_once(*(correct(n) for n in range(8)))
    assert Counter(type(a).__name__ for a in answers) == {"Moved": 3, "Adjustment": 5}
    assert world.books(anna)[0] == [90]


def test_transfers_both_ways_at_once_lose_nothing_and_never_deadlock() -> None:
    shop = world.program()
    anna, ben = world.member(shop), world.member(shop)
    for member_id in (anna, ben):
        earn(shop, member_id, "o1", (POINTS, 1000), at=clock.now())

    def give(n: int, one: UUID, other: UUID) -> Callable[[], Any]:
        return lambda: services.transfer(
            program_id=shop,
            member_id=one,
            to=other,
            key=f"t{n}",
            unit="points",
            amount=3 + n % 2,
            actor="system:test",
        )

    answers = at_once(*(give(n, *((anna, ben) if n % 2 else (ben, anna))) for n in range(24)))
    assert {type(a).__name__ for a in answers} == {"Moved"}
    assert (world.books(anna)[0], world.books(ben)[0]) == ([1000 + 12 * 3 - 12 * 4], [1000 + 12 * 4 - 12 * 3])


def test_hold_and_expire_at_once_leave_the_value_in_one_place() -> None:
    shop = world.program()
    ends = T0 + timedelta(days=1)
    people = [world.member(shop) for _ in range(6)]
    for member_id in people:
        earn(shop, member_id, "o1", (POINTS, 50), expires=[ends])

    def hold(member_id: UUID) -> Callable[[], Any]:
        return lambda: services.hold(
            program_id=shop, member_id=member_id, key="h", unit="points", amount=30, actor="system:test",
            expires_at=ends + timedelta(minutes=5), occurred_at=ends - timedelta(seconds=1),
        )  # fmt: skip

    def night() -> Any:
        return services.expire_due(program_id=shop, before=ends, limit=500)

    answers = at_once(*(hold(m) for m in people), night, night)
    for member_id, answer in zip(people, answers[:6], strict=True):
        active, _, held, _ = world.books(member_id)
        was_held = not isinstance(answer, NotEnoughPoints)
        assert was_held is not isinstance(answer, Refusal)
        assert (sum(active), sum(held)) in ([(0, 30), (20, 30)] if was_held else [(0, 0)])


def test_two_nights_at_once_expire_every_lot_once() -> None:
    shop = world.program()
    ends = T0 + timedelta(days=1)
    people = [world.member(shop) for _ in range(12)]
    for member_id in people:
        earn(shop, member_id, "o1", (POINTS, 50), expires=[ends])

    def night() -> None:
        while services.expire_due(program_id=shop, before=ends, limit=5):
            pass

    assert at_once(night, night, night) == [None] * 3
    assert world.rows("select count(*), sum(amount) from ledger_posting where credit = 'expired'") == [(12, 600)]


def test_a_first_purchase_told_by_eight_tills_opens_one_account() -> None:
    shop = world.program()
    anna = world.member(shop)

    def till(n: int) -> Callable[[], Any]:
        return lambda: services.earn(
            program_id=shop, member_id=anna, key=f"o{n}", parcels=[Parcel(slot=POINTS, amount=1)], actor="system:test"
        )

    answers = at_once(*(till(n) for n in range(8)))
    assert sorted(a.seq for a in answers) == list(range(1, 9))
    assert world.books(anna)[0] == [8]
