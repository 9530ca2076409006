"""Whether the house says truly how it is."""

import re

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from regulars.interfaces import health, tally
from regulars.kernel import outbox
from regulars.kernel.tests.test_outbox import visited


@pytest.fixture
def client():
    return Client()


def test_the_process_is_alive_without_a_database(client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_a_migrated_house_is_ready(client):
    assert client.get("/readyz").json()["ready"] is True


@pytest.mark.django_db
def test_a_house_with_waiting_migrations_is_not_ready(client):
    with connection.cursor() as cursor:
        cursor.execute("delete from django_migrations where app = 'kernel'")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "regulars migrate" in answer.json()["because"]


@pytest.mark.django_db
def test_a_house_without_its_database_is_not_ready_and_says_so_in_its_metrics(client, monkeypatch):
    def gone(*_args, **_more):
        raise DatabaseError("gone")

    monkeypatch.setattr(health, "MigrationExecutor", gone)
    monkeypatch.setattr(health.outbox, "health", gone)
    assert client.get("/readyz").status_code == 503
    assert "regulars_database_up 0" in client.get("/metrics").content.decode()


@pytest.mark.django_db
def test_metrics_tell_what_waits_in_the_outbox(client):
    with transaction.atomic():
        outbox.announce_all([visited(1), visited(2)], program_id=1)
    text = client.get("/metrics").content.decode()
    assert 'regulars_outbox_waiting{kind="Visited"} 2' in text
    assert "regulars_outbox_dead 0" in text
    for line in text.splitlines():
        assert re.fullmatch(r'# (HELP|TYPE) .+|[a-z_]+(\{[a-z]+="[^"]*"(,le="[^"]+")?\})? [0-9.e+-]+', line), line


def test_every_answer_carries_a_request_id_and_keeps_a_good_one(client):
    assert re.fullmatch(r"[0-9a-f]{32}", client.get("/healthz")["X-Request-ID"])
    assert client.get("/healthz", headers={"X-Request-ID": "till-7.order_9"})["X-Request-ID"] == "till-7.order_9"
    assert client.get("/healthz", headers={"X-Request-ID": "x\n<script>"})["X-Request-ID"] != "x\n<script>"


def test_counts_of_several_processes_are_added_up(tmp_path, monkeypatch):
    monkeypatch.setenv("REGULARS_TALLY", str(tmp_path))
    for pid in (101, 102):
        monkeypatch.setattr(tally.os, "getpid", lambda pid=pid: pid)
        tally.count(201, 0.004)
        tally.count(404, 0.3)
        tally.count(500, 9)
    (tmp_path / "103.tally").write_bytes(b"torn")
    lines = tally.prometheus()
    name = "regulars_http_request_seconds"
    assert f'{name}_bucket{{status="2xx",le="0.005"}} 2' in lines
    assert f'{name}_bucket{{status="4xx",le="0.25"}} 0' in lines
    assert f'{name}_bucket{{status="4xx",le="0.5"}} 2' in lines
    assert f'{name}_bucket{{status="5xx",le="5"}} 0' in lines
    assert f'{name}_bucket{{status="5xx",le="+Inf"}} 2' in lines
    assert f'{name}_sum{{status="5xx"}} 18' in lines
