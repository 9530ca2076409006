"""Reviews and purchases of one member at the same time: whoever reviews last has seen everything."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from django.db import connection

from regulars.value.tiers import services as tiers
from regulars.value.tiers.models import MoveRow
from regulars.value.tiers.tests.growing import grow, join, publish

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(tasks):
    def run(task):
        try:
            return task()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(run, tasks))


def test_eight_tills_reviewing_one_member_leave_her_where_her_growth_is():
    program_id = publish()
    member_id = join(program_id)

    def buys():
        grow(program_id, member_id, 70)
        tiers.review(program_id=program_id, member_ids=[member_id], cause="order")

    at_once([buys] * 8)
    assert tiers.standing(program_id=program_id, member_id=member_id).level == "gold"
    assert tiers.discrepancies(program_id) == []
    steps = [(m.from_level, m.to_level) for m in MoveRow.objects.order_by("id")]
    assert all(a[1] == b[0] for a, b in pairwise(steps)), "the history has no gap"


def test_overlapping_reviews_in_other_orders_never_deadlock():
    program_id = publish()
    members = [join(program_id) for _ in range(12)]
    for n, member_id in enumerate(members):
        grow(program_id, member_id, 60 * n + 1)
    tasks = []
    for n in range(16):
        mine = members[n % 5 :] if n % 2 else list(reversed(members[: 12 - n % 5]))
        tasks.append(lambda mine=mine: tiers.review(program_id=program_id, member_ids=mine))
    tasks += [lambda: tiers.review_all(program_id=program_id, batch=3)] * 4
    at_once(tasks)
    assert tiers.discrepancies(program_id) == []
    assert MoveRow.objects.count() == sum(60 * n + 1 >= 100 for n in range(12))
