"""What a process remembers of a telling makes the next close shorter, and never another one."""

from __future__ import annotations

import zlib
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from regulars.kernel import clock
from regulars.value.checkout.services import closing, lately
from regulars.value.checkout.tests import house, shop
from regulars.value.checkout.tests.test_races import sound

pytestmark = pytest.mark.django_db(transaction=True)
_PASSING = ("key", "order", "expires_at", "occurred_at")


@pytest.fixture(autouse=True)
def nothing_told():
    lately.forget()
    yield
    lately.forget()


def told(program: int, key: str) -> lately.Told:
    found = lately.take(program_id=program, key=key)
    assert found is not None
    return found


def believe(program: int, key: str, one: lately.Told) -> None:
    lately._told[program, key] = one


def never(**_: Any) -> None:
    raise AssertionError("the session was read")


def facts(session: Any) -> dict[str, Any]:
    return {name: value for name, value in session.body.items() if name not in _PASSING}


def test_a_close_after_its_telling_reads_no_session_and_says_what_the_long_way_says(monkeypatch):
    program = shop.program()
    mary, john = house.member(program), house.member(program)
    basket = (house.line("a", 500), house.line("b", 1000, sku="book"))
    house.put(program, *basket, key="long", member_id=john, coupons=("NO-SUCH",), tenders=(house.card(1500),))
    lately.forget()
    long = house.close(program, "long")
    house.put(
        program, *basket, key="short", member_id=mary, coupons=("NO-SUCH",), tenders=(house.card(1500, "tok_1"),)
    )
    with monkeypatch.context() as patched:
        patched.setattr(closing.kept, "must_find", never)
        short = house.close(program, "short")
    said = facts(short)
    assert said == {**facts(long), "member": said["member"], "digest": said["digest"]}
    again = house.close(program, "short")
    assert (again.was_done, again.json) == (True, short.json)
    question = zlib.decompress(house.one("select body from orders_question where order_id = %s", short.order_id))
    assert b"card" in question
    assert b"tok_1" not in question
    assert sound()


def test_a_basket_that_was_told_anew_elsewhere_is_the_one_that_closes():
    program = shop.program()
    mary = house.member(program)
    house.put(program, house.line("a", 500), key="b", member_id=mary)
    old = told(program, "b")
    house.put(program, house.line("a", 900), key="b", member_id=mary)
    believe(program, "b", old)
    assert house.close(program, "b").due_minor == 810
    assert sound()


def test_a_session_that_went_and_came_again_under_its_key_is_another_one():
    program = shop.program()
    house.put(program, house.line("a", 500), key="b")
    old = told(program, "b")
    with connection.cursor() as cursor:
        cursor.execute("delete from checkout_session")
    house.put(program, house.line("a", 900), key="b")
    believe(program, "b", old)
    assert house.close(program, "b").due_minor == 810


def test_a_session_that_tenders_by_now_closes_by_what_was_frozen():
    program = shop.program()
    mary = house.member(program)
    house.put(program, house.line("a", 500), key="b", member_id=mary)
    old = told(program, "b")
    house.tender(program, "b")
    shop.publish(program, {**shop.TEA, "effects": [{"kind": "line_percent", "percent": "20"}]})
    believe(program, "b", old)
    assert house.close(program, "b").due_minor == 450
    assert sound()


def test_a_coupon_that_ends_between_telling_and_close_is_not_used():
    program = shop.program(templates=({**shop.FIVE, "validity": {"days": 1}},))
    mary = house.member(program)
    code = shop.coupon(program, mary)
    house.put(program, house.line("b", 1000, sku="book"), key="b", member_id=mary, coupons=(code,))
    with clock.at(clock.now() + timedelta(days=2)):
        done = house.close(program, "b")
    assert done.due_minor == 1000
    assert [c["state"] for c in done.body["coupons"]] == ["refused"]
    assert shop.coupon_state(code) == "open"


def test_a_coupon_that_somebody_used_in_between_is_not_used_again():
    program = shop.program()
    mary = house.member(program)
    code = shop.coupon(program, mary)
    for key in ("one", "two"):
        house.put(program, house.line("b", 1000, sku="book"), key=key, member_id=mary, coupons=(code,))
    assert house.close(program, "one").due_minor == 500
    assert house.close(program, "two").due_minor == 1000
    assert sound()


def test_a_version_that_was_published_in_between_decides():
    program = shop.program(shop.TEA)
    house.put(program, house.line("a", 500), key="b")
    shop.publish(program, {**shop.TEA, "effects": [{"kind": "line_percent", "percent": "20"}]})
    assert house.close(program, "b").due_minor == 400


def test_what_was_told_in_a_transaction_that_may_be_undone_is_not_remembered():
    program = shop.program()
    with transaction.atomic():
        house.put(program, house.line("a", 500), key="b")
    assert lately.take(program_id=program, key="b") is None


def test_only_so_many_are_remembered(monkeypatch):
    monkeypatch.setattr(lately, "MOST", 2)
    program = shop.program()
    for key in ("a", "b", "c"):
        house.put(program, house.line("a", 500), key=key)
    assert [lately.take(program_id=program, key=key) is None for key in ("a", "b", "c")] == [True, False, False]
