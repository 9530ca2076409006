"""Gifts that bring a reward: it is hers at no price, off the shelf once, and goes back with what gave it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from regulars.value.benefits import services as benefits
from regulars.value.benefits.terms import GiftState
from regulars.value.benefits.tests.house import ACTOR, grow, join, program, use
from regulars.value.rewards import services as rewards
from regulars.value.rewards.terms import Redemption, State

pytestmark = pytest.mark.django_db

MUG = {"key": "mug", "name": {"en": "A mug"}, "stock": 2}
WELCOME = {
    "key": "silver-mug",
    "kind": "upgrade",
    "for": {"levels": ["main/silver"]},
    "gives": [{"reward": {"key": "mug"}}],
}
SERVICE = {"key": "a-mug", "kind": "service", "for": {"everyone": True}, "gives": [{"reward": {"key": "mug"}}]}


def shop(*entries: dict[str, Any], **mug: Any) -> int:
    rewards.forget_versions()
    p = program(*entries)
    told = {k: v for k, v in {**MUG, **mug}.items() if v is not None}
    rewards.apply(p, 1, {"program": {"currency": "GBP"}, "rewards": [told]}, ACTOR)
    return p


def had(p: int, m: UUID) -> list[Redemption]:
    return list(rewards.redemptions(program_id=p, member_id=m).items)


def taken(p: int) -> int:
    (shelf,) = rewards.shelves(program_id=p)["mug"]
    return shelf.taken


def rise(p: int, m: UUID, amount: int = 100) -> None:
    grow(p, m, amount)
    benefits.raised(program_id=p, member_id=m, ladder="main", from_level="member", to_level="silver")


def states(p: int, m: UUID) -> list[GiftState]:
    return [g.state for g in benefits.gifts(program_id=p, member_id=m)]


def test_a_level_brings_a_reward_once_at_no_price() -> None:
    p = shop(WELCOME)
    m = join(p)
    rise(p, m)
    benefits.raised(program_id=p, member_id=m, ladder="main", from_level="member", to_level="silver")
    (one,) = had(p, m)
    assert (one.reward, one.state, one.spends, one.due_minor) == ("mug", State.REQUESTED, (), 0)
    assert one.source.startswith("benefit/bnu_")
    assert taken(p) == 1
    assert states(p, m) == [GiftState.GIVEN]
    assert benefits.discrepancies(p) == []
    assert rewards.discrepancies(p) == []


def test_a_return_takes_the_reward_back_while_it_waits() -> None:
    p = shop(WELCOME)
    m = join(p)
    rise(p, m)
    benefits.lowered(program_id=p, member_id=m, ladder="main", from_level="silver", to_level="member", cause="return")
    assert [r.state for r in had(p, m)] == [State.CANCELLED]
    assert taken(p) == 0
    assert states(p, m) == [GiftState.RETURNED]


def test_a_code_that_she_has_seen_stays_and_the_gift_says_so() -> None:
    p = shop(WELCOME, kind="digital_code", stock=None)
    rewards.import_codes(program_id=p, reward="mug", codes=["AAA"], key="k", actor=ACTOR)
    m = join(p)
    rise(p, m)
    assert rewards.show_codes(program_id=p, redemption_id=had(p, m)[0].redemption_id, actor=ACTOR) == ("AAA",)
    (gift,) = benefits.gifts(program_id=p, member_id=m)
    benefits.return_gift(program_id=p, gift_id=gift.gift_id, reason="a mistake", actor=ACTOR)
    assert [r.state for r in had(p, m)] == [State.FULFILLED]
    assert states(p, m) == [GiftState.KEPT]
    (used,) = benefits.uses(program_id=p, member_id=m)
    assert [part["whole"] for part in used.returned] == [False]


def test_an_empty_shelf_gives_nothing_and_is_tried_again() -> None:
    p = shop(WELCOME, stock=0)
    m = join(p)
    rise(p, m)
    assert had(p, m) == []
    assert states(p, m) == [GiftState.FAILED]
    rewards.restock(program_id=p, reward="mug", count=1, actor=ACTOR, reason="a box came")
    (gift,) = benefits.gifts(program_id=p, member_id=m)
    assert benefits.try_again(program_id=p, gift_id=gift.gift_id).state is GiftState.GIVEN
    assert [r.reward for r in had(p, m)] == ["mug"]


def test_a_use_that_is_undone_puts_its_reward_back() -> None:
    p = shop(SERVICE)
    m = join(p)
    done = use(p, m, "a-mug")
    assert [r.state for r in had(p, m)] == [State.REQUESTED]
    benefits.undo(program_id=p, use_id=done.use_id, reason="not wanted", actor=ACTOR)
    assert [r.state for r in had(p, m)] == [State.CANCELLED]
    assert taken(p) == 0
