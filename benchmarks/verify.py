"""Proving the ledger, as a ratio to one sequential pass over the same tables; and whether ten times as much takes ten times as long.

    python -m benchmarks.verify [--journals 1000000]

A tenth of the journals are spends. The books are made by the product's own functions, hashes and all, on a private
server. The reference is `count(*)` of every table that the proofs read, one process, tables warm.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from importlib import import_module
from typing import Any

from benchmarks import private
from benchmarks.rows import Row, tell

CEILING = 60  # times one sequential pass
LINEAR = 13  # times as long for ten times as much: linear, and a sort that no longer fits in memory
TABLES = ("ledger_journal", "ledger_posting", "ledger_lot", "ledger_allocation", "ledger_account", "ledger_hold")
PER_MEMBER = 9  # earnings of a member, and one spend

_PROGRAM = """
insert into programs_program (id, key, name, zone, currency, locale, current_version, settings, created_at)
  overriding system value values (1, 'bench', 'Bench', 'UTC', 'GBP', 'en', 1, '{}', now());
insert into ledger_unit (program_id, slot, key, names, kind, scale, expiry, activation, debt_policy, renewed_by, transferable)
  values (1, 1, 'points', '{}', 'spendable', 0, '{}', '{}', 'owe', '{}', false),
         (1, 2, 'growth', '{}', 'measure', 0, '{}', '{}', 'within_balance', '{}', false);
"""
_MEMBERS = """
insert into members_member (id, program_id, number, status, joined_at, joined_channel, joined_store, locale, masked_name,
  attributes, wrapped_key)
  select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 1, n::text, 'active', now(), '', '', '', '', '{}', '\\x00'
    from generate_series(%s::int, %s::int) n
"""
_FILL = """
insert into ledger_batch (ord, member_id, key, kind, source_type, source_ref, rule_version, occurred_at, recorded_at, actor,
  digest, units, amounts, expires)
  select n, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'order/till/' || %s::int || '-' || n, 'earn', 'order',
         'till/' || n, 1, now() - interval '1 day', now(), 'key:1', decode(md5(n::text), 'hex'), '{1,2}', array[100 + n %% 50, 100],
         array[now() + interval '1 year', null]
    from generate_series(%s::int, %s::int) n
"""
_SPEND = """
select count(*) from generate_series(%s::int, %s::int) n, lateral ledger_spend(
  ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
  ledger_entry(1, 'spend/' || n, 'spend', 'reward', 'mug', null, null, now(), now(), 'key:1', null, decode(md5(n::text), 'hex')),
  1::smallint, 130::bigint) s
"""


def grow(cursor: Any, first: int, last: int) -> None:
    """Give members from `first` to `last` their journals, in batches as the import does."""
    cursor.execute(_MEMBERS, [first, last])
    for round_ in range(PER_MEMBER):
        for start in range(first, last + 1, 10_000):
            cursor.execute("begin")
            cursor.execute("select ledger_batch_open()")
            cursor.execute(_FILL, [round_, start, min(last, start + 9_999)])
            cursor.execute("select * from ledger_earn_many(1)")
            cursor.execute("commit")
        sys.stderr.write(f"round {round_ + 1} of {PER_MEMBER}: members {first} to {last}\n")
    cursor.execute(_SPEND, [first, last])
    cursor.execute("vacuum (analyze)")


def measured(cursor: Any, prove: Any) -> tuple[float, float, int]:
    """Seconds of a proof and of one pass over its tables (medians of three), and how many journals there are."""
    passes, proofs = [], []
    cursor.execute("set max_parallel_workers_per_gather = 0")
    for _ in range(3):
        began = time.perf_counter()
        for table in TABLES:
            cursor.execute(f"select count(*) from {table}")
        passes.append(time.perf_counter() - began)
    cursor.execute("reset max_parallel_workers_per_gather")
    for _ in range(3):
        began = time.perf_counter()
        found = prove()
        proofs.append(time.perf_counter() - began)
        if found:
            raise SystemExit(f"the books are broken: {found[:3]}")
    cursor.execute("select count(*) from ledger_journal")
    return statistics.median(proofs), statistics.median(passes), cursor.fetchone()[0]


def run(journals: int) -> list[Row]:
    """Measure on a private server."""
    members = journals // (PER_MEMBER + 1)
    with private.server(synchronous_commit="off"):
        connection = import_module("django.db").connection  # once Django is set up
        ledger = import_module("regulars.value.ledger.services")
        with connection.cursor() as cursor:
            cursor.execute(_PROGRAM)
            grow(cursor, 1, members // 10)
            small, small_pass, few = measured(cursor, ledger.discrepancies)
            grow(cursor, members // 10 + 1, members)
            large, large_pass, many = measured(cursor, ledger.discrepancies)
    told = f"{few:,} journals: {small:.2f} s, a pass {small_pass:.3f} s; {many:,}: {large:.2f} s, a pass {large_pass:.3f} s"
    return [
        Row(
            name=f"verify over {many:,} journals",
            ratio=round(large / large_pass, 1),
            unit="× one sequential pass",
            ceiling=CEILING,
            detail=told,
        ),
        Row(
            name=f"verify, {many // few} times as much",
            ratio=round(large / small, 1),
            unit="× as long",
            ceiling=LINEAR,
            detail=told,
        ),
    ]


if __name__ == "__main__":
    ask = argparse.ArgumentParser(prog="benchmarks.verify", description=(__doc__ or "").splitlines()[0])
    ask.add_argument("--journals", type=int, default=1_000_000)
    tell(run(ask.parse_args().journals))
