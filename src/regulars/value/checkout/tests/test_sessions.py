"""The way of a basket: told, tendered, closed, cancelled; each exactly once."""

from __future__ import annotations

import pytest

from regulars.kernel.errors import Invalid
from regulars.people.members.terms import UnknownMember
from regulars.value.checkout.terms import NoSession, SessionCancelled, SessionClosed
from regulars.value.checkout.tests import house, shop
from regulars.value.orders import services as orders

pytestmark = pytest.mark.django_db


def test_a_basket_is_told_and_closed_and_becomes_one_order():
    shop = house.program()
    mary = house.member(shop)
    first = house.put(shop, house.line("a", 1250, "2"), key="b", member_id=mary)
    assert (first.status, first.state, first.due_minor) == (201, "open", 1250)
    assert house.body(first)["earn"] == {"points": 12, "growth": 12}
    assert house.wallet(mary) == (0, 0)
    done = house.close(shop, "b", digest=first.digest)
    assert (done.status, done.state, done.was_done) == (201, "closed", False)
    assert house.wallet(mary) == (12, 0)
    order = orders.get(program_id=shop, ref="session:b")
    assert order.summary.order_id == done.order_id
    assert (order.summary.total_minor, order.summary.earned) == (1250, {"points": 12, "growth": 12})
    again = house.close(shop, "b")
    assert (again.status, again.was_done, again.order_id) == (200, True, done.order_id)
    assert house.body(again) == house.body(done)
    assert house.wallet(mary) == (12, 0)
    assert orders.discrepancies() == []


def test_a_basket_told_again_from_another_channel_goes_on_with_its_member():
    shop = house.program()
    mary = house.member(shop)
    house.put(shop, house.line("a", 500), key="b", member_id=mary)
    later = house.put(shop, house.line("a", 500), house.line("b", 700), key="b", channel="store", store="high-street")
    assert (later.status, later.revision, later.member_id) == (200, 2, mary)
    assert house.body(later)["earn"]["points"] == 12
    guest = house.put(shop, house.line("a", 500), key="b", keeps_member=False)
    assert guest.member_id is None
    assert house.body(guest)["earn"] == {}


def test_a_dry_basket_leaves_no_trace():
    shop = house.program()
    mary = house.member(shop)
    before = house.everything()
    dry = house.put(shop, house.line("a", 500), key="b", member_id=mary, dry=True)
    assert house.body(dry)["earn"]["points"] == 5
    assert house.everything() == before
    with pytest.raises(NoSession):
        house.close(shop, "b")


def test_a_tender_freezes_the_version_and_a_close_after_the_card_is_not_refused():
    shop = house.program()
    mary = house.member(shop)
    house.put(shop, house.line("a", 1000), key="b", member_id=mary)
    tendered = house.tender(shop, "b")
    assert (tendered.state, tendered.revision) == ("tendering", 2)
    house.publish(shop, {**house.house.POINTS, "rate": {"points": 5, "per": "1.00"}}, house.house.GROWTH)
    done = house.close(shop, "b", digest=tendered.digest)
    assert done.state == "closed"
    assert house.body(done)["earn"]["points"] == 10
    assert house.wallet(mary) == (10, 0)
    assert orders.discrepancies() == []


def test_a_cancelled_session_is_over_and_a_closed_one_is_not_cancelled():
    shop = house.program()
    house.put(shop, key="b")
    assert house.cancel(shop, "b").state == "cancelled"
    assert house.cancel(shop, "b").was_done
    with pytest.raises(SessionCancelled):
        house.close(shop, "b")
    with pytest.raises(SessionCancelled):
        house.put(shop, key="b")
    house.put(shop, key="c")
    house.close(shop, "c")
    before = house.everything()
    for call in (house.cancel, house.tender):
        with pytest.raises(SessionClosed):
            call(shop, "c")
    with pytest.raises(SessionClosed):
        house.put(shop, key="c")
    assert house.everything() == before


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"lines": ()}, "lines"),
        ({"currency": "EUR"}, "currency"),
        ({"channel": "moon"}, "channel"),
        ({"store": "moon"}, "store"),
        ({"coupons": ("A", "A")}, "coupons"),
        ({"spend": (house.pay(-1),)}, "spend_points.0.amount"),
        ({"lines": (house.line("a", None),)}, "lines.0.amount_minor"),
        ({"lines": (house.line("a", -5),)}, "lines.0.amount_minor"),
    ],
)
def test_nonsense_is_refused_with_its_path_and_changes_nothing(change, path):
    shop = house.program()
    before = house.everything()
    fields = {"channel": "web", "currency": "GBP", "lines": (house.line(),), **change}
    from regulars.value.checkout import services as checkout
    from regulars.value.checkout.terms import SessionTold

    with pytest.raises(Invalid) as no:
        checkout.put(program_id=shop, key="b", told=SessionTold(**fields), actor="a")
    assert path in [p for p, _ in no.value.errors]
    assert house.everything() == before


def test_a_stranger_is_refused():
    shop = house.program()
    other = house.program(key="other")
    mary = house.member(other)
    with pytest.raises(UnknownMember):
        house.put(shop, key="b", member_id=mary)


def test_two_coupons_of_a_kind_that_a_member_may_use_once_do_not_strand_the_cashier():
    program = shop.program(templates=({**shop.FIVE, "limits": {"redeem": 1}}, shop.TENTH))
    mary = house.member(program)
    codes = shop.coupon(program, mary), shop.coupon(program, mary)
    quote = house.put(program, house.line("a", 4000, sku="book"), key="b", member_id=mary, coupons=codes)
    assert [(c["state"], c["reason"]) for c in house.body(quote)["coupons"]] == [
        ("applied", ""),
        ("refused", "limit_reached"),
    ]
    house.tender(program, "b", digest=quote.digest)
    assert house.body(house.close(program, "b"))["due"] == 3500
    assert [shop.coupon_state(c) for c in codes] == ["redeemed", "open"]


def test_a_promotion_that_brings_a_coupon_of_a_season_that_is_over_does_not_strand_the_cashier():
    old = {**shop.FIVE, "key": "last-year", "validity": {"starts": "2020-01-01", "ends": "2020-12-31"}}
    brings = {
        "key": "thanks",
        "members_only": True,
        "effects": [{"kind": "issue_coupon", "template": "last-year"}, {"kind": "issue_coupon", "template": "five"}],
    }
    program = shop.program(brings, templates=(shop.FIVE, old))
    mary = house.member(program)
    house.put(program, house.line("a", 4000, sku="book"), key="b", member_id=mary)
    house.tender(program, "b")
    assert house.close(program, "b").state == "closed"
    assert house.one("select count(*) from coupons_coupon where member_id = %s and template = 'five'", mary) == 1
    assert house.one("select count(*) from coupons_coupon where member_id = %s", mary) == 1
    assert orders.discrepancies() == []


def test_a_price_of_the_catalog_times_a_huge_quantity_is_a_fault_and_not_a_broken_sum():
    program = shop.program()
    shop.product(program, "star", 10**12, member=10**12)
    assert house.put(program, house.line("1", None, "1", sku="star"), key="one").due_minor == 10**12
    with pytest.raises(Invalid) as no:
        house.put(program, house.line("1", None, "999999999", sku="star"), key="all")
    assert no.value.errors == [("lines.0.quantity", "comes to more than 1000000000000 minor units")]
    with pytest.raises(Invalid):  # a member's price of so many
        house.put(program, house.line("1", 100, "999999999", sku="star"), key="theirs")
