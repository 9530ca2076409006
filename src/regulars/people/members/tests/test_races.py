"""Threads with real commits."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection

from regulars.kernel.errors import Refusal
from regulars.people.members import services as members
from regulars.people.members.models import IdentifierRow, MemberRow
from regulars.people.members.terms import Claim, IdentifierType, Newcomer

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def claim(kind, value, verified=True):
    return Claim(type=IdentifierType(kind), value=value, verified_at=NOW if verified else None)


def at_once(do, jobs):
    def one(job):
        try:
            return do(job)
        except Refusal as no:
            return type(no).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(one, jobs))


def test_sixteen_tills_with_one_phone_make_one_member(program):
    def register(till):
        pair = [claim("phone", "13800138000"), claim("email", "ann@example.com")]
        return members.register(program_id=program, identifiers=pair[:: 1 if till % 2 else -1], actor=f"key:{till}")

    came = at_once(register, range(16))
    assert len({one.member_id for one in came}) == 1
    assert sum(one.created for one in came) == 1
    assert (MemberRow.objects.count(), IdentifierRow.objects.count()) == (1, 2)


def test_a_call_repeated_by_eight_tills_makes_one_member(program):
    came = at_once(
        lambda _: members.register(program_id=program, name="Ann", key_for_repeat="k", actor="key:1"), range(8)
    )
    assert len({one.member_id for one in came}) == MemberRow.objects.count() == 1


def test_an_import_and_tills_at_once_agree_on_who_holds_a_phone(program):
    def work(job):
        if job < 2:
            rows = [
                Newcomer(external=f"C{n}", claims=(Claim(type=IdentifierType.PHONE, value=f"138{n:08d}"),))
                for n in range(60)
            ]
            return len(members.register_many(program_id=program, rows=rows, actor="system:import"))
        return members.register(
            program_id=program, identifiers=[claim("phone", f"138{job * 5:08d}")], actor="key:1"
        ).member_id

    came = at_once(work, range(10))
    assert came[:2] == [60, 60]
    held = IdentifierRow.objects.filter(type="phone", verified_at__isnull=False, released_at=None)
    assert held.count() == held.values("blind").distinct().count() == 60
    assert IdentifierRow.objects.filter(type="external").count() == 60


def test_two_members_who_prove_one_phone_at_once_do_not_both_hold_it(program):
    from_two = [
        members.register(program_id=program, identifiers=[claim("phone", "13800138000", False)], actor="key:1")
        for _ in range(2)
    ]
    letters = []
    for one in from_two:
        made = members.send_code(
            program_id=program, member_id=one.member_id, identifier_id=one.pending[0].identifier_id
        )
        letters.append((one, members.code_delivery(program_id=program, code_id=made.code_id).code))

    def confirm(job):
        one, code = job
        return members.confirm_code(
            program_id=program,
            member_id=one.member_id,
            identifier_id=one.pending[0].identifier_id,
            code=code,
            actor="key:1",
        ).confirmed

    came = at_once(confirm, letters)
    assert came.count(True) == 1
    assert {str(c) for c in came} <= {"True", "HeldByAnother", "Busy"}
    assert len(members.lookup(program_id=program, type="phone", value="13800138000")) == 1


def test_wrong_codes_tried_at_once_get_five_tries_in_all(program):
    done = members.register(program_id=program, identifiers=[claim("phone", "13800138000", False)], actor="key:1")
    ask = {"program_id": program, "member_id": done.member_id, "identifier_id": done.pending[0].identifier_id}
    made = members.send_code(**ask)
    right = members.code_delivery(program_id=program, code_id=made.code_id).code
    wrong = [f"{n:06d}" for n in range(12) if f"{n:06d}" != right][:10]
    came = at_once(lambda code: members.confirm_code(**ask, code=code, actor="key:1").tries_left, wrong)
    assert sorted(str(c) for c in came) == ["0", "1", "2", "3", "4"] + ["NoCode"] * 5


def test_merges_both_ways_at_once_merge_once(program):
    a, b = (members.register(program_id=program, actor="key:1").member_id for _ in range(2))
    came = at_once(
        lambda pair: str(members.absorb(program_id=program, from_id=pair[0], into_id=pair[1])["moved"]),
        [(a, b), (b, a)] * 3,
    )
    assert came.count("[]") == 1
    assert came.count("AlreadyMerged") == 5
