"""Two workers at once, and workers that are killed: every effect takes place once."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, transaction

from regulars.kernel import outbox
from regulars.kernel.models import FactRow
from regulars.kernel.outbox import Reaction
from regulars.kernel.tests.test_outbox import Visited, visited

pytestmark = pytest.mark.django_db(transaction=True)


def effect(event: Visited, program_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("insert into effect values (%s)", [event.member_id.int])


@pytest.fixture
def effects():
    with connection.cursor() as cursor:
        cursor.execute("create table effect (n int)")
    yield lambda: sorted(n for (n,) in _rows("select n from effect"))
    with connection.cursor() as cursor:
        cursor.execute("drop table effect")


def _rows(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def announce(count):
    with transaction.atomic():
        outbox.announce_all([visited(n) for n in range(count)], program_id=7)


def test_four_workers_share_the_facts_and_each_takes_effect_once(effects):
    announce(200)
    start = Barrier(4)

    def work(_):
        try:
            start.wait()
            done = 0
            while step := outbox.deliver_batch([Reaction(Visited, "count", effect)], limit=10):
                done += step
            return done
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        shares = list(pool.map(work, range(4)))
    assert sum(shares) == 200
    assert effects() == list(range(200))
    assert not FactRow.objects.filter(done_at=None).exists()


def test_a_fact_that_commits_late_with_an_early_id_is_not_lost(effects):
    announced, go = Barrier(2), Barrier(2)

    def slow_writer():
        try:
            with transaction.atomic():
                outbox.announce(visited(1), program_id=7)
                announced.wait()
                go.wait()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(slow_writer)
        announced.wait()
        with transaction.atomic():
            outbox.announce(visited(2), program_id=7)
        assert outbox.deliver_batch([Reaction(Visited, "count", effect)]) == 1
        go.wait()
        slow.result()
    assert outbox.deliver_batch([Reaction(Visited, "count", effect)]) == 1
    assert effects() == [1, 2]


WORKER = """
import django; django.setup()
from django.db import connection
connection.settings_dict["NAME"] = {name!r}
from regulars.kernel import outbox
from regulars.kernel.outbox import Reaction
from regulars.kernel.tests.test_outbox import Visited
from regulars.kernel.tests.test_outbox_races import effect
print("ready", flush=True)
while outbox.deliver_batch([Reaction(Visited, "count", effect)], limit=5): pass
"""


def test_workers_that_are_killed_lose_nothing_and_repeat_nothing(effects):
    announce(1_500)
    script = textwrap.dedent(WORKER).format(name=connection.settings_dict["NAME"])
    environment = {"DJANGO_SETTINGS_MODULE": "regulars.settings", **os.environ}
    for pause in (0.02, 0.1, 0.25):
        worker = subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE)
        assert worker.stdout.readline() == b"ready\n"
        time.sleep(pause)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        worker.stdout.close()
    before = len(effects())
    while outbox.deliver_batch([Reaction(Visited, "count", effect)]):
        pass
    assert before > 0
    assert effects() == list(range(1_500))
