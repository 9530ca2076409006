"""Returns of decided orders at the same time, with real commits: nothing is refunded, restored or undone twice."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, transaction

from regulars.kernel.errors import Refusal
from regulars.value.ledger import services as ledger
from regulars.value.orders import services as orders
from regulars.value.orders.terms import Extras, NothingLeft, OrderState, ReturnExceeds
from regulars.value.orders.tests import decided, house
from regulars.value.orders.tests.decided import Sold

pytestmark = pytest.mark.django_db(transaction=True)


def together(*calls):
    """All calls at once; what each answered, or the refusal it met."""
    start = Barrier(len(calls))

    def one(call):
        try:
            start.wait()
            return call()
        except Refusal as no:
            return no
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def a_sale():
    """Two teas, half paid by points, with a limit taken; the shop, the member, the order."""
    shop = house.program()
    mary = house.member(shop)
    decided.give(shop, mary, 50)
    decided.take(shop, {"ten/program/count/lifetime": 1})
    sold = decided.sell(
        shop,
        Sold("tea", 1100, "2", off={"ten": 100}, tendered=500),
        member_id=mary,
        points=50,
        extras=Extras(takes=(("ten/program/count/lifetime", 1),)),
    )
    return shop, mary, sold


def test_eight_tills_return_the_same_goods_and_one_refunds():
    shop, mary, sold = a_sale()
    order = house.ord_(sold)
    answers = together(*[lambda: house.give_back(shop, house.part("2", "tea"), order=order) for _ in range(8)])
    done = [a for a in answers if not isinstance(a, Exception)]
    assert [a.refund_minor for a in done] == [500]
    assert all(isinstance(a, ReturnExceeds) for a in answers if a not in done)
    assert house.holds(mary)["points"] == (50, 0)
    assert decided.used(shop) == {"ten/program/count/lifetime": 0}
    assert orders.discrepancies() == []
    assert ledger.discrepancies() == []


def test_halves_returned_at_once_make_the_whole():
    shop, mary, sold = a_sale()
    order = house.ord_(sold)
    answers = together(*[lambda: house.give_back(shop, house.part("1", "tea"), order=order) for _ in range(2)])
    assert sorted(a.refund_minor for a in answers) == [250, 250]
    assert house.holds(mary)["points"] == (50, 0)
    assert orders.discrepancies() == []


def test_a_return_and_an_undoing_never_both_pay():
    shop, mary, sold = a_sale()

    def undo():
        with transaction.atomic():
            return orders.undo_order(program_id=shop, order=sold.order_id, reason="reopened", actor=house.ACTOR)

    answers = together(undo, undo, lambda: house.give_back(shop, house.part("1", "tea"), order=house.ord_(sold)))
    paid = [a for a in answers if not isinstance(a, Exception)]
    assert sum(a.refund_minor for a in paid) == 500
    assert all(isinstance(a, (NothingLeft, ReturnExceeds)) for a in answers if a not in paid)
    assert house.holds(mary)["points"] == (50, 0)
    state = orders.get(program_id=shop, ref=house.ord_(sold)).summary.state
    assert state is OrderState.CANCELLED
    assert orders.discrepancies() == []
