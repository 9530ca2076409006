from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection, transaction

from regulars.kernel import clock
from regulars.people.programs import services as programs
from regulars.value.catalog import services as catalog
from regulars.value.catalog.models import ProductRow, StockRow
from regulars.value.catalog.terms import OutOfStock

pytestmark = pytest.mark.django_db(transaction=True)


def shelves(*counts: int) -> tuple[int, list[str]]:
    program = programs.create(key="shop", name="Shop", zone="UTC", currency="GBP", actor="system:test").id
    skus = []
    for n, count in enumerate(counts):
        product = ProductRow.objects.create(program_id=program, sku=f"s{n}", name="x", updated_at=clock.now())
        StockRow.objects.create(
            program_id=program, product=product, quantity=count, counted=count, counted_at=clock.now()
        )
        skus.append(product.sku)
    return program, skus


def in_threads(work, times, at_once=16):
    def run(n):
        try:
            return work(n)
        finally:
            connection.close()

    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(run, range(times)))


def test_a_hundred_pairs_under_four_hundred_buyers_are_sold_exactly_a_hundred_times():
    program, (sku,) = shelves(100)

    def buy(_):
        try:
            return catalog.take(program_id=program, store_id=None, quantities={sku: Decimal(1)})
        except OutOfStock as no:
            return no.facts["left"]

    told = in_threads(buy, 400)
    assert sum(t == {sku: 1} for t in told) == 100
    assert sum(t == "0" for t in told) == 300
    row = StockRow.objects.get()
    assert (row.quantity, row.counted, row.taken, row.given_back) == (0, 100, 100, 0)


def test_baskets_that_name_goods_in_any_order_never_wait_in_a_circle():
    program, skus = shelves(10_000, 10_000, 10_000)

    def buy(n):
        mine = skus if n % 2 else skus[::-1]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "select sku from catalog_take(%s::int, null::bigint, %s::text[], %s::numeric[])",
                [program, mine, [1, 2, 3]],
            )
            return [row[0] for row in cursor.fetchall()]

    assert in_threads(buy, 200) == [skus] * 200
    assert sum(r.taken for r in StockRow.objects.all()) == 200 * 6


def test_who_loses_takes_nothing_and_undoes_nothing_of_the_winner():
    program, (plenty, rare) = shelves(1_000, 5)

    def buy(_):
        try:
            catalog.take(program_id=program, store_id=None, quantities={plenty: Decimal(2), rare: Decimal(1)})
        except OutOfStock:
            return 0
        return 1

    assert sum(in_threads(buy, 60)) == 5
    assert {r.product.sku: r.quantity for r in StockRow.objects.select_related("product")} == {plenty: 990, rare: 0}


def test_taken_and_given_back_at_once_adds_up():
    program, (sku,) = shelves(50)

    def buy_and_regret(_):
        try:
            taken = catalog.take(program_id=program, store_id=None, quantities={sku: Decimal(3)})
        except OutOfStock:
            return 0
        catalog.give_back(program_id=program, store_id=None, quantities={sku: taken[sku] - 1})
        return 1

    kept = sum(in_threads(buy_and_regret, 80))
    row = StockRow.objects.get()
    assert row.quantity == 50 - kept
    assert row.quantity == row.counted - row.taken + row.given_back
    assert 0 < kept <= 50
