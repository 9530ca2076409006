"""Many at once, with real commits."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from regulars.governance.identity import services as identity
from regulars.kernel.errors import Refusal
from regulars.people.care import services as care
from regulars.people.care.models import AssignmentRow
from regulars.people.members.terms import AlreadyMerged

pytestmark = pytest.mark.django_db(transaction=True)
A = "system:test"


def at_once(work, items, threads=8):
    def run(item):
        try:
            return work(item)
        except Refusal as no:
            return no.code
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, items))


def test_no_adviser_gets_more_members_than_she_has_room_for(program, someone, an_adviser):
    one, two = an_adviser(4), an_adviser(6)
    them = [someone() for _ in range(32)]

    def work(n):
        chosen = one.id if n % 2 else None
        return care.assign(
            program_id=program, member_id=them[n], kind="adviser", adviser_id=chosen, actor=A
        ).adviser.id

    got = at_once(work, range(32), threads=32)
    assert (got.count(one.id), got.count(two.id)) == (4, 6)
    assert set(got) - {one.id, two.id} == {"adviser_full", "no_adviser_free"} & set(got)
    assert care.discrepancies() == []


def test_one_member_given_to_many_at_once_ends_with_one_adviser(program, someone, an_adviser):
    ann, them = someone(), [an_adviser() for _ in range(6)]

    def work(n):
        return care.assign(program_id=program, member_id=ann, kind="adviser", adviser_id=them[n % 6].id, actor=A).id

    got = at_once(work, range(24))
    assert all(isinstance(one, int) for one in got), got
    assert AssignmentRow.objects.filter(until=None).count() == 1
    assert care.discrepancies() == []


def test_who_is_assigned_while_she_is_merged_is_never_left_in_care(program, someone, an_adviser):
    one = an_adviser(100)
    for _ in range(6):
        ann, bo = someone(), someone()

        def work(n, ann=ann, bo=bo):
            if n:
                return identity.merge(program_id=program, into=ann, from_=bo, reason="one", actor="staff:1")
            return care.assign(program_id=program, member_id=bo, kind="adviser", adviser_id=one.id, actor=A)

        at_once(work, range(2), threads=2)
        assert care.current(program_id=program, member_id=bo) == []
        with pytest.raises(AlreadyMerged):
            care.assign(program_id=program, member_id=bo, kind="adviser", adviser_id=one.id, actor=A)
    assert care.discrepancies() == []


def test_handing_over_while_others_assign_and_end_never_locks_in_a_ring(program, someone, an_adviser):
    one, two, three = an_adviser(40), an_adviser(40), an_adviser(40)
    them = [someone() for _ in range(12)]
    for member in them:
        care.assign(program_id=program, member_id=member, kind="adviser", adviser_id=one.id, actor=A)

    def work(n):
        if n % 6 == 0:
            return care.hand_over(program_id=program, adviser_id=[one, two, three][n % 3].id, actor=A)
        if n % 6 == 1:
            return care.end(program_id=program, member_id=them[n % 12], kind="adviser", actor=A)
        chosen = [None, two.id, three.id][n % 3]
        return care.assign(program_id=program, member_id=them[-n % 12], kind="adviser", adviser_id=chosen, actor=A)

    at_once(work, range(36))
    assert AssignmentRow.objects.filter(until=None).count() <= 12
    assert care.discrepancies() == []
