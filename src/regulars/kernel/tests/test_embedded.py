"""The embedded PostgreSQL: shared by processes, started again after a kill, gone after the last one."""

import json
import os
import subprocess
import sys

import psutil
import pytest

from regulars.kernel import postgres

HOLD = "from regulars.kernel import postgres; print(postgres.start_embedded(), flush=True); input()"


@pytest.fixture
def start(tmp_path):
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    environment["REGULARS_HOME"] = str(tmp_path)
    started = []

    def begin():
        pipe = subprocess.PIPE
        process = subprocess.Popen([sys.executable, "-c", HOLD], env=environment, stdin=pipe, stdout=pipe, text=True)
        started.append(process)
        assert process.stdout.readline().startswith("postgresql://")
        return process

    yield begin
    for process in started:
        process.communicate("\n") if process.poll() is None else process.stdout.close()


def postmaster(tmp_path):
    return int((tmp_path / "postgres" / "postmaster.pid").read_text().split()[0])


def test_a_server_is_shared_survives_a_kill_and_ends_with_its_last_user(start, tmp_path):
    first, second = start(), start()
    server = postmaster(tmp_path)
    first.kill()
    first.wait()
    assert postgres._is_alive(server)
    third = start()
    assert postmaster(tmp_path) == server
    third.communicate("\n")
    assert postgres._is_alive(server)
    second.communicate("\n")
    assert not postgres._is_alive(server)


def test_a_server_that_was_killed_itself_comes_back_with_its_data(start, tmp_path):
    first = start()
    for process in [psutil.Process(postmaster(tmp_path)), first]:
        process.kill()
        process.wait()
    (tmp_path / "postgres" / ".handle_pids.json").write_text("[12")
    second = start()
    assert postgres._is_alive(postmaster(tmp_path))
    assert json.loads((tmp_path / "postgres" / ".handle_pids.json").read_text()) == [second.pid]
