"""Lines are packed with their order until one of them changes; whoever reads or writes them cannot tell."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from regulars.value.orders import services as orders
from regulars.value.orders.models import LineRow, StoredLineRow
from regulars.value.orders.tests import house

pytestmark = pytest.mark.django_db


def _rows(text: str, *params: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text, params)
        return cursor.fetchall() if cursor.description else []


def _sold() -> tuple[int, Any]:
    shop = house.program()
    return shop, house.sell(shop, house.line("a", 1000, "2"), house.line("b", 500), member_id=house.member(shop))


def test_lines_read_the_same_packed_and_unpacked() -> None:
    shop, _ = _sold()
    assert not StoredLineRow.objects.exists()
    packed = _rows("select * from orders_line order by order_id, n")
    assert [row[6] for row in packed] == [Decimal("2.000000"), Decimal("1.000000")]
    _rows("select orders_unpack(id) from orders_order")
    assert _rows("select * from orders_line order by order_id, n") == packed
    assert StoredLineRow.objects.count() == 2
    assert _rows("select count(*) from orders_order where packed is not null") == [(0,)]
    assert orders.discrepancies(program_id=shop) == []


def test_the_first_return_of_an_order_unpacks_it_and_no_other() -> None:
    shop, sold = _sold()
    house.sell(shop, house.line("c", 700), member_id=house.member(shop))
    house.give_back(shop, house.part("1", "a"), order=house.ord_(sold))
    assert sorted(StoredLineRow.objects.values_list("sku", flat=True)) == sorted(
        LineRow.objects.filter(order_id=StoredLineRow.objects.values("order_id")[:1]).values_list("sku", flat=True)
    )
    assert LineRow.objects.count() == 3
    assert orders.discrepancies(program_id=shop) == []


def test_many_packed_lines_change_in_one_statement() -> None:
    _sold()
    assert LineRow.objects.update(tendered_minor=1) == 2
    assert list(LineRow.objects.order_by("n").values_list("tendered_minor", "returned", "uom")) == [
        (1, Decimal(0), ""),
        (1, Decimal(0), ""),
    ]
    _rows("delete from orders_line where n = 2")
    assert LineRow.objects.count() == StoredLineRow.objects.count() == 1


@pytest.mark.parametrize(
    "damage",
    [
        "update orders_order set packed = '[]'",
        "update orders_order set packed = null",
        "update orders_order set packed = (packed::jsonb || (packed::jsonb -> 0))::json",
        "update orders_order set packed = jsonb_set(packed::jsonb, '{0,a}', '999')::json",
        "update orders_order set packed = jsonb_set(packed::jsonb, '{1,e}', '[1,1]')::json",
    ],
)
def test_packed_lines_that_were_changed_by_hand_are_found(damage: str) -> None:
    shop, _ = _sold()
    assert orders.discrepancies(program_id=shop) == []
    _rows(damage)
    assert any(found.promise.startswith("O7") for found in orders.discrepancies(program_id=shop))
