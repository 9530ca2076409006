"""Import of Online Retail, as a ratio to COPY of its lines into a bare table, both in this run on this server.

The program has been started before, as an installed one has: its modules are compiled (a dry run of a few lines does it),
whatever the environment says about keeping them. Its start counts, compiling it does not.

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
import tempfile
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
    began = time.perf_counter()
    told = regulars("import", "orders", str(file), "--format", "online-retail", "--json")
    spent = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"seconds": spent, "peak_mb": memory, "job": json.loads(told)}


def fresh(server: str) -> str:
    """An empty database with the program for it; its address."""
    url = urlunsplit(urlsplit(server)._replace(path=f"/{NAME}"))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"drop database if exists {NAME} with (force)")
        connection.execute(f"create database {NAME}")
    os.environ |= {"DATABASE_URL": url, "REGULARS_MASTER_KEY": "ab" * 32, "REGULARS_SECRET_KEY": "cd" * 32}
    regulars("migrate")
    regulars("program", "apply", "online-retail")
    return url


def regulars(*words: str) -> str:
    """Run a command of the product; what it printed."""
    program = str(Path(sys.executable).with_name("regulars"))
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"regulars {words[0]} failed: {done.stderr[-2000:]}")
    return done.stdout


def warm(file: Path, folder: Path) -> None:
    """Start the program once with the first lines of the file, changing nothing, so that its modules are compiled."""
    few = folder / "few.csv"
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        few.write_text("".join([next(lines) for _ in range(100)]), encoding="utf-8")
    regulars("import", "orders", str(few), "--format", "online-retail", "--dry-run")


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
    with tempfile.TemporaryDirectory(prefix="regulars-bench-") as kept:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = kept
        for _ in range(asked.rounds):
            url = fresh(server)
            warm(file, Path(kept))
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
