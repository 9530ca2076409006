"""Calls that move points: by hand, by hold, from member to member."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router

from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api import value_shapes as shapes
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.shapes import ONCE, REFUSED, Problem
from regulars.interfaces.http_api.value import balances_of, entry_id
from regulars.kernel import clock, ids
from regulars.kernel.errors import Invalid
from regulars.people.members import services as members
from regulars.people.staff.terms import ApiKey
from regulars.value.ledger import services as ledger
from regulars.value.ledger.terms import Adjustment, Hold, Moved, Source

router = Router(tags=["Movements"])


@router.post(
    "/members/{ref}/points",
    auth=Key("points:write"),
    response={(200, 202): shapes.MovedOut, REFUSED: Problem},
    operation_id="move_points",
    summary="Give, take or correct points by hand",
    description="Beyond the key's `adjust_limit`, giving and correcting wait for a second person (202); what the "
    "same key corrected for this member within 24 hours counts with it. Spending needs no second person and never "
    "takes what is not there.",
)
def move_points(request: HttpRequest, ref: str, told: shapes.PointsIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    if told.amount == 0 or (told.amount < 0 and told.kind != "adjust"):
        raise Invalid(errors=[("amount", "must be above zero; only `adjust` may be negative, and never zero")])

    def work() -> HttpResponse:
        member_id = members.resolve(program_id=key.program_id, ref=ref)
        done = _move(key, member_id, told, f"api/{idempotency_key}")
        if told.note and isinstance(done, Moved) and done.seq is not None:
            sealed = members.seal_words(
                program_id=key.program_id, member_id=member_id, words=told.note, purpose="ledger note"
            )
            ledger.note(program_id=key.program_id, member_id=member_id, seq=done.seq, sealed=sealed, actor=key.actor)
        return _moved(key.program_id, member_id, told.unit, done)

    return answers.once(request, idempotency_key, work)


def _move(key: ApiKey, member_id: UUID, told: shapes.PointsIn, move: str) -> Moved | Adjustment:
    if told.kind == "spend":
        return ledger.spend(
            program_id=key.program_id,
            member_id=member_id,
            key=move,
            unit=told.unit,
            amount=told.amount,
            actor=key.actor,
            source=Source(type="api", ref=told.source_ref),
            occurred_at=told.occurred_at,
            reason=told.reason,
        )
    if told.occurred_at is not None:
        raise Invalid(errors=[("occurred_at", "only a `spend` may have happened earlier; leave it out")])
    return ledger.adjust(
        program_id=key.program_id,
        member_id=member_id,
        key=move,
        unit=told.unit,
        amount=told.amount,
        reason=told.reason,
        actor=key.actor,
        limit=key.adjust_limit,
        kind=told.kind,
    )


def _moved(program_id: int, member_id: UUID, unit: str, done: Moved | Adjustment) -> HttpResponse:
    balance = balances_of(program_id=program_id, member_id=member_id).get(unit)
    if isinstance(done, Adjustment):
        answer = {"state": "waiting", "entry": None, "adjustment": f"adj_{done.id}", "balance": balance}
        return answers.json(answer, 202)
    entry = entry_id(member_id, done.seq) if done.seq is not None else None
    return answers.json({"state": "done", "entry": entry, "adjustment": None, "balance": balance})


def _hold(hold: Hold) -> dict[str, Any]:
    return {
        "id": ids.encode("hld", hold.id),
        "member": ids.encode("mem", hold.member_id),
        "unit": hold.unit,
        "amount": hold.amount,
        "captured": hold.captured,
        "released": hold.released,
        "state": hold.state,
        "expires_at": hold.expires_at,
    }


@router.post(
    "/members/{ref}/holds",
    auth=Key("points:write"),
    response={201: shapes.HoldOut, REFUSED: Problem},
    operation_id="hold_points",
    summary="Reserve points for a while",
)
def hold_points(request: HttpRequest, ref: str, told: shapes.HoldIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        hold = ledger.hold(
            program_id=key.program_id,
            member_id=members.resolve(program_id=key.program_id, ref=ref),
            key=f"api/{idempotency_key}",
            unit=told.unit,
            amount=told.amount,
            expires_at=clock.now() + timedelta(seconds=told.ttl_seconds),
            actor=key.actor,
            source=Source(type="api", ref=told.reason),
        )
        return answers.json(_hold(hold), 201)

    return answers.once(request, idempotency_key, work)


@router.post(
    "/holds/{hold}/capture",
    auth=Key("points:write"),
    response={200: shapes.HoldOut, REFUSED: Problem},
    operation_id="capture_hold",
    summary="Take what was reserved, or part of it; the rest is released",
)
def capture_hold(
    request: HttpRequest, hold: str, told: shapes.CaptureIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        hold_id = ids.decode("hld", hold)
        found = ledger.hold_of(program_id=key.program_id, hold_id=hold_id)
        ledger.capture(
            program_id=key.program_id,
            hold_id=hold_id,
            key=f"api/{idempotency_key}",
            amount=told.amount or found.amount - found.captured - found.released or found.amount,
            actor=key.actor,
        )
        return answers.json(_hold(ledger.hold_of(program_id=key.program_id, hold_id=hold_id)))

    return answers.once(request, idempotency_key, work)


@router.post(
    "/holds/{hold}/release",
    auth=Key("points:write"),
    response={200: shapes.HoldOut, REFUSED: Problem},
    operation_id="release_hold",
    summary="Give back what was reserved",
)
def release_hold(request: HttpRequest, hold: str, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        hold_id = ids.decode("hld", hold)
        ledger.release(program_id=key.program_id, hold_id=hold_id, key=f"api/{idempotency_key}", actor=key.actor)
        return answers.json(_hold(ledger.hold_of(program_id=key.program_id, hold_id=hold_id)))

    return answers.once(request, idempotency_key, work)


@router.post(
    "/transfers",
    auth=Key("points:write"),
    response={201: shapes.TransferOut, REFUSED: Problem},
    by_alias=True,
    operation_id="transfer_points",
    summary="Move points from one member to another",
    description="Lots keep their expiry; both wallets change or neither.",
)
def transfer(request: HttpRequest, told: shapes.TransferIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        giver = members.resolve(program_id=key.program_id, ref=told.from_)
        taker = members.resolve(program_id=key.program_id, ref=told.to)
        if giver == taker:
            raise Invalid(errors=[("to", "is the same member as `from`")])
        done = ledger.transfer(
            program_id=key.program_id,
            member_id=giver,
            to=taker,
            key=f"api/{idempotency_key}",
            unit=told.unit,
            amount=told.amount,
            actor=key.actor,
            reason=told.reason,
        )
        answer = {
            "entry": entry_id(giver, done.seq or 0),
            "from": ids.encode("mem", giver),
            "to": ids.encode("mem", taker),
            "unit": told.unit,
            "amount": told.amount,
        }
        return answers.json(answer, 201)

    return answers.once(request, idempotency_key, work)
