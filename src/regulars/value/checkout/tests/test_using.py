"""What a basket uses: points, coupons, limits, budgets, stock; reserved exactly, used once or released once."""

from __future__ import annotations

import zlib
from datetime import timedelta
from decimal import Decimal

import pytest

from regulars.kernel import clock
from regulars.value.catalog.terms import OutOfStock
from regulars.value.checkout import services as checkout
from regulars.value.checkout.terms import QuoteChanged
from regulars.value.checkout.tests import house, shop
from regulars.value.ledger import services as ledger
from regulars.value.orders import services as orders
from regulars.value.promotions import services as promotions

pytestmark = pytest.mark.django_db


def sound() -> bool:
    found = [*checkout.discrepancies(), *orders.discrepancies(), *ledger.discrepancies(), *promotions.discrepancies()]
    assert found == []
    return True


def full_basket(program: int, mary, key: str = "b"):
    """Tea with 10 % off, coffee with 1.00 off, cake out of a budget, a coupon of 5.00, and points for the rest."""
    code = shop.coupon(program, mary)
    shop.give(program, mary, 1000)
    shop.product(program, "tea", 1000, stock="10")
    quote = house.put(
        program,
        house.line("t", None, "2", sku="tea"),
        house.line("c", 500, sku="coffee"),
        house.line("k", 700, sku="cake"),
        key=key,
        member_id=mary,
        coupons=(code,),
        spend=(house.pay(),),
    )
    return quote, code


def test_everything_that_a_basket_can_use_is_in_the_quote_and_nothing_is_taken():
    program = shop.program()
    mary = house.member(program)
    quote, code = full_basket(program, mary)
    told = house.body(quote)
    # 20.00 + 5.00 + 7.00, less 2.00 and 1.00 and 2.00 and the coupon's 5.00; 10.00 of it in points
    assert (told["subtotal"], told["discount_total"], told["total"], told["due"]) == (3200, 1000, 2200, 1200)
    assert told["spend"] == [{"unit": "points", "amount": 1000, "minor": 1000}]
    assert [c["state"] for c in told["coupons"]] == ["applied"]
    assert sorted(a["key"] for a in told["applied"] if a["kind"] == "promotion") == [
        "cake-budget",
        "coffee-once",
        "coupon:five",
        "tea-week",
    ]
    assert sum(line["tendered_minor"] for line in told["lines"]) == 1000
    assert house.wallet(mary) == (1000, 0)
    assert (shop.stock("tea"), shop.used("tea-week"), shop.used("cake-budget")) == (Decimal(10), 0, 0)
    assert shop.coupon_state(code) == "open"


def test_a_tender_reserves_each_of_them_and_a_cancel_gives_each_back():
    program = shop.program()
    mary = house.member(program)
    quote, code = full_basket(program, mary)
    before = house.everything()
    tendered = house.tender(program, "b", digest=quote.digest)
    assert tendered.digest == quote.digest
    assert house.wallet(mary) == (0, 1000)
    assert (shop.stock("tea"), shop.used("tea-week"), shop.used("cake-budget")) == (Decimal(8), 1, 200)
    assert shop.coupon_state(code) == "reserved"
    assert house.one("select counters::text from ledger_account where member_id = %s", mary) == (
        '{"promo/coffee-once/lifetime": 1}'
    )
    assert sound()
    house.cancel(program, "b")
    assert house.wallet(mary) == (1000, 0)
    assert (shop.stock("tea"), shop.used("tea-week"), shop.used("cake-budget")) == (Decimal(10), 0, 0)
    assert shop.coupon_state(code) == "open"
    assert house.one("select counters::text from ledger_account where member_id = %s", mary) == "{}"
    after = house.everything()
    assert after["orders_order"] == before["orders_order"] == 0
    assert sound()


@pytest.mark.parametrize("is_tendered", [False, True])
def test_a_close_uses_each_of_them_once(is_tendered):
    program = shop.program()
    mary = house.member(program)
    quote, code = full_basket(program, mary)
    if is_tendered:
        house.tender(program, "b")
    done = house.close(program, "b", digest=quote.digest)
    assert house.body(done)["due"] == 1200
    # 12.00 were paid in money, which earns 12 points a pound told in whole pounds
    earned = house.body(done)["earn"]["points"]
    assert house.wallet(mary) == (earned, 0)
    assert house.body(done)["balances"]["points"] == {"active": earned, "pending": 0, "held": 0, "debt": 0}
    assert (shop.stock("tea"), shop.used("tea-week"), shop.used("cake-budget")) == (Decimal(8), 1, 200)
    assert shop.coupon_state(code) == "redeemed"
    assert (
        house.one("select counters->>'promo/coffee-once/lifetime' from ledger_account where member_id = %s", mary)
        == "1"
    )
    assert house.close(program, "b").was_done
    assert house.wallet(mary) == (earned, 0)
    assert sound()
    replay = checkout.replay(program_id=program, order=done.order_id)
    assert replay.differences == ()
    assert replay.answer["due"] == 1200


def test_a_reopened_session_gives_back_all_that_its_order_used():
    program = shop.program()
    mary = house.member(program)
    _, code = full_basket(program, mary)
    house.close(program, "b")
    again = house.reopen(program, "b")
    assert house.wallet(mary) == (1000, 0)
    assert (shop.stock("tea"), shop.used("tea-week"), shop.used("cake-budget")) == (Decimal(10), 0, 0)
    assert shop.coupon_state(code) == "open"
    assert house.body(again)["due"] == 1200
    house.close(program, "b", digest=again.digest)
    assert shop.coupon_state(code) == "redeemed"
    assert (shop.stock("tea"), shop.used("tea-week"), shop.used("cake-budget")) == (Decimal(8), 1, 200)
    assert sound()


def test_telling_a_tendering_basket_anew_frees_what_it_had_and_quotes_it_again():
    program = shop.program()
    mary = house.member(program)
    _, code = full_basket(program, mary)
    house.tender(program, "b")
    quote = house.put(program, house.line("t", 1000, sku="tea"), key="b", coupons=(code,), spend=(house.pay(),))
    told = house.body(quote)
    assert (quote.state, told["discount_total"], told["due"]) == ("open", 600, 0)
    assert house.wallet(mary) == (1000, 0)
    assert (shop.stock("tea"), shop.used("tea-week"), shop.coupon_state(code)) == (Decimal(10), 0, "open")
    assert sound()


def test_a_tender_that_nobody_closes_is_open_again_and_a_crash_in_between_loses_nothing():
    program = shop.program()
    mary = house.member(program)
    _, code = full_basket(program, mary)
    house.tender(program, "b", minutes=5)
    later = clock.now() + timedelta(minutes=6)
    assert checkout.sweep(program_id=program) == 0
    with clock.at(later):
        assert checkout.sweep(program_id=program) == 1
        assert checkout.sweep(program_id=program) == 0
    assert checkout.get(program_id=program, key="b").state == "open"
    assert house.wallet(mary) == (1000, 0)
    assert (shop.stock("tea"), shop.used("tea-week"), shop.coupon_state(code)) == (Decimal(10), 0, "open")
    assert sound()
    with clock.at(later + timedelta(days=8)):
        assert checkout.expire(program_id=program) == 1
        assert checkout.get(program_id=program, key="b").state == "expired"
        resumed = house.put(program, house.line("t", 1000, sku="tea"), key="b")
        assert (resumed.state, resumed.member_id) == ("open", mary)


def test_a_cashier_whose_tender_ran_out_still_closes_while_nothing_was_released():
    program = shop.program()
    mary = house.member(program)
    quote, _ = full_basket(program, mary)
    house.tender(program, "b", minutes=5)
    with clock.at(clock.now() + timedelta(minutes=30)):
        assert house.close(program, "b", digest=quote.digest).state == "closed"
    assert sound()


def test_a_member_suspended_after_the_card_was_charged_keeps_her_price_and_earns_nothing():
    from regulars.people.members import services as members
    from regulars.people.members.terms import MemberStatus

    program = shop.program()
    mary = house.member(program)
    quote, _ = full_basket(program, mary)
    house.tender(program, "b")
    members.set_status(
        program_id=program, member_id=mary, status=MemberStatus.SUSPENDED, reason="fraud", actor=house.ACTOR
    )
    done = house.close(program, "b")
    assert (house.body(done)["due"], house.body(done)["earn"]) == (1200, {})
    assert house.wallet(mary) == (0, 0)


def test_a_quote_that_changed_says_where_and_takes_nothing():
    program = shop.program()
    mary = house.member(program)
    quote, code = full_basket(program, mary)
    shop.publish(program, {**shop.TEA, "effects": [{"kind": "line_percent", "percent": "5"}]}, shop.COFFEE, shop.CAKE)
    before = house.everything()
    for call in (house.tender, house.close):
        with pytest.raises(QuoteChanged) as no:
            call(program, "b", digest=quote.digest)
        changed = {d["path"]: (d["quoted"], d["now"]) for d in no.value.facts["differences"]}
        assert changed["due"] == (1200, 1300)
        assert changed["lines.t.net_minor"][0] < changed["lines.t.net_minor"][1]
    assert house.everything() == before
    assert shop.coupon_state(code) == "open"


def test_several_codes_in_one_basket_are_all_looked_at_and_none_is_passed_over_in_silence():  # pains 8 and 19
    program = shop.program(templates=(shop.FIVE, shop.TENTH))
    mary, bob = house.member(program), house.member(program)
    mine, tenth, foreign = shop.coupon(program, mary), shop.coupon(program, mary, "tenth"), shop.coupon(program, bob)
    quote = house.body(
        house.put(
            program,
            house.line("a", 4000, sku="book"),
            key="b",
            member_id=mary,
            coupons=(mine, tenth, foreign, "NOPE"),
        )
    )
    states = {c["code"]: (c["state"], c["reason"]) for c in quote["coupons"]}
    plain = [c.replace("-", "") for c in (mine, tenth, foreign)]
    assert states[plain[0]][0] == states[plain[1]][0] == "applied"
    assert states[plain[2]] == ("refused", "not_yours")
    assert states["NOPE"] == ("refused", "unknown_code")
    assert quote["discount_total"] in (850, 900)
    assert all(r["code"] and r["detail"] for r in quote["rejected"])


def test_stacked_discounts_never_pay_the_customer_for_buying():  # pain 9
    program = shop.program(templates=(shop.FIVE, shop.TENTH))
    mary = house.member(program)
    codes = tuple(shop.coupon(program, mary) for _ in range(5))
    quote = house.body(
        house.put(
            program,
            house.line("t", 300, sku="tea"),
            house.line("s", 400, sku="salt"),
            key="b",
            member_id=mary,
            coupons=codes,
        )
    )
    assert quote["total"] == quote["due"] == 0
    assert quote["discount_total"] == 700
    assert all(line["net_minor"] == 0 for line in quote["lines"])
    done = house.close(program, "b")
    assert house.body(done)["earn"] == {}
    assert sound()


def test_what_is_paid_with_points_does_not_earn_again_and_discounts_do_not_earn():  # pain 13
    program = shop.program()
    mary = house.member(program)
    shop.give(program, mary, 500)
    quote = house.body(
        house.put(program, house.line("t", 2000, sku="tea"), key="b", member_id=mary, spend=(house.pay(500),))
    )
    assert (quote["total"], quote["due"]) == (1800, 1300)
    assert quote["earn"]["points"] == 13


def test_no_payment_token_address_or_device_is_kept_of_a_basket():
    program = shop.program()
    house.put(program, key="b", tenders=(house.card(1000, "tok_secret"),), identifiers=("device-77",))
    house.close(program, "b")
    kept = house.one("select s::text || o::text from checkout_session s, orders_order o")
    body = house.one("select body from orders_question")
    assert "tok_secret" not in kept
    assert "device-77" not in kept
    assert b"tok_secret" not in zlib.decompress(bytes(body))
    assert b"device-77" not in zlib.decompress(bytes(body))


def test_goods_that_are_not_there_are_not_sold_and_a_tender_holds_the_last_one():
    program = shop.program()
    shop.product(program, "mug", 900, stock="1")
    house.put(program, house.line("m", None, sku="mug"), key="a")
    house.put(program, house.line("m", None, sku="mug"), key="b")
    house.tender(program, "a")
    before = house.everything()
    for call in (house.tender, house.close):
        with pytest.raises(OutOfStock):
            call(program, "b")
    assert house.everything() == before
    house.close(program, "a")
    assert shop.stock("mug") == 0
    assert sound()


def test_a_limit_for_all_ends_after_its_number_and_a_return_of_the_reservation_frees_it():
    program = shop.program()
    for key in ("a", "b", "c", "d"):
        house.put(program, house.line("t", 1000, sku="tea"), key=key)
    for key in ("a", "b", "c"):
        house.tender(program, key)
    told = house.body(house.put(program, house.line("t", 1000, sku="tea"), key="d"))
    assert (told["due"], {r["key"]: r["code"] for r in told["rejected"]}["tea-week"]) == (1000, "limit_reached")
    house.cancel(program, "a")
    assert house.body(house.put(program, house.line("t", 1000, sku="tea"), key="d"))["due"] == 900
    for key in ("b", "c", "d"):
        house.close(program, key)
    assert shop.used("tea-week") == 3
    assert sound()


def test_a_chosen_set_of_promotions_is_looked_at_alone_and_nothing_is_kept():
    program = shop.program()
    told = house.body(
        house.put(
            program,
            house.line("t", 1000, sku="tea"),
            house.line("k", 700, sku="cake"),
            key="b",
            dry=True,
            only=["cake-budget"],
        )
    )
    assert (told["discount_total"], [a["key"] for a in told["applied"]]) == (200, ["cake-budget"])


def test_a_promotion_brings_a_coupon_and_a_place_on_a_list_once_the_order_is_placed():
    from regulars.kernel import outbox
    from regulars.people.audiences import services as audiences
    from regulars.wiring import WIRING

    program = house.program()
    audiences.declare(program_id=program, key="tea-lovers", names={"en": "Tea lovers"})
    brings = {
        "key": "welcome",
        "members_only": True,
        "goods": {"include": {"skus": ["tea"]}},
        "effects": [
            {"kind": "issue_coupon", "template": "five", "count": 2},
            {"kind": "audience", "key": "tea-lovers", "action": "add"},
        ],
    }
    shop.publish(program, brings)
    mary = house.member(program)
    house.put(program, house.line("t", 1000, sku="tea"), key="b", member_id=mary)
    assert house.one("select count(*) from coupons_coupon") == 0
    house.close(program, "b")
    house.close(program, "b")
    assert house.one("select count(*) from coupons_coupon where member_id = %s", mary) == 2
    assert house.one("select jsonb_array_length(extras->'issued') from orders_order") == 2
    outbox.deliver_batch(WIRING, limit=50)
    assert audiences.of(mary) == frozenset({"tea-lovers"})
    assert sound()


def test_goods_that_are_not_for_this_member_are_told_and_not_sold():
    from regulars.value.catalog import services as catalog
    from regulars.value.catalog.terms import NotEntitled, Right, RightTold

    program = shop.program()
    mary = house.member(program)
    shop.product(program, "shoe", 9000)
    catalog.put_right(
        program_id=program,
        told=RightTold(right=Right("shoes", members_only=True, most=1), skus=("shoe",)),
        levels=(),
    )
    guest = house.body(house.put(program, house.line("s", None, sku="shoe"), key="b"))
    assert [(b["line"], b["code"], b["unlock"]["kind"]) for b in guest["not_entitled"]] == [
        ("s", "members_only", "join")
    ]
    before = house.everything()
    for call in (house.tender, house.close):
        with pytest.raises(NotEntitled):
            call(program, "b")
    assert house.everything() == before
    assert (
        house.body(house.put(program, house.line("s", None, sku="shoe"), key="b", member_id=mary))["not_entitled"]
        == []
    )
    house.close(program, "b")
    second = house.body(house.put(program, house.line("s", None, sku="shoe"), key="c", member_id=mary))
    assert [b["code"] for b in second["not_entitled"]] == ["limit_reached"]
    with pytest.raises(NotEntitled):
        house.close(program, "c")
    house.reopen(program, "b")
    assert house.body(house.put(program, house.line("s", None, sku="shoe"), key="c"))["not_entitled"] == []


def test_a_member_merged_while_the_card_is_charged_pays_what_was_told_and_the_other_earns():
    from regulars.governance.identity import services as identity

    program = shop.program()
    mary, twin = house.member(program), house.member(program)
    quote, code = full_basket(program, mary)
    house.tender(program, "b")
    identity.merge(program_id=program, into=twin, from_=mary, reason="one person", actor=house.ACTOR)
    done = house.close(program, "b", digest=quote.digest)
    assert (done.member_id, done.due_minor, shop.coupon_state(code)) == (twin, 1200, "redeemed")
    assert house.wallet(twin) == (house.body(done)["earn"]["points"], 0)
    assert sound()
