"""Many people applying at once: real threads, real commits."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from django.db import connection

from regulars.governance.publishing import services as publishing
from regulars.governance.publishing.models import VersionRow
from regulars.governance.publishing.terms import VersionConflict
from regulars.kernel.errors import Busy

pytestmark = pytest.mark.django_db(transaction=True)
TEXT = publishing.blueprint(key="online-retail").text


def at_once(tasks):
    def run(task):
        try:
            for _ in range(20):
                with suppress(Busy):  # on a loaded machine the last in the queue may wait too long
                    return task()
            return task()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def test_eight_different_documents_at_once_get_eight_numbers():
    made = publishing.apply(document=TEXT, actor="staff:0")
    texts = [TEXT.replace("points: 1\n", f"points: {n}\n", 1) for n in range(2, 10)]
    done = at_once([lambda t=t, n=n: publishing.apply(document=t, actor=f"staff:{n}") for n, t in enumerate(texts)])
    assert sorted(v.number for v in done) == list(range(2, 10))
    numbers = (
        VersionRow.objects.filter(program_id=made.program_id).order_by("number").values_list("number", flat=True)
    )
    assert list(numbers) == list(range(1, 10))
    last = max(done, key=lambda v: v.number)
    assert publishing.current(program_id=made.program_id).digest == last.digest


def test_the_same_new_program_told_by_eight_at_once_is_made_once():
    done = at_once([lambda: publishing.apply(document=TEXT, actor="staff:1") for _ in range(8)])
    assert [v.number for v in done] == [1] * 8
    assert sorted(v.unchanged for v in done) == [False] + [True] * 7
    assert VersionRow.objects.count() == 1


def test_of_eight_who_looked_at_the_same_version_one_wins():
    publishing.apply(document=TEXT, actor="staff:0")
    texts = [TEXT.replace("points: 1\n", f"points: {n}\n", 1) for n in range(2, 10)]
    done = at_once([lambda t=t: publishing.apply(document=t, actor="staff:1", expected_version=1) for t in texts])
    assert sum(isinstance(v, VersionConflict) for v in done) == 7
    assert VersionRow.objects.count() == 2
