"""History that comes in many at a time is kept as single calls would have kept it, to the byte."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from regulars.kernel import ids
from regulars.value.orders import services as orders
from regulars.value.orders.models import StoredLineRow
from regulars.value.orders.services import bulk
from regulars.value.orders.terms import OrderTold, ReturnTold
from regulars.value.orders.tests import house
from regulars.value.promotions import services as promotions

pytestmark = pytest.mark.django_db


def _bring(program_id: int, *events: tuple[OrderTold | ReturnTold, UUID | None]) -> bulk.Recorded:
    batch = bulk.prepare(
        program_id=program_id,
        events=[bulk.Event(n, told, member_id) for n, (told, member_id) in enumerate(events, 1)],
        snapshot=promotions.snapshot(program_id=program_id),
        actor=house.ACTOR,
    )
    with transaction.atomic():
        return bulk.record(batch=batch)


def _one_by_one(program_id: int, *events: tuple[OrderTold | ReturnTold, UUID | None]) -> None:
    for told, member_id in events:
        named = told if member_id is None else replace(told, member=ids.encode("mem", member_id))
        if isinstance(named, OrderTold):
            orders.place(program_id=program_id, told=named, actor=house.ACTOR)
        else:
            orders.take_back(program_id=program_id, told=named, actor=house.ACTOR)


def _asked(text: str, *params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text, params)
        return cursor.fetchall()


def _odd_lines() -> OrderTold:
    """Everything that a line can hold, and text that JSON, COPY or a pattern might take for something else."""
    lines = (
        house.line("1", 1999, "1.50", sku='50%_"\\', uom="kg", category="tea\tset", brand="Bra\nnd"),
        house.line(
            "2", 0, "3", sku="茶", tax_rate=Decimal("0.2000"), tax_included=False, attributes={"a": [1, None]}
        ),
        house.line("3", -250, "1", sku="postage", kind="adjustment"),
        house.line("4", 10**9, "0.000001", sku="\\N"),
    )
    return house.told(*lines, ref="odd", descriptions=("Tea\\", None, "\u2028", "\x7f"))


def test_an_imported_orders_lines_are_the_bytes_that_a_single_commit_writes() -> None:
    one, many = house.program(key="one"), house.program(key="many")
    shown = []
    for program_id, tell in ((one, _one_by_one), (many, _bring)):
        odd = _odd_lines() if not shown else replace(_odd_lines(), occurred_at=shown[0][1])
        tell(program_id, (odd, house.member(program_id)), (replace(odd, ref="guest"), None))
        found = _asked("select ref, packed::text from orders_order where program_id = %s order by ref", program_id)
        shown.append((found, odd.occurred_at))
        assert orders.discrepancies(program_id=program_id) == []
    assert shown[0][0] == shown[1][0]
    assert '"e":[' in shown[0][0][1][1]
    assert not StoredLineRow.objects.exists()


@pytest.mark.parametrize("sku", ['50%_"\\', "茶", "\\N"])
def test_a_credit_finds_packed_goods_whatever_they_are_called(sku: str) -> None:
    shop = house.program()
    buyer, odd = house.member(shop), _odd_lines()
    quantity = next(x.quantity for x in odd.lines if x.sku == sku)
    _bring(shop, (odd, buyer), (house.told(house.line(sku="50xx"), ref="other"), buyer))
    done = _bring(shop, (house.back(house.goods(str(quantity), sku=sku, amount=0), ref="credit"), buyer))
    assert done.matches == {"matched": 1}
    assert _asked("select sku, returned = quantity from orders_line where returned > 0") == [(sku, True)]
    assert orders.discrepancies(program_id=shop) == []


def test_returns_of_many_unpack_what_comes_back_and_nothing_else() -> None:
    """Twice the same line in one batch, two orders in one return, goods that nobody bought, and a return of all."""
    told = [
        house.told(house.line("1", 999, "3"), house.line("2", 501, "2", sku="mug"), ref=f"o{n}") for n in range(4)
    ]
    credits = [
        house.back(house.goods("1", amount=333), house.goods("1", sku="mug", amount=250), ref="c1"),
        house.back(house.goods("4", amount=1332), house.goods("1", sku="never", amount=77), ref="c2"),
        house.back(house.part("1", "1", 333), house.part("2", "2", 501), ref="c3", order="o0", order_source="till"),
    ]
    kept = []
    for key, tell in (("one", _one_by_one), ("many", _bring)):
        shop = house.program(key=key)
        buyer = house.member(shop)
        tell(shop, *[(replace(o, source="till"), buyer) for o in told], *[(c, buyer) for c in credits])
        kept.append(
            [
                *_asked(
                    "select o.ref, o.state, o.packed is null, l.n, l.returned, l.returned_minor, l.reversed from orders_order o"
                    " join orders_line l on l.order_id = o.id where o.program_id = %s order by 1, 4",
                    shop,
                ),
                *_asked(
                    "select r.ref, r.refund_minor, r.answer, b.n, b.part, b.sku, b.quantity, b.amount_minor, b.match,"
                    " b.reversed from orders_return r join orders_return_line b on b.return_id = r.id"
                    " where r.program_id = %s order by 1, 4, 5",
                    shop,
                ),
                house.holds(buyer),
            ]
        )
        assert orders.discrepancies(program_id=shop) == []
    assert kept[0] == kept[1]
    assert {row[:3] for row in kept[1][:8]} == {
        ("o0", "partially_returned", True),
        ("o1", "placed", False),
        ("o2", "partially_returned", True),
        ("o3", "partially_returned", True),
    }


def test_what_was_returned_in_between_is_not_returned_again() -> None:
    shop = house.program()
    sold, buyer = house.told(ref="o"), house.member(shop)
    _bring(shop, (sold, buyer))
    before, (order_id,) = house.everything(), _asked("select id from orders_order")[0]
    rows = (
        '[{"ord": 1, "id": "00000000-0000-7000-8000-000000000001", "source": "x", "ref": "c", "occurred_at": "2026-01-01Z",'
        f' "digest": "00", "lines": [{{"n": 1, "part": 1, "order_id": "{order_id}", "order_n": 1, "quantity": 2,'
        ' "amount_minor": 5, "match": "matched", "sku": "tea"}]}]'
    )
    with pytest.raises(Exception, match="order_moved"), transaction.atomic():
        _asked("select * from orders_take_back_many(%s::int, 'key:1', now(), %s::jsonb)", shop, rows)
    assert house.everything() == before
