"""The proofs of decided orders see what somebody with a database console could break."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from regulars.governance.assurance import services as assurance
from regulars.value.checkout.tests import house, shop
from regulars.value.checkout.tests.test_using import full_basket
from regulars.value.orders import services as orders

pytestmark = pytest.mark.django_db


def broken(program: int) -> set[str]:
    """The promises that `regulars verify` finds broken."""
    return {found.promise for found in assurance.discrepancies(program_id=program)}


def spoil(sql: str, *params: Any) -> None:
    """Change rows behind everybody's back: no trigger looks."""
    with connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        cursor.execute(sql, params)
        assert cursor.rowcount >= 1, sql
        cursor.execute("set local session_replication_role = origin")


def sold() -> tuple[int, Any]:
    """An order that used everything: three promotions, a coupon, points, counted stock."""
    program = shop.program()
    mary = house.member(program)
    quote, _ = full_basket(program, mary)
    done = house.close(program, "b", digest=quote.digest)
    assert broken(program) == set()
    return program, done.order_id


SHARES = "O20 a line saves what its shares say"
TOOK = "O20 promotions took off what the lines say"
TOTAL = "O21 before discounts, less discounts, is the total"
COSTS = "O22 points pay no more of a line than it costs"
PAID = "O22 points paid what the lines say"
REDEEMED = "O23 a coupon of an order is redeemed by it"
KNOWN = "O23 an order knows the coupons that it redeemed"
USED = "S13 a limit was used by orders and tenders, and nobody else"
_LINE = "update orders_line_row set {} where order_id = %s and n = 1"
_PACKED = "update orders_order set packed = jsonb_set(packed::jsonb, '{{0,{}}}', '{}')::json where id = %s"
_ORDER = "update orders_order set {} where id = %s"


@pytest.mark.parametrize(
    ("sql", "promises"),
    [
        (_LINE.format("discount_minor = discount_minor + 1"), {SHARES, TOTAL}),
        (
            _LINE.format("shares = jsonb_set(shares, '{0,2}', to_jsonb((shares #>> '{0,2}')::int + 1))"),
            {SHARES, TOOK},
        ),
        (_LINE.format("shares = jsonb_set(shares, '{0,0}', '\"somebody-elses\"')"), {TOOK}),
        (_ORDER.format("extras = jsonb_set(extras, '{promotions,0,2}', '7')"), {TOOK}),
        (_ORDER.format("subtotal_minor = subtotal_minor - 1"), {TOTAL}),
        (_ORDER.format("total_minor = total_minor + 1"), {TOTAL, "O7 an order is the sum of its lines"}),
        (_LINE.format("tendered_minor = amount_minor + 1"), {COSTS, PAID}),
        (_PACKED.format("o", "7"), {SHARES, TOTAL}),
        (_PACKED.format("h,0,2", "7"), {SHARES, TOOK}),
        (_PACKED.format("h,0,0", '"somebody-elses"'), {TOOK}),
        (_PACKED.format("p", "9999999"), {COSTS, PAID}),
        (_ORDER.format("extras = jsonb_set(extras, '{spent,0,minor}', '999')"), {PAID}),
        (_ORDER.format("extras = jsonb_set(extras, '{coupons}', '[]')"), {KNOWN}),
        (_ORDER.format("extras = jsonb_set(extras, '{takes}', '[]')"), {USED}),
        (_ORDER.format("extras = jsonb_set(extras, '{takes,0,1}', '100')"), {USED}),
    ],
)
def test_an_order_that_was_changed_by_hand_is_named(sql: str, promises: set[str]):
    program, order = sold()
    if "orders_line_row" in sql:
        with connection.cursor() as cursor:
            cursor.execute("select orders_unpack(%s)", [order])
        assert broken(program) == set()
    spoil(sql, order)
    assert broken(program) == promises


def test_a_coupon_that_its_order_did_not_redeem_is_named():
    program, order = sold()
    spoil("update coupons_use set order_ref = 'session/another' where state = 'redeemed'")
    assert REDEEMED in broken(program)


def test_a_coupon_given_back_by_hand_is_named_and_one_given_back_by_a_return_is_not():
    program, order = sold()
    orders.undo_order(program_id=program, order=order, reason="mistake", actor=house.ACTOR)
    assert broken(program) == set()
    spoil("update orders_order set undone = jsonb_set(undone, '{coupons}', '[]') where id = %s", order)
    assert REDEEMED in broken(program)


@pytest.mark.parametrize("is_tendering", [False, True])
def test_a_limit_used_more_than_orders_and_tenders_say_is_named(is_tendering: bool):
    program, _ = sold()
    if is_tendering:
        house.put(program, house.line("k", 700, sku="cake"), key="c")
        house.tender(program, "c")
    assert broken(program) == set()
    spoil("update promotions_usage set used = used + 1 where program_id = %s and key like 'cake-budget/%%'", program)
    assert broken(program) == {USED}


def test_a_tender_whose_reservation_lost_a_limit_is_named():
    program, _ = sold()
    house.put(program, house.line("k", 700, sku="cake"), key="c")
    house.tender(program, "c")
    spoil("update checkout_session set reserved = reserved - 'takes' where key = 'c'")
    assert broken(program) == {USED}


@pytest.mark.parametrize(("day", "found"), [("2020-01-01", set()), ("2100-01-01", {USED})])
def test_a_limit_of_a_day_that_was_forgotten_is_no_finding(day: str, found: set[str]):
    program, order = sold()
    takes = f'[["tea-week/program/times/day/{day}", 1]]'
    spoil("update orders_order set extras = jsonb_set(extras, '{takes}', %s::jsonb) where id = %s", takes, order)
    spoil("delete from promotions_usage where program_id = %s", program)
    assert broken(program) == found


def test_a_tender_that_is_cancelled_leaves_everything_proved():
    program, _ = sold()
    house.put(program, house.line("t", 1000, sku="tea"), house.line("k", 700, sku="cake"), key="d")
    house.tender(program, "d")
    house.cancel(program, "d")
    assert broken(program) == set()
