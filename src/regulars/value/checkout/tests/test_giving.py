"""Gifts and drawn prizes: a line that costs nothing, its stock, its return, and never twice."""

from __future__ import annotations

import pytest
from django.db import connection

from regulars.governance.assurance import services as assurance
from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.value.checkout import services as checkout
from regulars.value.checkout.tests import house, shop
from regulars.value.ledger import services as ledger
from regulars.value.orders.services.whole import whole
from regulars.value.orders.terms.closing import OrderDecided

pytestmark = pytest.mark.django_db

ONCE = [{"action": "times", "per": "member", "period": "lifetime", "limit": 1, "on_excess": "reject"}]
MUG = {
    "key": "mug",
    "goods": {"include": {"skus": ["tea"]}},
    "members_only": True,
    "effects": [{"kind": "gift", "sku": "mug", "quantity": 2}],
    "limits": ONCE,
}
CHOICE = {**MUG, "key": "choice", "effects": [{"kind": "gift", "choose_from": ["mug", "cup"]}]}
DRAW = {
    "key": "draw",
    "goods": {"include": {"skus": ["tea"]}},
    "members_only": True,
    "effects": [
        {"kind": "random_reward", "prizes": [{"key": "p", "weight": 1, "gives": {"kind": "earn", "unit": "points", "fixed": 77}}]}
    ],
}  # fmt: skip


def lines(order) -> list[tuple[str, str, str, int, str | None]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select line_ref, sku, trim_scale(quantity)::text, amount_minor, attributes ->> 'promotion'"
            " from orders_line where order_id = %s and kind = 'reward' order by n",
            [order],
        )
        return cursor.fetchall()


def proved(program: int) -> bool:
    assert assurance.discrepancies(program_id=program) == []
    return True


@pytest.mark.parametrize("is_tendered", [False, True])
def test_a_gift_is_a_line_that_costs_nothing_and_comes_from_stock(is_tendered: bool):
    program = shop.program(MUG)
    mary = house.member(program)
    shop.product(program, "mug", 900, stock="5")
    house.put(program, house.line("t", 1000), key="b", member_id=mary)
    if is_tendered:
        house.tender(program, "b")
        assert shop.stock("mug") == 3
    done = house.close(program, "b")
    assert lines(done.order_id) == [("gift-2", "mug", "2", 0, "mug")]
    assert shop.stock("mug") == 3
    assert house.body(done)["total"] == 1000
    assert proved(program)
    assert checkout.replay(program_id=program, order=done.order_id).differences == ()
    house.reopen(program, "b")
    assert shop.stock("mug") == 5
    assert proved(program)


def test_a_gift_is_given_while_stocks_last_and_never_before_somebody_who_pays():
    program = shop.program(MUG)
    mary = house.member(program)
    shop.product(program, "mug", 900, stock="3")
    house.put(program, house.line("t", 1000), house.line("m", None, "2", sku="mug"), key="b", member_id=mary)
    done = house.close(program, "b")
    assert lines(done.order_id) == []
    assert shop.stock("mug") == 1
    assert proved(program)


def test_whoever_keeps_the_gift_does_not_get_it_again():
    program = shop.program(MUG)
    mary = house.member(program)
    house.put(program, house.line("t", 1000), key="b", member_id=mary)
    house.close(program, "b")
    house.give_back(program, "b", ("t", "1"))
    assert proved(program)
    house.put(program, house.line("t", 1000), key="c", member_id=mary)
    assert lines(house.close(program, "c").order_id) == []
    house.give_back(program, "b", ("gift-2", "2"), ref="r2")
    house.put(program, house.line("t", 1000), key="d", member_id=mary)
    assert lines(house.close(program, "d").order_id) == [("gift-2", "mug", "2", 0, "mug")]
    assert proved(program)


def test_a_gift_to_choose_from_is_the_line_that_says_which():
    program = shop.program(CHOICE)
    mary = house.member(program)
    house.put(program, house.line("t", 1000), key="a", member_id=mary)
    gift = {"kind": "reward", "attributes": {"promotion": "choice"}}
    house.put(program, house.line("t", 1000), house.line("g", 0, sku="cup", **gift), key="b", member_id=mary)
    assert lines(house.close(program, "b").order_id) == [("g", "cup", "1", 0, "choice")]
    # the other basket was told before: its gift is used up by now, and it may not claim one
    house.put(program, house.line("t", 1000), house.line("g", 0, sku="mug", **gift), key="a", member_id=mary)
    with pytest.raises(Invalid):
        house.close(program, "a")
    assert proved(program)


@pytest.mark.parametrize(
    ("sku", "quantity", "amount", "promotion"),
    [("car", "1", 0, "choice"), ("cup", "2", 0, "choice"), ("cup", "1", 5, "choice"), ("cup", "1", 0, "other")],
)
def test_a_gift_that_no_promotion_gives_is_refused(sku: str, quantity: str, amount: int, promotion: str):
    program = shop.program(CHOICE)
    mary = house.member(program)
    gift = house.line("g", amount, quantity, sku=sku, kind="reward", attributes={"promotion": promotion})
    house.put(program, house.line("t", 1000), gift, key="b", member_id=mary)
    before = house.everything()
    for call in (house.tender, house.close):
        with pytest.raises(Invalid) as refused:
            call(program, "b")
        assert [path for path, _ in refused.value.errors] == ["lines.1"]
    assert house.everything() == before


def test_drawn_points_are_given_once_however_often_the_news_comes_and_the_session_is_opened():
    program = shop.program(DRAW)
    mary = house.member(program)
    house.put(program, house.line("t", 1000), key="b", member_id=mary)
    given = []
    for _ in range(2):
        done = house.close(program, "b")
        with connection.cursor() as cursor:
            cursor.execute(
                "select body ->> 'ref' from kernel_fact where kind = 'OrderDecided' order by id desc limit 1"
            )
            (ref,) = cursor.fetchone()
        outcomes = tuple(whole(program_id=program, order_id=done.order_id).extras.outcomes)
        event = OrderDecided(
            order_id=done.order_id, member_id=mary, ref=ref, outcomes=outcomes, occurred_at=clock.now()
        )
        for _ in range(2):
            checkout.follow(event, program)
        given.append(house.wallet(mary)[0] - house.body(done)["earn"]["points"])
        house.reopen(program, "b")
    assert given == [77, 77]
    assert proved(program)
    assert ledger.discrepancies() == []
