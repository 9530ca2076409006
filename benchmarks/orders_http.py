"""`POST /orders` over HTTP with everything on, against pgbench's TPC-B on the same server: medians of ratios.

    python -m benchmarks.orders_http [--seconds 15] [--rounds 3] [--members 20000] [--json] [--quick]

The product's own `serve` with one and with two workers of two threads; `wrk` keeps 16 connections busy on the same
machine. Each call is a new order of 3 lines of a member drawn uniformly, with a key, an idempotency key and five earn
rules. Promotions are not there yet; the target was set for 200 of them. Only answers of 2xx count, and as many orders
as were answered must be in the database.
"""

from __future__ import annotations

import argparse
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks import private
from benchmarks.rows import Row, tell

FLOORS = {1: 0.13, 2: 0.16}  # workers → times TPC-B
THREADS, CONNECTIONS, TPCB_CLIENTS, TPCB_SCALE = 2, 16, 8, 20
LATENCY_CEILING = 8  # p99 as a multiple of the median

DOCUMENT = """
program: {key: bench, name: Bench, zone: Europe/London, currency: GBP, locale: en}
stores: [{key: high-street, name: High Street, kind: store}]
channels: [{key: store, name: Shops, kind: store}]
units:
  - {key: points, name: {en: Points}, kind: spendable, expiry: {kind: rolling, months: 12}}
  - {key: growth, name: {en: Growth}, kind: measure}
earn_rules:
  - {key: base, unit: points, rate: {points: 1, per: 1.00}}
  - {key: growth, unit: growth, rate: {points: 1, per: 1.00}}
  - {key: coffee, unit: points, per_unit: 2, lines: line.category == 'coffee', caps: [{amount: 50, period: month}]}
  - {key: large, unit: points, fixed: 20, when: basket.goods_minor >= 5000}
  - {key: weekend, unit: points, times: 2, multiplies: [base], weekdays: [sat, sun]}
"""
_MEMBERS = """
insert into members_member (id, program_id, number, status, joined_at, joined_channel, joined_store, locale, masked_name,
  attributes, wrapped_key)
  select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, %s::int, n::text, 'active', now(), '', '', '', '', '{}',
         '\\x00' from generate_series(1, %s::int) n
"""
_SCRIPT = """
local members = {}
for line in io.lines("MEMBERS") do members[#members + 1] = line end
local n = 0
local run = "RUN"
local template = [[{"ref":"%s","source":"till","channel":"store","store":"high-street","currency":"GBP","occurred_at":"AT",
"member":"%s","lines":[
{"id":"1","sku":"espresso-250","quantity":"2","amount_minor":1180,"tax_rate":"0.2","category":"coffee","brand":"house"},
{"id":"2","sku":"filter-100","quantity":"1","amount_minor":349,"tax_rate":"0.2","category":"goods"},
{"id":"3","sku":"apples","quantity":"0.482","uom":"kg","amount_minor":221,"tax_rate":"0","category":"fruit"}],
"tenders":[{"type":"card","amount_minor":1750}]}]]
function init(args) math.randomseed(os.time()) end
function request()
  n = n + 1
  local ref = run .. "-" .. n
  wrk.headers["Idempotency-Key"] = ref
  return wrk.format("POST", nil, nil, string.format(template, ref, members[math.random(#members)]))
end
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer SECRET"
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("told %d in %d us, p50 %d us, p99 %d us, refused %d, broken %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.status, e.connect + e.read + e.write + e.timeout))
end
"""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of wrk. rate: good answers a second; bad: all others."""

    rate: float
    p50_ms: float
    p99_ms: float
    bad: int


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
        yield f"http://127.0.0.1:{port}/api/v1/orders"
    finally:
        process.terminate()
        process.wait(timeout=60)


def world(members: int, folder: Path) -> str:
    """A program with its members; answers the secret of a key that may tell orders."""
    # these read Django's settings, which the private server has just made
    publishing: Any = import_module("regulars.governance.publishing.services")
    staff: Any = import_module("regulars.people.staff.services")
    programs: Any = import_module("regulars.people.programs.services")
    ids: Any = import_module("regulars.kernel.ids")
    connection: Any = import_module("django.db").connection
    publishing.apply(document=DOCUMENT, actor="system:bench")
    program_id = programs.get(key="bench").id
    with connection.cursor() as cursor:
        cursor.execute(_MEMBERS, [program_id, members])
        cursor.execute("select count(ledger_open(id, program_id)) from members_member")
        cursor.execute("vacuum (analyze)")
    (folder / "members").write_text(
        "\n".join(ids.encode("mem", UUID(int=(0x7000 << 64 | 8 << 60) + n)) for n in range(1, members + 1))
    )
    _, secret = staff.make_key(
        program_id=program_id, name="till", scopes=["orders:write"], actor="system:bench", rate_per_minute=1_000_000
    )
    return str(secret)


def told(address: str, folder: Path, secret: str, seconds: int) -> Run:
    """Let wrk tell orders for some seconds."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
    script = _SCRIPT.replace("MEMBERS", str(folder / "members")).replace("SECRET", secret)
    script = script.replace("RUN", f"{time.time_ns():x}").replace("AT", at, 1)
    (folder / "orders.lua").write_text(script)
    before = _kept()
    command = [
        "wrk",
        "-t",
        "1",
        "-c",
        str(CONNECTIONS),
        "-d",
        str(seconds),
        "-s",
        str(folder / "orders.lua"),
        address,
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"told (\d+) in (\d+) us, p50 (\d+) us, p99 (\d+) us, refused (\d+), broken (\d+)", said)
    if found is None:
        raise SystemExit(f"wrk said: {said}")
    count, micros, p50, p99, refused, broken = (int(x) for x in found.groups())
    if _kept() - before < count - refused:
        raise SystemExit(f"{count - refused} good answers, but only {_kept() - before} new orders")
    return Run(rate=(count - refused) * 1e6 / micros, p50_ms=p50 / 1000, p99_ms=p99 / 1000, bad=refused + broken)


def _kept() -> int:
    connection: Any = import_module("django.db").connection
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from orders_order")
        (count,) = cursor.fetchone()
    return int(count)


def measure(*, seconds: int, rounds: int, members: int) -> list[Row]:
    """Rounds of TPC-B, one worker and two, in turns."""
    if shutil.which("wrk") is None:
        return [
            Row(name="POST /orders", ratio=None, unit="× TPC-B", floor=FLOORS[1], detail="not measured: no wrk here")
        ]
    found: dict[int, list[Run]] = {workers: [] for workers in FLOORS}
    tpcb: list[float] = []
    with private.server() as home, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        secret = world(members, folder)
        psql = [str(private.programs() / "psql"), "-h", str(home), "-U", "postgres", "-qc", "create database tpcb"]
        subprocess.run(psql, check=True)
        private.pgbench(home, "tpcb", "-i", "-q", "-s", str(TPCB_SCALE))
        for round_ in range(rounds + 1):  # the first warms up and is not counted
            usual = ["-n", "-M", "prepared", "-c", str(TPCB_CLIENTS), "-j", "1", "-T", str(seconds)]
            reference = private.rate(private.pgbench(home, "tpcb", *usual))
            runs = {}
            for workers in FLOORS:
                with served(workers) as address:
                    told(address, folder, secret, 3)  # connections, prepared statements, first reads
                    runs[workers] = told(address, folder, secret, seconds)
            sys.stderr.write(f"round {round_}: TPC-B {reference:.0f}/s, {runs}\n")
            if round_:
                tpcb.append(reference)
                for workers, run in runs.items():
                    found[workers].append(run)
    return [row for workers in FLOORS for row in _rows(workers, found[workers], tpcb)]


def _rows(workers: int, runs: list[Run], tpcb: list[float]) -> list[Row]:
    ratios = [run.rate / reference for run, reference in zip(runs, tpcb, strict=True)]
    p50, p99 = statistics.median(r.p50_ms for r in runs), statistics.median(r.p99_ms for r in runs)
    rate, bad = statistics.median(r.rate for r in runs), sum(r.bad for r in runs)
    name = f"POST /orders, {workers} × {THREADS} threads"
    return [
        Row(
            name=name,
            ratio=round(statistics.median(ratios), 3),
            unit="× TPC-B",
            floor=FLOORS[workers],
            detail=f"{rate:.0f}/s of {statistics.median(tpcb):.0f}/s [{min(ratios):.3f}–{max(ratios):.3f}];"
            f" p50 {p50:.1f} ms, p99 {p99:.1f} ms; {bad} not 2xx; 5 earn rules, no promotions",
        ),
        Row(name=f"{name}: p99", ratio=round(p99 / p50, 1), unit="× median", ceiling=LATENCY_CEILING),
        Row(name=f"{name}: answers other than 2xx", ratio=bad, unit="", ceiling=0),
    ]


def run(quick: bool) -> list[Row]:
    """The rows; quick: to see that it runs."""
    return measure(seconds=4 if quick else 15, rounds=1 if quick else 3, members=2_000 if quick else 20_000)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; 0 when every limit was kept."""
    ask = argparse.ArgumentParser(prog="benchmarks.orders_http", description=(__doc__ or "").splitlines()[0])
    ask.add_argument("--seconds", type=int, default=15)
    ask.add_argument("--rounds", type=int, default=3)
    ask.add_argument("--members", type=int, default=20_000)
    ask.add_argument("--quick", action="store_true")
    ask.add_argument("--json", action="store_true")
    said = ask.parse_args(arguments)
    rows = run(True) if said.quick else measure(seconds=said.seconds, rounds=said.rounds, members=said.members)
    if said.json:
        tell(rows)
    else:
        for row in rows:
            print(f"{row.name}: {row.ratio} {row.unit}, {row.limit}{'' if row.is_met else ' MISSED'} {row.detail}")
    return 0 if all(row.is_met for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
