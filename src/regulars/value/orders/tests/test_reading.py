"""Reading: lists a page at a time, the timeline, and other programs' orders that are not found."""

from datetime import timedelta

import pytest

from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.people.members import services as members
from regulars.value.orders import services as orders
from regulars.value.orders.terms import NoOrder
from regulars.value.orders.tests import house

pytestmark = pytest.mark.django_db


def pages(read, limit):
    found, cursor = [], None
    while True:
        page = read(limit=limit, cursor=list(cursor) if cursor else None)
        found += [o.order_id for o in page.items]
        cursor = page.cursor
        if cursor is None:
            return found


def test_lists_come_a_page_at_a_time_without_gap_or_repetition():
    shop, other = house.program(), house.program(key="other")
    old, mary = house.member(shop), house.member(shop)
    at = clock.now() - timedelta(days=1)
    mine = [house.sell(shop, member_id=mary, at=at - timedelta(hours=n // 2)).order_id for n in range(7)]
    mine.append(house.sell(shop, member_id=old, at=at - timedelta(days=1)).order_id)
    guest = house.sell(shop).order_id
    house.sell(other)
    members.redirect(program_id=shop, from_id=old, into_id=mary)
    recent = pages(lambda **k: orders.recent(program_id=shop, **k), 3)
    assert recent == [guest, *reversed(mine)]
    hers = pages(lambda **k: orders.of_member(program_id=shop, member_id=mary, **k), 3)
    assert len(hers) == 8
    assert set(hers) == set(mine)
    assert hers[-1] == mine[-1]
    for bad in (["x"], [1, 2], ["2026-01-01", "x"], []):
        with pytest.raises(Invalid):
            orders.of_member(program_id=shop, member_id=mary, cursor=bad)
        with pytest.raises(Invalid):
            orders.timeline(program_id=shop, member_id=mary, cursor=bad)


def test_an_order_of_another_program_is_not_found():
    shop, other = house.program(), house.program(key="other")
    sold = house.sell(shop, ref="7")
    for ref in (house.ord_(sold), "7", "api:7", "ord_nonsense", "", "ret_00000000000000000000000001"):
        with pytest.raises(NoOrder):
            orders.get(program_id=other, ref=ref)
    assert orders.get(program_id=shop, ref="api:7").summary.order_id == sold.order_id


def test_the_timeline_merges_orders_returns_and_other_journals_latest_first():
    shop = house.program()
    mary = house.member(shop)
    now = clock.now()
    first = house.sell(shop, house.line("a", 2000, "2"), member_id=mary, at=now - timedelta(days=3))
    second = house.sell(shop, member_id=mary, at=now - timedelta(days=2))
    returned = house.give_back(shop, house.part("1", "a"), order=house.ord_(first), at=now - timedelta(days=1))
    house.spend(shop, mary, 5)
    whole, end = orders.timeline(program_id=shop, member_id=mary)
    assert [(m.what, m.kind) for m in whole] == [
        ("journal", "spend"),
        ("return", "returned"),
        ("order", "placed"),
        ("order", "partially_returned"),
    ]
    assert end is None
    assert whole[0].facts["moved"] == {"points": -5}
    assert whole[1].facts["clawed"] == {"points": 10, "growth": 10}
    assert whole[3].facts["earned"] == {"points": 20, "growth": 20}
    assert (whole[2].id, whole[3].id) == (house.ord_(second), house.ord_(first))
    assert whole[1].id.startswith("ret_")
    assert returned.refund_minor == 1000
    paged, cursor = [], None
    while True:
        page, cursor = orders.timeline(program_id=shop, member_id=mary, limit=1, cursor=cursor)
        paged += page
        if cursor is None:
            break
    assert paged == list(whole)
