"""Returns: exact values, every order of returns, what is owed and forgiven, refusals that change nothing."""

from datetime import timedelta
from decimal import Decimal

import orjson
import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.people.members import services as members
from regulars.value.orders import services as orders
from regulars.value.orders.terms import (
    Match,
    NoOrder,
    NotReturnable,
    OrderState,
    Repeat,
    ReturnDiffers,
    ReturnExceeds,
)
from regulars.value.orders.tests import house

pytestmark = pytest.mark.django_db


def test_a_full_return_leaves_exactly_nothing():
    shop = house.program()
    mary = house.member(shop)
    sold = house.sell(shop, house.line("a", 1999, "3"), house.line("b", 501), member_id=mary)
    receipt = house.give_back(shop, house.part("3", "a"), house.part("1", "b"), order=house.ord_(sold))
    assert (receipt.refund_minor, receipt.clawed) == (2500, {"points": 25, "growth": 25})
    assert (receipt.owed, receipt.forgiven) == ({}, {})
    assert house.holds(mary) == {"points": (0, 0), "growth": (0, 0)}
    assert orders.get(program_id=shop, ref=house.ord_(sold)).summary.state is OrderState.RETURNED
    assert orders.discrepancies() == []


def test_each_piece_gives_back_the_rounded_share_of_all_so_far():
    shop = house.program()
    mary = house.member(shop)
    sold = house.sell(shop, house.line("a", 1000, "3"), member_id=mary)
    pieces = [house.give_back(shop, house.part("1", "a"), order=house.ord_(sold)) for _ in range(3)]
    assert [p.refund_minor for p in pieces] == [333, 334, 333]
    assert [p.clawed["points"] for p in pieces] == [3, 4, 3]
    states = orders.get(program_id=shop, ref=house.ord_(sold))
    assert (states.summary.state, states.lines[0].reversed) == (OrderState.RETURNED, {"points": 10, "growth": 10})
    assert [r.refund_minor for r in states.returns] == [333, 334, 333]


def test_what_was_spent_is_owed_or_forgiven_by_the_unit_s_policy():
    for policy, owed, forgiven in (("owe", {"points": 8}, {}), ("within_balance", {}, {"points": 8})):
        shop = house.program(debt_policy=policy, key=policy.replace("_", "-"))
        mary = house.member(shop)
        sold = house.sell(shop, house.line("a", 1000), member_id=mary)
        house.spend(shop, mary, 8)
        receipt = house.give_back(shop, house.part("1", "a"), order=house.ord_(sold))
        assert (receipt.clawed["points"], receipt.owed, receipt.forgiven) == (10, owed, forgiven)
        assert house.holds(mary)["points"] == (0, owed.get("points", 0))
    assert orders.discrepancies() == []


def test_a_return_told_twice_counts_once_and_answers_the_same():
    shop = house.program()
    sold = house.sell(shop, house.line("a", 1000, "2"), member_id=house.member(shop))
    told = house.back(house.part("1", "a"), order=house.ord_(sold))
    first = orders.take_back(program_id=shop, told=told, actor="a", repeat=Repeat("k", b"1" * 16))
    house.give_back(shop, house.part("1", "a"), order=house.ord_(sold))
    before = house.everything()
    again = orders.take_back(program_id=shop, told=told, actor="a")
    assert (again.is_new, again.status, again.body) == (False, 200, first.body)
    replay = orders.take_back(program_id=shop, told=told, actor="a", repeat=Repeat("k", b"1" * 16))
    assert (replay.status, replay.body) == (201, first.body)
    assert set(orjson.loads(first.body)) == {
        "id", "ref", "source", "member", "order", "occurred_at", "refund_minor", "clawed", "owed", "forgiven",
        "lines", "kind", "tendered_minor", "charged_minor", "restored", "expired", "coupons", "issued", "limits",
        "restocked", "repriced", "not_undone",
    }  # fmt: skip
    with pytest.raises(ReturnDiffers):
        orders.take_back(
            program_id=shop, told=house.back(house.part("2", "a"), ref=told.ref, order=house.ord_(sold)), actor="a"
        )
    assert house.everything() == before


def test_more_than_was_sold_never_comes_back():
    shop = house.program()
    sold = house.sell(
        shop,
        house.line("a", 1000, "2"),
        house.line("x", -50, "1", kind="adjustment"),
        member_id=house.member(shop),
    )
    house.give_back(shop, house.part("1", "a"), order=house.ord_(sold))
    before, order = house.everything(), house.ord_(sold)
    for lines, refusal in (
        ([house.part("1.000001", "a")], ReturnExceeds),
        ([house.part("1", "a"), house.part("1", "a")], ReturnExceeds),
        ([house.part("1", "a", 501)], ReturnExceeds),
        ([house.part("1", "x")], NotReturnable),
        ([house.part("1", "nothing")], Invalid),
        ([house.part("0", "a")], Invalid),
        ([house.part("-1", "a")], Invalid),
        ([], Invalid),
    ):
        with pytest.raises(refusal):
            house.give_back(shop, *lines, order=order)
    with pytest.raises(NoOrder):
        house.give_back(house.program(key="other"), house.part("1", "a"), order=order)
    assert {**house.everything()} == before


def test_an_amount_that_was_agreed_is_refunded_and_the_rest_stays():
    shop = house.program()
    sold = house.sell(shop, house.line("a", 1000, "2"), member_id=house.member(shop))
    order = house.ord_(sold)
    assert house.give_back(shop, house.part("1", "a", 200), order=order).refund_minor == 200
    assert house.give_back(shop, house.part("1", "a"), order=order).refund_minor == 800


def test_goods_without_an_order_are_matched_to_the_latest_purchases():
    shop = house.program()
    mary = house.member(shop)
    now = clock.now()
    old = house.sell(shop, house.line("a", 1000, "2"), member_id=mary, at=now - timedelta(days=9))
    new = house.sell(shop, house.line("a", 1000, "2"), member_id=mary, at=now - timedelta(days=5))
    house.sell(shop, house.line("a", 1000, "2", sku="cup"), member_id=mary, at=now - timedelta(days=1))
    receipt = house.give_back(
        shop,
        house.goods("3", amount=1500),
        house.goods("2", amount=1001),
        house.goods("1", "lamp", 70),
        house.goods("1", "cup", 500),
        member=house.mem(mary),
        at=now - timedelta(days=3),
    )
    told = [(x.match, x.order_id, x.quantity, x.amount_minor, dict(x.clawed)) for x in receipt.lines]
    assert told == [
        (Match.MATCHED, new.order_id, 2, 1000, {"points": 10, "growth": 10}),
        (Match.MATCHED, old.order_id, 1, 500, {"points": 5, "growth": 5}),
        (Match.MATCHED, old.order_id, 1, 501, {"points": 5, "growth": 5}),
        (Match.EXHAUSTED, None, 1, 500, {}),
        (Match.NEVER_BOUGHT, None, 1, 70, {}),
        (Match.BOUGHT_LATER, None, 1, 500, {}),
    ]
    assert (receipt.refund_minor, receipt.clawed) == (3071, {"points": 20, "growth": 20})
    assert house.holds(mary)["points"] == (10, 0)
    assert orders.discrepancies() == []


def test_goods_of_nobody_are_kept_and_marked():
    shop = house.program()
    receipt = house.give_back(shop, house.goods("1", amount=250))
    assert [(x.match, x.amount_minor) for x in receipt.lines] == [(Match.NO_MEMBER, 250)]
    assert (receipt.member_id, receipt.refund_minor, receipt.clawed) == (None, 250, {})


def test_a_guest_s_order_can_be_returned_too():
    shop = house.program()
    sold = house.sell(shop, house.line("a", 900, "3"))
    receipt = house.give_back(shop, house.part("2", "a"), order=house.ord_(sold))
    assert (receipt.refund_minor, receipt.clawed) == (600, {})


def test_an_order_is_found_by_id_by_source_and_reference_or_by_reference():
    shop = house.program()
    sold = house.sell(shop, house.line("a", 900, "3"), ref="T:1")
    for ref in (house.ord_(sold), "api:T:1", "T:1"):
        assert house.give_back(shop, house.part("1", "a"), order=ref).order_id == sold.order_id


def test_a_merged_member_s_return_takes_from_whom_she_became():
    shop = house.program()
    old, new = house.member(shop), house.member(shop)
    sold = house.sell(shop, house.line("a", 1000), member_id=old)
    house.sell(shop, house.line("a", 3000), member_id=new)
    members.redirect(program_id=shop, from_id=old, into_id=new)
    receipt = house.give_back(shop, house.part("1", "a"), order=house.ord_(sold))
    assert (receipt.member_id, receipt.clawed["points"]) == (new, 10)
    assert house.holds(new)["points"] == (20, 0)
    matched = house.give_back(shop, house.goods("1", amount=1000), member=house.mem(old))
    assert matched.lines[0].match is Match.MATCHED


QUANTITIES = st.integers(1, 6)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_split_of_a_full_return_equals_one_return(data):
    """Refund and clawback neither make nor lose value, over any order of any pieces of several orders."""
    with transaction.atomic():
        shop = house.program()
        mary = house.member(shop)
        sizes = data.draw(st.lists(st.tuples(QUANTITIES, st.integers(0, 5000)), min_size=1, max_size=4))
        sold = [house.sell(shop, house.line("a", amount, str(q)), member_id=mary) for q, amount in sizes]
        pieces = [(i, "0.5") for i, (q, _) in enumerate(sizes) for _ in range(2 * q)]
        pieces = data.draw(st.permutations(pieces))
        cut = data.draw(st.integers(0, len(pieces)))
        merged: dict[int, Decimal] = {}
        for i, q in pieces[cut:]:
            merged[i] = merged.get(i, Decimal(0)) + Decimal(q)
        steps = [*pieces[:cut], *((i, str(q)) for i, q in merged.items())]
        done = [house.give_back(shop, house.part(q, "a"), order=house.ord_(sold[i])) for i, q in steps]
        assert sum(d.refund_minor for d in done) == sum(amount for _, amount in sizes)
        assert sum(d.clawed.get("points", 0) for d in done) == sum(amount // 100 for _, amount in sizes)
        assert house.holds(mary) == {"points": (0, 0), "growth": (0, 0)}
        assert orders.discrepancies() == []
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("sql", "constraint"),
    [
        ("update orders_line set returned = quantity + 1", "O3_no_line_returns_more_than_it_sold"),
        ("update orders_line set returned = -1", "O3_no_line_returns_more_than_it_sold"),
        ("update orders_line set kind = 'adjustment', returned = 1", "O3_only_what_is_sold_is_returnable"),
        ("update orders_line set reversed = '{11}'", "L7_no_line_gives_back_more_than_it_earned"),
        ("update orders_line set reversed = '{1,1,1}'", "L7_no_line_gives_back_more_than_it_earned"),
        ("update orders_line set reversed = '{-1}'", "L7_no_line_gives_back_more_than_it_earned"),
        ("update orders_order set state = 'lost'", "O4_an_orders_state_is_known"),
        ("update orders_order set member_id = null", "O5_only_members_orders_earn"),
        (
            "insert into orders_order select (jsonb_populate_record(o, jsonb_build_object('id', gen_random_uuid())))"
            ".* from orders_order o",
            "O1_a_sale_counts_once",
        ),
        (
            "insert into orders_return select (jsonb_populate_record(o, jsonb_build_object('id', gen_random_uuid())))"
            ".* from orders_return o",
            "O2_a_return_counts_once",
        ),
        ("update orders_return_line set match = 'maybe', order_id = null, order_n = null", "O6_a_match_is_known"),
        ("update orders_return_line set order_id = null", "O6_a_match_names_its_line"),
        ("update orders_return_line set quantity = 0", "O6_something_comes_back"),
    ],
)
def test_each_constraint_refuses_what_breaks_it(sql, constraint):
    shop = house.program()
    sold = house.sell(shop, house.line("a", 1000, "2"), member_id=house.member(shop))
    house.give_back(shop, house.part("1", "a"), order=house.ord_(sold))
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize(
    ("sql", "promise"),
    [
        ("update orders_order set total_minor = total_minor + 1", "O7 an order is the sum of its lines"),
        ("delete from orders_line", "O7 an order is the sum of its lines"),
        ("update orders_order set state = 'placed'", "O4 the state says what has come back"),
        ("update orders_line set earned = '{9,10}'", "O7 an order earned what its lines earned"),
        ("update orders_order set earned = '{11,10}'", "O8 the journal gave what the order earned"),
        ("update orders_line set returned = 2", "O3 a line returned what its returns say"),
        ("update orders_line set reversed = '{4,5}'", "O9 a line gave back its share"),
        ("update orders_line set reversed = null", "O9 a line gave back its share"),
        ("update orders_return_line set reversed = '{4,5}'", "O9 returns say what a line gave back"),
        ("update orders_return set refund_minor = 1", "O10 a refund is the sum of its parts"),
        ("update orders_line set member_id = null", "O11 a line belongs to its order"),
        ("delete from orders_order", "O11 a line belongs to its order"),
    ],
)
def test_the_proof_finds_each_kind_of_damage(sql, promise):
    shop = house.program()
    sold = house.sell(shop, house.line("a", 1000, "2"), member_id=house.member(shop))
    house.give_back(shop, house.part("1", "a"), order=house.ord_(sold))
    assert orders.discrepancies(program_id=shop) == []
    with connection.cursor() as cursor:
        cursor.execute(sql)
    assert promise in {d.promise for d in orders.discrepancies(program_id=shop)}
