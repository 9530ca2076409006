"""Spending, giving back, moving between members and units, and reversing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from regulars.kernel import clock
from regulars.kernel.errors import Invalid
from regulars.value.ledger.services.calls import ENTRY, NOWHERE, call, digest, entry, moved, rows
from regulars.value.ledger.services.earning import clawback
from regulars.value.ledger.services.units import unit as unit_of
from regulars.value.ledger.terms import CannotReverse, Clawed, Moved, Source, UnknownEntry


def spend(
    *,
    program_id: int,
    member_id: UUID,
    key: str,
    unit: str,
    amount: int,
    actor: str,
    kind: str = "spend",
    source: Source = NOWHERE,
    party: str | None = None,
    rule_version: int | None = None,
    occurred_at: datetime | None = None,
    reason: str | None = None,
) -> Moved:
    """Take value from a member, first to expire first. What has expired is booked before and never spent.

    Args: amount: > 0. party: who is owed it (a partner, a charity), None when it is simply spent.
    Raises: NotEnoughPoints, KeyReused, UnknownUnit, MemberSuspended, MemberEarnOnly, MemberClosed, MemberMerged.
    """
    slot = unit_of(program_id=program_id, key=unit).slot
    asked = digest("spend", kind, unit, amount, party, source.type, source.ref, source.line)
    head = entry(
        program_id=program_id,
        key=key,
        kind=kind,
        actor=actor,
        source=source,
        rule_version=rule_version,
        occurred_at=occurred_at,
        reason=reason,
        asked=asked,
    )
    sql = f"select * from ledger_spend(%s::uuid, {ENTRY}, %s::smallint, %s::bigint, %s::text)"
    return moved(call(sql, member_id, *head, slot, amount, party))


def donate(
    *,
    program_id: int,
    member_id: UUID,
    key: str,
    unit: str,
    amount: int,
    actor: str,
    party: str,
    source: Source = NOWHERE,
    occurred_at: datetime | None = None,
) -> Moved:
    """Spend in favour of `party`, to whom it is then payable. Raises: as `spend`."""
    return spend(
        program_id=program_id,
        member_id=member_id,
        key=key,
        unit=unit,
        amount=amount,
        actor=actor,
        kind="donate",
        source=source,
        party=party,
        occurred_at=occurred_at,
    )


def restore(
    *,
    program_id: int,
    member_id: UUID,
    key: str,
    spend_seq: int,
    amount: int,
    actor: str,
    kind: str = "restore",
    source: Source = NOWHERE,
    occurred_at: datetime | None = None,
    reason: str | None = None,
    of: UUID | None = None,
) -> Moved:
    """Give spent value back to its very lots with the life they had; what has ended by now expires at once.

    Args: spend_seq: the journal that spent it. amount: > 0, at most what did not come back yet (L7). of: whose
    journal it is, when that member was merged into this one.
    Raises: UnknownEntry, ReversesTooMuch, KeyReused, MemberMerged.
    """
    asked = digest("restore", kind, spend_seq, amount, str(of), source.type, source.ref)
    head = entry(
        program_id=program_id,
        key=key,
        kind=kind,
        actor=actor,
        source=source,
        occurred_at=occurred_at,
        reason=reason,
        asked=asked,
    )
    sql = f"select * from ledger_restore(%s::uuid, {ENTRY}, %s::bigint, %s::bigint, %s::uuid)"
    return moved(call(sql, member_id, *head, spend_seq, amount, of))


def transfer(
    *,
    program_id: int,
    member_id: UUID,
    to: UUID,
    key: str,
    unit: str,
    amount: int,
    actor: str,
    kind: str = "transfer",
    source: Source = NOWHERE,
    occurred_at: datetime | None = None,
    reason: str | None = None,
) -> Moved:
    """Move value to another member of the program; it keeps its life, and knows where it came from.

    Raises: NotTransferable, NotEnoughPoints, KeyReused, UnknownUnit, Member… refusals of either member.
    """
    slot = unit_of(program_id=program_id, key=unit).slot
    asked = digest("transfer", kind, str(to), unit, amount, source.type, source.ref)
    head = entry(
        program_id=program_id,
        key=key,
        kind=kind,
        actor=actor,
        source=source,
        occurred_at=occurred_at,
        reason=reason,
        asked=asked,
    )
    sql = f"select * from ledger_transfer(%s::uuid, {ENTRY}, %s::uuid, %s::smallint, %s::bigint)"
    return moved(call(sql, member_id, *head, to, slot, amount))


def gift(
    *,
    program_id: int,
    member_id: UUID,
    to: UUID,
    key: str,
    unit: str,
    amount: int,
    actor: str,
    source: Source = NOWHERE,
    occurred_at: datetime | None = None,
) -> Moved:
    """A transfer that its giver calls a gift. Raises: as `transfer`."""
    return transfer(
        program_id=program_id,
        member_id=member_id,
        to=to,
        key=key,
        unit=unit,
        amount=amount,
        actor=actor,
        kind="gift",
        source=source,
        occurred_at=occurred_at,
    )


def exchange(
    *,
    program_id: int,
    member_id: UUID,
    key: str,
    unit: str,
    amount: int,
    actor: str,
    into: str | None,
    rate: tuple[int, int] = (1, 1),
    expires_at: datetime | None = None,
    party: str | None = None,
    source: Source = NOWHERE,
    occurred_at: datetime | None = None,
) -> Moved:
    """Exchange value into another unit, or (with `into=None`) out to a partner.

    Args: rate: (gives, takes): 1 of `into` for 100 is (1, 100); the amount must come out whole. expires_at: the end
    of the new lot. party: the partner who is owed it.
    Raises: as `spend`; Invalid when it does not come out whole, or out without a partner.
    """
    if (into is None and party is None) or rate[0] <= 0 or rate[1] <= 0:
        raise Invalid(errors=[("into", "is a unit, or there is a partner"), ("rate", "is two numbers above nothing")])
    slot = unit_of(program_id=program_id, key=unit).slot
    slot_into = None if into is None else unit_of(program_id=program_id, key=into).slot
    asked = digest("exchange", unit, amount, into, rate, party, source.type, source.ref)
    head = entry(
        program_id=program_id,
        key=key,
        kind="exchange",
        actor=actor,
        source=source,
        occurred_at=occurred_at,
        asked=asked,
    )
    sql = (
        f"select * from ledger_exchange(%s::uuid, {ENTRY}, %s::smallint, %s::bigint, %s::smallint,"
        " %s::bigint, %s::bigint, %s::timestamptz, %s::text)"
    )
    return moved(call(sql, member_id, *head, slot, amount, slot_into, *rate, expires_at, party))


@transaction.atomic
def reverse(
    *,
    program_id: int,
    member_id: UUID,
    key: str,
    seq: int,
    actor: str,
    amounts: Mapping[int, int] | None = None,
    reason: str | None = None,
    occurred_at: datetime | None = None,
) -> Moved | Clawed:
    """Undo a journal, wholly or in part: what it gave is clawed back, what it spent is restored.

    Args: amounts: slot → part, None for all that is left. A part never exceeds what is left (L7).
    Raises: UnknownEntry, CannotReverse (a transfer, hold, expiry or exchange is undone in its own way),
    ReversesTooMuch, KeyReused.
    """
    gave, took = _sides(program_id, member_id, seq)
    again = rows("select 1 from ledger_journal where member_id = %s and key = %s", member_id, key)
    source = Source(type="reverse", ref=str(seq))
    at = occurred_at or clock.now()
    if gave and not took:
        left = amounts or _given(member_id, key, gave) if again else amounts or _left(member_id, seq, gave)
        return clawback(
            program_id=program_id,
            member_id=member_id,
            key=key,
            reverses=seq,
            amounts=left,
            actor=actor,
            kind="reverse",
            source=source,
            occurred_at=at,
            reason=reason,
        )
    if took and not gave and len(took) == 1:
        (slot,) = took
        whole = _given(member_id, key, took) if again else _unspent(member_id, seq, slot)
        return restore(
            program_id=program_id,
            member_id=member_id,
            key=key,
            spend_seq=seq,
            amount=(amounts or whole)[slot],
            actor=actor,
            kind="reverse",
            source=source,
            occurred_at=at,
            reason=reason,
        )
    raise CannotReverse("This kind of movement is undone in another way.", seq=seq)


def _sides(program_id: int, member_id: UUID, seq: int) -> tuple[set[int], set[int]]:
    """The slots of which a journal gave value, and those of which it took.

    Raises: UnknownEntry.
    """
    postings = rows(
        "select unit, debit, credit from ledger_posting where program_id = %s and member_id = %s and seq = %s",
        program_id,
        member_id,
        seq,
    )
    if not postings:
        raise UnknownEntry(f"There is no journal {seq}.")
    gave = {unit for unit, debit, _ in postings if debit in ("issued", "funder")}
    out = ("spent", "payable", "issued")
    took = {unit for unit, debit, credit in postings if debit in ("wallet", "held") and credit in out}
    return gave, took


def _left(member_id: UUID, seq: int, slots: set[int]) -> dict[int, int]:
    """What is left to claw back of a journal, per slot."""
    sql = "select coalesce(sum(amount), 0) from ledger_issued(%s, %s, %s::smallint)"
    return {slot: int(rows(sql, member_id, seq, slot)[0][0]) for slot in sorted(slots)}


def _unspent(member_id: UUID, seq: int, slot: int) -> dict[int, int]:
    """What a spend has not given back yet."""
    return {slot: int(rows("select coalesce(sum(amount), 0) from ledger_spent_lots(%s, %s)", member_id, seq)[0][0])}


def _given(member_id: UUID, key: str, slots: set[int]) -> dict[int, int]:
    """What a reversal with this key moved when it was first made."""
    found = rows(
        "select unit, sum(amount) from ledger_posting p join ledger_journal j using (member_id, seq)"
        " where member_id = %s and key = %s group by unit",
        member_id,
        key,
    )
    return {int(slot): int(amount) for slot, amount in found if slot in slots}
