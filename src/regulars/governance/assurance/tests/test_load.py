"""A proof under load finds nothing: orders are written, and their reviews wait, while everything is read."""

import threading

import pytest
from django.db import connection

from regulars.governance.assurance import services as assurance
from regulars.governance.publishing import services as publishing
from regulars.kernel import outbox
from regulars.kernel.models import FactRow
from regulars.value.ledger import services as ledger
from regulars.value.orders.tests import house
from regulars.value.tiers import services as tiers
from regulars.wiring import WIRING

DOCUMENT = """
program: {key: shop, name: Shop, zone: Europe/London, currency: GBP}
channels: [{key: web, name: Web, kind: web}]
units: [{key: points}, {key: growth, kind: measure}]
earn_rules:
  - {key: points, unit: points, rate: {points: 1, per: 1.00}}
  - {key: growth, unit: growth, rate: {points: 1, per: 1.00}}
ladders: [{key: main, measure: growth, levels: [{key: member, enter: 0}, {key: silver, enter: 30}, {key: gold, enter: 90}]}]
"""


@pytest.fixture
def shop():
    return publishing.apply(document=DOCUMENT, actor="system:test").program_id


def buy(program_id, member_id, amount=1_000):
    return house.sell(program_id, house.line(amount=amount), member_id=member_id)


@pytest.mark.django_db(transaction=True)
def test_a_proof_under_load_of_orders_finds_nothing(shop):
    people = [house.member(shop) for _ in range(4)]
    for one in people:  # everybody has stood somewhere before
        buy(shop, one)
    while outbox.deliver_batch(WIRING):
        pass
    done, faults = threading.Event(), []

    def till(one):
        try:
            while not done.is_set():
                buy(shop, one)
        except Exception as fault:
            faults.append(fault)
        finally:
            connection.close()

    tills = [threading.Thread(target=till, args=(one,)) for one in people]
    for thread in tills:
        thread.start()
    try:
        found = [assurance.discrepancies() for _ in range(4)]
    finally:
        done.set()
        for thread in tills:
            thread.join()
    assert (faults, found) == ([], [[]] * 4)
    assert FactRow.objects.filter(done_at=None).count() > 4
    assert assurance.discrepancies() == []
    while outbox.deliver_batch(WIRING):
        pass
    assert assurance.discrepancies() == []
    assert {tiers.standing(program_id=shop, member_id=one).level for one in people} <= {"silver", "gold", "member"}


@pytest.mark.django_db
def test_a_level_that_no_news_will_mend_is_found(shop):
    one = house.member(shop)
    buy(shop, one, amount=4_000)
    tiers.review(program_id=shop, member_ids=[one])
    buy(shop, one, amount=6_000)
    assert assurance.discrepancies() == []
    FactRow.objects.filter(member_id=one).update(done_at="2026-01-01T00:00Z")
    assert [(f.context, f.promise, f.expected, f.found) for f in assurance.discrepancies()] == [
        ("tiers", "T2", "gold", "silver")
    ]


@pytest.mark.django_db
def test_news_that_nobody_could_deliver_is_no_excuse(shop):
    one = house.member(shop)
    buy(shop, one, amount=4_000)
    tiers.review(program_id=shop, member_ids=[one])
    buy(shop, one, amount=6_000)
    FactRow.objects.filter(member_id=one).update(dead_at="2026-01-01T00:00Z")
    assert [f.promise for f in assurance.discrepancies()] == ["T2"]


@pytest.mark.django_db
def test_a_redirect_without_a_merge_is_found(shop):
    one, other = house.member(shop), house.member(shop)
    with connection.cursor() as cursor:
        cursor.execute("update members_member set merged_into = %s where id = %s", [one, other])
    assert [(f.context, f.promise) for f in assurance.discrepancies()] == [("identity", "I6")]


def test_ledger_proofs_are_all_run():
    assert ledger.discrepancies in [prove for _, prove in assurance.PROOFS]
