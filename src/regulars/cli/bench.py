"""`regulars bench`: measures this machine and writes the table of the documentation."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import psutil

from regulars import __version__
from regulars.kernel import clock
from regulars.kernel.errors import Refusal

CHECKOUT = Path(__file__).resolve().parents[3]
_HEAD = """# Benchmarks

Each number is a ratio to a reference of the same run on the same server, so that it means the same elsewhere.
Repeat it with `regulars bench` (nothing else running); what each measures is in `benchmarks/README.md`.

{when}, version {version}, {machine}.

| what | ratio | limit | kept | details |
|---|---|---|---|---|
"""


class NoBenchmarks(Refusal):
    """The benchmarks are not part of an installation; run this in a checkout of the project."""


class LimitMissed(Refusal):
    """A limit was not kept; the table says which."""


@click.command("bench")
@click.option("--quick", is_flag=True, help="A few minutes, for a first look; nothing is written.")
@click.option("--only", multiple=True, help="Only this one: commit, orders_http, import_online_retail, verify.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Where to write the table.")
def command(quick: bool, only: tuple[str, ...], out: Path | None) -> None:
    """Measure this machine, as ratios to references of the same run, and write docs/benchmarks.md."""
    if not (CHECKOUT / "benchmarks" / "__main__.py").exists():
        raise NoBenchmarks
    words = ["--json", *(["--quick"] if quick else []), *(w for name in only for w in ("--only", name))]
    env = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REGULARS_HOME")}
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "benchmarks", *words],
        cwd=CHECKOUT,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if not done.stdout.strip():
        sys.exit(done.returncode or 1)
    rows = json.loads(done.stdout.strip().splitlines()[-1])
    for row in rows:
        click.echo("  ".join(_cells(row)))
    if (not quick and not only) or out:
        target = out or CHECKOUT / "docs" / "benchmarks.md"
        target.write_text(table(rows), encoding="utf-8")
        click.echo(f"Written to {target}.")
    if done.returncode and not quick:
        raise LimitMissed


def table(rows: list[dict[str, Any]]) -> str:
    """The page of the documentation."""
    head = _HEAD.format(when=f"Measured on {clock.now():%d %B %Y}", version=__version__, machine=machine())
    return head + "".join(f"| {' | '.join(_cells(row))} |\n" for row in rows)


def machine() -> str:
    """What it was measured on."""
    memory = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()} {platform.machine()}"
    return f"{system}, {os.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}"


def _cells(row: dict[str, Any]) -> list[str]:
    ratio, floor, ceiling = row["ratio"], row["floor"], row["ceiling"]
    limit = f"at least {floor:g}" if floor is not None else f"at most {ceiling:g}" if ceiling is not None else ""
    if ratio is None:
        return [row["name"], "not measured", limit, "", row["detail"]]
    is_met = (floor is None or ratio >= floor) and (ceiling is None or ratio <= ceiling)
    return [row["name"], f"{ratio:g} {row['unit']}", limit, "yes" if is_met else "**no**", row["detail"]]
