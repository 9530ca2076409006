"""Import of Online Retail, as a ratio to COPY of its lines into a bare table, both in this run on this server.

Usage: python benchmarks/import_online_retail.py FOLDER_OF_DATA_SETS [--rounds 3] [--json]
Makes a database of its own on the server of DATABASE_URL (or the embedded one), and drops it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from regulars.kernel.postgres import start_embedded

NAME = "regulars_bench_import"
TARGET = 40
BARE = (
    "create table bare (invoice text, sku text, description text, quantity int, at timestamp, price numeric,"
    " customer text, country text)"
)


def copied(url: str, file: Path) -> float:
    """Seconds to COPY the lines into a bare table."""
    raw = gzip.decompress(file.read_bytes())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop table if exists bare")
        connection.execute(BARE)
        began = time.perf_counter()
        with connection.cursor().copy("copy bare from stdin (format csv, header)") as copy:
            copy.write(raw)
        spent = time.perf_counter() - began
        connection.execute("drop table bare")
    return spent


def imported(file: Path) -> dict[str, Any]:
    """Seconds and memory of an import, start of the program included; run in a process of its own."""
    code = Path(sys.executable).with_name("regulars")
    began = time.perf_counter()
    done = subprocess.run(
        [str(code), "import", "orders", str(file), "--format", "online-retail", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    spent = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"the import failed: {done.stderr[-2000:]}")
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"seconds": spent, "peak_mb": memory, "job": json.loads(done.stdout)}


def fresh(server: str) -> str:
    """An empty database with the program for it; its address."""
    url = urlunsplit(urlsplit(server)._replace(path=f"/{NAME}"))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"drop database if exists {NAME} with (force)")
        connection.execute(f"create database {NAME}")
    os.environ |= {"DATABASE_URL": url, "REGULARS_MASTER_KEY": "ab" * 32, "REGULARS_SECRET_KEY": "cd" * 32}
    for words in (["migrate"], ["program", "apply", "online-retail"]):
        subprocess.run([str(Path(sys.executable).with_name("regulars")), *words], check=True, capture_output=True)
    return url


def main() -> None:
    """Measure, print, and say whether the target is met."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("data", type=Path)
    options.add_argument("--rounds", type=int, default=1)
    options.add_argument("--json", action="store_true")
    asked = options.parse_args()
    file = asked.data / "online_retail" / "online_retail.csv.gz"
    server = os.environ.get("DATABASE_URL")
    if not server:
        server = start_embedded()
    rounds = []
    for _ in range(asked.rounds):
        url = fresh(server)
        before = min(copied(url, file) for _ in range(3))
        found = imported(file)
        bare = min(before, *(copied(url, file) for _ in range(2)))
        rounds.append({"copy": bare, "import": found["seconds"], "ratio": found["seconds"] / bare, **found})
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"drop database if exists {NAME} with (force)")
    best = min(rounds, key=lambda r: float(r["ratio"]))
    told = {k: round(best[k], 3) for k in ("copy", "import", "ratio", "peak_mb")} | {"target": TARGET}
    print(json.dumps(told) if asked.json else "\n".join(f"{k}: {v}" for k, v in told.items()))


if __name__ == "__main__":
    main()
