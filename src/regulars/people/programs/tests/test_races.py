"""Several people change one program at once; what one process remembers is never a lie of its own making."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from regulars.kernel.errors import Invalid
from regulars.people.programs import services
from regulars.people.programs.models import ProgramRow, StoreRow
from regulars.people.programs.terms import KeyTaken
from regulars.people.programs.tests.test_services import a_program, a_store

pytestmark = pytest.mark.django_db(transaction=True)


def together(*calls):
    def run(call):
        try:
            return call()
        except (Invalid, KeyTaken) as no:
            return no
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as people:
        return list(people.map(run, calls))


def test_two_people_who_put_each_region_below_the_other_never_make_a_circle():
    town = a_program()
    for _ in range(5):
        for key in ("a", "b"):
            a_store(town, key, kind="region")
        results = together(lambda: a_store(town, "a", "b", "region"), lambda: a_store(town, "b", "a", "region"))
        assert sum(isinstance(r, Invalid) for r in results) == 1
        assert sorted(StoreRow.objects.values_list("path", flat=True)) in (["/a/", "/a/b/"], ["/b/", "/b/a/"])


def test_eight_people_make_the_same_program_and_one_does():
    results = together(*[lambda: a_program("same")] * 8)
    assert sum(isinstance(r, KeyTaken) for r in results) == 7
    assert ProgramRow.objects.count() == 1


def test_a_change_is_seen_at_once_by_the_process_that_made_it():
    town = a_program()
    a_store(town, "s", zone="Asia/Shanghai")
    assert services.store(program_id=town.id, key="s").zone == "Asia/Shanghai"
    a_store(town, "s", zone="Asia/Tokyo")
    assert services.store(program_id=town.id, key="s").zone == "Asia/Tokyo"


def test_what_was_rolled_back_is_not_remembered():
    town = a_program()
    services.by_id(program_id=town.id)
    with pytest.raises(RuntimeError), transaction.atomic():
        services.set_current_version(program_id=town.id, version=9)
        assert services.by_id(program_id=town.id).current_version == 9
        raise RuntimeError
    assert services.by_id(program_id=town.id).current_version == 0


def test_a_store_is_read_once_and_then_remembered(django_assert_num_queries):
    town = a_program()
    a_store(town, "s")
    services.store(program_id=town.id, key="s")
    with django_assert_num_queries(0):
        services.store(program_id=town.id, key="s")
