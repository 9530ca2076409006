"""Ids sort by their making, and are UUIDs of version 7 like any other."""

from __future__ import annotations

import pickle
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import RFC_4122, UUID

import pytest

from regulars.kernel import clock, ids
from regulars.kernel.errors import NotFound

HOUSE = Path(ids.__file__).parents[1]


def test_later_ids_sort_later_and_none_comes_twice():
    made = [ids.new_id() for _ in range(5_000)]
    assert made == sorted(made)
    with ThreadPoolExecutor(4) as pool:
        others = [one for part in pool.map(lambda _: [ids.new_id() for _ in range(1_000)], range(4)) for one in part]
    assert len({*made, *others}) == 9_000


def test_an_id_is_a_uuid_of_version_7_of_this_moment():
    before = clock.machine_ms()
    made = ids.new_id()
    assert (made.version, made.variant) == (7, RFC_4122)
    assert before <= made.int >> 80 < before + 60_000
    assert {made: 1}[UUID(str(made))] == 1
    assert pickle.loads(pickle.dumps(made)) == made
    assert ids.decode("ord", ids.encode("ord", made)) == made


def test_an_id_that_is_none_is_refused_with_the_word_for_what_it_names():
    with pytest.raises(NotFound, match=r"^There is no coupon batch with this id; one looks like cpb_…\.$"):
        ids.decode("cpb", ids.encode("cpn", ids.new_id()))
    with pytest.raises(NotFound, match="no member"):
        ids.decode("mem", "M1")


def test_every_prefix_of_the_house_has_a_word_and_no_two_the_same():
    told = "\n".join(path.read_text() for path in sorted(HOUSE.rglob("*.py")) if "tests" not in path.parts)
    shapes = (r'PREFIX = "([a-z]{3})"', r'ids\.(?:en|de)code\(\s*"([a-z]{3})"', r"`([a-z]{3})_…`")
    used = {prefix for shape in shapes for prefix in re.findall(shape, told)}
    assert len(used) > 25
    assert used - set(ids.NAMES) == set()
    assert set(ids.NAMES) - used == set()
    assert len(set(ids.NAMES.values())) == len(ids.NAMES)
