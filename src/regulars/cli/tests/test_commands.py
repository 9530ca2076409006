"""What the command line promises: statuses, one-line refusals, answers for programs, and a clean end."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass

import pytest
from click.testing import CliRunner
from django.db import transaction
from tests.addresses import address

from regulars import cli
from regulars.cli import doctor
from regulars.kernel import outbox
from regulars.kernel.models import FactRow


def run(*words):
    return CliRunner().invoke(cli.regulars, words)


def test_help_names_every_command_that_is_there():
    said = run("--help").output
    for name in ("demo", "serve", "worker", "migrate", "doctor", "catch-up", "verify"):
        assert re.search(rf"^  {name}\s+[A-Z]", said, re.M)


@pytest.mark.parametrize(
    "words", [["bogus"], ["serve", "--port", "0"], ["catch-up", "--from", "yesterday"], ["--nonsense"]]
)
def test_bad_usage_is_status_two_without_a_traceback(words):
    done = run(*words)
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_a_refusal_is_one_line_and_status_one(monkeypatch, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(sys, "argv", ["regulars", "serve", "--port", str(taken.getsockname()[1])])
        with pytest.raises(SystemExit) as end:
            cli.main()
    assert end.value.code == 1
    assert re.fullmatch(r"port_taken: 127\.0\.0\.1:\d+ cannot be listened on: .*\n", capsys.readouterr().err)


def test_demo_refuses_a_database_that_is_not_its_own(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://shop@db/shop")
    done = run("demo", "--reset")
    assert done.exit_code == 1
    assert type(done.exception).__name__ == "NotForDemo"


@pytest.mark.django_db
class TestDoctor:
    def test_a_healthy_house_is_status_zero_and_says_what_production_lacks(self):
        done = run("doctor", "--json")
        report = json.loads(done.stdout)
        assert (done.exit_code, report["healthy"]) == (0, True)
        states = {f["what"]: f["state"] for f in report["findings"]}
        assert (states["database"], states["migrations"], states["clock"]) == ("ok", "ok", "ok")
        assert {s["name"] for s in report["settings"]} == set(doctor.SETTINGS)

    def test_a_skewed_clock_is_status_one(self, monkeypatch):
        monkeypatch.setattr(doctor, "MOST_SKEW_SECONDS", -1)
        done = run("doctor")
        assert done.exit_code == 1
        assert re.search(r"broken +clock: ", done.output)

    def test_a_misspelt_setting_is_named(self, monkeypatch):
        monkeypatch.setenv("REGULARS_EMIAL_URL", "smtp://x")
        assert "REGULARS_EMIAL_URL: is no setting of ours" in run("doctor").output

    def test_secrets_are_not_shown(self, monkeypatch):
        monkeypatch.setenv("REGULARS_EMAIL_URL", "smtp://shop:hunter2@mail.example")
        assert "hunter2" not in run("doctor").output


@pytest.mark.django_db(transaction=True)
def test_worker_once_delivers_what_waits_and_leaves():
    with transaction.atomic():
        outbox.announce(Happened(), program_id=1)
    done = run("worker", "--once")
    assert done.exit_code == 0
    assert done.output == "1 facts delivered.\n"
    assert FactRow.objects.get().tries == 1


@dataclass(frozen=True)
class Happened:
    x: int = 1


@pytest.fixture
def start():
    """Starts commands on the test's database, and ends those that a failed test left behind."""
    started = []

    def begin(*words):
        started.append(_start(*words))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def _start(*words):
    keys = {"REGULARS_MASTER_KEY": "a" * 64, "REGULARS_SECRET_KEY": "b" * 64, "REGULARS_REQUIRE_2FA": "0"}
    return subprocess.Popen(
        [sys.executable, "-m", "regulars.cli", *words],
        env={**os.environ, "DATABASE_URL": address(), **keys},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_told_to_stop_ends_cleanly(number, start):
    worker = start("worker")
    assert "Regulars works" in worker.stdout.readline()
    time.sleep(0.5)
    worker.send_signal(number)
    said, _ = worker.communicate(timeout=25)
    assert worker.returncode == 0
    assert said.strip().splitlines()[-1] == "Regulars has stopped working."
    assert "Traceback" not in said


@pytest.mark.django_db(transaction=True)
def test_a_server_answers_counts_and_ends_cleanly(start):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = start("serve", "--port", str(port))
    try:
        assert f"http://127.0.0.1:{port}" in server.stdout.readline()
        deadline = time.monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
                    assert answer.read() == b"ok\n"
                    assert answer.headers["Content-Length"] == "3"  # sent whole, not in pieces
                    break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            metrics = answer.read().decode()
        assert re.search(r'regulars_http_request_seconds_count\{status="2xx"\} [1-9]', metrics)
        assert re.search(r"^regulars_process_threads 2$", metrics, re.M)  # it has the settings of one who serves
    finally:
        server.send_signal(signal.SIGTERM)
        said, _ = server.communicate(timeout=40)
    assert server.returncode == 0
    assert "Traceback" not in said
