"""Measure by the day, and what a membership saved."""

from __future__ import annotations

from datetime import date

import pytest

from regulars.kernel import clock
from regulars.kernel.nights import Work
from regulars.value.ledger import services as ledger
from regulars.value.subscriptions import services as subscriptions
from regulars.value.subscriptions.tests import house

pytestmark = pytest.mark.django_db


def night(shop, day):
    with house.midnight(day):
        work = Work(program_id=shop, day=day, at=clock.now(), cursor="", limit=500)
        assert subscriptions.grow_at_night(work) is None


def grown(shop, member):
    return ledger.balances(program_id=shop, member_id=member, zone=house.ZONE)["growth"].active


def test_measure_is_given_once_for_each_paid_day_and_faster_to_who_pays_by_the_year():
    shop, _ = house.program()
    ada, bob = house.member(shop), house.member(shop)
    with house.noon(date(2026, 4, 1)):
        house.begun(shop, ada)
        house.begun(shop, bob, "yearly")
    for day in (date(2026, 4, 4), date(2026, 4, 4), date(2026, 4, 5)):
        night(shop, day)
    assert [grown(shop, m) for m in (ada, bob)] == [4 * 5, 4 * 8]


def test_a_day_that_is_paid_for_late_gives_late_and_days_of_rest_give_nothing():
    shop, bank = house.program()
    ada = house.member(shop)
    with house.noon(date(2026, 4, 1)):
        sub = house.begun(shop, ada, method="m")
    bank.script("m", "declined")
    house.run(shop, date(2026, 5, 1), date(2026, 5, 1))
    night(shop, date(2026, 5, 3))
    assert grown(shop, ada) == 30 * 5
    house.run(shop, date(2026, 5, 3), date(2026, 5, 3))  # the second try pays
    night(shop, date(2026, 5, 4))
    assert grown(shop, ada) == 33 * 5
    with house.noon(date(2026, 5, 4)):
        told = {"program_id": shop, "subscription_id": sub.subscription_id}
        subscriptions.pause(**told, days=10, reason="x", actor="a")
    house.run(shop, date(2026, 5, 14), date(2026, 5, 14))
    night(shop, date(2026, 5, 16))
    assert grown(shop, ada) == 35 * 5
