"""Levels that a basket's promotions give: each order gives for itself, and what comes back gives its level back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from regulars.governance.identity import services as identity
from regulars.kernel import outbox
from regulars.kernel.outbox import Reaction
from regulars.people.programs import services as programs
from regulars.value.checkout import services as checkout
from regulars.value.checkout.tests import house, shop
from regulars.value.orders.terms import OrderReturned
from regulars.value.orders.terms.closing import OrderDecided
from regulars.value.tiers import services as tiers

pytestmark = pytest.mark.django_db

GOLD_FOR_TEA = {
    "key": "gold-for-tea",
    "goods": {"include": {"skus": ["tea"]}},
    "members_only": True,
    "effects": [{"kind": "tier", "ladder": "club", "level": "gold"}],
}
LADDERS = {
    "ladders": [
        {
            "key": "club",
            "measure": "growth",
            "levels": [
                {"key": "member", "enter": 0},
                {"key": "silver", "enter": 5000},
                {"key": "gold", "enter": 100000},
            ],
        }
    ]
}
NEWS = [
    Reaction(OrderDecided, "follow", checkout.follow),
    Reaction(OrderReturned, "unfollow", checkout.unfollow),
]


def club(**promotion: Any) -> int:
    program = shop.program({**GOLD_FOR_TEA, **promotion})
    version = programs.by_id(program_id=program).current_version
    tiers.apply(program, version, LADDERS, house.ACTOR)
    return program


def buy(program: int, member_id: UUID, *lines: Any, key: str) -> Any:
    house.put(program, *(lines or (house.line("t", 1000),)), key=key, member_id=member_id)
    return house.close(program, key)


def hear() -> None:
    while outbox.deliver_batch(NEWS):
        pass
    assert outbox.dead_letters() == []


def level(program: int, member_id: UUID) -> str:
    return str(tiers.standing(program_id=program, member_id=member_id).level)


def test_a_return_takes_back_the_level_that_the_order_gave():
    program = club()
    mary = house.member(program)
    buy(program, mary, key="b")
    hear()
    assert level(program, mary) == "gold"
    receipt = house.give_back(program, "b", ("t", "1"))
    assert [n.what for n in receipt.settled.not_undone] == []
    hear()
    assert level(program, mary) == "member"
    assert [(m.from_level, m.to_level, m.cause) for _, m in tiers.moves(program_id=program, member_id=mary)] == [
        ("gold", "member", "return"),
        ("member", "gold", "grant"),
    ]
    assert tiers.given(program_id=program, member_id=mary) == []


def test_a_part_that_comes_back_leaves_the_level_to_what_remains():
    program = club()
    mary = house.member(program)
    buy(program, mary, house.line("t", 1000, "2"), key="b")
    house.give_back(program, "b", ("t", "1"))
    hear()
    assert level(program, mary) == "gold"
    house.give_back(program, "b", ("t", "1"), ref="r2")
    hear()
    assert level(program, mary) == "member"


def test_what_another_order_gave_stays():
    program = club()
    mary = house.member(program)
    for key in ("b", "c"):
        buy(program, mary, key=key)
    hear()
    house.give_back(program, "b", ("t", "1"))
    hear()
    assert level(program, mary) == "gold"
    assert len(tiers.given(program_id=program, member_id=mary)) == 1
    house.give_back(program, "c", ("t", "1"), ref="r2")
    hear()
    assert level(program, mary) == "member"


def test_goods_that_are_back_before_the_news_is_heard_give_no_level():
    program = club()
    mary = house.member(program)
    buy(program, mary, key="b")
    house.give_back(program, "b", ("t", "1"))
    while outbox.deliver_batch(NEWS[1:]):
        pass
    hear()
    assert level(program, mary) == "member"
    assert tiers.moves(program_id=program, member_id=mary) == []


def test_a_basket_opened_again_gives_its_level_anew():
    program = club()
    mary = house.member(program)
    buy(program, mary, key="b")
    hear()
    house.reopen(program, "b")
    hear()
    assert level(program, mary) == "member"
    house.close(program, "b")
    hear()
    assert level(program, mary) == "gold"


def test_a_merged_members_return_takes_the_level_from_whom_it_went_to():
    program = club()
    mary, maria = house.member(program), house.member(program)
    buy(program, mary, key="b")
    hear()
    identity.merge(program_id=program, into=maria, from_=mary, reason="one person", actor=house.ACTOR)
    assert level(program, maria) == "gold"
    house.give_back(program, "b", ("t", "1"))
    hear()
    assert level(program, maria) == "member"
    assert tiers.given(program_id=program, member_id=maria) == []
