"""`PUT /sessions` and `close` over HTTP with 200 promotions and a coupon in each basket, as ratios to TPC-B.

    python -m benchmarks.sessions_http [--seconds 15] [--rounds 3] [--members 20000] [--json] [--quick]

The product's own `serve` with one and with two workers of two threads; `wrk` keeps 16 connections busy on the same
machine. A pair is a new basket of 10 lines of a member drawn uniformly, with a unique coupon of hers or nobody's, told
once and then closed; 50 of the 200 promotions look at its goods, in ten groups of five. Pairs are counted by orders in
the database. Then closes alone, on baskets told before, with 8 connections.
"""

from __future__ import annotations

import argparse
import itertools
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from benchmarks import private
from benchmarks.orders_http import _MEMBERS, THREADS, TPCB_CLIENTS, TPCB_SCALE, served
from benchmarks.rows import Row, tell

FLOORS = {1: 0.06, 2: 0.10}  # workers → pairs as times TPC-B
CONNECTIONS, CLOSING = 16, 8
CODES = 100_000
LATENCY_CEILING = 8  # p99 as a multiple of the median
SKUS = [f"sku-{n}" for n in range(10)]

_SCRIPT = """
local members, codes, ready, mode = {}, {}, {}, "MODE"
for line in io.lines("MEMBERS") do members[#members + 1] = line end
for line in io.lines("CODES") do codes[#codes + 1] = line end
local n, first, closed, refused, told = 0, FIRST, 0, 0, 0
local run = "RUN"
local template = [[{"channel":"store","store":"high-street","currency":"GBP","occurred_at":"AT","member":"%s","coupons":["%s"],
"lines":LINES,"tenders":[{"type":"card","amount_minor":1750}]}]]
function init(args) math.randomseed(os.time()) end
local function put()
  n = n + 1
  return wrk.format("PUT", "/api/v1/sessions/" .. run .. "-" .. n, nil,
    string.format(template, members[math.random(#members)], codes[first + n]))
end
local function close(key) return wrk.format("POST", "/api/v1/sessions/" .. key .. "/close", nil, "{}") end
function request()
  if mode == "put" then return put() end
  if mode == "close" then n = n + 1; return close(run .. "-" .. n) end
  if #ready > 0 then return close(table.remove(ready)) end
  return put()
end
function response(status, headers, body)
  if status >= 300 then refused = refused + 1
  elseif mode == "pairs" then
    local key, state = string.match(body, '"key":"([^"]+)","state":"(%a+)"')
    if state == "open" then ready[#ready + 1] = key end
  end
end
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer SECRET"
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("told %d in %d us, p50 %d us, p95 %d us, p99 %d us, refused %d, broken %d\\n", summary.requests,
    summary.duration, latency:percentile(50), latency:percentile(95), latency:percentile(99), e.status,
    e.connect + e.read + e.write + e.timeout))
end
"""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of wrk. rate: pairs or closes a second that became orders; calls: all answers."""

    rate: float
    calls: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    bad: int


def document() -> dict[str, Any]:
    """A program of 200 promotions, of which 50 look at the basket's goods in ten groups of five."""
    promotions = [
        {
            "key": f"p{n:03}",
            "priority": n % 7,
            "group": f"g{n % 10}",
            "goods": {"include": {"skus": [SKUS[n % 10] if n < 50 else f"other-{n}"]}},
            "effects": [{"kind": "line_percent", "percent": str(1 + n % 5)}],
            **({"when": "basket.goods_minor >= 100"} if n % 4 == 0 else {}),
        }
        for n in range(200)
    ]
    return {
        "program": {"key": "bench", "name": "Bench", "zone": "Europe/London", "currency": "GBP", "locale": "en"},
        "stores": [{"key": "high-street", "name": "High Street", "kind": "store"}],
        "channels": [{"key": "store", "name": "Shops", "kind": "store"}],
        "units": [
            {
                "key": "points",
                "name": {"en": "Points"},
                "kind": "spendable",
                "expiry": {"kind": "rolling", "months": 12},
            },
            {"key": "growth", "name": {"en": "Growth"}, "kind": "measure"},
        ],
        "earn_rules": [
            {"key": "base", "unit": "points", "rate": {"points": 1, "per": "1.00"}},
            {"key": "growth", "unit": "growth", "rate": {"points": 1, "per": "1.00"}},
        ],
        "coupon_templates": [
            {
                "key": "five",
                "name": {"en": "Five off"},
                "gives": {"effects": [{"kind": "order_amount", "amount": "5.00"}]},
            }
        ],
        "promotions": promotions,
    }


def world(members: int, folder: Path) -> str:
    """A program with its members and codes; answers the secret of a key that may sell."""
    # these read Django's settings, which the private server has just made
    publishing: Any = import_module("regulars.governance.publishing.services")
    staff: Any = import_module("regulars.people.staff.services")
    programs: Any = import_module("regulars.people.programs.services")
    coupons: Any = import_module("regulars.value.coupons.services")
    ids: Any = import_module("regulars.kernel.ids")
    connection: Any = import_module("django.db").connection
    publishing.apply(document=orjson.dumps(document()).decode(), actor="system:bench")
    program_id = programs.get(key="bench").id
    begun = coupons.begin_batch(program_id=program_id, template="five", size=CODES, key="bench", actor="system:bench")
    coupons.make_batch(program_id=program_id, batch_id=begun.batch_id)
    text = b"".join(coupons.codes_of(program_id=program_id, batch_id=begun.batch_id)).decode()
    (folder / "codes").write_text("\n".join(line.split(",")[0] for line in text.splitlines()[1:]))
    with connection.cursor() as cursor:
        cursor.execute(_MEMBERS, [program_id, members])
        cursor.execute("select count(ledger_open(id, program_id)) from members_member")
        cursor.execute("vacuum (analyze)")
    (folder / "members").write_text(
        "\n".join(ids.encode("mem", UUID(int=(0x7000 << 64 | 8 << 60) + n)) for n in range(1, members + 1))
    )
    _, secret = staff.make_key(
        program_id=program_id,
        name="till",
        scopes=["sessions:write"],
        actor="system:bench",
        rate_per_minute=1_000_000,
    )
    return str(secret)


_used = itertools.count()


def driven(
    address: str, folder: Path, secret: str, seconds: int, mode: str, run: str, first: int, connections: int
) -> Run:
    """Let wrk do pairs, or tell baskets, or close them, for some seconds."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
    lines = [
        {"id": str(n), "sku": sku, "quantity": "1", "amount_minor": 300 + 170 * n, "category": "goods"}
        for n, sku in enumerate(SKUS, 1)
    ]
    script = _SCRIPT
    for name, value in {
        "MEMBERS": str(folder / "members"),
        "CODES": str(folder / "codes"),
        "MODE": mode,
        "FIRST": str(first),
        '"RUN"': f'"{run}"',
        "SECRET": secret,
        "LINES": orjson.dumps(lines).decode(),
        '"AT"': f'"{at}"',
    }.items():
        script = script.replace(name, value)
    (folder / "sessions.lua").write_text(script)
    before = _kept()
    command = [
        "wrk",
        "-t",
        "1",
        "-c",
        str(connections),
        "-d",
        str(seconds),
        "-s",
        str(folder / "sessions.lua"),
        address,
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(
        r"told (\d+) in (\d+) us, p50 (\d+) us, p95 (\d+) us, p99 (\d+) us, refused (\d+), broken (\d+)", said
    )
    if found is None:
        raise SystemExit(f"wrk said: {said}")
    count, micros, p50, p95, p99, refused, broken = (int(x) for x in found.groups())
    orders = _kept() - before
    return Run(
        rate=orders * 1e6 / micros,
        calls=count,
        p50_ms=p50 / 1000,
        p95_ms=p95 / 1000,
        p99_ms=p99 / 1000,
        bad=refused + broken,
    )


def _kept() -> int:
    connection: Any = import_module("django.db").connection
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from orders_order")
        (count,) = cursor.fetchone()
    return int(count)


def _first(step: int) -> int:
    """Where in the codes a run begins: no code is told twice."""
    return next(_used) * step % (CODES - step)


def measure(*, seconds: int, rounds: int, members: int) -> list[Row]:
    """Rounds of TPC-B, one worker and two, in turns."""
    if shutil.which("wrk") is None:
        return [
            Row(name="PUT + close", ratio=None, unit="× TPC-B", floor=FLOORS[1], detail="not measured: no wrk here")
        ]
    pairs: dict[int, list[Run]] = {workers: [] for workers in FLOORS}
    closes: list[Run] = []
    tpcb: list[float] = []
    step = 1_500 * seconds
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
                with served(workers) as told:
                    address, run = told.removesuffix("/api/v1/orders"), f"{time.time_ns():x}"
                    driven(address, folder, secret, 3, "pairs", f"{run}w", _first(step), CONNECTIONS)
                    runs[workers] = driven(
                        address, folder, secret, seconds, "pairs", f"{run}p", _first(step), CONNECTIONS
                    )
                    if workers == 1:
                        driven(address, folder, secret, seconds, "put", f"{run}c", _first(step), CLOSING)
                        short = max(2, seconds // 2)
                        closing = driven(address, folder, secret, short, "close", f"{run}c", 0, CLOSING)
            sys.stderr.write(f"round {round_}: TPC-B {reference:.0f}/s, {runs}, closes {closing}\n")
            if round_:
                tpcb.append(reference)
                closes.append(closing)
                for workers, one in runs.items():
                    pairs[workers].append(one)
    rows = [
        row
        for workers in FLOORS
        for row in _rows(f"PUT + close, {workers} × {THREADS} threads", pairs[workers], tpcb, FLOORS[workers])
    ]
    return rows + _rows(f"close alone, 1 × {THREADS} threads, {CLOSING} connections", closes, tpcb, None)


def _rows(name: str, runs: list[Run], tpcb: list[float], floor: float | None) -> list[Row]:
    ratios = [run.rate / reference for run, reference in zip(runs, tpcb, strict=True)]
    p50, p95, p99 = (statistics.median(getattr(r, f"p{n}_ms") for r in runs) for n in (50, 95, 99))
    rate, bad = statistics.median(r.rate for r in runs), sum(r.bad for r in runs)
    return [
        Row(
            name=name,
            ratio=round(statistics.median(ratios), 3),
            unit="× TPC-B",
            floor=floor,
            detail=f"{rate:.0f}/s of {statistics.median(tpcb):.0f}/s [{min(ratios):.3f}–{max(ratios):.3f}];"
            f" a call p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms; {bad} not 2xx; 200 promotions, a coupon each",
        ),
        Row(name=f"{name}: p99", ratio=round(p99 / p50, 1), unit="× median", ceiling=LATENCY_CEILING),
        Row(name=f"{name}: answers other than 2xx", ratio=bad, unit="", ceiling=0),
    ]


def run(quick: bool) -> list[Row]:
    """The rows; quick: to see that it runs."""
    return measure(seconds=4 if quick else 15, rounds=1 if quick else 3, members=2_000 if quick else 20_000)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; 0 when every limit was kept."""
    ask = argparse.ArgumentParser(prog="benchmarks.sessions_http", description=(__doc__ or "").splitlines()[0])
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
