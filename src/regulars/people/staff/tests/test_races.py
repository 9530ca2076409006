"""Owners who leave at once: one always stays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from django.db import connection

from regulars.kernel.errors import Refusal
from regulars.people.staff import services as staff
from regulars.people.staff.models import GrantRow, StaffUser
from regulars.people.staff.terms import EmailTaken, LastOwner
from regulars.people.staff.tests.helpers import SYSTEM, granted, person, program

pytestmark = pytest.mark.django_db(transaction=True)


def together(calls):
    ready = Barrier(len(calls))

    def run(call):
        try:
            ready.wait(10)
            return call()
        except Refusal as no:
            return no
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as people:
        return list(people.map(run, calls))


def owners(program_id):
    return GrantRow.objects.filter(program_id=program_id, role="owner", store_id=None, user__is_active=True).count()


def leave(who, grant_id, way):
    if way:
        return staff.revoke(grant_id=grant_id, actor=SYSTEM)
    return staff.change_person(user_id=who.id, is_active=False, actor=SYSTEM)


def test_eight_owners_leave_at_once_and_one_stays():
    for turn in range(3):
        town = program(f"town{turn}")
        people = [granted(f"o{turn}-{n}", "owner", town.id) for n in range(8)]
        of = {g.user_id: g.id for g in staff.grants(program_id=town.id)}
        results = together([partial(leave, p, of[p.id], n % 2) for n, p in enumerate(people)])
        assert sum(isinstance(r, LastOwner) for r in results) == 1
        assert owners(town.id) == 1


def test_two_owners_remove_each_other_and_one_stays():
    town = program()
    a, b = granted("a", "owner", town.id), granted("b", "owner", town.id)
    of = {g.user_id: g.id for g in staff.grants(program_id=town.id)}
    together(
        [
            lambda: staff.revoke(grant_id=of[a.id], actor=b.actor),
            lambda: staff.revoke(grant_id=of[b.id], actor=a.actor),
        ]
    )
    assert owners(town.id) == 1


def test_one_grant_given_by_eight_at_once_is_one():
    town, who = program(), person("who")
    results = together([lambda: staff.grant(user_id=who.id, role="cashier", program_id=town.id, actor=SYSTEM)] * 8)
    assert len({r.id for r in results}) == GrantRow.objects.count() == 1


def test_one_person_added_by_eight_at_once_is_one():
    results = together([lambda: person("same")] * 8)
    assert sum(isinstance(r, EmailTaken) for r in results) == 7
    assert StaffUser.objects.count() == 1
