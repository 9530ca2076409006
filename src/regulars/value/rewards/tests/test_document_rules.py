"""What a document may say of rewards: every fault with its path, one canonical form, and what takes something away."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.value.rewards.rules import comparing, document, judging, writing
from regulars.value.rewards.terms import Kind, Price, Reward, State

KNOWN = {
    "program": {"currency": "GBP"},
    "units": [{"key": "points"}, {"key": "growth", "kind": "measure"}],
    "stores": [{"key": "north"}],
    "audiences": [{"key": "friends"}],
    "coupon_templates": [{"key": "ten"}],
    "ladders": [{"key": "club", "levels": [{"key": "gold"}]}],
}
MUG = {"key": "mug", "price": {"units": {"points": 5}}}


def read(*entries):
    return document.read({**KNOWN, "rewards": list(entries)})


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"kind": "lottery"}, "kind"),
        ({"price": {}}, "price.0"),
        ({"price": {"units": {"growth": 5}}}, "price.0.units.growth"),
        ({"price": {"units": {"points": 0}}}, "price.0.units.points"),
        ({"price": {"amount": "1.999"}}, "price.0.amount"),
        ({"price": []}, "price"),
        ({"price": [{"key": "a", "units": {"points": 1}}] * 2}, "price"),
        ({"price_by_level": {"club/lead": {"units": {"points": 5}}}}, "price_by_level.club/lead"),
        ({"stock": -1}, "stock"),
        ({"per_member": {"period": "month"}}, "per_member.times"),
        ({"per_member": {"times": 1, "period": "fortnight"}}, "per_member.period"),
        ({"levels": ["gold"]}, "levels.0"),
        ({"audiences": ["foes"]}, "audiences.0"),
        ({"stores": ["south"]}, "stores.0"),
        ({"starts": "2026-02-02", "ends": "2026-02-01"}, "ends"),
        ({"kind": "coupon"}, "gives"),
        ({"gives": {"template": "ten"}}, "gives"),
        ({"kind": "coupon", "gives": {"template": "twenty"}}, "gives.template"),
        ({"kind": "donation"}, "cause"),
        ({"kind": "donation", "cause": {}}, "cause.name"),
        ({"kind": "digital_code", "stock": 4}, "stock"),
        ({"kind": "digital_code", "fulfilment": {"by": "ship"}}, "fulfilment.by"),
        ({"fulfilment": {"by": "ship", "fetch_days": 2}}, "fulfilment.fetch_days"),
        ({"sessions": [{"key": "a", "starts": "2026-02-02T10:00", "seats": 1}]}, "sessions"),
        ({"kind": "experience", "sessions": [{"key": "a", "starts": "tomorrow", "seats": 1}]}, "sessions.0.starts"),
        ({"kind": "experience", "sessions": [{"key": "a", "starts": "2026-02-02T10:00"}]}, "sessions.0.seats"),
        ({"waiting_list": True}, "waiting_list"),
        ({"stock": 1, "waiting_list": {"hours": 0}}, "waiting_list.hours"),
        ({"auto": {"unit": "stars", "at": 5}}, "auto.unit"),
        ({"auto": {"unit": "points", "at": 5}, "price": {"amount": "2"}}, "auto"),
        ({"cancel": {"until": "forever"}}, "cancel.until"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_every_fault_has_its_path(more, path):
    _, faults = read({**MUG, **more})
    assert [p for p, _ in faults] == [f"rewards.0.{path}"]


def test_two_rewards_cannot_share_a_key():
    assert [p for p, _ in read(MUG, MUG)[1]] == ["rewards.1.key"]


PRICES = st.lists(
    st.fixed_dictionaries(
        {"units": st.just({"points": 3})} | {}, optional={"amount": st.sampled_from(["0.01", "9.90", "100"])}
    ),
    min_size=1,
    max_size=3,
)
ENTRIES = st.fixed_dictionaries(
    {"key": st.just("mug"), "price": PRICES},
    optional={
        "name": st.sampled_from([{"en": "A mug"}, {"en": "A mug", "zh-Hans": "马克杯"}]),
        "note": st.sampled_from(["why", "because"]),
        "stock": st.integers(0, 10**6),
        "per_member": st.sampled_from([{"times": 2, "period": "month"}, {"times": 1, "period": "lifetime"}]),
        "levels": st.just(["club/gold"]),
        "price_by_level": st.just({"club/gold": [{"units": {"points": 1}}]}),
        "starts": st.just("2026-01-01"),
        "fulfilment": st.sampled_from([{"by": "ship", "within_days": 3}, {"fetch_days": 7, "give_back": False}]),
        "cancel": st.sampled_from([{"until": "never"}, {"hours": 5}]),
        "pay_within_hours": st.sampled_from([2, 48]),
    },
)


@given(ENTRIES)
def test_what_is_written_reads_as_it_was(entry):
    found, faults = read(entry)
    assert faults == []
    told = writing.write(found, decimals=2)
    again, faults = document.read({**KNOWN, **told})
    assert faults == []
    assert again == found
    assert writing.write(again, decimals=2) == told


@given(st.integers(0, 10**9), st.integers(0, 3))
def test_money_is_written_exactly(minor, decimals):
    text = writing.money_text(minor, decimals)
    assert Decimal(text).scaleb(decimals) == minor


def reward(**more):
    return Reward(key="mug", prices=(Price(key="1", units={"points": 100}, minor=50),), **more)


@given(st.integers(1, 300), st.integers(0, 100))
def test_a_dearer_price_takes_something_away_and_a_cheaper_one_does_not(points, minor):
    after = Reward(key="mug", prices=(Price(key="x", units={"points": points}, minor=minor),))
    assert comparing.takes_away(reward(), after) == (points > 100 or minor > 50)
    assert not comparing.takes_away(after, after)


def test_fewer_members_and_shorter_times_take_something_away():
    assert comparing.takes_away(reward(), reward(levels=("club/gold",)))
    assert not comparing.takes_away(reward(levels=("club/gold",)), reward())
    assert comparing.takes_away(reward(levels=("club/gold", "club/basic")), reward(levels=("club/gold",)))


@given(st.sampled_from(State), st.sampled_from(State), st.sampled_from(Kind))
def test_nothing_follows_an_end(now, then, kind):
    found = Reward(key="x", kind=kind)
    if now not in judging.OPEN:
        assert not judging.may_follow(found, now, then)
    assert not judging.may_follow(found, now, now)


@given(st.permutations([State.REQUESTED, State.ACCEPTED, State.READY, State.FULFILLED]))
def test_a_way_through_the_states_only_goes_forward(order):
    found = Reward(key="x")
    ranks = [State.REQUESTED, State.ACCEPTED, State.READY, State.FULFILLED]
    for now, then in pairwise(order):
        assert judging.may_follow(found, now, then) == (ranks.index(then) > ranks.index(now))
