"""`PUT /sessions` and `close` over HTTP with 200 promotions and a coupon in each basket, as ratios to TPC-B.

    python -m benchmarks.sessions_http [--seconds 15] [--rounds 3] [--members 20000] [--json] [--quick]

The product's own `serve` with one and with two workers of two threads; `wrk` keeps 16 connections busy on the same
machine. A pair is a new basket of 10 lines of a member drawn uniformly, with a unique coupon of hers or nobody's, told
once and then closed; 50 of the 200 promotions look at its goods, in ten groups of five. Pairs are counted by orders in
the database. Then closes alone, on baskets told before, with 8 connections. After each warm-up the tables are vacuumed and
analyzed, as autovacuum does within a minute of a first day: statements planned for empty tables read growing ones whole.
"""

from __future__ import annotations

import itertools
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson

from benchmarks import private, serving
from benchmarks.rows import Row
from benchmarks.serving import THREADS

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
    programs: Any = import_module("regulars.people.programs.services")
    coupons: Any = import_module("regulars.value.coupons.services")
    publishing.apply(document=orjson.dumps(document()).decode(), actor="system:bench")
    program_id = programs.get(key="bench").id
    begun = coupons.begin_batch(program_id=program_id, template="five", size=CODES, key="bench", actor="system:bench")
    coupons.make_batch(program_id=program_id, batch_id=begun.batch_id)
    text = b"".join(coupons.codes_of(program_id=program_id, batch_id=begun.batch_id)).decode()
    (folder / "codes").write_text("\n".join(line.split(",")[0] for line in text.splitlines()[1:]))
    serving.people(program_id, members, folder)
    return serving.a_key(program_id, "sessions:write")


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
    before = serving.orders()
    said = serving.wrk(folder / "sessions.lua", address, connections=connections, seconds=seconds)
    return Run(
        rate=(serving.orders() - before) * 1e6 / said["us"],
        calls=said["told"],
        p50_ms=said["p50"] / 1000,
        p95_ms=said["p95"] / 1000,
        p99_ms=said["p99"] / 1000,
        bad=said["refused"] + said["broken"],
    )


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
        serving.make_tpcb(home)
        for round_ in range(rounds + 1):  # the first warms up and is not counted
            reference = serving.tpcb_rate(home, seconds)
            runs = {}
            for workers in FLOORS:
                with serving.served(workers) as address:
                    run = f"{time.time_ns():x}"
                    driven(address, folder, secret, 3, "pairs", f"{run}w", _first(step), CONNECTIONS)
                    serving.analyze()
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


if __name__ == "__main__":
    raise SystemExit(serving.main("benchmarks.sessions_http", __doc__ or "", measure))
