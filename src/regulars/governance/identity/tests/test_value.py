"""What merged members bought, came back with and may still earn: whoever holds the value answers for it."""

from uuid import UUID

import pytest

from regulars.governance.identity import services as identity
from regulars.value.ledger import services as ledger
from regulars.value.orders import services as orders
from regulars.value.orders.tests import house

pytestmark = pytest.mark.django_db


def _merge(shop: int, into: UUID, from_: UUID) -> UUID:
    return identity.merge(program_id=shop, into=into, from_=from_, reason="same person", actor="staff:1").merge_id


def test_goods_come_back_through_a_chain_of_merges_and_after_it_was_undone() -> None:
    shop = house.program()
    ann, bea, cleo = (house.member(shop) for _ in range(3))
    sold = house.sell(shop, house.line("a", 4000, "4"), member_id=ann)
    one = _merge(shop, bea, ann)
    house.give_back(shop, house.part("1", "a"), order=house.ord_(sold))
    other = _merge(shop, cleo, bea)
    house.give_back(shop, house.part("1", "a"), order=house.ord_(sold))
    assert house.holds(cleo) == {"points": (20, 0), "growth": (20, 0)}
    identity.undo(program_id=shop, merge_id=other, reason="two persons", actor="staff:1")
    identity.undo(program_id=shop, merge_id=one, reason="two persons", actor="staff:1")
    back = house.give_back(shop, house.part("2", "a"), order=house.ord_(sold))
    assert (back.clawed, back.owed, back.forgiven) == ({"points": 20, "growth": 20}, {}, {})
    assert [house.holds(m)["points"] for m in (ann, bea, cleo)] == [(0, 0)] * 3
    assert (orders.discrepancies(), ledger.discrepancies(), identity.discrepancies()) == ([], [], [])


def test_a_lifetime_cap_is_one_for_two_members_who_become_one() -> None:
    cap = {"amount": 5, "period": "lifetime"}
    shop = house.program({"key": "welcome", "unit": "points", "fixed": 5, "caps": [cap]})
    ann, bea = house.member(shop), house.member(shop)
    assert house.sell(shop, member_id=ann).earned == {"points": 5}
    merged = _merge(shop, bea, ann)
    assert house.sell(shop, member_id=bea).earned == {}
    identity.undo(program_id=shop, merge_id=merged, reason="two persons", actor="staff:1")
    assert house.sell(shop, member_id=bea).earned == {"points": 5}
    assert house.sell(shop, member_id=ann).earned == {}
