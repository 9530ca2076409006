"""Placing orders: exact values, the same answer again, refusals that change nothing."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import orjson
import pytest
from django.db import connection

from regulars.kernel.errors import Invalid, Refusal
from regulars.kernel.idempotency import IdempotencyMismatch
from regulars.people.members import services as members
from regulars.people.members.terms import MemberStatus, UnknownMember
from regulars.value.orders import services as orders
from regulars.value.orders.terms import OrderDiffers, Repeat
from regulars.value.orders.tests import house

pytestmark = pytest.mark.django_db


def test_an_order_earns_by_the_rules_and_says_why():
    shop = house.program()
    mary = house.member(shop)
    receipt = house.sell(shop, house.line("a", 1250), house.line("b", 1275, sku="cup"), member_id=mary)
    assert receipt.earned == {"points": 25, "growth": 25}
    assert [dict(x.earned) for x in receipt.lines] == [{"points": 12, "growth": 12}, {"points": 13, "growth": 13}]
    assert [tuple(a) for a in receipt.applied] == [("growth", "growth", 25, 25), ("points", "points", 25, 25)]
    assert receipt.balances["points"] == (25, 0, 0, 0)
    assert house.holds(mary) == {"points": (25, 0), "growth": (25, 0)}
    assert (receipt.status, receipt.is_new, receipt.rule_version, receipt.total_minor) == (201, True, 1, 2525)
    assert orders.discrepancies() == []


def test_the_answer_holds_ids_and_numbers_only_and_every_field_of_the_contract():
    shop = house.program()
    mary = house.member(shop, phone="+447700900123")
    receipt = orders.place(
        program_id=shop,
        told=house.told(identifier=("phone", "+44 7700 900123"), store="high-street", channel="store"),
        actor=house.ACTOR,
        repeat=Repeat("k1", b"h" * 16),
    )
    body = orjson.loads(receipt.body)
    assert set(body) == {
        "id", "ref", "source", "state", "member", "channel", "store", "total_minor", "currency", "occurred_at",
        "rule_version", "earned", "lines", "applied", "rejected", "balances",
    }  # fmt: skip
    assert body["member"] == house.mem(mary)
    with connection.cursor() as cursor:
        cursor.execute("select body from kernel_idempotency where program_id = %s", [shop])
        assert cursor.fetchone() == (b"",)  # the order is its own answer
        cursor.execute("select body::text from kernel_fact where kind = 'OrderPlaced'")
        fact = cursor.fetchone()[0]
    assert "7700900123" not in receipt.body.decode() + fact
    assert orjson.loads(fact)["order_id"] == str(receipt.order_id)


def test_told_twice_it_counts_once_and_answers_the_same():
    shop = house.program()
    mary = house.member(shop)
    told = house.told(house.line("a", 999), house.line("b", 501), member=house.mem(mary))
    first = orders.place(program_id=shop, told=told, actor=house.ACTOR)
    house.sell(shop, member_id=mary)
    before = house.everything()
    again = orders.place(program_id=shop, told=told, actor=house.ACTOR)
    assert (again.is_new, again.status, again.body) == (False, 200, first.body)
    assert again.balances == first.balances
    assert house.everything() == before


def test_told_again_with_another_form_of_the_same_numbers_it_is_the_same():
    shop = house.program()
    at = datetime(2026, 5, 1, 12, tzinfo=UTC)
    first = orders.place(program_id=shop, told=house.told(house.line(quantity="1.50"), ref="x", at=at), actor="a")
    later = house.told(house.line(quantity="1.5"), ref="x", at=at.astimezone())
    assert orders.place(program_id=shop, told=later, actor="b").order_id == first.order_id


@pytest.mark.parametrize(
    "change",
    [
        lambda t: {"lines": (t.lines[0]._replace(amount_minor=1001),)},
        lambda t: {"lines": (t.lines[0]._replace(sku="coffee"),)},
        lambda t: {"lines": (*t.lines, t.lines[0]._replace(id="2", n=2))},
        lambda t: {"channel": "store"},
        lambda t: {"occurred_at": t.occurred_at + timedelta(seconds=1)},
        lambda t: {"member": None},
        lambda t: {"attributes": {"till": 4}},
        lambda t: {"tenders": (house.card("cash", 1000),)},
    ],
)
def test_the_same_reference_with_other_content_is_refused(change):
    shop = house.program()
    told = house.told(member=house.mem(house.member(shop)))
    orders.place(program_id=shop, told=told, actor=house.ACTOR)
    before = house.everything()
    other = type(told)(**{**{f: getattr(told, f) for f in told.__dataclass_fields__}, **change(told)})
    with pytest.raises(OrderDiffers) as no:
        orders.place(program_id=shop, told=other, actor=house.ACTOR)
    assert no.value.code == "order_differs"
    assert house.everything() == before


def test_another_source_may_use_the_same_reference():
    shop = house.program()
    one = orders.place(program_id=shop, told=house.told(ref="7", source="till-1"), actor="a")
    two = orders.place(program_id=shop, told=house.told(ref="7", source="till-2"), actor="a")
    assert one.order_id != two.order_id


def test_an_idempotency_key_replays_its_bytes_and_refuses_another_request():
    shop = house.program()
    mary, told = house.member(shop), house.told()
    told = type(told)(**{**{f: getattr(told, f) for f in told.__dataclass_fields__}, "member": house.mem(mary)})
    first = orders.place(program_id=shop, told=told, actor="a", repeat=Repeat("k", b"1" * 16))
    again = orders.place(program_id=shop, told=told, actor="a", repeat=Repeat("k", b"1" * 16))
    assert (again.status, again.body, again.is_new) == (201, first.body, False)
    before = house.everything()
    with pytest.raises(IdempotencyMismatch):
        orders.place(program_id=shop, told=house.told(), actor="a", repeat=Repeat("k", b"2" * 16))
    assert house.everything() == before


def test_a_guest_is_recorded_and_earns_nothing():
    shop = house.program()
    receipt = house.sell(shop)
    assert (receipt.member_id, receipt.earned, receipt.balances) == (None, {}, {})
    assert house.everything()["accounts"] == []


def test_a_payment_token_finds_the_member_and_is_not_kept():
    shop = house.program()
    mary = house.member(shop, payment_token="tok_4711")
    receipt = house.sell(shop, tenders=(house.card("card", 1000, "tok_4711"),))
    assert receipt.member_id == mary
    found = orders.get(program_id=shop, ref=house.ord_(receipt))
    assert found.tenders == (("card", 1000),)
    assert house.sell(shop, tenders=(house.card("card", 1000, "unknown"),)).member_id is None


def test_an_unknown_identifier_is_a_guest_but_an_unknown_member_is_refused():
    shop, other = house.program(), house.program(key="other")
    stranger = house.member(other)
    assert house.sell(shop, identifier=("phone", "+447700900999")).member_id is None
    before = house.everything()
    for ref in (house.mem(stranger), "mem_nonsense", "number:123", "nobody"):
        with pytest.raises(UnknownMember):
            orders.place(program_id=shop, told=house.told(member=ref), actor="a")
    assert house.everything() == before


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_who_may_not_earn_gets_the_order_without_earnings_and_the_reason(status):
    shop = house.program()
    mary = house.member(shop)
    members.set_status(program_id=shop, member_id=mary, status=MemberStatus(status), reason="test", actor="staff:1")
    receipt = house.sell(shop, member_id=mary)
    assert (receipt.earned, receipt.member_id) == ({}, mary)
    assert [r.code for r in receipt.rejected] == [f"member_{status}"]
    assert house.holds(mary)["points"] == (0, 0)


def test_debt_is_repaid_first_and_the_answer_says_so():
    shop = house.program()
    mary = house.member(shop)
    first = house.sell(shop, house.line(amount=5000), member_id=mary)
    house.spend(shop, mary, 45)
    house.give_back(shop, house.part("1"), order=house.ord_(first))
    assert house.holds(mary)["points"] == (0, 45)
    receipt = house.sell(shop, house.line(amount=6000), member_id=mary)
    assert receipt.balances["points"] == (15, 0, 0, 0)
    assert house.holds(mary)["points"] == (15, 0)
    assert orders.discrepancies() == []


def test_a_cap_holds_over_orders():
    rule = {**house.POINTS, "caps": [{"amount": 15, "period": "lifetime", "on_excess": "cap"}]}
    shop = house.program(rule)
    mary = house.member(shop)
    earned = [house.sell(shop, member_id=mary).earned.get("points", 0) for _ in range(3)]
    assert earned == [10, 5, 0]
    assert house.holds(mary)["points"] == (15, 0)


def test_a_merged_member_s_order_goes_to_whom_she_became():
    shop = house.program()
    old, new = house.member(shop), house.member(shop)
    members.redirect(program_id=shop, from_id=old, into_id=new)
    receipt = house.sell(shop, member_id=old)
    assert receipt.member_id == new
    assert house.holds(new)["points"] == (10, 0)


def test_money_weights_and_taxes_are_kept_exactly():
    shop = house.program()
    sold = house.line(
        "a", 123, "0.482", uom="kg", tax_rate=Decimal("0.05"), tax_included=False, category="fruit",
        brand="own", attributes={"origin": "ES"},
    )  # fmt: skip
    extra = house.line("b", -23, "0", kind="adjustment", sku="rounding")
    receipt = orders.place(
        program_id=shop,
        told=house.told(sold, extra, descriptions=("Äpfel 苹果", None), attributes={"till": 4}),
        actor="a",
    )
    found = orders.get(program_id=shop, ref=house.ord_(receipt))
    a, b = found.lines
    assert (a.quantity, a.uom, a.tax_rate, a.tax_included) == (Decimal("0.482"), "kg", Decimal("0.05"), False)
    assert (a.category, a.brand, a.description, a.attributes) == ("fruit", "own", "Äpfel 苹果", {"origin": "ES"})
    assert (b.kind, b.amount_minor, b.quantity, b.description) == ("adjustment", -23, 0, None)
    assert (found.summary.total_minor, found.attributes) == (100, {"till": 4})


def test_five_thousand_lines_are_one_order():
    shop = house.program()
    mary = house.member(shop)
    lines = [house.line(str(n), 150, sku=f"s{n % 300}") for n in range(5000)]
    receipt = house.sell(shop, *lines, member_id=mary)
    assert receipt.earned == {"points": 7500, "growth": 7500}
    assert sum(x.earned["points"] for x in receipt.lines) == 7500
    with pytest.raises(Invalid, match="1 to 5000 entries"):
        house.sell(shop, *lines, house.line("one-more"), member_id=mary)
    assert orders.discrepancies() == []


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"channel": "fax"}, "channel"),
        ({"store": "nowhere"}, "store"),
        ({"store": "north"}, "store"),
        ({"currency": "EUR"}, "currency"),
        ({"at": datetime(2999, 1, 1, tzinfo=UTC)}, "occurred_at"),
        ({"at": datetime(1969, 12, 31, tzinfo=UTC)}, "occurred_at"),
        ({"at": datetime(2026, 1, 1)}, "occurred_at"),
        ({"source": "a/b"}, "source"),
        ({"ref": "x" * 201}, "ref"),
        ({"member": "number:1", "identifier": ("phone", "+447700900123")}, "identifier"),
        ({"lines": [house.line("1"), house.line("1")]}, "lines.1.id"),
        ({"lines": [house.line(quantity="0")]}, "lines.0.quantity"),
        ({"lines": [house.line(quantity="-1")]}, "lines.0.quantity"),
        ({"lines": [house.line(quantity="0.0000001")]}, "lines.0.quantity"),
        ({"lines": [house.line(quantity="1e12")]}, "lines.0.quantity"),
        ({"lines": [house.line(quantity="NaN")]}, "lines.0.quantity"),
        ({"lines": [house.line(amount=-1)]}, "lines.0.amount_minor"),
        ({"lines": [house.line(amount=10**13)]}, "lines.0.amount_minor"),
        ({"tenders": (house.card("cash", 10**13),)}, "tenders.0.amount_minor"),
    ],
)
def test_what_cannot_be_is_refused_with_its_path_and_changes_nothing(change, path):
    shop = house.program()
    before = house.everything()
    lines = change.pop("lines", [house.line()])
    with pytest.raises(Invalid) as no:
        orders.place(program_id=shop, told=house.told(*lines, **change), actor="a")
    assert [p for p, _ in no.value.errors] == [path]
    assert house.everything() == before


def test_a_program_without_rules_refuses_and_keeps_nothing():
    shop = house.programs.create(key="bare", name="Bare", zone="UTC", currency="GBP", actor="a").id
    house.programs.define_channel(program_id=shop, key="web", name="web", kind="web", actor="a")
    with pytest.raises(Refusal):
        orders.place(program_id=shop, told=house.told(), actor="a")
    assert house.everything()["orders_order"] == 0
