"""What a member holds, what happened, and where it came from."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from regulars.kernel import clock
from regulars.value.ledger.models import AllocationRow, JournalRow, LotRow, PostingRow
from regulars.value.ledger.services.calls import rows
from regulars.value.ledger.services.earning import context
from regulars.value.ledger.services.units import units
from regulars.value.ledger.terms import (
    Account,
    Allocation,
    Balance,
    Entry,
    Expiring,
    Lot,
    LotState,
    Posting,
    Source,
    Trace,
    UnknownEntry,
)

SPENDING = (
    "spend",
    "capture",
    "donate",
    "exchange",
    "adjust",
    "transfer",
    "hold",
    "clawback",
    "repay",
    "expire",
    "merge",
)
DEEP = 12  # a lot that was handed on more often than this is shown up to here


def balances(*, program_id: int, member_id: UUID, zone: str, at: datetime | None = None) -> dict[str, Balance]:
    """What a member holds, by unit key, with what expires on which local day.

    Args: zone: the program's, in which days end. at: aware, now unless said; what has ended by then is left out of
    `active` although no night has booked it yet.
    """
    now = at or clock.now()
    seen = context(member_id=member_id, at=now)
    ends: dict[int, dict[Any, int]] = defaultdict(lambda: defaultdict(int))
    late: dict[int, int] = defaultdict(int)
    found = rows(
        "select (e.lot).unit, (e.lot).state, e.ends, sum((e.lot).remaining) from ledger_ends(%s, null) e"
        " where e.ends is not null group by 1, 2, 3 order by 1, 3",
        member_id,
    )
    for slot, state, instant, amount in found:
        if state == LotState.ACTIVE and instant <= now:
            late[slot] += int(amount)
        elif state == LotState.ACTIVE:
            ends[slot][clock.local_day(instant - timedelta(microseconds=1), zone)] += int(amount)
    return {
        u.key: Balance(
            unit=u.key,
            slot=u.slot,
            active=_slot(seen.active, u.slot) - late[u.slot],
            pending=_slot(seen.pending, u.slot),
            held=_slot(seen.held, u.slot),
            debt=_slot(seen.debt, u.slot),
            expiring=tuple(Expiring(day=day, amount=amount) for day, amount in ends[u.slot].items()),
        )
        for u in units(program_id=program_id)
        if u.retired_at is None
    }


def _slot(values: tuple[int, ...], slot: int) -> int:
    return values[slot - 1] if slot <= len(values) else 0


def lots(
    *,
    program_id: int,
    member_id: UUID,
    unit: str | None = None,
    open_only: bool = False,
    before: tuple[int, int] | None = None,
    limit: int = 50,
) -> list[Lot]:
    """A member's lots, newest first.

    Args: open_only: only those with something left. before: (seq, n) of the last one seen.
    """
    keys = {u.slot: u.key for u in units(program_id=program_id)}
    found = LotRow.objects.filter(program_id=program_id, member_id=member_id)
    if unit is not None:
        found = found.filter(unit__in=[slot for slot, key in keys.items() if key == unit])
    if open_only:
        found = found.filter(remaining__gt=0)
    if before is not None:
        found = found.filter(seq__lte=before[0]).exclude(seq=before[0], n__gte=before[1])
    return [_lot(row, keys) for row in found.order_by("-seq", "-n")[:limit]]


def _lot(row: LotRow, keys: dict[int, str]) -> Lot:
    origin = None
    if row.origin_member is not None and row.origin_seq is not None and row.origin_n is not None:
        origin = (row.origin_member, row.origin_seq, row.origin_n)
    return Lot(
        member_id=row.member_id,
        seq=row.seq,
        n=row.n,
        unit=keys.get(row.unit, str(row.unit)),
        amount=row.amount,
        remaining=row.remaining,
        state=LotState(row.state),
        activates_at=row.activates_at,
        activation_event=row.activation_event,
        activation_deadline=row.activation_deadline,
        expires_at=row.expires_at,
        funder=row.funder,
        origin=origin,
    )


def journal(
    *, program_id: int, member_id: UUID, before: int | None = None, limit: int = 50, kinds: tuple[str, ...] = ()
) -> list[Entry]:
    """What happened to a member's value, newest first, with postings and allocations.

    Args: before: the seq of the last one seen. kinds: only these, if any.
    """
    found = JournalRow.objects.filter(program_id=program_id, member_id=member_id)
    found = found.filter(seq__lt=before) if before is not None else found
    found = found.filter(kind__in=kinds) if kinds else found
    return entries_of(program_id, member_id, list(found.order_by("-seq")[:limit]))


def entry_of(*, program_id: int, member_id: UUID, seq: int) -> Entry:
    """One journal. Raises: UnknownEntry."""
    found = JournalRow.objects.filter(program_id=program_id, member_id=member_id, seq=seq)
    entries = entries_of(program_id, member_id, list(found))
    if not entries:
        raise UnknownEntry(f"There is no journal {seq}.")
    return entries[0]


def entries_of(program_id: int, member_id: UUID, found: list[JournalRow]) -> list[Entry]:
    """Journals as entries with their postings and allocations, in the order given."""
    keys = {u.slot: u.key for u in units(program_id=program_id)}
    seqs = [row.seq for row in found]
    postings: dict[int, list[Posting]] = defaultdict(list)
    for p in PostingRow.objects.filter(member_id=member_id, seq__in=seqs).order_by("seq", "n"):
        postings[p.seq].append(
            Posting(
                unit=keys.get(p.unit, str(p.unit)),
                debit=Account(p.debit),
                credit=Account(p.credit),
                amount=p.amount,
                party=p.party,
            )
        )
    takes: dict[int, list[Allocation]] = defaultdict(list)
    for t in AllocationRow.objects.filter(member_id=member_id, seq__in=seqs).order_by("seq", "n"):
        unit = keys.get(t.unit, str(t.unit))
        takes[t.seq].append(Allocation(lot_seq=t.lot_seq, lot_n=t.lot_n, unit=unit, kind=t.kind, amount=t.amount))
    return [
        Entry(
            member_id=member_id,
            seq=row.seq,
            kind=row.kind,
            key=row.key,
            source=Source(type=row.source_type, ref=row.source_ref, line=row.source_line),
            rule_version=row.rule_version,
            occurred_at=row.occurred_at,
            recorded_at=row.recorded_at,
            actor=row.actor,
            reverses=row.reverses,
            reason=row.reason,
            hash=bytes(row.hash),
            postings=tuple(postings[row.seq]),
            allocations=tuple(takes[row.seq]),
        )
        for row in found
    ]


def provenance(*, program_id: int, member_id: UUID, seq: int) -> tuple[Entry, tuple[Trace, ...]]:
    """Where the value of a movement came from: its lots, the journals that made them, their source and rule version.

    A lot that was transferred, activated or merged is followed to the lot that it came from, across members. For a
    journal that gave value, the lots it made are its own trace.
    Raises: UnknownEntry.
    """
    found = entry_of(program_id=program_id, member_id=member_id, seq=seq)
    paid: dict[tuple[int, int], int] = defaultdict(int)
    for t in found.allocations:
        if t.kind in SPENDING and (t.amount > 0 or t.kind == "restore"):
            paid[t.lot_seq, t.lot_n] += t.amount
        elif t.kind == "restore":
            paid[t.lot_seq, t.lot_n] -= t.amount
    if not paid:
        born = LotRow.objects.filter(program_id=program_id, member_id=member_id, seq=seq)
        paid.update({(row.seq, row.n): row.amount for row in born})
    return found, tuple(
        _trace(program_id, (member_id, s, n), amount, DEEP) for (s, n), amount in sorted(paid.items())
    )


def _trace(program_id: int, where: tuple[UUID, int, int], amount: int, depth: int) -> Trace:
    keys = {u.slot: u.key for u in units(program_id=program_id)}
    row = LotRow.objects.get(program_id=program_id, member_id=where[0], seq=where[1], n=where[2])
    lot = _lot(row, keys)
    before = (_trace(program_id, lot.origin, amount, depth - 1),) if lot.origin and depth else ()
    return Trace(
        lot=lot, amount=amount, entry=entry_of(program_id=program_id, member_id=where[0], seq=where[1]), before=before
    )
