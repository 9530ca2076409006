"""The night in which everybody's level ends, as a ratio to one sequential read of the tables that it must read.

    python -m benchmarks.boundary_night [--members 1000000] [--purchases 10]

Everybody stands on a level that ends with the year; at midnight each is judged by the purchases of that year: a part
keeps it, a part falls, and each fall is written down and announced. It is the product's own night, in its batches, each
committed with how far it has come. The reference is `count(*)` of the standings, the lots and the accounts: one process,
tables warm. Lots are laid down in order of time, as they come in a shop, so that a member's lie scattered.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from datetime import UTC, date, datetime
from importlib import import_module
from typing import Any

from benchmarks import private
from benchmarks.rows import Row, tell

CEILING = 15
TABLES = ("tiers_standing", "ledger_lot", "ledger_account")
EVE, NEW_YEAR = datetime(2025, 12, 31, 12, tzinfo=UTC), date(2026, 1, 1)
PART = 100_000

_DOCUMENT = """
program: {key: bench, name: Bench, zone: Europe/London, currency: GBP}
units: [{key: points, kind: spendable}, {key: growth, kind: measure}]
ladders:
  - key: main
    measure: growth
    window: {kind: calendar_year}
    validity: {to: year_end, years: 0}
    downgrade: to_earned
    levels: [{key: member, enter: 0}, {key: bronze, enter: 1}, {key: silver, enter: 300}, {key: gold, enter: 600, keep: 500}]
"""
_MEMBERS = """
insert into members_member (id, program_id, number, status, joined_at, joined_channel, joined_store, locale, masked_name,
  attributes, wrapped_key)
  select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, %s, n::text, 'active', '2024-01-01', '', '', '', '', '{}', '\\x00'
    from generate_series(%s::int, %s::int) n
"""
_ACCOUNTS = """
insert into ledger_account (member_id, program_id, version, seq, head, active, pending, held, debt, counters)
  select m.id, m.program_id, %s, %s, '\\x00', '{}', '{}', '{}', '{}', '{}' from members_member m
"""
_LOTS = """
insert into ledger_lot (member_id, seq, n, program_id, unit, amount, remaining, state, activates_at)
  select ('00000000-0000-7000-8000-' || lpad(to_hex(m), 12, '0'))::uuid, %(seq)s, u, %(program)s, u, 20 + (m * 7 + %(seq)s * 13) %% 120,
         20 + (m * 7 + %(seq)s * 13) %% 120, 'active',
         timestamptz '2024-02-01 09:00+00' + make_interval(days => (%(seq)s - 1) * (680 / %(purchases)s) + (m * 31) %% 30)
    from generate_series(%(first)s::int, %(last)s::int) m, unnest('{1,2}'::smallint[]) u
"""


def fill(cursor: Any, program_id: int, members: int, purchases: int) -> None:
    """Members, their accounts, and two lots a purchase."""
    for first in range(1, members + 1, PART):
        cursor.execute(_MEMBERS, [program_id, first, min(members, first + PART - 1)])
    cursor.execute(_ACCOUNTS, [purchases, purchases])
    for seq in range(1, purchases + 1):
        for first in range(1, members + 1, PART):
            last = min(members, first + PART - 1)
            said = {"seq": seq, "program": program_id, "purchases": purchases, "first": first, "last": last}
            cursor.execute(_LOTS, said)
        sys.stderr.write(f"purchase {seq} of {purchases}\n")
    cursor.execute("vacuum (analyze)")


def passes(cursor: Any) -> float:
    """Seconds of one sequential read (median of three)."""
    cursor.execute("set max_parallel_workers_per_gather = 0")
    found = []
    for _ in range(3):
        began = time.perf_counter()
        for table in TABLES:
            cursor.execute(f"select count(*) from {table}")
        found.append(time.perf_counter() - began)
    cursor.execute("reset max_parallel_workers_per_gather")
    return statistics.median(found)


def run(members: int, purchases: int) -> list[Row]:
    """Measure on a private server."""
    with private.server():
        connection = import_module("django.db").connection  # once Django is set up
        clock, nights = import_module("regulars.kernel.clock"), import_module("regulars.kernel.nights")
        publishing = import_module("regulars.governance.publishing.services")
        tiers = import_module("regulars.value.tiers.services")
        with connection.cursor() as cursor:
            with clock.at(datetime(2024, 1, 1, tzinfo=UTC)):
                program_id = publishing.apply(document=_DOCUMENT, actor="system:bench").program_id
            fill(cursor, program_id, members, purchases)
            with clock.at(EVE):
                began = time.perf_counter()
                tiers.review_all(program_id=program_id, announce=False)
            first = time.perf_counter() - began
            cursor.execute("vacuum (analyze) tiers_standing, tiers_move, kernel_fact")
            cursor.execute("checkpoint")
            seconds = passes(cursor)
            steps = [nights.Step("review levels", tiers.review_at_night, only_latest=True)]
            with clock.at(clock.day_starts(NEW_YEAR, "Europe/London")):
                began = time.perf_counter()
                done = nights.run_due(
                    steps, program_id=program_id, zone="Europe/London", upto=clock.now(), first_day=NEW_YEAR
                )
            took = time.perf_counter() - began
            cursor.execute("select count(*) filter (where cause = 'night'), count(*) from tiers_move")
            fell, _ = cursor.fetchone()
            cursor.execute("select count(*) from tiers_standing where look_at <= %s", [EVE])
            if cursor.fetchone()[0] or not 0 < fell < members:
                raise SystemExit("the night has left somebody out, or moved nobody")
    told = (
        f"{took:.1f} s for {members:,} members ({fell:,} fell), {done.batches} batches; a read {seconds:.2f} s;"
        f" everybody's first review {first:.1f} s"
    )
    name = f"a boundary night of {members:,} members"
    return [
        Row(name=name, ratio=round(took / seconds, 1), unit="× one sequential read", ceiling=CEILING, detail=told)
    ]


if __name__ == "__main__":
    ask = argparse.ArgumentParser(prog="benchmarks.boundary_night", description=(__doc__ or "").splitlines()[0])
    ask.add_argument("--members", type=int, default=1_000_000)
    ask.add_argument("--purchases", type=int, default=10)
    asked = ask.parse_args()
    tell(run(asked.members, asked.purchases))
