from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from regulars.governance.identity import services as identity
from regulars.people.audiences import services as audiences
from regulars.people.audiences.models import MembershipRow

pytestmark = pytest.mark.django_db(transaction=True)


def in_threads(work, items, at_once=8):
    def run(item):
        try:
            return work(item)
        finally:
            connection.close()

    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(run, items))


def test_eight_batches_at_once_are_counted_exactly(program, someone):
    them = [someone()[1] for _ in range(20)]

    def work(n):
        if n % 3 == 2:
            return -audiences.remove(program_id=program, key="spring", refs=them[:5], source="api").removed
        refs = them if n % 2 else them[::-1]
        return audiences.add(program_id=program, key="spring", refs=refs, source="api", actor="key:1").added

    moved = sum(in_threads(work, range(24)))
    assert audiences.get(program_id=program, key="spring").members == moved
    assert MembershipRow.objects.filter(removed_at=None).count() == moved
    assert audiences.discrepancies() == []


def test_who_is_added_while_she_is_merged_is_found_on_the_person(program, someone):
    for _ in range(6):
        (ann, _), (bo, b) = someone(), someone()

        def work(n, ann=ann, bo=bo, b=b):
            if n == 0:
                return identity.merge(program_id=program, into=ann, from_=bo, reason="one", actor="staff:1")
            return audiences.add(program_id=program, key="spring", refs=[b], source="api", actor="key:1")

        in_threads(work, range(2), at_once=2)
        assert (audiences.of(ann), audiences.of(bo)) == ({"spring"}, frozenset())
    assert audiences.discrepancies() == []
