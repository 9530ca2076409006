"""Lots stay packed in their journal until anything happens to their member's value, and nobody can tell the difference."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from regulars.kernel import clock
from regulars.value.ledger import services
from regulars.value.ledger.tests import world
from regulars.value.ledger.tests.world import POINTS, STARS, T0

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SHAPE = "select seq, n, unit, amount, remaining, state, activates_at, expires_at from {} order by seq, n"


def rows_of(member_id: UUID) -> int:
    return world.one("select count(*) from ledger_lot where member_id = %s", member_id)[0]


def account(member_id: UUID) -> tuple[Any, ...]:
    return world.one("select unpacked, packed_until from ledger_account where member_id = %s", member_id)


@pytest.fixture
def shop() -> int:
    return world.program()


@pytest.fixture
def anna(shop: int) -> UUID:
    anna = world.member(shop)
    world.earn(shop, anna, "o1", (POINTS, 30), (STARS, 9), expires=[T0 + 90 * DAY, None])
    world.earn(shop, anna, "o2", (POINTS, 10), expires=[T0 + 60 * DAY])
    return anna


def test_a_sale_writes_no_rows_for_its_lots_and_everybody_reads_them(shop: int, anna: UUID) -> None:
    assert rows_of(anna) == 0
    assert account(anna) == (0, T0 + 60 * DAY)
    assert world.rows(SHAPE.format("ledger_lot_facts")) == [
        (1, 1, POINTS, 30, 30, "active", T0, T0 + 90 * DAY),
        (1, 2, STARS, 9, 9, "active", T0, None),
        (2, 1, POINTS, 10, 10, "active", T0, T0 + 60 * DAY),
    ]
    assert [(x.seq, x.n, x.remaining) for x in services.lots(program_id=shop, member_id=anna)] == [
        (2, 1, 10), (1, 2, 9), (1, 1, 30),
    ]  # fmt: skip
    assert services.discrepancies(program_id=shop) == []


def test_unpacking_changes_nothing_that_anybody_reads(shop: int, anna: UUID) -> None:
    before = world.rows(SHAPE.format("ledger_lot_facts"))
    world.one("select ledger_unpack(%s)", anna)
    assert world.rows(SHAPE.format("ledger_lot_facts")) == world.rows(SHAPE.format("ledger_lot")) == before
    assert account(anna) == (2, None)
    world.one("select ledger_unpack(%s)", anna)
    assert world.rows(SHAPE.format("ledger_lot")) == before
    assert services.discrepancies(program_id=shop) == []


def test_unpacking_many_is_unpacking_each(shop: int, anna: UUID) -> None:
    jane = world.member(shop)
    world.earn(shop, jane, "o1", (POINTS, 5))
    world.one("select ledger_unpack_all(%s)", [anna, jane])
    assert (rows_of(anna), account(anna), rows_of(jane), account(jane)) == (3, (2, None), 1, (1, None))
    assert services.discrepancies(program_id=shop) == []


def test_spending_takes_from_packed_value_first_to_expire_first(shop: int, anna: UUID) -> None:
    with clock.at(T0 + DAY):
        services.spend(program_id=shop, member_id=anna, key="s", unit="points", amount=15, actor="system:test")
    assert world.rows("select lot_seq, lot_n, amount from ledger_allocation order by n") == [(2, 1, 10), (1, 1, 5)]
    world.earn(shop, anna, "o3", (POINTS, 1))
    assert (rows_of(anna), account(anna)) == (3, (3, None))
    assert services.discrepancies(program_id=shop) == []


def test_a_night_ends_packed_value_and_only_what_is_due(shop: int, anna: UUID) -> None:
    assert services.expire_due(program_id=shop, before=T0 + 59 * DAY) == 0
    assert rows_of(anna) == 0
    assert services.expire_due(program_id=shop, before=T0 + 61 * DAY) == 1
    assert world.books(anna)[0] == [30, 0, 9]
    assert services.expire_due(program_id=shop, before=T0 + 61 * DAY) == 0
    assert services.discrepancies(program_id=shop) == []


def test_value_that_has_ended_is_not_offered_before_a_night_has_booked_it(shop: int, anna: UUID) -> None:
    read = "select overdue from ledger_context(%s::uuid, %s)"
    assert world.one(read, anna, T0 + 59 * DAY) == ([],)
    assert world.one(read, anna, T0 + 61 * DAY) == ([10],)
    assert world.one(read, anna, T0 + 91 * DAY) == ([40],)
    with clock.at(T0 + 61 * DAY):
        found = services.balances(program_id=shop, member_id=anna, zone="UTC")
    assert found["points"].active == 30


def test_a_return_takes_back_out_of_what_lay_packed(shop: int, anna: UUID) -> None:
    world.claw(shop, anna, "r", 1, (POINTS, 30), (STARS, 4))
    assert world.books(anna)[0] == [10, 0, 5]
    assert services.discrepancies(program_id=shop) == []


def test_who_owes_repays_out_of_rows(shop: int) -> None:
    mary = world.member(shop)
    world.earn(shop, mary, "o1", (POINTS, 30))
    services.spend(program_id=shop, member_id=mary, key="s", unit="points", amount=30, actor="system:test")
    world.claw(shop, mary, "r", 1, (POINTS, 30))
    assert world.books(mary)[3] == [30]
    world.earn(shop, mary, "o2", (POINTS, 50))
    assert world.books(mary) == ([20], [], [], [0])
    assert world.rows("select remaining from ledger_lot where seq = 4") == [(20,)]
    assert services.discrepancies(program_id=shop) == []


def test_a_funders_value_and_what_waits_are_rows(shop: int) -> None:
    mary = world.member(shop)
    world.earn(shop, mary, "o1", (POINTS, 30), funders=["brand"])
    world.earn(shop, mary, "o2", (POINTS, 30), activates=[T0 + DAY])
    assert rows_of(mary) == 2
    assert services.discrepancies(program_id=shop) == []
