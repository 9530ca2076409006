"""What the benchmarks over HTTP share: the product's own server, its members, wrk, and TPC-B beside them."""

from __future__ import annotations

import argparse
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks import private
from benchmarks.rows import Row, tell

THREADS, TPCB_CLIENTS, TPCB_SCALE = 2, 8, 20
MEMBERS = """
insert into members_member (id, program_id, number, status, joined_at, joined_channel, joined_store, locale, masked_name,
  attributes, wrapped_key)
  select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, %s::int, n::text, 'active', now(), '', '', '', '', '{}',
         '\\x00' from generate_series(1, %s::int) n
"""


@contextmanager
def served(workers: int) -> Iterator[str]:
    """The product's server in a process of its own; yields its address, ends it afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["serve", "--port", str(port), "--workers", str(workers), "--threads", str(THREADS)]
    process = subprocess.Popen([sys.executable, "-m", "regulars.cli", *words], stdout=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2)
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=60)


def people(program_id: int, members: int, folder: Path) -> None:
    """Members with open accounts, and their ids as lines of a file `members`."""
    ids: Any = import_module("regulars.kernel.ids")
    connection: Any = import_module("django.db").connection
    with connection.cursor() as cursor:
        cursor.execute(MEMBERS, [program_id, members])
        cursor.execute("select count(ledger_open(id, program_id)) from members_member")
        cursor.execute("vacuum (analyze)")
    (folder / "members").write_text(
        "\n".join(ids.encode("mem", UUID(int=(0x7000 << 64 | 8 << 60) + n)) for n in range(1, members + 1))
    )


def a_key(program_id: int, *scopes: str) -> str:
    """The secret of a key that no limit of calls stops."""
    staff: Any = import_module("regulars.people.staff.services")
    _, secret = staff.make_key(
        program_id=program_id, name="till", scopes=list(scopes), actor="system:bench", rate_per_minute=1_000_000
    )
    return str(secret)


def analyze() -> None:
    """What autovacuum, which stands still while anything is measured, does within a minute of a first day."""
    connection: Any = import_module("django.db").connection
    with connection.cursor() as cursor:
        cursor.execute("vacuum (analyze)")


def orders() -> int:
    """How many orders there are."""
    connection: Any = import_module("django.db").connection
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from orders_order")
        (count,) = cursor.fetchone()
    return int(count)


def wrk(script: Path, address: str, *, connections: int, seconds: int) -> dict[str, int]:
    """Let wrk run a script; the numbers that the script says at its end, by name (`told`, `us`, `p50`, …)."""
    words = ["wrk", "-t", "1", "-c", str(connections), "-d", str(seconds), "-s", str(script), address]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    line = re.search(r"^told (\d+) in (\d+) us, .*$", said, re.M)
    if line is None:
        raise SystemExit(f"wrk said: {said}")
    found = {name: int(number) for name, number in re.findall(r"(p\d+|refused|broken) (\d+)", line[0])}
    return {"told": int(line[1]), "us": int(line[2]), **found}


def make_tpcb(home: Path) -> None:
    """A database for TPC-B on the same server."""
    psql = [str(private.programs() / "psql"), "-h", str(home), "-U", "postgres", "-qc", "create database tpcb"]
    subprocess.run(psql, check=True)
    private.pgbench(home, "tpcb", "-i", "-q", "-s", str(TPCB_SCALE))


def tpcb_rate(home: Path, seconds: int) -> float:
    """TPC-B transactions a second, now."""
    usual = ["-n", "-M", "prepared", "-c", str(TPCB_CLIENTS), "-j", "1", "-T", str(seconds)]
    return private.rate(private.pgbench(home, "tpcb", *usual))


def main(module: str, about: str, measure: Callable[..., list[Row]], arguments: list[str] | None = None) -> int:
    """Measure and print; 0 when every limit was kept."""
    ask = argparse.ArgumentParser(prog=module, description=about.splitlines()[0])
    ask.add_argument("--seconds", type=int, default=15)
    ask.add_argument("--rounds", type=int, default=3)
    ask.add_argument("--members", type=int, default=20_000)
    ask.add_argument("--quick", action="store_true")
    ask.add_argument("--json", action="store_true")
    said = ask.parse_args(arguments)
    if said.quick:
        rows = measure(**QUICK)
    else:
        rows = measure(seconds=said.seconds, rounds=said.rounds, members=said.members)
    if said.json:
        tell(rows)
    else:
        for row in rows:
            print(f"{row.name}: {row.ratio} {row.unit}, {row.limit}{'' if row.is_met else ' MISSED'} {row.detail}")
    return 0 if all(row.is_met for row in rows) else 1


QUICK = {"seconds": 4, "rounds": 1, "members": 2_000}  # to see that it runs
