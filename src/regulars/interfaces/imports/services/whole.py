"""Files of members and of opening balances: in the order of the file, a batch a transaction."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction

from regulars.interfaces.imports.models import JobRow
from regulars.interfaces.imports.rules.convert import as_text
from regulars.interfaces.imports.rules.people import Balance, Faulty, balance_of, newcomer_of
from regulars.interfaces.imports.services import files, lists, rejecting, shelves
from regulars.interfaces.imports.services.jobs import Show
from regulars.interfaces.imports.services.result import Result, Rows
from regulars.interfaces.imports.terms import Kind, Mapping, Progress, Reject, State
from regulars.kernel import clock
from regulars.kernel.errors import Invalid, Refusal
from regulars.people.members import services as members
from regulars.people.members.terms import Newcomer
from regulars.people.programs import services as programs
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import Parcel, Source

_AT_ONCE = 1_000


def run(*, row: JobRow, path: Path, mapping: Mapping, show: Show) -> None:
    """Bring in a file of members or balances from where the job stands."""
    row.state = State.RECORDING
    row.save(update_fields=["state"])
    place, size = 0, files.size_of(path, mapping)
    unit = "rows" if mapping.format == "parquet" else "bytes"
    seen = [0]
    for rows, bad in batches(path, mapping, seen):
        place += len(rows) + len(bad)
        if place <= row.done:
            continue
        with transaction.atomic():
            fresh = JobRow.objects.select_for_update().get(id=row.id)
            result = _apply(row.program_id, rows, mapping, f"system:import {row.id}")
            result.rejects += bad
            rejecting.note(program_id=row.program_id, job_id=row.id, rejects=result.rejects)
            fresh.done, fresh.rejected = place, fresh.rejected + len(result.rejects)
            _count(fresh.report, result, len(rows) + len(bad))
            fresh.save(update_fields=["done", "rejected", "report"])
        show(Progress(state=State.RECORDING, done=seen[0], total=size, unit=unit))
    JobRow.objects.filter(id=row.id).update(total=place)


def dry_run(*, program_id: int, path: Path, mapping: Mapping, show: Show) -> dict[str, Any]:
    """What the import of such a file would do: everything is tried in transactions that are rolled back."""
    report: dict[str, Any] = {}
    first: list[tuple[int, str]] = []
    seen, size = [0], files.size_of(path, mapping)
    for rows, bad in batches(path, mapping, seen):
        with transaction.atomic():
            result = _apply(program_id, rows, mapping, "system:dry run")
            transaction.set_rollback(True)
        result.rejects += bad
        first += [(r.line, r.reason) for r in result.rejects[: max(0, 100 - len(first))]]
        _count(report, result, len(rows) + len(bad))
        show(Progress(state=State.RECORDING, done=seen[0], total=size, unit="bytes"))
    return {**report, "first_rejects": first}


def batches(path: Path, mapping: Mapping, seen: list[int]) -> Iterator[tuple[Rows, list[Reject]]]:
    """The rows of a file by our column names, at most so many at once; broken rows come as rejects."""
    source = files.Source(path, mapping, lambda n: seen.__setitem__(0, n))
    for chunk in source.chunks():
        columns = {ours: as_text(chunk.columns[theirs[0]]).to_pylist() for ours, theirs in mapping.columns.items()}
        for ours, column in mapping.attributes.items():
            columns[f"attributes.{ours}"] = as_text(chunk.columns[column]).to_pylist()
        lines = chunk.lines.to_pylist()
        rows = [
            (line, {**mapping.constants, **dict(zip(columns, values, strict=True))})
            for line, values in zip(lines, zip(*columns.values(), strict=True), strict=True)
        ]
        bad = [reject for reject, _ in source.bad]
        source.bad.clear()
        for start in range(0, len(rows), _AT_ONCE):
            yield rows[start : start + _AT_ONCE], bad if start == 0 else []
    if source.bad:
        yield [], [reject for reject, _ in source.bad]


def _count(report: dict[str, Any], result: Result, rows: int) -> None:
    for name, more in (
        ("rows", rows),
        ("recorded", result.recorded),
        ("repeated", result.repeated),
        ("rows_rejected", len(result.rejects)),
    ):
        report[name] = report.get(name, 0) + more
    reasons = report.setdefault("reasons", {})
    for reject in result.rejects:
        reasons[reject.reason] = reasons.get(reject.reason, 0) + 1


def _apply(program_id: int, rows: Rows, mapping: Mapping, actor: str) -> Result:
    result = Result()
    if mapping.kind in (Kind.PRODUCTS, Kind.STOCK):
        shelves.apply(program_id=program_id, rows=rows, mapping=mapping, result=result)
        return result
    if mapping.kind == Kind.AUDIENCE:
        lists.apply(program_id=program_id, rows=rows, mapping=mapping, actor=actor, result=result)
        return result
    zone = programs.by_id(program_id=program_id).zone
    read: list[tuple[int, Any]] = []
    for line, row in rows:
        try:
            if mapping.kind == Kind.MEMBERS:
                read.append((line, newcomer_of(row, mapping=mapping, zone=zone)))
            else:
                read.append((line, balance_of(row, mapping=mapping, zone=zone, now=clock.now())))
        except Faulty as no:
            result.reject(line, no.reason)
    if mapping.kind == Kind.MEMBERS:
        _members(program_id, read, actor, result)
    else:
        _balances(program_id, read, mapping, actor, result)
    return result


def _members(program_id: int, read: list[tuple[int, Newcomer]], actor: str, result: Result) -> None:
    known = members.resolve_many(program_id=program_id, refs=[f"external:{n.external}" for _, n in read])
    result.repeated += sum(f"external:{n.external}" in known for _, n in read)
    fresh = [(line, n) for line, n in read if f"external:{n.external}" not in known]
    while fresh:
        try:
            found = members.register_many(program_id=program_id, rows=[n for _, n in fresh], actor=actor)
        except Invalid as no:
            faults = {int(path.split(".")[1]): path.split(".")[2] for path, _ in reversed(no.errors)}
            for place, name in sorted(faults.items()):
                result.reject(fresh[place][0], f"bad:{name}")
            fresh = [pair for place, pair in enumerate(fresh) if place not in faults]
            continue
        result.recorded += len(found)
        result.repeated += len(fresh) - len(found)
        return


def _balances(program_id: int, read: list[tuple[int, Balance]], mapping: Mapping, actor: str, result: Result) -> None:
    asked = {f"{mapping.member_type}:{b.member}" for _, b in read}
    found = members.resolve_many(program_id=program_id, refs=asked)
    units = {unit.key: unit for unit in ledger.units(program_id=program_id)}
    for line, balance in read:
        member_id = found.get(f"{mapping.member_type}:{balance.member}")
        if member_id is None:
            result.reject(line, "unknown_member")
        elif balance.unit not in units:
            result.reject(line, "unknown_unit")
        else:
            _open(program_id, line, balance, member_id, units[balance.unit].slot, mapping, actor, result)


def _open(
    program_id: int,
    line: int,
    balance: Balance,
    member_id: UUID,
    slot: int,
    mapping: Mapping,
    actor: str,
    result: Result,
) -> None:
    before = ledger.context(member_id=member_id).seq
    try:
        moved = ledger.earn(
            program_id=program_id,
            member_id=member_id,
            key=f"opening/{mapping.source}/{balance.key}"[:300],
            kind="opening",
            parcels=[Parcel(slot=slot, amount=balance.amount, expires_at=balance.expires_at)],
            source=Source(type="import", ref=mapping.source),
            occurred_at=balance.occurred_at,
            actor=actor,
        )
    except Refusal as no:
        result.reject(line, no.code)
        return
    if moved.seq is not None and moved.seq > before:
        result.recorded += 1
    else:
        result.repeated += 1
