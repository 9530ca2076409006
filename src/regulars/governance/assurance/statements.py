"""A member's statement: what the books say of a period, summed, sealed with the program's key, and compared again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, transaction

from regulars.governance.assurance import rules
from regulars.governance.assurance.terms import MOST_ENTRIES, Include
from regulars.kernel import clock, ids, secrets
from regulars.kernel.errors import Invalid, sure
from regulars.people.members import services as members
from regulars.people.programs import services as programs
from regulars.people.programs.terms import Program
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import Balance, Entry
from regulars.value.orders import services as orders
from regulars.value.tiers import services as tiers

Answer = TypeVar("Answer")
Document = dict[str, Any]
MOST_LEVELS = 1_000
_PAGE = 200
_EARLIEST, _LATEST = 1970, 2200
_NOT_COMPARED = ("seal", "made_at", "person", "program.name", "names", "is_over")


def statement(
    *,
    program_id: int,
    member_id: UUID,
    from_: date,
    to: date,
    after: int = 0,
    limit: int = MOST_ENTRIES,
    include: Collection[Include] = (),
) -> Document:
    """What happened to a member's value in a period and why, with balances that add up, signed by the program.

    A journal belongs to the day on which it was recorded, so that the statement of a period that is over never
    changes. A long period comes in parts, each signed: `part.next` is the `after` of the next one. Nothing in it
    names a person beyond the member's number, unless `include` asks for it.

    Args: from_, to: local days of the program, both within. after: the last journal of the part before. limit: how
    many journals a part holds, 500 at most.
    Raises: Invalid; UnknownMember.
    """
    program = programs.by_id(program_id=program_id)
    limit = min(max(1, limit), MOST_ENTRIES)
    begins, ends = _period(program, from_, to)

    def told() -> Document:
        return _told(program, member_id, (from_, to), (begins, ends), after, limit)

    document = _at_one_instant(told)
    if include:
        document["person"] = _person(program_id, member_id, include)
    document = _sealed(program_id, document)
    sure(not rules.check(document), "a statement adds up before it is handed out")
    return document


def statement_key(*, program_id: int) -> str:
    """The public half of the key that signs a program's statements: Ed25519, 32 bytes as base64url."""
    return rules.text_of_bytes(secrets.verify_key(program_id))


def statement_faults(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Where a statement, whole in itself, is not what the books of this database say now: (where, what).

    Of a period that was not over, only the journals that it tells are compared.
    Raises: NoProgram; UnknownMember.
    """
    program = programs.get(key=document["program"]["key"])
    member_id = ids.decode("mem", document["member"]["id"])
    told, part = document["period"], document["part"]
    days = date.fromisoformat(told["from"]), date.fromisoformat(told["to"])
    begins, ends = _period(program, *days)

    def again() -> Document:
        through = None if told["is_over"] or part["next"] is not None else part["through"]
        return _told(program, member_id, days, (begins, ends), part["after"], part["limit"], through)

    found = _at_one_instant(again)
    faults = []
    if document["seal"]["key"] != statement_key(program_id=program.id):
        faults.append(("seal.key", "is not this program's key"))
    if not told["is_over"]:
        made = datetime.fromisoformat(document["made_at"])
        found["levels"] = [m for m in found["levels"] if datetime.fromisoformat(m["at"]) <= made]
        found["part"]["next"] = part["next"]
    _compare(found, document, "", faults)
    return faults


def _period(program: Program, from_: date, to: date) -> tuple[datetime, datetime]:
    faults = [
        (name, f"must lie in the years {_EARLIEST} to {_LATEST - 1}")
        for name, day in (("from", from_), ("to", to))
        if not _EARLIEST <= day.year < _LATEST
    ]
    if to < from_:
        faults.append(("to", "must not be before the day it begins with"))
    if faults:
        raise Invalid(errors=faults)
    return clock.day_starts(from_, program.zone), clock.day_ends(to, program.zone)


def _at_one_instant(read: Callable[[], Answer]) -> Answer:
    """Read several things as they were at one instant, unless a caller's transaction says how to read."""
    with transaction.atomic():
        if not connection.savepoint_ids:
            with connection.cursor() as cursor:
                cursor.execute("set transaction isolation level repeatable read, read only")
        return read()


def _told(
    program: Program,
    member_id: UUID,
    days: tuple[date, date],
    bounds: tuple[datetime, datetime],
    after: int,
    limit: int,
    only_through: int | None = None,
) -> Document:
    begins, ends = bounds
    now = clock.now()
    number = members.fact(program_id=program.id, member_id=member_id).number
    found = ledger.journal_booked(
        program_id=program.id, member_id=member_id, begins_at=begins, ends_at=ends, after=after, limit=limit + 1
    )
    if only_through is not None:
        found = [entry for entry in found if entry.seq <= only_through]
    opening = ledger.balances_booked(
        program_id=program.id, member_id=member_id, before=begins, through=ends if after else None, seq=after
    )
    entries = _entries(program.id, found[:limit])
    through = entries[-1]["seq"] if entries else after
    return {
        "statement": 1,
        "program": {"key": program.key, "name": program.name, "zone": program.zone, "currency": program.currency},
        "member": {"id": ids.encode("mem", member_id), "number": number},
        "period": {
            "from": days[0].isoformat(),
            "to": days[1].isoformat(),
            "begins_at": begins.isoformat(),
            "ends_at": ends.isoformat(),
            "is_over": now >= ends,
        },
        "made_at": now.isoformat(),
        "part": {"after": after, "through": through, "next": through if len(found) > limit else None, "limit": limit},
        "units": _units(program.id, opening, entries),
        "entries": entries,
        "levels": [] if after else _levels(program.id, member_id, begins, ends),
    }


def _entries(program_id: int, found: list[Entry]) -> list[Document]:
    named = {e.source.ref for e in found if e.source.type == "order" and e.source.ref}
    applied = orders.applied_of(program_id=program_id, named=named) if named else {}
    out = []
    for entry in found:
        source = entry.source
        gave = applied.get(source.ref or "", ()) if source.type == "order" and entry.reverses is None else ()
        moves = [
            {
                "unit": p.unit,
                "from": p.debit.value,
                "to": p.credit.value,
                "amount": p.amount,
                "as": rules.meaning(entry.kind, p.debit, p.credit),
            }
            for p in entry.postings
        ]
        earns = any(m["as"] == "earned" for m in moves)
        out.append(
            {
                "seq": entry.seq,
                "kind": entry.kind,
                "recorded_at": entry.recorded_at.isoformat(),
                "occurred_at": entry.occurred_at.isoformat(),
                "by": entry.actor.partition(":")[0],  # which of the staff is nobody's business but the house's
                "source": {"type": source.type, "ref": source.ref, "line": source.line} if source.type else None,
                "rules": [{"rule": a.key, "unit": a.unit, "amount": a.amount} for a in gave if a.amount]
                if earns
                else [],
                "rule_version": entry.rule_version,
                "reverses": entry.reverses,
                "reason": entry.reason,
                "hash": entry.hash.hex(),
                "moves": moves,
            }
        )
    return out


def _units(program_id: int, opening: Mapping[str, Balance], entries: list[Document]) -> list[Document]:
    out = []
    for unit in ledger.units(program_id=program_id):
        moves = [m for e in entries for m in e["moves"] if m["unit"] == unit.key]
        held = opening.get(unit.key)
        if held is None and not moves:
            continue  # never moved until then: a unit that is added later changes no statement of before
        begins = {
            "active": held.active if held else 0,
            "pending": held.pending if held else 0,
            "held": held.held if held else 0,
            "debt": held.debt if held else 0,
        }
        out.append(
            {
                "unit": unit.key,
                "kind": unit.kind.value,
                "scale": unit.scale,
                "names": dict(unit.names),
                "opening": {**begins, "total": rules.worth(begins)},
                "closing": rules.moved(begins, moves),
                "totals": rules.totals(moves),
            }
        )
    return out


def _levels(program_id: int, member_id: UUID, begins: datetime, ends: datetime) -> list[Document]:
    found, before = [], None
    while page := tiers.moves(program_id=program_id, member_id=member_id, before=before, limit=_PAGE):
        found += [move for _, move in page if begins <= move.moved_at < ends]
        before = page[-1][0]
        if len(page) < _PAGE:
            break
    if len(found) > MOST_LEVELS:
        raise Invalid(errors=[("from", f"more than {MOST_LEVELS} moves of level: take a shorter period")])
    return [
        {
            "n": n,
            "ladder": move.ladder,
            "from": move.from_level,
            "to": move.to_level,
            "at": move.moved_at.isoformat(),
            "cause": move.cause,
            "why": move.why,
            "version": move.version,
        }
        for n, move in enumerate(reversed(found), start=1)
    ]


def _person(program_id: int, member_id: UUID, include: Collection[Include]) -> Document:
    profile = members.profile(program_id=program_id, member_id=member_id, reveal=True)
    told: Document = {}
    if Include.NAME in include:
        told["name"] = profile.name or None
    if Include.CONTACT in include:
        told |= {"phone": profile.phone or None, "email": profile.email or None}
    return told


def _sealed(program_id: int, document: Document) -> Document:
    told = rules.digests(document)
    signature = secrets.sign(program_id, rules.message(told))
    seal = {
        "key": statement_key(program_id=program_id),
        "digests": told,
        "signature": rules.text_of_bytes(signature),
    }
    return {**document, "seal": seal}


def _compare(books: Any, told: Any, path: str, faults: list[tuple[str, str]]) -> None:
    """Note each place where the books say something else; what may differ in good faith is passed over."""
    if isinstance(books, dict) and isinstance(told, dict):
        for name in sorted(books.keys() | told.keys()):
            here = f"{path}.{name}" if path else name
            if name in _NOT_COMPARED or here in _NOT_COMPARED:
                continue
            _compare(books.get(name), told.get(name), here, faults)
    elif path in ("units", "entries", "levels"):
        name = {"units": "unit", "entries": "seq", "levels": "n"}[path]
        left, right = ({one[name]: one for one in side} for side in (books, told))
        for key in sorted(left.keys() | right.keys(), key=str):
            if key not in right:
                faults.append((f"{path}/{key}", "the books have it, the statement does not"))
            elif key not in left:
                faults.append((f"{path}/{key}", "the books do not have it"))
            else:
                _compare(left[key], right[key], f"{path}/{key}", faults)
    elif books != told:
        faults.append((path, f"the books say {books!r}, the statement says {told!r}"))
