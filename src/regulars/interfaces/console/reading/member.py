"""A member as one page shows her, gathered from every context."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from regulars.interfaces.console import words
from regulars.interfaces.console.desk import Desk
from regulars.kernel import clock, ids
from regulars.people.members import services as members
from regulars.people.members.terms import PREFIX, UnknownMember
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import Balance, Entry, UnitKind
from regulars.value.tiers import services as tiers

MOST_ENDS = 5
INNER = ("wallet", "pending", "held")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A journal entry as the list shows it: `moved` is what the wallet gained or lost, by unit."""

    entry: Entry
    moved: tuple[tuple[str, int, str], ...]  # unit, amount, where ("" the wallet, else pending or held)


@dataclass(frozen=True, kw_only=True)
class Card:
    """A balance as a card: what can be spent, what waits, and what ends when."""

    unit: str
    name: str
    is_measure: bool
    balance: Balance
    ends: tuple[tuple[date, int, int, bool], ...]  # day, amount, percent of the largest, soon?
    later: int


def member_of(desk: Desk, ref: str) -> UUID:
    """The member whose id stands in the address; a merged one is shown as herself, with the way to the other.

    Raises: UnknownMember.
    """
    found = ids.decode(PREFIX, ref)
    if not members.facts(program_id=desk.program.id, member_ids=[found]):
        raise UnknownMember
    return found


def unit_names(desk: Desk) -> dict[str, str]:
    """The program's units in the reader's language."""
    return {u.key: words.named(u.names, u.key, desk.language) for u in ledger.units(program_id=desk.program.id)}


def cards(desk: Desk, member_id: UUID) -> list[Card]:
    """Her balances, spendable units first."""
    units = {u.key: u for u in ledger.units(program_id=desk.program.id)}
    found = ledger.balances(program_id=desk.program.id, member_id=member_id, zone=desk.program.zone)
    today = clock.local_day(clock.now(), desk.program.zone)
    out = []
    for key, balance in found.items():
        ends = sorted(balance.expiring, key=lambda e: e.day)
        most = max((e.amount for e in ends[:MOST_ENDS]), default=0)
        out.append(
            Card(
                unit=key,
                name=words.named(units[key].names, key, desk.language),
                is_measure=units[key].kind is UnitKind.MEASURE,
                balance=balance,
                ends=tuple(
                    (e.day, e.amount, 100 * e.amount // most, e.day <= today + timedelta(days=30))
                    for e in ends[:MOST_ENDS]
                ),
                later=sum(e.amount for e in ends[MOST_ENDS:]),
            )
        )
    return sorted(out, key=lambda card: card.is_measure)


def levels(desk: Desk, member_id: UUID) -> list[dict[str, Any]]:
    """Where she stands on each ladder and how far it is to the next level."""
    out = []
    names = unit_names(desk)
    for at in tiers.progress(program_id=desk.program.id, member_id=member_id):
        way = (at.next_at or 0) - at.entered_at
        done = 100 if at.next_at is None else max(0, min(100, 100 * (at.value - at.entered_at) // way)) if way else 0
        out.append(
            {
                "at": at,
                "name": words.named(at.names, at.level, desk.language),
                "next": words.named(at.next_names, at.next_level, desk.language) if at.next_level else None,
                "percent": done,
                "measure": names.get(at.measure, at.measure),
            }
        )
    return out


def lines(entries: Iterable[Entry]) -> list[Line]:
    """Journal entries with what each did to the wallet (or, if nothing, to what is pending or held)."""
    return [Line(entry=entry, moved=tuple(moved(entry))) for entry in entries]


def moved(entry: Entry) -> list[tuple[str, int, str]]:
    """What an entry did by unit: to the wallet, or where that did not change, to the other member accounts."""
    sums: dict[str, dict[str, int]] = {}
    for p in entry.postings:
        by_account = sums.setdefault(p.unit, dict.fromkeys((*INNER, "debt"), 0))
        if p.credit in by_account:
            by_account[p.credit] += p.amount
        if p.debit in by_account:
            by_account[p.debit] -= p.amount
    out = []
    for unit, by_account in sums.items():
        where = next((account for account in (*INNER, "debt") if by_account[account]), None)
        if where is not None:
            out.append((unit, by_account[where], "" if where == "wallet" else where))
    return out
