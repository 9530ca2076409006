"""The proofs of L1–L9 over the stored books, two at a time where nothing uncommitted is in the way."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection, transaction

from regulars.value.ledger.services.calls import rows
from regulars.value.ledger.services.statements import heads_verify
from regulars.value.ledger.terms import Discrepancy

LIGHT = ("L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8")
HEAVY = ("L9",)  # hashes every journal again: about half of all the work


def discrepancies(*, program_id: int | None = None) -> list[Discrepancy]:
    """Every broken promise L1–L9 in the stored books; none in a healthy database. Reads all, in set-based passes.

    The hash chain is proved on a connection of its own, beside the other proofs and of the same instant, unless this
    transaction has written something that only it can see.

    Args: program_id: one program, or all.
    """
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        snapshot = None
        if not any(connection.savepoint_ids):  # a snapshot cannot be handed on from inside a savepoint
            cursor.execute("select case when pg_current_xact_id_if_assigned() is null then pg_export_snapshot() end")
            (snapshot,) = cursor.fetchone() or (None,)
        if snapshot is None:
            found = _proven(cursor, LIGHT, program_id) + _proven(cursor, HEAVY, program_id)
        else:
            with ThreadPoolExecutor(1) as beside:
                chain = beside.submit(_beside, snapshot, program_id)
                found = _proven(cursor, LIGHT, program_id)
                found += chain.result()
    for (program,) in rows(
        "select distinct program_id from ledger_head where %s::int is null or program_id = %s", program_id, program_id
    ):
        found += heads_verify(program_id=program)
    return found


def _beside(snapshot: str, program_id: int | None) -> list[Discrepancy]:
    """The heavy proofs on a connection that sees what the exporter of the snapshot sees."""
    other = connection.copy()
    try:
        with _Apart(other) as cursor:
            cursor.execute("set transaction isolation level repeatable read, read only")
            cursor.execute("set transaction snapshot %s", [snapshot])
            return _proven(cursor, HEAVY, program_id)
    finally:
        other.close()


class _Apart:
    """One transaction on a connection that Django does not manage by name."""

    def __init__(self, wrapper: Any) -> None:
        self.wrapper = wrapper

    def __enter__(self) -> Any:
        self.wrapper.set_autocommit(False)
        self.cursor = self.wrapper.cursor()
        return self.cursor

    def __exit__(self, *_: Any) -> None:
        self.cursor.close()
        self.wrapper.rollback()
        self.wrapper.set_autocommit(True)


def _proven(cursor: Any, proofs: Sequence[str], program_id: int | None) -> list[Discrepancy]:
    found: list[Discrepancy] = []
    cursor.execute("set local work_mem = '128MB'")
    cursor.execute("set local max_parallel_workers_per_gather = 2")
    for name in proofs:
        if name in HEAVY:  # in the order of its keys each table is read once, without sorting what is wide
            cursor.execute("set local enable_sort = off; set local enable_hashagg = off")
        cursor.execute(f"select * from ledger_proof_{name.lower()}(%s::int)", [program_id])
        found += [
            Discrepancy(promise=p, what=w, program_id=pid, member_id=m, seq=s, expected=e or "", found=f or "")
            for p, w, pid, m, s, e, f in cursor.fetchall()
        ]
    cursor.execute("set local enable_sort to default; set local enable_hashagg to default")
    return found
