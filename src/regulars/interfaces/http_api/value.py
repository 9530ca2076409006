"""What a member holds and how it came about: balances, lots, journal, provenance."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api import value_shapes as shapes
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.shapes import READ_REFUSED, Problem
from regulars.kernel import clock, ids
from regulars.kernel.errors import NotFound
from regulars.people.members import services as members
from regulars.people.programs import services as programs
from regulars.people.staff.terms import ApiKey
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import Balance, Entry, Lot, Trace
from regulars.value.orders import services as orders

router = Router(tags=["Value"])


def entry_id(member_id: UUID, seq: int) -> str:
    """The public id of a journal entry."""
    return f"{ids.encode('jrn', member_id)}-{seq}"


def balance_of(balance: Balance, zone: str) -> dict[str, Any]:
    """A balance as the API says it."""
    return {
        "unit": balance.unit,
        "active": balance.active,
        "pending": balance.pending,
        "held": balance.held,
        "debt": balance.debt,
        "expiring": [
            {"at": clock.day_ends(e.day, zone), "on": e.day, "amount": e.amount} for e in balance.expiring[:20]
        ],
    }


def balances_of(*, program_id: int, member_id: UUID) -> dict[str, dict[str, Any]]:
    """All balances of a member, by unit."""
    zone = programs.by_id(program_id=program_id).zone
    found = ledger.balances(program_id=program_id, member_id=member_id, zone=zone)
    return {unit: balance_of(balance, zone) for unit, balance in found.items()}


@router.get(
    "/members/{ref}/balances",
    auth=Key("points:read"),
    response={200: shapes.BalancesOut, READ_REFUSED: Problem},
    operation_id="get_balances",
    summary="What a member holds",
)
def balances(request: HttpRequest, ref: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    member_id = members.resolve(program_id=key.program_id, ref=ref)
    items = list(balances_of(program_id=key.program_id, member_id=member_id).values())
    return answers.json({"member": ids.encode("mem", member_id), "items": items})


def _lot(lot: Lot) -> dict[str, Any]:
    return {
        "id": f"{ids.encode('lot', lot.member_id)}-{lot.seq}-{lot.n}",
        "unit": lot.unit,
        "amount": lot.amount,
        "remaining": lot.remaining,
        "state": lot.state,
        "activates_at": lot.activates_at,
        "expires_at": lot.expires_at,
        "funder": lot.funder,
        "entry": entry_id(lot.member_id, lot.seq),
    }


@router.get(
    "/members/{ref}/lots",
    auth=Key("points:read"),
    response={200: shapes.LotsOut, READ_REFUSED: Problem},
    operation_id="list_lots",
    summary="The parcels that a balance is made of, newest first",
)
def lots(
    request: HttpRequest,
    ref: str,
    unit: str | None = None,
    open_only: bool = False,
    limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT),
    cursor: str | None = None,
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    before = answers.whole_parts(cursor, size=2)
    found = ledger.lots(
        program_id=key.program_id,
        member_id=members.resolve(program_id=key.program_id, ref=ref),
        unit=ledger.unit(program_id=key.program_id, key=unit).key if unit else None,
        open_only=open_only,
        before=(before[0], before[1]) if before else None,
        limit=limit,
    )
    after = answers.cursor_text([found[-1].seq, found[-1].n]) if len(found) == limit else None
    return answers.json({"items": [_lot(lot) for lot in found], "next_cursor": after})


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry_id(entry.member_id, entry.seq),
        "seq": entry.seq,
        "kind": entry.kind,
        "key": entry.key,
        "source_type": entry.source.type,
        "source_ref": entry.source.ref,
        "rule_version": entry.rule_version,
        "occurred_at": entry.occurred_at,
        "recorded_at": entry.recorded_at,
        "actor": entry.actor,
        "reason": entry.reason,
        "reverses": entry.reverses,
        "postings": [
            {"unit": p.unit, "debit": p.debit, "credit": p.credit, "amount": p.amount, "party": p.party}
            for p in entry.postings
        ],
        "hash": entry.hash.hex(),
    }


@router.get(
    "/members/{ref}/journal",
    auth=Key("points:read"),
    response={200: shapes.EntriesOut, READ_REFUSED: Problem},
    operation_id="list_journal",
    summary="Every movement, newest first",
)
def journal(
    request: HttpRequest, ref: str, limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT), cursor: str | None = None
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    before = answers.whole_parts(cursor, size=1)
    found = ledger.journal(
        program_id=key.program_id,
        member_id=members.resolve(program_id=key.program_id, ref=ref),
        before=before[0] if before else None,
        limit=limit,
    )
    after = answers.cursor_text([found[-1].seq]) if len(found) == limit else None
    return answers.json({"items": [_entry(e) for e in found], "next_cursor": after})


@router.get(
    "/journal/{entry}",
    auth=Key("points:read"),
    response={200: shapes.ProvenanceOut, READ_REFUSED: Problem},
    operation_id="get_provenance",
    summary="Where the value of a movement came from",
    description="Follows each point to its lot, the movement that gave it, the order's lines and rules, the version "
    "of the rules, and who funds it.",
)
def provenance(request: HttpRequest, entry: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    body, _, number = entry.rpartition("-")
    if not number.isascii() or not number.isdecimal() or len(number) > 18:
        raise NotFound("There is no such entry.")
    member_id = ids.decode("jrn", body)
    found, traces = ledger.provenance(program_id=key.program_id, member_id=member_id, seq=int(number))
    parts = [_trace(key.program_id, trace) for trace in traces]
    return answers.json({"entry": _entry(found), "parts": parts})


def _trace(program_id: int, trace: Trace) -> dict[str, Any]:
    source = trace.entry.source
    order = None
    if source.type == "order" and source.ref:
        teller, _, ref = source.ref.partition("/")
        found = orders.get(program_id=program_id, ref=ref, source=teller)
        order = {
            "id": ids.encode("ord", found.summary.order_id),
            "ref": ref,
            "source": teller,
            "lines": [
                {"id": line.id, "sku": line.sku, "earned": line.earned.get(trace.lot.unit, 0)} for line in found.lines
            ],
            "rules": [{"key": a.key, "amount": a.amount} for a in found.applied if a.unit == trace.lot.unit],
        }
    return {
        "amount": trace.amount,
        "lot": _lot(trace.lot),
        "given_by": _entry(trace.entry),
        "rule_version": trace.entry.rule_version,
        "funder": trace.lot.funder,
        "order": order,
        "before": [_trace(program_id, earlier) for earlier in trace.before],
    }
