"""Calls about allowances: issue one, wish for one, settle what did not fit."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api import offline_shapes as shapes
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.shapes import ONCE, READ_REFUSED, REFUSED, Problem
from regulars.kernel import ids
from regulars.kernel.errors import Invalid
from regulars.people.members import services as members
from regulars.people.staff import services as staff
from regulars.people.staff.terms import ApiKey
from regulars.value.allowances import services as allowances
from regulars.value.allowances.terms import (
    CONFLICT_PREFIX,
    PREFIX,
    Allowance,
    Bound,
    Conflict,
    ConflictState,
    OptIn,
    Resolution,
)

router = Router(tags=["Offline tills"])


def allowance_json(one: Allowance) -> dict[str, Any]:
    return {
        "id": ids.encode(PREFIX, one.id),
        "member": ids.encode("mem", one.member_id),
        "unit": one.unit,
        "amount": one.amount,
        "used": one.used,
        "left": one.left,
        "bound": one.bound,
        "bound_to": one.bound_to,
        "state": one.state,
        "issued_at": one.issued_at,
        "expires_at": one.expires_at,
        "closed_at": one.closed_at,
        "text": one.text,
    }


def _opt_in(one: OptIn) -> dict[str, Any]:
    return {"store": one.store, "unit": one.unit, "amount": one.amount, "since": one.since}


def _conflict(one: Conflict) -> dict[str, Any]:
    return {
        "id": ids.encode(CONFLICT_PREFIX, one.id),
        "device": one.device,
        "store": one.store,
        "seq": one.seq,
        "ref": one.ref,
        "rule": one.rule,
        "state": one.state,
        "order": ids.encode("ord", one.order_id) if one.order_id else None,
        "member": ids.encode("mem", one.member_id) if one.member_id else None,
        "allowance": ids.encode(PREFIX, one.allowance_id) if one.allowance_id else None,
        "unit": one.unit,
        "asked": one.asked,
        "paid": one.paid,
        "unpaid": one.unpaid,
        "facts": dict(one.facts),
        "found_at": one.found_at,
        "resolution": one.resolution,
        "resolved_at": one.resolved_at,
        "resolved_by": one.resolved_by,
        "reason": one.reason,
    }


@router.post(
    "/members/{ref}/allowances",
    auth=Key("points:write"),
    response={200: shapes.AllowanceOut, REFUSED: Problem},
    operation_id="issue_allowance",
    summary="Set value aside for use without a line",
    description="The amount is held at once, so it cannot be spent twice; what is signed can always be paid. It is "
    "let go by itself some hours after it expires (`offline.grace_hours` of the program).",
)
def issue_allowance(
    request: HttpRequest, ref: str, told: shapes.AllowanceIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    if (told.device is None) == (told.store is None):
        raise Invalid(errors=[("device", "say the device or the store, one of them")])

    def work() -> HttpResponse:
        made = allowances.issue(
            program_id=key.program_id,
            member_id=members.resolve(program_id=key.program_id, ref=ref),
            unit=told.unit,
            amount=told.amount,
            bound=Bound.DEVICE if told.device else Bound.STORE,
            bound_to=told.device or told.store or "",
            key=f"http/{idempotency_key}",
            actor=key.actor,
            hours=told.hours,
        )
        return answers.json(allowance_json(made))

    return answers.once(request, idempotency_key, work)


@router.get(
    "/members/{ref}/allowances",
    auth=Key("points:read"),
    response={200: shapes.AllowancesOut, READ_REFUSED: Problem},
    operation_id="list_allowances",
    summary="A member's allowances, newest first",
)
def list_allowances(request: HttpRequest, ref: str, open_only: bool = False) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    member_id = members.resolve(program_id=key.program_id, ref=ref)
    found = allowances.of_member(program_id=key.program_id, member_id=member_id, open_only=open_only)
    return answers.json({"items": [allowance_json(a) for a in found]})


@router.post(
    "/allowances/{allowance}/cancel",
    auth=Key("points:write"),
    response={200: shapes.AllowanceOut, REFUSED: Problem},
    operation_id="cancel_allowance",
    summary="Take an allowance back",
    description="What is left of it is the member's again. A till without a line may still let it pay: that becomes "
    "a conflict (`allowance_cancelled`).",
)
def cancel_allowance(request: HttpRequest, allowance: str, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        gone = allowances.cancel(
            program_id=key.program_id, allowance_id=ids.decode(PREFIX, allowance), actor=key.actor
        )
        return answers.json(allowance_json(gone))

    return answers.once(request, idempotency_key, work)


@router.post(
    "/members/{ref}/offline-wishes",
    auth=Key("points:write"),
    response={200: shapes.OptInsOut, REFUSED: Problem},
    operation_id="wish_allowance",
    summary="Let the tills of a store hold an allowance",
    description="Each till of the store gets one when it next asks for its snapshot, and again when that is used or "
    "over. With `amount` 0 it ends. Answers all her wishes.",
)
def wish(request: HttpRequest, ref: str, told: shapes.OptInIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        member_id = members.resolve(program_id=key.program_id, ref=ref)
        allowances.opt_in(
            program_id=key.program_id,
            member_id=member_id,
            store=told.store,
            unit=told.unit,
            amount=told.amount,
            actor=key.actor,
        )
        standing = allowances.opt_ins(program_id=key.program_id, member_id=member_id)
        return answers.json({"items": [_opt_in(o) for o in standing]})

    return answers.once(request, idempotency_key, work)


@router.get(
    "/offline-conflicts",
    auth=Key("tills:read"),
    response={200: shapes.ConflictsOut, READ_REFUSED: Problem},
    operation_id="list_offline_conflicts",
    summary="What did not fit, newest first",
)
def list_conflicts(
    request: HttpRequest,
    state: Literal["noted", "open", "resolved"] | None = None,
    limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT),
    cursor: str | None = None,
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    page = allowances.conflicts(
        program_id=key.program_id,
        state=ConflictState(state) if state else None,
        store_id=key.store_id,
        cursor=answers.cursor_in(cursor),
        limit=limit,
    )
    return answers.json({"items": [_conflict(c) for c in page.items], "next_cursor": answers.cursor_out(page.cursor)})


@router.post(
    "/offline-conflicts/{conflict}/resolve",
    auth=Key("tills:write"),
    response={200: shapes.ConflictOut, REFUSED: Problem},
    operation_id="resolve_offline_conflict",
    summary="Decide about what nothing has paid",
)
def resolve(request: HttpRequest, conflict: str, told: shapes.ResolveIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        found = allowances.conflict(program_id=key.program_id, conflict_id=ids.decode(CONFLICT_PREFIX, conflict))
        staff.require_store(key=key, store=found.store)
        done = allowances.resolve(
            program_id=key.program_id,
            conflict_id=found.id,
            action=Resolution(told.action),
            reason=told.reason,
            actor=key.actor,
        )
        return answers.json(_conflict(done))

    return answers.once(request, idempotency_key, work)
