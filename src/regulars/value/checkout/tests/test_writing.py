"""Answers written in parts, and decisions remembered, say what the long way says."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.db import connection

from regulars.value.catalog.terms import Barred, Why
from regulars.value.checkout import services as checkout
from regulars.value.checkout.rules import answers
from regulars.value.checkout.services import putting
from regulars.value.checkout.tests import house, shop
from regulars.value.promotions import services as promotions
from regulars.value.promotions.terms import Unlock

pytestmark = pytest.mark.django_db
FAR = {"key": "far", "min": {"amount": "90.00"}, "effects": [{"kind": "order_percent", "percent": "5"}]}
FARTHER = {"key": "farther", "min": {"amount": "99.00"}, "effects": [{"kind": "order_percent", "percent": "6"}]}


@pytest.fixture
def quoted(monkeypatch):
    """Every answer that was written, with what it was made of."""
    seen: list[Any] = []
    written = answers.write

    def write(quoted: answers.Quoted, standing: answers.Standing, lasting: Any = None) -> answers.Written:
        seen.append((quoted, standing, written(quoted, standing, lasting)))
        return seen[-1][2]

    monkeypatch.setattr(putting.answers, "write", write)
    return seen


def test_an_answer_written_in_parts_is_the_whole_answer(quoted):
    program = shop.program(shop.TEA, shop.COFFEE, FAR, FARTHER)
    mary = house.member(program)
    for amount in (500, 600, 500):
        house.put(program, house.line("a", amount), key="b", member_id=mary, coupons=("NO-SUCH",))
    house.close(program, "b")
    assert len(quoted) == 4
    for one, standing, written in quoted:
        whole = answers.answer(one, standing)
        assert orjson.loads(written.json) == orjson.loads(orjson.dumps(whole))
        assert orjson.dumps(answers.unpack(written.packed, written.explained)) == written.json
        hinted = [h["key"] for h in whole["hints"]]
        assert hinted.index("far") < hinted.index("farther")
        assert {r["key"] for r in whole["rejected"]} >= {"coffee-once", "far", "farther"}


def test_an_answer_that_is_kept_in_one_piece_is_read_tendered_extended_and_closed():
    """As versions before kept it."""
    program = shop.program(shop.TEA, FAR)
    told = house.put(program, house.line("a", 500), key="b")
    with connection.cursor() as cursor:
        cursor.execute("update checkout_session set answer = %s, explained = null", [answers.pack(told.json)])
    assert checkout.get(program_id=program, key="b").json == told.json
    assert checkout.recent(program_id=program).items[0].due_minor == 450
    tendered = house.tender(program, "b")
    longer = house.tender(program, "b", minutes=30)
    steady = ("revision", "tender_until")
    assert {**longer.body, **dict.fromkeys(steady)} == {**tendered.body, **dict.fromkeys(steady)}
    assert checkout.get(program_id=program, key="b").json == longer.json
    done = house.close(program, "b")
    assert done.body["rejected"] == told.body["rejected"]
    assert checkout.get(program_id=program, key="b").json == done.json


def test_what_bars_a_line_is_hinted_first_and_hints_are_at_most_twenty(quoted):
    many = [{**FAR, "key": f"far-{n:02}", "min": {"amount": f"{90 - n}.00"}} for n in range(25)]
    program = shop.program(*many)
    house.put(program, house.line("a", 500), key="b")
    one, standing, _ = quoted[0]
    unlock = Unlock("join", 0, "", None, "Join.")
    one = one._replace(barred=(Barred(1, "tea", "members", Why.MEMBERS_ONLY, "For members.", unlock),))
    written = orjson.loads(answers.write(one, standing).json)
    assert written == orjson.loads(orjson.dumps(answers.answer(one, standing)))
    assert [h["key"] for h in written["hints"]] == ["members", *(f"far-{n:02}" for n in range(24, 5, -1))]


def test_a_close_decides_nothing_again_that_was_decided_when_it_was_told(monkeypatch):
    program = shop.program(shop.TEA)
    mary = house.member(program)
    read = promotions.snapshot(program_id=program)  # which a transaction of its own would remember
    monkeypatch.setattr(promotions, "snapshot", lambda **_: read)
    told = house.put(program, house.line("a", 500), key="b", member_id=mary)
    with monkeypatch.context() as patched:
        patched.setattr(promotions, "decide", _never)
        done = house.close(program, "b")
    assert done.digest == told.digest
    assert house.wallet(mary) == (4, 0)


def test_points_that_came_in_between_make_it_another_question(monkeypatch):
    program = shop.program(shop.TEA)
    mary = house.member(program)
    read = promotions.snapshot(program_id=program)
    monkeypatch.setattr(promotions, "snapshot", lambda **_: read)
    house.put(program, house.line("a", 500), key="b", member_id=mary)
    shop.give(program, mary, 70)
    monkeypatch.setattr(promotions, "decide", _never)
    with pytest.raises(AssertionError, match="decided again"):
        house.close(program, "b")


def test_what_changed_in_between_is_decided_again():
    program = shop.program(shop.TEA)
    mary = house.member(program)
    house.put(program, house.line("a", 500), key="b", member_id=mary)
    shop.publish(program, {**shop.TEA, "effects": [{"kind": "line_percent", "percent": "20"}]})
    assert house.body(house.close(program, "b"))["total"] == 400
    house.put(program, house.line("a", 500), key="c", member_id=mary)
    assert house.body(house.put(program, house.line("a", 1000), key="c", member_id=mary))["total"] == 800


def _never(**_: Any) -> None:
    raise AssertionError("decided again")
