"""Runs every benchmark in a process of its own: python -m benchmarks [--quick] [--only NAME …] [--json]."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.rows import Row, tell


def _said(*words: str, **environment: str) -> str:
    """What a benchmark prints on its standard output; its progress goes to ours."""
    env = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REGULARS_HOME")}
    done = subprocess.run(
        [sys.executable, *words], stdout=subprocess.PIPE, text=True, check=False, env={**env, **environment}
    )
    if not done.stdout.strip():
        raise SystemExit(f"{' '.join(words)} said nothing and ended with status {done.returncode}")
    return done.stdout


def commit(quick: bool) -> list[Row]:
    """The commit function against pgbench's TPC-B."""
    size = ("--seconds", "4", "--rounds", "1", "--members", "20000") if quick else ()
    told = _said("-m", "benchmarks.commit", *size)
    found = re.findall(r"orders_commit, (\d+) lines: (\d+)/s = ([\d.]+) × TPC-B \[(.*?)\], floor ([\d.]+)", told)
    reference = re.search(r"TPC-B \(.*?\): \d+/s", told)
    return [
        Row(
            name=f"order commit with {lines} lines",
            ratio=float(ratio),
            unit="× TPC-B",
            floor=float(floor),
            detail=f"{rate}/s; {reference[0] if reference else ''}; {spread}",
        )
        for lines, rate, ratio, spread, floor in found
    ]


def orders_http(quick: bool) -> list[Row]:
    """POST /orders over HTTP against the same TPC-B; the module prints rows."""
    return _rows(_said("-m", "benchmarks.orders_http", "--json", *(["--quick"] if quick else [])))


def sessions_http(quick: bool) -> list[Row]:
    """PUT and close of sessions over HTTP with 200 promotions against the same TPC-B."""
    return _rows(_said("-m", "benchmarks.sessions_http", "--json", *(["--quick"] if quick else [])))


def import_online_retail(quick: bool) -> list[Row]:
    """The import of a retailer's history against a bare COPY of its lines."""
    data = os.environ.get("REGULARS_DATA")
    if not data or not Path(data, "online_retail", "online_retail.csv.gz").exists():
        return [
            Row(
                name="import of online_retail",
                ratio=None,
                unit="× COPY",
                ceiling=40,
                detail="not measured: REGULARS_DATA names no folder with online_retail/online_retail.csv.gz",
            )
        ]
    with tempfile.TemporaryDirectory(prefix="regulars-bench-") as home:
        rounds = "1" if quick else "3"
        told = _said("-m", "benchmarks.import_online_retail", data, "--json", "--rounds", rounds, REGULARS_HOME=home)
    found = json.loads(told.strip().splitlines()[-1])
    return [
        Row(
            name="import of online_retail, 541,909 lines",
            ratio=round(found["ratio"], 1),
            unit="× COPY",
            ceiling=found["target"],
            detail=f"{found['import']:.1f} s against {found['copy']:.2f} s; best of {rounds}",
        ),
        Row(name="its memory", ratio=round(found["peak_mb"]), unit="MB", ceiling=500),
    ]


def verify(quick: bool) -> list[Row]:
    """Proving the books against one pass over them."""
    return _rows(_said("-m", "benchmarks.verify", "--journals", "100000" if quick else "1000000"))


def coupons(quick: bool) -> list[Row]:
    """A million coupon codes against a bare COPY of them."""
    size = ("--codes", "100000", "--rounds", "1") if quick else ()
    return _rows(_said("-m", "benchmarks.coupons", *size))


def boundary_night(quick: bool) -> list[Row]:
    """The night in which everybody's level ends, against one sequential read of what it must read."""
    return _rows(_said("-m", "benchmarks.boundary_night", *(["--members", "20000"] if quick else [])))


def evaluate(quick: bool) -> list[Row]:
    """Deciding a basket against 10 to 1,000 promotions, beside the least that any engine would do."""
    return _rows(_said("-m", "benchmarks.evaluate", "--json", "--rounds", "8" if quick else "60"))


def _rows(told: str) -> list[Row]:
    return [Row(**row) for row in json.loads(told.strip().splitlines()[-1])]


BENCHMARKS: dict[str, Callable[[bool], list[Row]]] = {
    "commit": commit,
    "orders_http": orders_http,
    "sessions_http": sessions_http,
    "import_online_retail": import_online_retail,
    "verify": verify,
    "coupons": coupons,
    "evaluate": evaluate,
    "boundary_night": boundary_night,
}


def main() -> int:
    """Run what was asked for; the status is 1 when a limit was not kept."""
    here = [name for name in BENCHMARKS if importlib.util.find_spec(f"benchmarks.{name}")]
    ask = argparse.ArgumentParser(prog="benchmarks", description=(__doc__ or "").splitlines()[0])
    ask.add_argument("--quick", action="store_true", help="a few minutes, for a first look; the numbers mean little")
    ask.add_argument("--only", action="append", choices=here)
    ask.add_argument("--json", action="store_true")
    said = ask.parse_args()
    rows = [row for name in said.only or here for row in BENCHMARKS[name](said.quick)]
    if said.json:
        tell(rows)
    else:
        for row in rows:
            shown = "—" if row.ratio is None else f"{row.ratio:g}"
            print(f"{row.name}: {shown} {row.unit}, {row.limit} {'' if row.is_met else 'MISSED'} ({row.detail})")
    return 0 if all(row.is_met for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
