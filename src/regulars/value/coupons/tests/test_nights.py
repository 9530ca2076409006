"""The nights: reminded once, expired at the program's midnight, reservations let go; repeated without harm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from regulars.kernel import clock
from regulars.value.coupons import services as coupons
from regulars.value.coupons.tests import house

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def night(day: int) -> datetime:
    return clock.day_starts(datetime(2026, 5, day).date(), "Europe/London")


def reminded() -> list[tuple[str, str]]:
    return house.rows(
        "select body ->> 'days', body ->> 'ends_at' from kernel_fact where kind = 'CouponExpiring' order by id"
    )


def test_a_member_is_reminded_once_for_each_reminder_however_often_the_night_runs():
    with clock.at(NOON):
        shop = house.program(house.template(validity={"days": 10}, reminders=[7, 1]))
        mary = house.member(shop)
        house.issued(shop, mary)
        used = house.issued(shop, mary)
        house.redeem(shop, used.code, member_id=mary)
    found = []
    for day in range(5, 16):
        for _ in range(2):
            found.append(coupons.remind_due(program_id=shop, before=night(day), limit=10))
    assert sum(found) == 2
    assert reminded() == [("7", "2026-05-13T23:00:00.000000+00:00"), ("1", "2026-05-13T23:00:00.000000+00:00")]


def test_nights_that_were_missed_are_not_made_up_for_by_many_reminders():
    with clock.at(NOON):
        shop = house.program(house.template(validity={"days": 10}, reminders=[7, 3, 1]))
        house.issued(shop, house.member(shop))
    assert coupons.remind_due(program_id=shop, before=night(12), limit=10) == 1
    assert [days for days, _ in reminded()] == ["3"]
    assert coupons.remind_due(program_id=shop, before=night(13), limit=10) == 1
    assert coupons.remind_due(program_id=shop, before=night(14), limit=10) == 0  # it has ended


def test_a_coupon_expires_at_the_programs_midnight_and_not_a_day_early():
    with clock.at(NOON):
        shop = house.program(house.template(validity={"days": 2}), zone="Asia/Shanghai")
        mary = house.member(shop)
        coupon = house.issued(shop, mary)
        house.batch(shop, 3)  # held by nobody: nothing to expire in a wallet
    end = datetime(2026, 5, 5, 16, tzinfo=UTC)
    assert coupon.ends_at == end
    assert coupons.expire_due(program_id=shop, before=end - timedelta(seconds=1), limit=10) == 0
    assert coupons.expire_due(program_id=shop, before=end, limit=10) == 1
    assert coupons.expire_due(program_id=shop, before=end, limit=10) == 0
    assert house.told(shop, coupon.coupon_id) == ["issued", "expired"]
    assert house.rows("select count(*) from kernel_fact where kind = 'CouponExpired'") == [(1,)]
    assert coupons.discrepancies() == []


def test_reservations_that_nobody_settled_are_let_go_with_all_they_counted():
    with clock.at(NOON):
        shop = house.program(house.template(limits={"redeem": 1, "total": 5}))
        mary = house.member(shop)
        coupon = house.issued(shop, mary)
        held = house.find(shop, coupon.code, member_id=mary)
        coupons.reserve(program_id=shop, held=held, owner="t", member_id=mary, actor="a")
    assert coupons.release_due(program_id=shop, before=NOON + timedelta(minutes=14), limit=10) == 0
    assert coupons.release_due(program_id=shop, before=NOON + timedelta(minutes=15), limit=10) == 1
    assert house.rows("select redeemed from coupons_tally") == [(0,)]
    assert house.rows("select used from coupons_usage") == [(0,)]
    assert house.state(shop, coupon.code) == "open"
    assert coupons.discrepancies() == []


def test_old_counts_of_misses_are_forgotten():
    with clock.at(NOON):
        shop = house.program()
        coupons.count_miss(program_id=shop, who=["key:x"])
    assert coupons.forget_misses(program_id=shop, at=NOON + timedelta(days=90)) == 0
    assert coupons.forget_misses(program_id=shop, at=NOON + timedelta(days=91)) == 1
