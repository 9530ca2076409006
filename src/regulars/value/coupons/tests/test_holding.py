"""Coupons in members' hands: issued once, given on, offered, merged and taken apart again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from regulars.governance.identity import services as identity
from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.value.coupons import services as coupons
from regulars.value.coupons.terms import (
    CodeTaken,
    CouponLimit,
    NoOffer,
    NotEntitled,
    NotGiftable,
    NotYours,
    UnknownTemplate,
)
from regulars.value.coupons.tests import house

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def issue(shop, mary, key="k", n=1, template="ten"):
    return coupons.issue(program_id=shop, template=template, member_id=mary, n=n, key=key, actor="a")


def test_an_issue_told_again_answers_the_first_coupons():
    shop = house.program(house.template(), house.template("other"))
    mary = house.member(shop)
    first = issue(shop, mary, n=3)
    assert [c.coupon_id for c in issue(shop, mary, n=3)] == [c.coupon_id for c in first]
    assert len({c.code for c in first}) == 3
    with pytest.raises(Invalid):
        issue(shop, mary, n=3, template="other")
    with pytest.raises(UnknownTemplate):
        issue(shop, mary, key="new", template="none")
    news = house.rows("select kind, member_id, body ->> 'template' from kernel_fact where kind = 'CouponIssued'")
    assert news == [("CouponIssued", mary, "ten")] * 3


def test_a_member_holds_no_more_usable_ones_than_the_template_says():
    shop = house.program(house.template(limits={"hold": 2}))
    mary = house.member(shop)
    one, _ = issue(shop, mary, n=2)
    with pytest.raises(CouponLimit):
        issue(shop, mary, key="more")
    assert len(coupons.wallet(program_id=shop, member_id=mary).items) == 2
    house.redeem(shop, one.code, member_id=mary)
    assert len(issue(shop, mary, key="more")) == 1  # a used one makes room


def test_who_has_left_gets_no_coupons():
    shop = house.program()
    mary = house.member(shop)
    from regulars.people.members import services as members
    from regulars.people.members.terms import MemberStatus

    members.set_status(program_id=shop, member_id=mary, status=MemberStatus.CLOSED, reason="left", actor="a")
    with pytest.raises(NotEntitled):
        issue(shop, mary)


def test_the_wallet_shows_what_became_of_each_page_by_page():
    with clock.at(NOON):
        shop = house.program(house.template(validity={"days": 2}))
        mary = house.member(shop)
        used, held, kept = issue(shop, mary, n=3)
        house.redeem(shop, used.code, member_id=mary)
        coupons.reserve(
            program_id=shop, held=house.find(shop, held.code, member_id=mary), owner="t", member_id=mary, actor="a"
        )
        page = coupons.wallet(program_id=shop, member_id=mary, limit=2)
        rest = coupons.wallet(program_id=shop, member_id=mary, limit=2, cursor=page.cursor)
    assert [c.state for c in [*page.items, *rest.items]] == ["open", "reserved", "redeemed"]
    assert rest.cursor is None
    with clock.at(NOON + timedelta(days=3)):
        found = coupons.wallet(program_id=shop, member_id=mary).items
    assert [c.state for c in found] == ["expired", "expired", "redeemed"]
    with pytest.raises(Invalid):
        coupons.wallet(program_id=shop, member_id=mary, cursor="ord_nonsense")


def test_a_coupon_given_at_once_belongs_to_the_other():
    shop = house.program(house.template(giftable=True))
    mary, john = house.member(shop), house.member(shop)
    (coupon,) = issue(shop, mary)
    found = coupons.give(program_id=shop, code=coupon.code, from_id=mary, to_id=john, actor="a", accept=False)
    assert (found.member_id, found.offered_to) == (john, None)
    assert house.find(shop, coupon.code, member_id=mary)[0].refused == "not_yours"
    assert house.redeem(shop, coupon.code, member_id=john) == 1
    told = coupons.story(program_id=shop, coupon_id=coupon.coupon_id)
    assert [(c.kind, c.member_id, c.other_id) for c in told] == [
        ("issued", mary, None),
        ("gifted", mary, john),
        ("redeemed", john, None),
    ]


def test_an_offered_coupon_waits_until_it_is_taken_or_not():
    shop = house.program(house.template(giftable=True, limits={"hold": 1}))
    mary, john = house.member(shop), house.member(shop)
    (coupon,) = issue(shop, mary)

    def offer():
        return coupons.give(program_id=shop, code=coupon.code, from_id=mary, to_id=john, actor="a")

    assert offer().offered_to == john
    assert house.find(shop, coupon.code, member_id=mary)[0].refused == "reserved_elsewhere"
    assert [c.coupon_id for c in coupons.wallet(program_id=shop, member_id=john).items] == [coupon.coupon_id]
    with pytest.raises(NotGiftable):  # offered already
        offer()
    with pytest.raises(NoOffer):
        coupons.accept(program_id=shop, code=coupon.code, member_id=mary, actor="a")
    coupons.decline(program_id=shop, code=coupon.code, member_id=john, actor="a")
    offer()
    coupons.decline(program_id=shop, code=coupon.code, member_id=mary, actor="a")
    offer()
    (own,) = issue(shop, john, key="own")
    with pytest.raises(CouponLimit):  # he has one, and may have no more
        coupons.accept(program_id=shop, code=coupon.code, member_id=john, actor="a")
    house.redeem(shop, own.code, member_id=john)
    assert coupons.accept(program_id=shop, code=coupon.code, member_id=john, actor="a").member_id == john
    assert house.told(shop, coupon.coupon_id) == [
        "issued", "offered", "declined", "offered", "withdrawn", "offered", "gifted",
    ]  # fmt: skip


def test_what_may_not_be_given_stays():
    shop = house.program(house.template(), house.template("gift", giftable=True))
    mary, john = house.member(shop), house.member(shop)
    (fixed,), (free,) = issue(shop, mary), issue(shop, mary, key="g", template="gift")
    with pytest.raises(NotGiftable):
        coupons.give(program_id=shop, code=fixed.code, from_id=mary, to_id=john, actor="a")
    with pytest.raises(NotYours):
        coupons.give(program_id=shop, code=free.code, from_id=john, to_id=mary, actor="a")
    with pytest.raises(Invalid):
        coupons.give(program_id=shop, code=free.code, from_id=mary, to_id=mary, actor="a")
    house.redeem(shop, free.code, member_id=mary)
    with pytest.raises(NotGiftable):
        coupons.give(program_id=shop, code=free.code, from_id=mary, to_id=john, actor="a")


def test_a_shared_code_is_one_for_ever():
    shop = house.program()
    coupons.share(program_id=shop, template="ten", code="SPRING", actor="a")
    with pytest.raises(CodeTaken):
        coupons.share(program_id=shop, template="ten", code="spr-ing", actor="a")
    with pytest.raises(Invalid):
        coupons.share(program_id=shop, template="ten", code="été!", actor="a")


def test_a_merge_takes_the_wallet_along_and_its_undoing_brings_it_back():
    shop = house.program(house.template(giftable=True, limits={"redeem": 2}))
    mary, twin, john = house.member(shop), house.member(shop), house.member(shop)
    (hers,), (used,), (given,) = issue(shop, twin), issue(shop, twin, key="u"), issue(shop, twin, key="g")
    (own,) = issue(shop, mary, key="own")
    house.redeem(shop, used.code, order="o1", member_id=twin)
    merge = identity.merge(program_id=shop, into=mary, from_=twin, reason="same person", actor="a")
    assert {c.code for c in coupons.wallet(program_id=shop, member_id=mary).items} == {
        hers.code, used.code, given.code, own.code,
    }  # fmt: skip
    assert house.redeem(shop, hers.code, order="o2", member_id=mary) == 1
    with pytest.raises(CouponLimit):  # her two are used up, one by each of her former selves
        house.redeem(shop, own.code, order="o3", member_id=mary)
    assert coupons.discrepancies() == []
    coupons.give(program_id=shop, code=given.code, from_id=mary, to_id=john, actor="a", accept=False)
    identity.undo(program_id=shop, merge_id=merge.merge_id, reason="not the same", actor="a")
    assert {c.code for c in coupons.wallet(program_id=shop, member_id=twin).items} == {hers.code, used.code}
    assert {c.code for c in coupons.wallet(program_id=shop, member_id=mary).items} == {own.code}
    assert house.redeem(shop, own.code, order="o3", member_id=mary) == 1
    assert coupons.discrepancies() == []


def test_a_member_reads_what_is_kept_of_her_coupons():
    shop = house.program()
    mary = house.member(shop)
    (coupon,) = issue(shop, mary)
    told = coupons.dossier(program_id=shop, member_id=mary)
    assert [c["code"] for c in told["coupons"]] == [coupon.code]
    assert [h["kind"] for h in told["history"]] == ["issued"]
