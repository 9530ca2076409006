"""`POST /orders` over HTTP with everything on, against pgbench's TPC-B on the same server: medians of ratios.

    python -m benchmarks.orders_http [--seconds 15] [--rounds 3] [--members 20000] [--json] [--quick]

The product's own `serve` with one and with two workers of two threads; `wrk` keeps 16 connections busy on the same
machine. Each call is a new order of 3 lines of a member drawn uniformly, with a key, an idempotency key and five earn
rules. Promotions are not there yet; the target was set for 200 of them. Only answers of 2xx count, and as many orders
as were answered must be in the database. Tables are analyzed after each warm-up, as autovacuum does on a first day.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks import private, serving
from benchmarks.rows import Row
from benchmarks.serving import THREADS

FLOORS = {1: 0.13, 2: 0.16}  # workers → times TPC-B
CONNECTIONS = 16
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


def world(members: int, folder: Path) -> str:
    """A program with its members; answers the secret of a key that may tell orders."""
    # these read Django's settings, which the private server has just made
    publishing: Any = import_module("regulars.governance.publishing.services")
    programs: Any = import_module("regulars.people.programs.services")
    publishing.apply(document=DOCUMENT, actor="system:bench")
    program_id = programs.get(key="bench").id
    serving.people(program_id, members, folder)
    return serving.a_key(program_id, "orders:write")


def told(address: str, folder: Path, secret: str, seconds: int) -> Run:
    """Let wrk tell orders for some seconds."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
    script = _SCRIPT.replace("MEMBERS", str(folder / "members")).replace("SECRET", secret)
    script = script.replace("RUN", f"{time.time_ns():x}").replace("AT", at, 1)
    (folder / "orders.lua").write_text(script)
    before = serving.orders()
    said = serving.wrk(folder / "orders.lua", f"{address}/api/v1/orders", connections=CONNECTIONS, seconds=seconds)
    count, refused, kept = said["told"], said["refused"], serving.orders() - before
    if kept < count - refused:
        raise SystemExit(f"{count - refused} good answers, but only {kept} new orders")
    return Run(
        rate=(count - refused) * 1e6 / said["us"],
        p50_ms=said["p50"] / 1000,
        p99_ms=said["p99"] / 1000,
        bad=refused + said["broken"],
    )


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
        serving.make_tpcb(home)
        for round_ in range(rounds + 1):  # the first warms up and is not counted
            reference = serving.tpcb_rate(home, seconds)
            runs = {}
            for workers in FLOORS:
                with serving.served(workers) as address:
                    told(address, folder, secret, 3)  # connections, prepared statements, first reads
                    serving.analyze()
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


if __name__ == "__main__":
    raise SystemExit(serving.main("benchmarks.orders_http", __doc__ or "", measure))
