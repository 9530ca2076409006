"""The commit function of an order, with all duties and constraints, against pgbench's TPC-B: medians of ratios.

    python -m benchmarks.commit [--seconds 20] [--rounds 3] [--members 200000] [--clients 8]

Both run on one private server (the product's settings), prepared, with as many clients, in rounds that take turns. An
order is 3 or 10 lines of one of 200,000 members drawn uniformly; it earns points and growth, keeps a counter, an
idempotency record (its answer is the order's own), its lines, journal with hash and postings, lots, and the news.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import orjson

from benchmarks import private

FLOORS = {3: 0.75, 10: 0.55}
TPCB_SCALE = 20
WARM_SECONDS = 20  # enough to have touched most pages: the first touch after a checkpoint writes the page whole

# ids are told in decimal digits: making them is pgbench's work and no part of what is measured
_CALL = """\\set who random(10000000001, 10000000000 + :members)
\\set ref random(1, 9000000000000000000)
\\set n :n + 1
\\set id :n * 64 + :client_id
select orders_commit(('00000000-0000-7000-8000-0' || :who::text)::uuid, 1, null,
  ('00000000-0000-70' || :id::text)::uuid, 'till', :ref::text, 1, 'store', 'GBP', now(), now(), :total::bigint, :tenders::jsonb, 1,
  :decision::jsonb, :digest::bytea, null, 'key:1', :lines::json, '{1,2}'::smallint[], :amounts::bigint[],
  null, null, null, :expires::timestamptz[], null, :amounts::bigint[], :counters::jsonb, :ref::text, :digest::bytea, 201::smallint,
 ''::bytea, :fact::jsonb);
"""

_MEMBERS = """
insert into programs_program (id, key, name, zone, currency, locale, current_version, settings, created_at)
  overriding system value values (1, 'bench', 'Bench', 'UTC', 'GBP', 'en', 1, '{{}}', now());
insert into ledger_unit (program_id, slot, key, names, kind, scale, expiry, activation, debt_policy, renewed_by,
  transferable) values (1, 1, 'points', '{{}}', 'spendable', 0, '{{}}', '{{}}', 'owe', '{{}}', false),
         (1, 2, 'growth', '{{}}', 'measure', 0, '{{}}', '{{}}', 'within_balance', '{{}}', false);
insert into members_member (id, program_id, number, status, joined_at, joined_channel, joined_store, locale,
  masked_name, attributes, wrapped_key)
  select ('00000000-0000-7000-8000-0' || 10000000000 + n)::uuid, 1, n::text, 'active', now(), '', '', '', '',
         '{{}}', '\\x00' from generate_series(1, {members}) n;
select count(ledger_open(id, 1)) from members_member;
vacuum (analyze);
"""

_LEFT = """select (select count(*) from orders_order), (select count(*) from ledger_journal where packed is not null),
  (select count(*) from kernel_idempotency), (select count(*) from kernel_fact where kind = 'OrderPlaced'),
  (select sum(seq) from ledger_account);
"""


def variables(lines: int) -> dict[str, str]:
    """What a call carries: the size of what a real order carries."""
    told = [
        {"n": n, "i": f"line-{n}", "s": f"sku-{n:06}", "q": "1", "a": 1000 + n, "c": "groceries", "e": [10, 10]}
        for n in range(1, lines + 1)
    ]
    fact = {"order_id": "0" * 36, "member_id": "0" * 36, "ref": "1", "channel": "store", "total_minor": 1000}
    decision = {
        "applied": [[k, k, 10 * lines, 10 * lines] for k in ("points", "growth")],
        "rejected": [["birthday", "condition", "member.birth_month == now.month"]],
        "after": {k: [12345, 0, 0, 0] for k in ("points", "growth")},
    }
    values = {
        "lines": told,
        "decision": decision,
        "tenders": [["card", 1000 * lines]],
        "counters": {"points/day/2026-05-01": 30},
        "fact": fact,
    }
    return {
        **{name: orjson.dumps(value).decode() for name, value in values.items()},
        "total": str(1000 * lines),
        "amounts": f"{{{10 * lines},{10 * lines}}}",
        "expires": "{2028-01-01T00:00:00Z,NULL}",
        "digest": "\\x" + "ab" * 16,
    }


def main(arguments: list[str] | None = None) -> int:
    """Measure, print a table, and answer 0 if no floor was missed."""
    ask = argparse.ArgumentParser(prog="benchmarks.commit", description=(__doc__ or "").splitlines()[0])
    ask.add_argument("--seconds", type=int, default=20)
    ask.add_argument("--rounds", type=int, default=3)
    ask.add_argument("--members", type=int, default=200_000)
    ask.add_argument("--clients", type=int, default=8)
    said = ask.parse_args(arguments)
    with private.server() as socket, tempfile.TemporaryDirectory() as folder:
        return _measure(socket, Path(folder), said)


def _measure(socket: Path, folder: Path, said: argparse.Namespace) -> int:
    _sql(socket, "regulars", _MEMBERS.format(members=said.members))
    _sql(socket, "postgres", "create database tpcb")
    private.pgbench(socket, "tpcb", "-i", "-q", "-s", str(TPCB_SCALE))
    script = folder / "order.sql"
    script.write_text(_CALL)
    runs: dict[str, list[str]] = {"TPC-B": []}
    for lines in FLOORS:
        given = {**variables(lines), "members": str(said.members)}
        runs[f"{lines} lines"] = ["-n", "-f", str(script), *(f"-D{k}={v}" for k, v in given.items())]
    found: dict[str, list[float]] = {name: [] for name in runs}
    orders = 0
    _sql(socket, "regulars", "checkpoint")
    for round_ in range(said.rounds + 1):  # the first warms up and is not counted
        for name, extra in runs.items():
            seconds = said.seconds if round_ else WARM_SECONDS
            usual = ["-M", "prepared", "-c", str(said.clients), "-j", "1", "-T", str(seconds)]
            begin = f"-Dn={time.time_ns() // 1000}"  # orders' ids rise, as those made by the clock do
            told = private.pgbench(socket, "tpcb" if name == "TPC-B" else "regulars", *usual, *extra, begin)
            orders += 0 if name == "TPC-B" else private.processed(told)
            if round_:
                found[name].append(private.rate(told))
                sys.stderr.write(f"round {round_}: {name} {found[name][-1]:.0f}/s\n")
        _sql(socket, "regulars", "vacuum")
        _sql(socket, "tpcb", "vacuum")
    _all_there(socket, orders)
    return _tell(socket, found, said)


def _all_there(socket: Path, orders: int) -> None:
    """Every call that was counted has left an order, a journal, a record of its key and its news; else nothing was measured."""
    counts = _sql(socket, "regulars", _LEFT).strip().split("|")
    if set(counts) != {str(orders)}:
        raise SystemExit(f"{orders} calls were counted, and these orders, journals, keys, facts are there: {counts}")
    sys.stderr.write(f"{orders} orders, as many journals, keys and facts\n")


def _tell(socket: Path, found: dict[str, list[float]], said: argparse.Namespace) -> int:
    names = ("shared_buffers", "fsync", "synchronous_commit", "autovacuum", "max_wal_size", "wal_compression")
    settings = _sql(socket, "regulars", "; ".join(f"show {n}" for n in names)).split()
    state = ", ".join(f"{n} = {v}" for n, v in zip(names, settings, strict=True))
    print(
        f"{said.clients} clients, prepared, {said.members} members, {said.rounds} rounds of {said.seconds} s; {state}"
    )
    is_good = True
    print(f"TPC-B (scale {TPCB_SCALE}): {statistics.median(found['TPC-B']):.0f}/s")
    for lines, floor in FLOORS.items():
        rates = found[f"{lines} lines"]
        ratios = [mine / reference for mine, reference in zip(rates, found["TPC-B"], strict=True)]
        ratio = statistics.median(ratios)
        is_good &= ratio >= floor
        print(
            f"orders_commit, {lines} lines: {statistics.median(rates):.0f}/s = {ratio:.2f} × TPC-B"
            f" [{min(ratios):.2f}–{max(ratios):.2f}], floor {floor} {'met' if ratio >= floor else 'MISSED'}"
        )
    return 0 if is_good else 1


def _sql(socket: Path, database: str, text: str) -> str:
    command = [
        str(private.programs() / "psql"),
        "-h",
        str(socket),
        "-U",
        "postgres",
        "-qAtX",
        "-v",
        "ON_ERROR_STOP=1",
    ]
    done = subprocess.run([*command, database], input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"psql failed: {done.stderr}")
    return done.stdout


if __name__ == "__main__":
    raise SystemExit(main())
