"""A guest's receipt that somebody has claimed is hers, also when its session is opened again."""

from __future__ import annotations

import pytest

from regulars.governance.identity import services as identity
from regulars.kernel import ids
from regulars.value.checkout.tests import house, shop
from regulars.value.orders import services as orders

pytestmark = pytest.mark.django_db


def claimed(program, mary):
    house.put(program, house.line("t", 1000), key="b")
    done = house.close(program, "b")
    assert done.member_id is None
    orders.claim(program_id=program, ref=ids.encode("ord", done.order_id), member_id=mary, actor=house.ACTOR)
    return house.wallet(mary)


def test_a_claimed_receipt_stays_the_claimer_s_when_its_session_is_opened_again():
    program = shop.program()
    mary = house.member(program)
    before, earned = house.wallet(mary), claimed(program, mary)
    assert earned > before
    again = house.reopen(program, "b")
    assert (again.member_id, house.wallet(mary)) == (mary, before)
    assert house.reopen(program, "b").member_id == mary
    told = house.put(program, house.line("t", 1000), key="b")  # the till still knows nobody
    assert told.member_id == mary
    done = house.close(program, "b")
    assert (done.member_id, house.wallet(mary)) == (mary, earned)


def test_who_claimed_and_was_merged_since_keeps_it_under_her_new_name():
    program = shop.program()
    mary, twin = house.member(program), house.member(program)
    claimed(program, mary)
    identity.merge(program_id=program, into=twin, from_=mary, reason="one person", actor=house.ACTOR)
    assert house.reopen(program, "b").member_id == twin


def test_a_guest_s_receipt_that_nobody_claimed_stays_a_guest_s():
    program = shop.program()
    house.put(program, house.line("t", 1000), key="b")
    house.close(program, "b")
    assert house.reopen(program, "b").member_id is None
