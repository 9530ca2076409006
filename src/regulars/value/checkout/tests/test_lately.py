"""What a process remembers of a telling makes the next close shorter, and never another one."""

from __future__ import annotations

import zlib
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from regulars.kernel import clock, postgres
from regulars.people.audiences import services as audiences
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
    assert one.found.key == key
    lately.keep(program_id=program, told=one)


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


def test_no_more_bytes_are_remembered_than_may_be_and_none_are_counted_that_went(monkeypatch):
    program = shop.program()
    house.put(program, house.line("a", 500), key="a")
    size = told(program, "a").size
    assert (size > 0, lately._bytes) == (True, 0)
    monkeypatch.setattr(lately, "MOST_BYTES", 2 * size)
    for key in ("a", "b", "a", "c"):
        house.put(program, house.line("a", 500), key=key)
    assert lately._bytes == 2 * size
    assert [lately.take(program_id=program, key=key) is None for key in ("a", "b", "c")] == [False, True, False]
    assert lately._bytes == 0


def test_a_basket_that_is_told_again_is_the_latest(monkeypatch):
    monkeypatch.setattr(lately, "MOST", 2)
    program = shop.program()
    for key in ("a", "b", "a", "c"):
        house.put(program, house.line("a", 500), key=key)
    assert [lately.take(program_id=program, key=key) is None for key in ("a", "b", "c")] == [False, True, False]


def test_such_a_close_is_one_statement():
    program = shop.program()
    mary = house.member(program)
    house.put(program, house.line("a", 500), key="first", member_id=mary)
    house.close(program, "first")  # what is remembered between calls is read
    house.put(program, house.line("a", 500), key="b", member_id=mary, coupons=(shop.coupon(program, mary),))
    asked: list[str] = []
    usual = postgres._rows

    def counted(gate: Any, sql: str, params: Any) -> Any:
        asked.append(sql)
        return usual(gate, sql, params)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(postgres, "_rows", counted)
        done = house.close(program, "b")
    assert (done.due_minor, len(asked)) == (0, 1), asked
    assert "checkout_close_as_told" in asked[0]
    assert sound()


def _joins(program: int, mary: UUID) -> None:
    audiences.add(program_id=program, key="tea-lovers", refs=[house.mem(mary)], source="desk", actor=house.ACTOR)


def _costs_more(program: int, mary: UUID) -> None:
    shop.product(program, "tea", 600, stock="5")


def _uses_the_limit_up(program: int, mary: UUID) -> None:
    for _ in range(2):
        key = house.key()
        house.put(program, house.line("a", 500), key=key)
        house.close(program, key)


def _is_suspended(program: int, mary: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute("update members_member set status = 'suspended' where id = %s", [mary])


def _earns(program: int, mary: UUID) -> None:
    shop.give(program, mary, 100)


def _nothing(program: int, mary: UUID) -> None:
    pass


@pytest.mark.parametrize(
    ("happens", "due", "points"),
    [(_nothing, 450, 4), (_joins, 350, 3), (_costs_more, 540, 5), (_uses_the_limit_up, 500, 5), (_is_suspended, 450, None),
     (_earns, 450, 104)],
)  # fmt: skip
def test_whatever_changes_between_telling_and_close_is_decided_about_anew(happens, due, points):
    limited = {**shop.TEA, "limits": [{**shop.TEA["limits"][0], "limit": 2}]}
    lovers = {
        "key": "lovers",
        "audiences": {"any": ["tea-lovers"]},
        "effects": [{"kind": "order_amount", "amount": "1.00"}],
    }
    program = shop.program(limited, lovers)
    shop.product(program, "tea", 500, stock="5")
    audiences.declare(program_id=program, key="tea-lovers", names={"en": "Tea lovers"})
    mary = house.member(program)
    told = house.put(program, house.line("a", None), key="b", member_id=mary)
    assert told.due_minor == 450
    happens(program, mary)
    done = house.close(program, "b")
    assert done.due_minor == due
    held = done.body["balances"]["points"]["active"] if points is not None else None
    assert held == points
    assert done.body == house.close(program, "b").body
    assert sound()
