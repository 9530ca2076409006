"""Giving value and taking it back, through the stored functions that the hot path calls."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from regulars.value.ledger import terms
from regulars.value.ledger.tests import world
from regulars.value.ledger.tests.world import GROWTH, POINTS, STARS, T0, claw, earn

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> int:
    return world.program()


def test_an_order_gives_points_and_growth_in_one_journal(shop: int) -> None:
    anna = world.member(shop)
    assert earn(shop, anna, "o1", (POINTS, 30), (GROWTH, 30)) == (1, 1, [30, 30], [])
    assert earn(shop, anna, "o2", (POINTS, 5), (GROWTH, 5)) == (2, 2, [35, 35], [])
    assert world.rows("select seq, n, unit, debit, credit, amount from ledger_posting order by 1, 2")[:2] == [
        (1, 1, POINTS, "issued", "wallet", 30),
        (1, 2, GROWTH, "issued", "wallet", 30),
    ]
    assert world.rows(
        "select unit, amount, remaining, state, activates_at from ledger_lot_facts where seq = 2 order by n"
    ) == [
        (POINTS, 5, 5, "active", T0),
        (GROWTH, 5, 5, "active", T0),
    ]


def test_the_same_key_answers_as_before_and_moves_nothing(shop: int) -> None:
    anna = world.member(shop)
    assert earn(shop, anna, "o1", (POINTS, 30)) == (1, 1, [30], [])
    assert earn(shop, anna, "o1", (POINTS, 30)) == (1, 1, [30], [])
    with pytest.raises(terms.KeyReused), transaction.atomic():
        earn(shop, anna, "o1", (POINTS, 31))
    assert world.rows("select count(*) from ledger_journal") == [(1,)]


def test_a_stale_version_is_refused(shop: int) -> None:
    anna = world.member(shop)
    earn(shop, anna, "o1", (POINTS, 30), version=0)
    with pytest.raises(terms.Stale) as no, transaction.atomic():
        earn(shop, anna, "o2", (POINTS, 30), version=0)
    assert no.value.facts == {"version": 1}
    assert earn(shop, anna, "o2", (POINTS, 30), version=1)[:2] == (2, 2)


def test_nothing_to_give_still_moves_version_and_counters(shop: int) -> None:
    anna = world.member(shop)
    assert earn(shop, anna, "o1", counters='{"day": 3}') == (None, 1, [], [])
    assert world.one("select version, counters->>'day', seq from ledger_context(%s::uuid)", anna) == (1, "3", 0)


def test_value_that_waits_is_pending(shop: int) -> None:
    anna = world.member(shop)
    later = T0 + timedelta(days=14)
    earn(
        shop,
        anna,
        "o1",
        (POINTS, 30),
        (POINTS, 7),
        (GROWTH, 1),
        activates=[later, None, None],
        events=[None, "shipped", None],
    )
    assert world.books(anna) == ([0, 1], [37], [], [])
    assert world.rows("select state, activates_at, activation_event from ledger_lot_facts order by n") == [
        ("pending", later, None),
        ("pending", None, "shipped"),
        ("active", T0, None),
    ]


def test_a_clawback_owes_what_was_spent_and_later_earnings_repay_it(shop: int) -> None:
    anna = world.member(shop)
    earn(shop, anna, "o1", (POINTS, 30), (GROWTH, 30))
    world.one(
        "select * from ledger_spend(%s::uuid, ledger_entry(%s::int, 's1', 'spend', null, null, null, null, %s::timestamptz,"
        " %s::timestamptz, 'system:test', null, null), 1::smallint, 20::bigint)",
        anna, shop, T0, T0,
    )  # fmt: skip
    assert claw(shop, anna, "r1", 1, (POINTS, 25), (GROWTH, 25)) == (3, 3, [10, 25], [15, 0], [0, 0])
    assert world.books(anna) == ([0, 5], [], [], [15])
    assert earn(shop, anna, "o2", (POINTS, 40)) == (4, 5, [25, 5], [0])
    assert world.rows("select key, kind from ledger_journal where seq >= 4 order by seq") == [
        ("o2", "earn"),
        ("o2/repay", "repay"),
    ]
    assert claw(shop, anna, "r1", 1, (POINTS, 25), (GROWTH, 25)) == (3, 5, [10, 25], [15, 0], [0, 0])


def test_a_clawback_never_exceeds_what_is_left_of_its_journal(shop: int) -> None:
    anna = world.member(shop)
    earn(shop, anna, "o1", (POINTS, 30))
    claw(shop, anna, "r1", 1, (POINTS, 20))
    with pytest.raises(terms.ReversesTooMuch) as no, transaction.atomic():
        claw(shop, anna, "r2", 1, (POINTS, 11))
    assert no.value.facts == {"left": 10, "asked": 11}
    assert world.books(anna)[0] == [10]


def test_a_clawback_takes_its_own_lots_then_pending_ones_of_the_source_then_the_first_to_expire(shop: int) -> None:
    anna = world.member(shop)
    later = T0 + timedelta(days=14)
    far, near = T0 + timedelta(days=90), T0 + timedelta(days=30)
    earn(shop, anna, "other", (STARS, 10), (POINTS, 10), (POINTS, 10), expires=[None, far, near])
    earn(shop, anna, "late", (POINTS, 4), activates=[later], ref="o1")
    earn(shop, anna, "o1", (POINTS, 30), (STARS, 5))
    world.one("select ledger_unpack(%s)", anna)
    world.one("update ledger_lot set remaining = 1 where seq = 3 and n = 1 returning 1")
    assert claw(shop, anna, "r1", 3, (POINTS, 18), (STARS, 5), ref="o1") == (4, 4, [18, 5], [0, 0], [0, 0])
    assert world.rows("select lot_seq, lot_n, amount from ledger_allocation where unit = 1 order by n") == [
        (3, 1, 1),
        (2, 1, 4),
        (1, 3, 10),
        (1, 2, 3),
    ]


def test_only_pending_never_touches_other_active_value(shop: int) -> None:
    anna = world.member(shop)
    earn(shop, anna, "other", (STARS, 10))
    earn(shop, anna, "o1", (STARS, 10))
    world.one("select ledger_unpack(%s)", anna)
    world.one("update ledger_lot set remaining = 0 where seq = 2 returning 1")
    assert claw(shop, anna, "r1", 2, (STARS, 10)) == (3, 3, [0], [0], [10])


def test_who_may_not_earn_is_refused_and_nothing_changes(shop: int) -> None:
    other = world.program("other")
    for member_id, refusal in (
        (world.member(shop, "suspended"), terms.MemberSuspended),
        (world.member(shop, "closed"), terms.MemberClosed),
        (world.member(other), terms.UnknownMember),
    ):
        with pytest.raises(refusal), transaction.atomic():
            earn(shop, member_id, "o1", (POINTS, 1))
    assert world.rows("select count(*) from ledger_account") == [(0,)]
    assert earn(shop, world.member(shop, "earn_only"), "o1", (POINTS, 1))[0] == 1


def test_context_is_there_before_the_account_is_open_and_tells_what_is_overdue(shop: int) -> None:
    anna = world.member(shop)
    assert world.one("select version, active, overdue from ledger_context(%s::uuid)", anna) == (0, [], [])
    earn(shop, anna, "o1", (POINTS, 10), (POINTS, 7), expires=[T0 + timedelta(days=1), None])
    sql = "select active, overdue from ledger_context(%s::uuid, %s::timestamptz)"
    assert world.one(sql, anna, T0) == ([17], [])
    assert world.one(sql, anna, T0 + timedelta(days=1)) == ([17], [10])
