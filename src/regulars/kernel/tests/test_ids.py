"""Ids sort by their making, and are UUIDs of version 7 like any other."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from uuid import RFC_4122, UUID

from regulars.kernel import clock, ids


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
