"""Calls about the versions of a program: compare, go back, schedule, see drift; and the schema of its document."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field, StrictInt

from regulars.governance.publishing import services as publishing
from regulars.governance.publishing.services import costing, scheduling
from regulars.governance.publishing.terms import (
    SCHEDULE_PREFIX,
    CostNotCounted,
    Estimate,
    Schedule,
    ScheduleState,
)
from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.programs import ChangeOut, DocumentIn, ProgramOut, changes_of
from regulars.interfaces.http_api.shapes import ONCE, READ_REFUSED, REFUSED, Body, Instant, Json, Out, Problem, Text
from regulars.kernel import ids
from regulars.people.agreements.terms import PREFIX as TELLING
from regulars.people.staff.terms import ApiKey

router = Router(tags=["Program"])
STATES = Literal["waiting", "applied", "refused", "withdrawn"]


class ChangeReasonIn(Body):
    reason: Text = Field(min_length=1, max_length=500, description="Why; becomes the note of the new version.")


class DriftIn(ChangeReasonIn):
    act: Literal["take", "put_back"] = Field(
        description="`take` makes it a new version; `put_back` makes the database say again what is in force."
    )


class DifferenceOut(Out):
    changes: list[ChangeOut]


class ScheduleIn(DocumentIn):
    at: Instant = Field(description="When it is to apply.")


class ScheduleRefusalOut(Out):
    code: str = Field(description="Why it was refused, stable.")
    detail: str = Field(description="Why it was refused, for people.")


class ScheduleOut(Out):
    id: str
    base_version: int = Field(description="The version that it was written over.")
    at: datetime = Field(description="When it applies.")
    state: STATES
    telling: str | None = Field(
        description="What members were told of it (`tel_…`); null: it takes nothing from them."
    )
    note: str
    actor: str
    created_at: datetime
    ended_at: datetime | None = Field(description="When it applied, was refused or was withdrawn.")
    version: int | None = Field(description="The version that it became.")
    refusal: ScheduleRefusalOut | None = Field(description="Why it could not apply.")


class SchedulesOut(Out):
    items: list[ScheduleOut]
    next_cursor: str | None


class CostIn(Body):
    document: Json = Field(description="The whole program document, as `GET /program` gives it.")
    baskets: Annotated[StrictInt, Field(ge=1, le=2_000)] = Field(
        default=500, description="How many of last year's orders are drawn at random."
    )
    seconds: Annotated[StrictInt, Field(ge=1, le=20)] = Field(
        default=10, description="When to stop with what has been decided so far; it is itself a random sample."
    )
    seed: Annotated[StrictInt, Field(ge=0, le=2**31 - 1)] = Field(
        default=1, description="Which sample: the same seed draws the same orders."
    )


class RangeOut(Out):
    estimate: int = Field(description="The sum over all of last year's orders, as the sample says.")
    low: int = Field(description="Where the 95 % interval begins.")
    high: int = Field(description="Where it ends.")


class UnitCostOut(RangeOut):
    unit: str = Field(description="The key of the unit.")
    before: int = Field(description="What is earned as it is now.")
    after: int = Field(description="What would have been earned.")
    worth_minor: int | None = Field(description="What the difference is worth; null: the unit has no value.")


class PromotionCostOut(Out):
    key: str = Field(description="The key of the promotion.")
    baskets: int = Field(description="Orders of the sample that it treats otherwise.")
    minor: int = Field(description="What it would give more (or less), over all orders.")


class CostEstimateOut(Out):
    id: str = Field(description="The id of the estimate (`est_…`); the console shows it.")
    baskets: int = Field(description="How many orders were decided twice, as now and as the document says.")
    population: int = Field(description="How many orders there were last year.")
    is_cut: bool = Field(description="Whether time was over before the whole sample was decided.")
    currency: str = Field(description="ISO 4217.")
    cost_minor: RangeOut = Field(description="What customers would have paid less.")
    sales_minor: RangeOut = Field(description="What they paid, as it is decided now.")
    units: list[UnitCostOut] = Field(description="Units that would have been earned otherwise.")
    better: int = Field(description="Orders that would have been better off.")
    worse: int = Field(description="Orders that would have been worse off.")
    promotions: list[PromotionCostOut] = Field(description="Promotions that differ, the greatest difference first.")


def _cost(done: Estimate) -> dict[str, Any]:
    told = done.report
    units = [{"worth_minor": None, **one, "unit": key} for key, one in told["units"].items()]
    kept = ("baskets", "population", "currency", "cost_minor", "sales_minor", "better", "worse", "promotions")
    return {
        "id": done.public_id,
        "is_cut": told.get("is_cut", False),
        **{name: told[name] for name in kept},
        "units": units,
    }


@router.post(
    "/program/cost",
    auth=Key("program:write"),
    response={200: CostEstimateOut, REFUSED: Problem},
    operation_id="cost_program",
    summary="What a document would have cost by last year's orders",
    description="A random sample of them is decided twice, by the version in force and by the document, and scaled "
    "to all, with a 95 % interval. What members and budgets have used up is left aside. At most 2,000 orders and 20 "
    "seconds; for more, use `regulars program cost` or the console.",
)
def cost(request: HttpRequest, told: CostIn) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    begun = costing.begin(
        program_id=key.program_id, document=told.document, actor=key.actor, seed=told.seed, most=told.baskets
    )
    done = costing.work(estimate_id=begun.estimate_id, seconds=told.seconds)
    if done.report.get("error"):
        raise CostNotCounted(f"It could not be counted: {done.report['error']}")
    return answers.json(_cost(done))


def _schedule(s: Schedule) -> dict[str, Any]:
    return {
        "id": s.public_id,
        "base_version": s.base_version,
        "at": s.at,
        "state": s.state.value,
        "telling": ids.encode(TELLING, s.telling_id) if s.telling_id else None,
        "note": s.note,
        "actor": s.actor,
        "created_at": s.created_at,
        "ended_at": s.ended_at,
        "version": s.version,
        "refusal": {"code": s.refusal["code"], "detail": s.refusal["detail"]} if s.refusal else None,
    }


@router.get(
    "/program/schema",
    auth=None,
    openapi_extra={"security": [{}]},  # anybody may
    response={200: dict[str, Any]},
    operation_id="get_program_schema",
    summary="The JSON Schema of a program document",
    description="For editors; needs no key. Draft 2020-12.",
)
def get_schema(request: HttpRequest) -> HttpResponse:
    answer = answers.json(publishing.schema())
    answer["Cache-Control"] = "public, max-age=3600"
    return answer


@router.get(
    "/program/versions/{number}/difference",
    auth=Key("program:read"),
    response={200: DifferenceOut, READ_REFUSED: Problem},
    operation_id="compare_program_versions",
    summary="What a version says otherwise than another",
)
def compare(
    request: HttpRequest,
    number: int,
    with_version: int = Query(..., ge=1, le=2**31 - 1, description="The number of the version to compare with."),
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    found = publishing.compare(program_id=key.program_id, number=_number(number), with_number=with_version)
    return answers.json({"changes": changes_of(found)})


def _number(number: int) -> int:
    return number if 0 < number < 2**31 else 0


@router.post(
    "/program/versions/{number}/restore",
    auth=Key("program:write"),
    response={200: ProgramOut, REFUSED: Problem},
    operation_id="restore_program_version",
    summary="Apply the document of an earlier version again",
    description="As a new version, all of it. What it takes from members counts as in any other version.",
)
def restore(request: HttpRequest, number: int, told: ChangeReasonIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        done = scheduling.roll_back(
            program_id=key.program_id,
            number=_number(number),
            actor=key.actor,
            reason=told.reason,
            may_harm="program:approve" in key.scopes,
        )
        return answers.json({"version": done.number, "digest": done.digest, "document": done.document})

    return answers.once(request, idempotency_key, work)


@router.get(
    "/program/drift",
    auth=Key("program:read"),
    response={200: DifferenceOut, READ_REFUSED: Problem},
    operation_id="get_program_drift",
    summary="How the database differs from the version in force",
    description="Something was changed by form and not by document: a store, a channel. Empty when they agree.",
)
def get_drift(request: HttpRequest) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return answers.json({"changes": changes_of(publishing.drift(program_id=key.program_id))})


@router.post(
    "/program/drift",
    auth=Key("program:write"),
    response={200: ProgramOut, REFUSED: Problem},
    operation_id="settle_program_drift",
    summary="Take the drift in, or put it back",
    description="What is worse for members is taken in only by a key that may also approve (`program:approve`), as "
    "when it is applied: `needs_approval`. What is in force may be put back without.",
)
def settle_drift(request: HttpRequest, told: DriftIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        mine = {"program_id": key.program_id, "actor": key.actor, "reason": told.reason}
        if told.act == "take":
            done = scheduling.take_drift(**mine, may_harm="program:approve" in key.scopes)
        else:
            done = scheduling.put_back(**mine)
        return answers.json({"version": done.number, "digest": done.digest, "document": done.document})

    return answers.once(request, idempotency_key, work)


@router.get(
    "/program/schedules",
    auth=Key("program:read"),
    response={200: SchedulesOut, READ_REFUSED: Problem},
    operation_id="list_program_schedules",
    summary="Documents that were scheduled, newest first",
)
def list_schedules(
    request: HttpRequest,
    state: STATES | None = Query(None, description="Only those in this state."),
    limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT),
    cursor: str | None = None,
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    found = scheduling.schedules(
        program_id=key.program_id,
        state=ScheduleState(state) if state else None,
        before=answers.place(cursor),
        limit=limit,
    )
    after = answers.cursor_text([str(found[-1].schedule_id)]) if len(found) == limit else None
    return answers.json({"items": [_schedule(s) for s in found], "next_cursor": after})


@router.post(
    "/program/schedules",
    auth=Key("program:write"),
    response={201: ScheduleOut, REFUSED: Problem},
    operation_id="schedule_program",
    summary="Let a document apply later",
    description="Over whatever is in force then: what it changes is changed, all else stays. If somebody changed the "
    "same objects meanwhile, it is refused. What takes something from members is told to them from now on.",
)
def schedule(request: HttpRequest, told: ScheduleIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        done = scheduling.schedule(
            program_id=key.program_id,
            document=told.document,
            at=told.at,
            actor=key.actor,
            note=told.note,
            expected_version=told.expected_version,
            may_harm="program:approve" in key.scopes,
        )
        return answers.json(_schedule(done), status=201)

    return answers.once(request, idempotency_key, work)


@router.get(
    "/program/schedules/{schedule}",
    auth=Key("program:read"),
    response={200: ScheduleOut, READ_REFUSED: Problem},
    operation_id="get_program_schedule",
    summary="A scheduled document",
)
def get_schedule(request: HttpRequest, schedule: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    found = scheduling.find(program_id=key.program_id, schedule_id=ids.decode(SCHEDULE_PREFIX, schedule))
    return answers.json(_schedule(found))


@router.post(
    "/program/schedules/{schedule}/withdraw",
    auth=Key("program:write"),
    response={200: ScheduleOut, REFUSED: Problem},
    operation_id="withdraw_program_schedule",
    summary="Withdraw a scheduled document",
    description="Members who were told of it are told that it will not come.",
)
def withdraw(request: HttpRequest, schedule: str, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        done = scheduling.withdraw(
            program_id=key.program_id, schedule_id=ids.decode(SCHEDULE_PREFIX, schedule), actor=key.actor
        )
        return answers.json(_schedule(done))

    return answers.once(request, idempotency_key, work)
