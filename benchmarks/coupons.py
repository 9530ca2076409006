"""Making and storing coupon codes, as a ratio to COPY of as many codes into a bare table; and how much memory it takes.

    python -m benchmarks.coupons [--codes 1000000] [--rounds 3]

The reference is a COPY of the very same codes, as text, into a table of one column without index. Ours is
`coupons.make_batch`: codes from the keyed permutation, stored on sheets with their indexes and constraints, in the parts
it commits.
Rounds alternate; each batch goes to a table that is empty but for what the rounds before left (vacuumed).
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time
from importlib import import_module
from typing import Any

from benchmarks import private
from benchmarks.rows import Row, tell

CEILING = 6  # times COPY
MOST_MB = 120  # more than at the beginning, whatever the size
_CHUNK = 20_000

_PROGRAM = """
insert into programs_program (id, key, name, zone, currency, locale, current_version, settings, created_at)
  overriding system value values (1, 'bench', 'Bench', 'UTC', 'GBP', 'en', 1, '{}', now())
"""


def copy(cursor: Any, codes: list[bytes]) -> float:
    """Seconds of a COPY of these codes into a bare table."""
    cursor.execute("drop table if exists bare; create table bare (code text)")
    chunks = [b"\n".join(codes[n : n + _CHUNK]) + b"\n" for n in range(0, len(codes), _CHUNK)]
    began = time.perf_counter()
    with cursor.copy("copy bare from stdin") as into:
        for chunk in chunks:
            into.write(chunk)
    return time.perf_counter() - began


def peak_mb() -> int:
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def run(codes: int, rounds: int) -> list[Row]:
    """Measure on a private server."""
    with private.server():
        connection = import_module("django.db").connection  # once Django is set up
        coupons = import_module("regulars.value.coupons.services")
        gives = {"effects": [{"kind": "order_percent", "percent": "10"}]}
        with connection.cursor() as cursor:
            cursor.execute(_PROGRAM)
        coupons.apply(1, 1, {"coupon_templates": [{"key": "ten", "gives": gives}]}, "system:bench")
        ours, bare = [], []
        before = after = 0
        for n in range(rounds + 1):  # the first round warms up
            size = codes if n else min(codes, 20_000)
            begun = coupons.begin_batch(program_id=1, template="ten", size=size, key=f"b{n}", actor="system:bench")
            before = peak_mb() if n <= 1 else before
            began = time.perf_counter()
            coupons.make_batch(program_id=1, batch_id=begun.batch_id)
            took = time.perf_counter() - began
            after = peak_mb() if n <= 1 else after
            lines = b"".join(coupons.codes_of(program_id=1, batch_id=begun.batch_id)).splitlines()[1:]
            with connection.cursor() as cursor:
                seconds = copy(cursor, [line.split(b",")[0] for line in lines])
                cursor.execute("vacuum (analyze) coupons_coupon, coupons_sheet, coupons_run")
                cursor.execute("checkpoint")
            if n:
                ours.append(took)
                bare.append(seconds)
            sys.stderr.write(f"round {n}: {size:,} codes in {took:.2f} s; COPY {seconds:.2f} s\n")
        if found := coupons.discrepancies():
            raise SystemExit(f"a promise is broken: {found[:3]}")
    ratio = statistics.median(a / b for a, b in zip(ours, bare, strict=True))
    told = f"{statistics.median(ours):.2f} s against {statistics.median(bare):.2f} s; median of {rounds}"
    return [
        Row(name=f"{codes:,} coupon codes", ratio=round(ratio, 1), unit="× COPY", ceiling=CEILING, detail=told),
        Row(name="its memory", ratio=after - before, unit="MB more", ceiling=MOST_MB, detail=f"{after} MB in all"),
    ]


if __name__ == "__main__":
    ask = argparse.ArgumentParser(prog="benchmarks.coupons", description=(__doc__ or "").splitlines()[0])
    ask.add_argument("--codes", type=int, default=1_000_000)
    ask.add_argument("--rounds", type=int, default=3)
    said = ask.parse_args()
    tell(run(said.codes, said.rounds))
