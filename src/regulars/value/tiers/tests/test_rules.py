"""Levels by thresholds, and ladders as documents write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.value.tiers import rules
from regulars.value.tiers.terms import Ladder, Level

ENTERS = st.lists(st.integers(1, 10**6), min_size=1, max_size=8, unique=True).map(lambda e: [0, *sorted(e)])


def ladder(enters):
    levels = tuple(
        Level(key=f"l{n}", names={}, enter={"growth": e}, keep={"growth": e}) for n, e in enumerate(enters)
    )
    return Ladder(key="main", names={}, measures=("growth",), levels=levels)


@given(ENTERS, st.integers(-100, 2 * 10**6))
def test_a_level_is_the_highest_that_is_reached(enters, value):
    found = rules.level_of(ladder(enters), value)
    assert found.enter["growth"] == max([e for e in enters if e <= value], default=0)
    above = rules.next_of(ladder(enters), value)
    assert (above.enter["growth"] if above else None) == min([e for e in enters[1:] if e > value], default=None)


@given(ENTERS, st.integers(0, 10**6), st.integers(0, 10**6))
def test_more_growth_never_lowers(enters, value, more):
    higher = rules.level_of(ladder(enters), value + more).enter["growth"]
    assert rules.level_of(ladder(enters), value).enter["growth"] <= higher


@given(ENTERS)
def test_a_ladder_written_and_read_again_is_the_same(enters):
    once = rules.write((ladder(enters),))
    read, faults = rules.read(once)
    assert faults == []
    assert rules.write(read) == once


GOOD = {
    "key": "main",
    "measure": "growth",
    "levels": [{"key": "member", "enter": 0}, {"key": "gold", "name": {"en": "Gold"}, "enter": 100}],
}


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        ({"key": "MAIN"}, ["key"]),
        ({"measure": "points"}, ["measure"]),
        ({"measure": "miles"}, ["measure"]),
        ({"levels": []}, ["levels"]),
        ({"levels": 5}, ["levels"]),
        ({"levels": [{"key": "a", "enter": 0}]}, ["levels"]),
        ({"levels": [{"key": "a", "enter": 1}, {"key": "b", "enter": 2}]}, ["levels.0.enter"]),
        ({"levels": [{"key": "a", "enter": 0}, {"key": "b", "enter": 0}]}, ["levels.1.enter"]),
        ({"levels": [{"key": "a", "enter": 0}, {"key": "b"}]}, ["levels.1.enter", "levels.1.enter"]),
        ({"levels": [{"key": "a", "enter": 0}, {"key": "a", "enter": 5}]}, ["levels.1.key"]),
        ({"levels": [{"key": "a", "enter": 0}, {"key": "b", "enter": -5}]}, ["levels.1.enter", "levels.1.enter"]),
        ({"levels": [{"key": "a", "enter": 0}, {"key": "b", "enter": 5, "colour": "red"}]}, ["levels.1.colour"]),
        ({"levels": [{"key": f"l{n}", "enter": n} for n in range(10)]}, ["levels", "levels"]),
    ],
)
def test_every_fault_of_a_ladder_has_its_path(change, paths):
    units = [{"key": "growth", "kind": "measure"}, {"key": "points", "kind": "spendable"}]
    assert rules.read({"units": units, "ladders": [GOOD]})[1] == []
    faults = rules.read({"units": units, "ladders": [{**GOOD, **change}]})[1]
    assert sorted(p.removeprefix("ladders.0.") for p, _ in faults) == paths


def test_ladders_and_levels_are_named_once():
    paths = [p for p, _ in rules.read({"ladders": [GOOD, GOOD]})[1]]
    assert paths == ["ladders.1.key", "ladders.1.levels.0.key", "ladders.1.levels.1.key"]
