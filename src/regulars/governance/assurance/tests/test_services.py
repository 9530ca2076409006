"""Proofs are remembered, run one at a time, and find what is broken."""

import threading

import pytest
from django.db import connection, transaction

from regulars.governance.assurance import services as assurance
from regulars.governance.assurance.models import RunRow
from regulars.governance.assurance.terms import AlreadyRunning, NoRun, RunState
from regulars.kernel import clock

pytestmark = pytest.mark.django_db


def test_a_clean_house_has_no_findings():
    assert assurance.discrepancies() == []
    run = assurance.work(run_id=assurance.begin(program_id=None, actor="system:test").id)
    assert (run.state, run.count, run.findings) == (RunState.CLEAN, 0, ())


def test_a_proof_says_when_it_ended():
    with pytest.raises(Exception, match="A1_a_finished_proof"), transaction.atomic():
        RunRow.objects.create(state="running", started_at=clock.now(), finished_at=clock.now(), actor="system:test")
    run = assurance.work(run_id=assurance.begin(program_id=None, actor="system:test").id)
    assert run.finished_at is not None


def test_a_second_proof_waits_for_the_first():
    run = assurance.begin(program_id=None, actor="system:test")
    with pytest.raises(AlreadyRunning):
        assurance.begin(program_id=None, actor="system:test")
    assurance.work(run_id=run.id)
    assert assurance.work(run_id=run.id).state == RunState.CLEAN
    assert assurance.begin(program_id=None, actor="system:test").id != run.id


def test_an_unknown_proof_is_refused():
    with pytest.raises(NoRun):
        assurance.work(run_id=0)


@pytest.mark.django_db(transaction=True)
def test_two_proofs_begun_at_once_are_one():
    refused = []

    def begin():
        try:
            assurance.begin(program_id=None, actor="system:test")
        except AlreadyRunning:
            refused.append(1)
        finally:
            connection.close()

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(refused), RunRow.objects.count()) == (7, 1)
