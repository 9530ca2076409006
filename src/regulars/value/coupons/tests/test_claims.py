"""Pages where members fetch a coupon: limits by member, by day and in all; guesses slowed down and counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.kernel.ratelimit import TooManyRequests
from regulars.value.coupons import services as coupons
from regulars.value.coupons.terms import CouponLimit, NotEntitled, UnknownClaim, UnknownCode
from regulars.value.coupons.tests import house

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def fetch(shop, page, member_id, key="k", **more):
    return coupons.claim(program_id=shop, token=page.token, member_id=member_id, key=key, actor="a", **more)


def test_a_page_gives_each_member_her_coupon_once_by_key():
    shop = house.program()
    mary = house.member(shop)
    page = coupons.open_claims(program_id=shop, template="ten", per_member=2, actor="a")
    first = fetch(shop, page, mary)
    assert fetch(shop, page, mary).coupon_id == first.coupon_id
    assert fetch(shop, page, mary, key="again").coupon_id != first.coupon_id
    with pytest.raises(CouponLimit):
        fetch(shop, page, mary, key="third")
    assert len(coupons.wallet(program_id=shop, member_id=mary).items) == 2
    assert coupons.claim_page(token=page.token).claimed == 2
    assert house.told(shop, first.coupon_id) == ["claimed"]
    assert coupons.discrepancies() == []


def test_a_page_has_so_many_a_day_by_the_programs_own_midnight():
    with clock.at(NOON):
        shop = house.program()
        page = coupons.open_claims(program_id=shop, template="ten", per_day=2, actor="a")
        people = [house.member(shop) for _ in range(4)]
        for one in people[:2]:
            fetch(shop, page, one)
        with pytest.raises(CouponLimit):
            fetch(shop, page, people[2])
    with clock.at(datetime(2026, 5, 4, 23, 0, tzinfo=UTC)):  # midnight in London
        assert fetch(shop, page, people[2]).member_id == people[2]
    assert house.rows("select count(*) from coupons_coupon") == [(3,)]


def test_a_template_limits_claims_over_all_pages_and_says_for_whom_it_is():
    shop = house.program(house.template(limits={"claim": 1}, who={"tiers": ["gold"]}))
    mary = house.member(shop)
    one = coupons.open_claims(program_id=shop, template="ten", actor="a")
    two = coupons.open_claims(program_id=shop, template="ten", actor="a")
    with pytest.raises(NotEntitled):
        fetch(shop, one, mary, tier="silver")
    fetch(shop, one, mary, tier="gold")
    with pytest.raises(CouponLimit):
        fetch(shop, two, mary, tier="gold")
    assert coupons.claim_page(token=two.token).claimed == 0


def test_a_page_that_is_not_open_is_no_page():
    with clock.at(NOON):
        shop, other = house.program(), house.program(key="other")
        mary = house.member(shop)
        late = coupons.open_claims(program_id=shop, template="ten", starts_at=NOON + timedelta(hours=1), actor="a")
        page = coupons.open_claims(program_id=shop, template="ten", actor="a")
        with pytest.raises(UnknownClaim):
            fetch(shop, late, mary)
        with pytest.raises(UnknownClaim):
            fetch(other, page, mary)
        coupons.close_claims(program_id=shop, token=page.token)
        with pytest.raises(UnknownClaim):
            fetch(shop, page, mary)
        with pytest.raises(Invalid):
            coupons.open_claims(program_id=shop, template="ten", total=0, actor="a")


def test_guesses_are_slowed_down_and_counted_and_a_good_code_is_not():
    shop = house.program()
    mary = house.member(shop)
    coupon = house.issued(shop, mary)
    who = [f"key:guessing-{shop}"]
    for n in range(20):
        with pytest.raises(UnknownCode):
            coupons.look_up(program_id=shop, code=f"GUESS{n}", who=who)
    with pytest.raises(TooManyRequests) as no:
        coupons.look_up(program_id=shop, code=coupon.code, who=who)  # not even a good one, until she has waited
    assert no.value.retry_after_seconds >= 1
    assert coupons.look_up(program_id=shop, code=coupon.code, who=["key:honest"]).coupon_id == coupon.coupon_id
    assert [m[1:] for m in coupons.misses(program_id=shop)] == [(who[0], 20)]
    coupons.count_miss(program_id=shop, who=["key:loud"], misses=100)
    assert house.rows("select body ->> 'misses' from kernel_fact where kind = 'CodesMissed'") == [("100",)]
