"""A whole installation in processes of its own: a private database, `regulars serve`, `regulars worker`."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import psycopg
from django.conf import settings

from tests.addresses import address


class House:
    """Processes that can be killed and started again over one database."""

    def __init__(self, *, url: str, home: Path) -> None:
        self.port = _free_port()
        self.environment = {
            **os.environ,
            "DATABASE_URL": url,
            "REGULARS_HOME": str(home),
            "REGULARS_SECRET_KEY": secrets.token_hex(32),
            "REGULARS_MASTER_KEY": secrets.token_hex(32),
            "REGULARS_LOG_LEVEL": "error",
        }
        self.environment.pop("REGULARS_TEST_DB", None)
        self.url = url
        self.log = (home / "processes.log").open("ab")
        self.server: subprocess.Popen[bytes] | None = None
        self.worker: subprocess.Popen[bytes] | None = None

    def run(self, *words: str, text: str = "") -> str:
        """Run a command of ours to its end; its output."""
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "regulars.cli", *words],
            env=self.environment,
            input=text.encode(),
            capture_output=True,
            timeout=300,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"regulars {' '.join(words)}: {done.stderr.decode()} {done.stdout.decode()}")
        return done.stdout.decode()

    def python(self, code: str) -> str:
        """Run a few lines inside the house (Django set up); its output."""
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", "import regulars.wsgi\n" + code],
            env=self.environment,
            capture_output=True,
            timeout=300,
            check=False,
        )
        if done.returncode:
            raise AssertionError(done.stderr.decode())
        return done.stdout.decode()

    def serve(self, *, workers: int = 1) -> None:
        self.server = self._start("serve", "--port", str(self.port), "--workers", str(workers))
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("the server did not become ready")

    def work(self) -> None:
        self.worker = self._start("worker")

    def kill(self, process: subprocess.Popen[bytes] | None) -> None:
        """End a process and its children at once, as a power cut would."""
        if process is not None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """One HTTP call: status and JSON; OSError when the server is gone."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=orjson.dumps(body) if body is not None else None,
            method=method,
            headers={"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, orjson.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refused:
            return refused.code, orjson.loads(refused.read() or b"null")

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "regulars.cli", *words],
            env=self.environment,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )


@contextmanager
def house(home: Path) -> Iterator[House]:
    """A migrated house over a fresh database beside the test database, torn down at the end."""
    name = f"house_{secrets.token_hex(4)}"
    with psycopg.connect(address("postgres", said=settings.DATABASES["default"]), autocommit=True) as admin:
        admin.execute(f'create database "{name}"')
    built = House(url=address(name, said=settings.DATABASES["default"]), home=home)
    try:
        built.run("migrate")
        yield built
    finally:
        for process in (built.server, built.worker):
            if process is not None and process.poll() is None:
                built.kill(process)
        with psycopg.connect(address("postgres", said=settings.DATABASES["default"]), autocommit=True) as admin:
            admin.execute(f'drop database if exists "{name}" with (force)')


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
