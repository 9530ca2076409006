"""Waiting lists and members who may not redeem: they are passed over, or wait no more."""

from __future__ import annotations

import pytest

from regulars.people.members import services as members
from regulars.people.members.terms import MemberStatus
from regulars.value.rewards import services as rewards
from regulars.value.rewards.terms import WaitState
from regulars.value.rewards.tests import house

pytestmark = pytest.mark.django_db


def test_who_may_not_redeem_is_passed_over_and_who_has_left_waits_no_more():
    """A piece was kept for hours for members who are suspended or gone, before those who could have had it."""
    shop = house.program(house.reward(stock=1, waiting_list={"hours": 3}))
    people = [house.member(shop, 500) for _ in range(5)]
    ada, gone, out, stays, last = people
    taken = house.redeem(shop, ada)
    for one in (gone, out, stays, last):
        rewards.join(program_id=shop, member_id=one, reward="mug", actor="a")

    def becomes(one, status):
        members.set_status(program_id=shop, member_id=one, status=status, reason="x", actor="staff:1")
        rewards.follow_member(program_id=shop, member_id=one)

    becomes(gone, MemberStatus.CLOSED)
    becomes(out, MemberStatus.SUSPENDED)
    rewards.cancel(program_id=shop, redemption_id=taken.redemption_id, actor="a")
    found = rewards.waits(program_id=shop, reward="mug")
    assert [(w.member_id, w.state) for w in found] == [
        (out, WaitState.WAITING), (stays, WaitState.OFFERED), (last, WaitState.WAITING),
    ]  # fmt: skip
    becomes(stays, MemberStatus.CLOSED)  # what was kept for her goes to the next
    becomes(last, MemberStatus.EARN_ONLY)
    (place,) = rewards.waits_of(program_id=shop, member_id=last)
    assert place.state is WaitState.OFFERED  # what she was offered before stays hers for its hours
    rewards.leave(program_id=shop, wait_id=place.wait_id, actor="a")
    assert rewards.waits_of(program_id=shop, member_id=out)[0].state is WaitState.WAITING
    becomes(out, MemberStatus.ACTIVE)  # and nobody else had it
    assert rewards.waits_of(program_id=shop, member_id=out)[0].state is WaitState.OFFERED
    assert rewards.discrepancies() == []
