"""Returns of orders that were decided here, over a real database: everything that the sale brought is undone."""

import itertools
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import orjson
import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.value.ledger import services as ledger
from regulars.value.orders import services as orders
from regulars.value.orders.services import settling
from regulars.value.orders.terms import (
    BundleIncomplete,
    Counted,
    Extras,
    NotHandedOver,
    NothingLeft,
    NotOpen,
    OrderState,
    Repeat,
    ReturnDiffers,
    ReturnExceeds,
)
from regulars.value.orders.tests import decided, house
from regulars.value.orders.tests.decided import Sold
from regulars.value.promotions.terms import OnReturn, Outcome

pytestmark = pytest.mark.django_db


def state(shop, receipt):
    return orders.get(program_id=shop, ref=house.ord_(receipt)).summary.state


@pytest.fixture
def rest(monkeypatch):
    """Promotion `big`: 20.00 off a rest of at least 100.00, told as the engine would."""

    def decide(*, question, snapshot):
        pays = sum(x["amount"] for x in question)
        applied = [SimpleNamespace(key="big", discount_minor=2000)] if pays >= 10_000 else []
        return SimpleNamespace(pricing=SimpleNamespace(applied=applied, outcomes=()))

    def rest_of(*, question, lines, only):
        return [{"amount": q["amount"] * (1 - x.returned / x.quantity)} for q, x in zip(question, lines, strict=True)]

    monkeypatch.setattr(settling.promotions, "decide", decide, raising=False)
    monkeypatch.setattr(settling.promotions, "question_from_json", lambda told: told, raising=False)
    monkeypatch.setattr(settling, "rest_of", rest_of)


BIG = (Sold("tea", 5000, off={"big": 1000}), Sold("cup", 5000, off={"big": 1000}, sku="cup"))
ASKED = [{"amount": 5000}, {"amount": 5000}]


def test_points_that_paid_go_back_to_their_very_lots_and_only_the_rest_is_money():
    shop = house.program()
    mary = house.member(shop)
    decided.give(shop, mary, 50)
    sold = decided.sell(shop, Sold("tea", 1000, "2", tendered=500), member_id=mary, points=50)
    assert house.holds(mary)["points"] == (10, 0)
    first = house.give_back(shop, house.part("1", "tea"), order=house.ord_(sold))
    assert (first.refund_minor, first.settled.tendered_minor, first.settled.restored) == (250, 250, {"points": 25})
    assert (first.lines[0].amount_minor, first.lines[0].refund_minor) == (500, 250)
    assert house.holds(mary)["points"] == (30, 0)
    second = house.give_back(shop, house.part("1", "tea"), order=house.ord_(sold))
    assert (second.refund_minor, second.settled.restored) == (250, {"points": 25})
    assert decided.spend_lots(mary) == [(50, 50), (0, 10)]
    assert state(shop, sold) is OrderState.RETURNED
    assert orders.discrepancies() == []
    assert ledger.discrepancies() == []


def test_points_that_have_ended_since_come_back_and_end_at_once():
    shop = house.program()
    mary = house.member(shop)
    ends = clock.now() + timedelta(days=1)
    ledger.adjust(
        program_id=shop,
        member_id=mary,
        key="a",
        unit="points",
        amount=50,
        actor="staff:1",
        reason="x",
        expires_at=ends,
    )
    sold = decided.sell(shop, Sold("tea", 600, tendered=500), member_id=mary, points=50)
    with clock.at(ends + timedelta(hours=1)):
        receipt = house.give_back(shop, house.part("1", "tea"), order=house.ord_(sold))
    assert (receipt.settled.restored, receipt.settled.expired) == ({"points": 50}, {"points": 50})
    assert house.holds(mary)["points"] == (0, 0)
    assert orders.discrepancies() == []
    assert ledger.discrepancies() == []


def test_what_was_given_back_by_hand_is_not_given_back_twice():
    shop = house.program()
    mary = house.member(shop)
    decided.give(shop, mary, 50)
    sold = decided.sell(shop, Sold("tea", 600, tendered=500), member_id=mary, points=50)
    with connection.cursor() as cursor:
        cursor.execute("select extras #>> '{spent,0,seq}' from orders_order where id = %s", [sold.order_id])
        seq = int(cursor.fetchone()[0])
    ledger.restore(program_id=shop, member_id=mary, key="by-hand", spend_seq=seq, amount=30, actor="staff:1")
    receipt = house.give_back(shop, house.part("1", "tea"), order=house.ord_(sold))
    assert receipt.settled.restored == {"points": 20}
    assert [(n.what, n.why) for n in receipt.settled.not_undone] == [
        ("points:points", "30 were given back by hand before")
    ]
    assert orders.discrepancies() == []


def test_reprice_charges_the_difference_and_a_full_return_leaves_nothing(rest):
    shop = house.program()
    mary = house.member(shop)
    sold = decided.sell(shop, *BIG, member_id=mary, policies={"big": OnReturn.REPRICE}, question=ASKED)
    first = house.give_back(shop, house.part("1", "tea"), order=house.ord_(sold))
    assert (first.refund_minor, first.settled.charged_minor) == (3000, 1000)
    assert [tuple(r) for r in first.settled.repriced] == [("big", 1000, 0)]
    second = house.give_back(shop, house.part("1", "cup"), order=house.ord_(sold))
    assert (second.refund_minor, second.settled.charged_minor) == (5000, -1000)
    assert orders.discrepancies() == []


def test_all_or_nothing_refuses_a_part_and_changes_nothing(rest):
    shop = house.program()
    sold = decided.sell(shop, *BIG, policies={"big": OnReturn.ALL_OR_NOTHING}, question=ASKED)
    before = house.everything()
    with pytest.raises(BundleIncomplete) as no:
        house.give_back(shop, house.part("1", "tea"), order=house.ord_(sold))
    assert no.value.facts == {"promotion": "big", "lines": ["cup"]}
    assert house.everything() == before
    receipt = house.give_back(shop, house.part("1", "tea"), house.part("1", "cup"), order=house.ord_(sold))
    assert receipt.refund_minor == 8000


def test_a_question_that_was_not_kept_keeps_what_is_kept_and_still_holds_bundles_together():
    shop = house.program()
    keeps = decided.sell(shop, *BIG, policies={"big": OnReturn.REPRICE})
    assert house.give_back(shop, house.part("1", "tea"), order=house.ord_(keeps)).refund_minor == 4000
    whole = decided.sell(shop, *BIG, policies={"big": OnReturn.ALL_OR_NOTHING})
    with pytest.raises(BundleIncomplete):
        house.give_back(shop, house.part("1", "tea"), order=house.ord_(whole))


def test_limits_budgets_and_counters_are_free_again():
    shop = house.program()
    mary = house.member(shop)
    takes = {"ten/program/times/lifetime": 1, "ten/budget/minor/lifetime": 100}
    decided.take(shop, takes)
    with connection.cursor() as cursor:
        cursor.execute(
            'select ledger_count(%s, %s, null, \'{"promo/ten/lifetime": 3, "earn/base/lifetime": 20}\')', [mary, shop]
        )
    sold = decided.sell(
        shop,
        Sold("tea", 1000, "4", off={"ten": 100}),
        member_id=mary,
        extras=Extras(
            takes=tuple(takes.items()), counted=(Counted("promo/ten/lifetime", 1), Counted("earn/points/lifetime", 9))
        ),
    )
    first = house.give_back(shop, house.part("1", "tea"), order=house.ord_(sold))
    assert decided.used(shop) == {"ten/budget/minor/lifetime": 75, "ten/program/times/lifetime": 1}
    assert dict(first.settled.limits) == {"ten/budget/minor/lifetime": 25, "earn/points/lifetime": 2}
    house.give_back(shop, house.part("3", "tea"), order=house.ord_(sold))
    assert decided.used(shop) == {"ten/budget/minor/lifetime": 0, "ten/program/times/lifetime": 0}
    assert decided.counters(mary)["promo/ten/lifetime"] == 2
    assert orders.discrepancies() == []


def test_an_order_is_undone_whole_once_and_is_cancelled():
    shop = house.program()
    mary = house.member(shop)
    decided.give(shop, mary, 50)
    sold = decided.sell(
        shop,
        Sold("tea", 1000, "2", off={"ten": 100}, tendered=500),
        Sold("cup", 400, sku="cup"),
        member_id=mary,
        points=50,
        extras=Extras(outcomes=(Outcome("ten", "notify", {}),)),
    )
    house.give_back(shop, house.part("1", "tea"), order=house.ord_(sold))
    receipt = orders.undo_order(program_id=shop, order=sold.order_id, reason="reopened", actor=house.ACTOR)
    assert (receipt.kind, receipt.refund_minor, receipt.settled.tendered_minor) == ("undo", 600, 250)
    assert [n.what for n in receipt.settled.not_undone] == ["notify"]
    assert house.holds(mary)["points"] == (50, 0)
    assert state(shop, sold) is OrderState.CANCELLED
    with pytest.raises(NothingLeft):
        orders.undo_order(program_id=shop, order=sold.order_id, reason="again", actor=house.ACTOR)
    assert orders.discrepancies() == []


def test_the_answer_told_again_is_the_same_and_the_news_says_the_money():
    shop = house.program()
    mary = house.member(shop)
    decided.give(shop, mary, 50)
    sold = decided.sell(shop, Sold("tea", 1000, tendered=500), member_id=mary, points=50)
    told = house.back(house.part("1", "tea"), order=house.ord_(sold))
    first = orders.take_back(program_id=shop, told=told, actor="a", repeat=Repeat("k", b"1" * 16))
    again = orders.take_back(program_id=shop, told=told, actor="a")
    assert (again.is_new, again.body) == (False, first.body)
    body = orjson.loads(first.body)
    assert (body["refund_minor"], body["restored"], body["tendered_minor"]) == (500, {"points": 50}, 500)
    with connection.cursor() as cursor:
        cursor.execute("select body ->> 'refund_minor' from kernel_fact where kind = 'OrderReturned'")
        assert cursor.fetchall() == [("500",)]
    with pytest.raises(ReturnDiffers):
        orders.take_back(program_id=shop, told=replace(told, lines=(house.part("0.5", "tea"),)), actor="a")


def test_what_waits_can_be_cancelled_and_only_what_was_handed_over_comes_back():
    shop = house.program()
    mary = house.member(shop)
    sold = decided.pickup(shop, Sold("tea", 900, "3"), member_id=mary)
    order = house.ord_(sold)
    with pytest.raises(NotHandedOver):
        house.give_back(shop, house.part("1", "tea"), order=order)
    orders.hand_over(program_id=shop, ref=order, lines=[("tea", Decimal(1))])
    cancel = house.back(house.part("3", "tea"), order=order)
    with pytest.raises(ReturnExceeds):
        orders.cancel_lines(program_id=shop, told=cancel, actor=house.ACTOR)
    done = orders.cancel_lines(
        program_id=shop, told=house.back(house.part("1", "tea"), order=order), actor=house.ACTOR
    )
    assert (done.kind, done.refund_minor, done.clawed["points"]) == ("cancellation", 300, 3)
    assert house.give_back(shop, house.part("1", "tea"), order=order).refund_minor == 300
    with pytest.raises(NotHandedOver):
        house.give_back(shop, house.part("1", "tea"), order=order)
    with pytest.raises(ReturnExceeds):
        orders.hand_over(program_id=shop, ref=order, lines=[("tea", Decimal(2))])
    last = house.back(house.part("1", "tea"), order=order)
    assert orders.cancel_lines(program_id=shop, told=last, actor=house.ACTOR).refund_minor == 300
    assert state(shop, sold) is OrderState.RETURNED
    assert orders.discrepancies() == []


def test_an_order_cancelled_before_anybody_came_is_cancelled():
    shop = house.program()
    sold = decided.pickup(shop, Sold("tea", 900, "3"))
    order = house.ord_(sold)
    orders.cancel_lines(program_id=shop, told=house.back(house.part("3", "tea"), order=order), actor=house.ACTOR)
    assert state(shop, sold) is OrderState.CANCELLED
    with pytest.raises(NotOpen):
        orders.hand_over(program_id=shop, ref=order, lines=[("tea", Decimal(1))])
    shelf = house.sell(shop, house.line("tea", 900))
    with pytest.raises(NotOpen):
        orders.cancel_lines(
            program_id=shop, told=house.back(house.part("1", "tea"), order=house.ord_(shelf)), actor=house.ACTOR
        )


def test_an_exchange_takes_back_and_sells_at_once_and_only_the_balance_is_paid():
    shop = house.program()
    mary = house.member(shop)
    decided.give(shop, mary, 50)
    sold = decided.sell(shop, Sold("tea", 1000, tendered=500), member_id=mary, points=50)
    back = house.back(house.part("1", "tea"), order=house.ord_(sold))
    sale = house.told(house.line("cup", 1200, sku="cup"))
    done = orders.exchange(program_id=shop, back=back, sale=sale, actor=house.ACTOR)
    assert (done.returned.refund_minor, done.sold.total_minor, done.balance_minor) == (500, 1200, 700)
    assert (done.returned.kind, done.sold.member_id) == ("exchange", mary)
    assert house.holds(mary)["points"] == (62, 0)
    again = orders.exchange(program_id=shop, back=back, sale=sale, actor=house.ACTOR)
    assert (again.returned.body, again.sold.body) == (done.returned.body, done.sold.body)
    assert (again.returned.is_new, again.sold.is_new) == (False, False)


def test_an_exchange_whose_sale_is_refused_leaves_the_goods_sold():
    shop = house.program()
    sold = decided.sell(shop, Sold("tea", 1000))
    before = house.everything()
    back = house.back(house.part("1", "tea"), order=house.ord_(sold))
    for sale in (house.told(house.line("cup", 1200), channel="nowhere"), house.told(currency="EUR")):
        with pytest.raises(Invalid):
            orders.exchange(program_id=shop, back=back, sale=sale, actor=house.ACTOR)
    assert house.everything() == before


NUMBERS = itertools.count(1)
LINES = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 3000), st.integers(0, 3000), st.integers(0, 3000)),
    min_size=1,
    max_size=3,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LINES, st.data())
def test_any_split_of_a_full_return_gives_back_all_of_it(told, data):
    shop = house.program(key=f"split-{next(NUMBERS)}")
    mary = house.member(shop)
    decided.give(shop, mary, 200)
    lines = []
    for n, (quantity, gross, off, tendered) in enumerate(told, 1):
        off = min(off, gross)
        lines.append(
            Sold(f"l{n}", gross, str(quantity), off={"ten": off}, tendered=min(tendered, gross - off), sku=f"s{n}")
        )
    tendered = sum(x.tendered for x in lines)
    before = house.holds(mary)
    sold = decided.sell(shop, *lines, member_id=mary, points=min(150, tendered) if tendered else 0)
    left = data.draw(st.permutations([x.id for x in lines for _ in range(int(x.quantity))]))
    refund = points = 0
    while left:
        size = data.draw(st.integers(1, len(left)))
        receipt = house.give_back(shop, *(house.part("1", i) for i in left[:size]), order=house.ord_(sold))
        left = left[size:]
        assert receipt.refund_minor >= 0
        refund += receipt.refund_minor
        points += receipt.settled.tendered_minor
    assert refund == sum(x.gross - x.off["ten"] - x.tendered for x in lines)
    assert points == tendered
    assert house.holds(mary) == before
    assert orders.discrepancies(program_id=shop) == []


def test_a_cap_of_an_earn_rule_limits_what_a_member_keeps():
    shop = house.program({**house.POINTS, "caps": [{"amount": 15, "period": "day"}]})
    mary = house.member(shop)
    first = house.sell(shop, house.line("a", 1000, "3"), member_id=mary)
    second = house.sell(shop, house.line("a", 1000), member_id=mary)
    assert (first.earned, second.earned) == ({"points": 10}, {"points": 5})
    for _ in range(3):
        house.give_back(shop, house.part("1", "a"), order=house.ord_(first))
    assert sum(decided.counters(mary).values()) == 5
    third = house.sell(shop, house.line("a", 2000), member_id=mary)
    assert third.earned == {"points": 10}
    assert house.holds(mary)["points"] == (15, 0)
    assert orders.discrepancies() == []
