"""Odd orders and returns: late, strange, mixed, of units that are gone. Refused or right, never broken."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.db import connection

from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.value.ledger import services as ledger
from regulars.value.orders import services as orders
from regulars.value.orders.terms import ReturnExceeds
from regulars.value.orders.tests import house
from regulars.value.promotions import services as promotions

pytestmark = pytest.mark.django_db


def _sql(text: str, *params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text, params)


def test_one_return_may_say_a_refund_for_one_piece_and_not_for_another() -> None:
    shop = house.program()
    mary = house.member(shop)
    sold = house.sell(shop, house.line("a", 1000, "2"), member_id=mary)
    before = house.everything()
    with pytest.raises(ReturnExceeds):
        house.give_back(shop, house.part("1", "a"), house.part("1", "a", 501), order=house.ord_(sold))
    assert house.everything() == before
    receipt = house.give_back(shop, house.part("1", "a"), house.part("1", "a", 500), order=house.ord_(sold))
    assert (receipt.refund_minor, receipt.clawed) == (1000, {"points": 10, "growth": 10})


def test_goods_that_were_refunded_above_their_price_still_come_back_for_nothing() -> None:
    shop = house.program()
    mary = house.member(shop)
    sold = house.sell(shop, house.line("a", 1000, "2"), member_id=mary)
    house.give_back(shop, house.goods("1", amount=1500), member=house.mem(mary))
    assert house.give_back(shop, house.part("1", "a", 0), order=house.ord_(sold)).refund_minor == 0
    assert orders.discrepancies() == []


@pytest.mark.parametrize("odd", [{"a": "x\0y"}, {"a\0": 1}, {"a": 10**40}, {"a": "\ud800"}, {"a": "x" * 9000}])
def test_attributes_that_cannot_be_kept_are_refused_with_their_path(odd: dict[str, object]) -> None:
    shop = house.program()
    before = house.everything()
    with pytest.raises(Invalid) as refused:
        house.sell(shop, house.line("a", attributes=odd), attributes=odd)
    assert [path for path, _ in refused.value.errors] == ["attributes", "lines.0.attributes"]
    assert house.everything() == before


def test_goods_whose_points_were_reversed_by_hand_come_back_without_taking_them_again() -> None:
    shop = house.program()
    mary = house.member(shop)
    sold = house.sell(shop, house.line("a", 1000, "2"), member_id=mary)
    ledger.reverse(program_id=shop, member_id=mary, key="by-hand", seq=1, amounts={1: 8, 2: 8}, actor="staff:1")
    house.give_back(shop, house.part("2", "a"), order=house.ord_(sold))
    assert house.holds(mary) == {"points": (0, 0), "growth": (0, 0)}
    assert (orders.discrepancies(), ledger.discrepancies()) == ([], [])


def test_a_return_that_never_reached_the_books_is_found() -> None:
    shop = house.program()
    mary = house.member(shop)
    house.sell(shop, house.line("a", 1000), member_id=mary)
    _sql("update orders_line set returned = 1, returned_minor = 1000, reversed = '{10,10}'")
    _sql("update orders_order set state = 'returned'")
    _sql(
        "insert into orders_return (id, program_id, member_id, source, ref, occurred_at, recorded_at, refund_minor, digest,"
        " answer) select id, program_id, member_id, source, ref, occurred_at, recorded_at, 1000, digest, '{}' from orders_order"
    )
    _sql(
        "insert into orders_return_line (return_id, n, part, program_id, order_id, order_n, sku, quantity, amount_minor,"
        " match, reversed) select order_id, 1, 1, program_id, order_id, n, sku, 1, 1000, 'matched', reversed from orders_line"
    )
    assert {d.promise for d in orders.discrepancies()} == {"O14 the journal took back what the lines gave back"}


def test_the_last_instant_of_the_calendar_is_refused_in_every_zone() -> None:
    shop = house.program()
    for hours in (-12, 0, 14):
        with pytest.raises(Invalid, match="occurred_at"):
            house.sell(shop, at=datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=hours))))


def test_the_most_that_an_order_may_hold_is_kept_exactly() -> None:
    shop = house.program({"key": "points", "unit": "points", "rate": {"points": 1, "per": "0.01"}})
    mary = house.member(shop)
    lines = [house.line(str(n), 10**12, "0.000001") for n in range(5000)]
    sold = house.sell(shop, *lines, member_id=mary)
    assert (sold.total_minor, sold.earned) == (5 * 10**15, {"points": 5 * 10**15})
    back = house.give_back(shop, *[house.part("0.000001", str(n)) for n in range(5000)], order=house.ord_(sold))
    assert (back.refund_minor, back.clawed) == (5 * 10**15, {"points": 5 * 10**15})
    assert (orders.discrepancies(), ledger.discrepancies()) == ([], [])


def test_more_points_than_an_account_can_hold_are_refused_and_nothing_changes() -> None:
    shop = house.program({"key": "points", "unit": "points", "rate": {"points": 10**9, "per": "0.01"}})
    mary = house.member(shop)
    before = house.everything()
    with pytest.raises(Invalid):
        house.sell(shop, house.line("a", 10**12), member_id=mary)
    assert house.everything() == before


def test_orders_of_a_version_whose_unit_is_gone_are_still_read_returned_and_claimed() -> None:
    shop = house.program()
    mary = house.member(shop)
    sold, guest = house.sell(shop, house.line("a"), member_id=mary), house.sell(shop, house.line("a"))
    house.publish(shop, house.POINTS)
    _sql("update ledger_unit set retired_at = now() where program_id = %s and key = 'growth'", shop)
    promotions.forget()
    assert orders.get(program_id=shop, ref=house.ord_(sold)).summary.earned == {"points": 10, "growth": 10}
    assert house.give_back(shop, house.part("1", "a"), order=house.ord_(sold)).clawed == {"points": 10, "growth": 10}
    claimed = orders.claim(program_id=shop, ref=house.ord_(guest), member_id=mary, actor="key:1")
    assert claimed.earned == {"points": 10, "growth": 10}
    assert set(house.sell(shop, member_id=mary).balances) == {"points"}  # today nobody speaks of it


def test_a_sale_told_after_its_points_have_ended_does_not_promise_them() -> None:
    shop = house.program(house.POINTS)
    _sql('update ledger_unit set expiry = \'{"kind": "rolling", "days": 3}\' where program_id = %s', shop)
    promotions.forget()
    mary = house.member(shop)
    sold = house.sell(shop, member_id=mary, at=clock.now() - timedelta(days=9))
    assert sold.earned == {"points": 10}
    assert sold.balances["points"].active == 0
    ledger.expire_due(program_id=shop, before=clock.now())
    assert house.holds(mary)["points"] == (0, 0)
    assert ledger.discrepancies() == []


def test_a_penny_that_is_nothing_but_tax_earns_nothing_and_breaks_nothing() -> None:
    shop = house.program(
        {"key": "fix", "unit": "points", "fixed": 5, "basis": "without_tax"},
        {"key": "double", "unit": "points", "times": 2},
    )
    mary = house.member(shop)
    penny = house.line("a", 1, tax_rate=Decimal("9"), tax_included=True)
    assert house.sell(shop, penny, member_id=mary).earned == {}
    assert house.sell(shop, penny, house.line("b", 1000), member_id=mary).earned == {"points": 10}


def test_a_lone_instant_in_another_zone_is_the_same_order() -> None:
    shop = house.program()
    at = clock.now().replace(microsecond=0) - timedelta(hours=1)
    first = house.sell(shop, ref="same", at=at)
    again = house.sell(shop, ref="same", at=at.astimezone(timezone(timedelta(hours=8))))
    assert (again.order_id, again.is_new, at.tzinfo) == (first.order_id, False, UTC)


def test_a_cursor_that_no_text_column_takes_is_refused() -> None:
    shop = house.program()
    mary = house.member(shop)
    with pytest.raises(Invalid, match="cursor"):
        orders.timeline(program_id=shop, member_id=mary, cursor=("2026-01-01T00:00:00+00:00", "a\x00"))
