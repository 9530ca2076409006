"""Calls about published promotions: where each stands, and how much of its budget and limits is used."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from regulars.governance.publishing.services import drafts as publishing
from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.shapes import READ_REFUSED, Out, Problem
from regulars.kernel import clock
from regulars.people.programs import services as programs
from regulars.people.programs.terms import Program
from regulars.people.staff.terms import ApiKey
from regulars.value.promotions.services.spending import spent, standing, window
from regulars.value.promotions.terms.usage import Spent

router = Router(tags=["Promotions"])
STANDINGS = Literal["live", "used_up", "planned", "paused", "ended"]


class BudgetOut(Out):
    amount_minor: int = Field(description="All that it may ever give away, in minor units of the program's currency.")
    spent_minor: int = Field(description="What was given away already; what came back is off it.")
    left_minor: int = Field(description="What is left; 0: it is used up.")


class UsedOut(Out):
    counts: Literal["times", "minor"] = Field(description="What it counts: applications, or minor units of money.")
    period: str = Field(description="`day`, `week`, `month`, `year` or `lifetime`; days are the program's.")
    limit: int = Field(description="How much the whole program may in the period.")
    used: int = Field(description="How much was used in the present one.")


class PromotionOut(Out):
    key: str
    name: dict[str, str] = Field(description="What people read, by language.")
    state: STANDINGS = Field(description="Where it stands now; `used_up`: of its budget nothing is left.")
    starts_at: datetime | None = Field(description="From when its schedule lets it run; null: from the beginning.")
    ends_at: datetime | None = Field(description="Until when, exclusive; null: for ever.")
    budget: BudgetOut | None = Field(description="Its budget and what is spent of it; null: it has none.")
    limits: list[UsedOut] = Field(
        description="Its limits for the program as a whole; those per member, store, … are not."
    )
    promotion: dict[str, Any] = Field(description="The promotion, as the program document writes it.")


class PromotionsOut(Out):
    items: list[PromotionOut]
    next_cursor: str | None


def _out(body: dict[str, Any], program: Program, at: datetime, used: list[Spent]) -> dict[str, Any]:
    budget = next((one for one in used if one.is_budget), None)
    begins, ends = window(body, program.zone)
    taken = (budget.used, budget.limit) if budget else (0, 0)
    name = body.get("name")
    return {
        "key": body["key"],
        "name": name if isinstance(name, dict) else {program.locale: name} if name else {},
        "state": standing(body, at=at, zone=program.zone, budget=taken),
        "starts_at": begins,
        "ends_at": ends,
        "budget": budget
        and {
            "amount_minor": budget.limit,
            "spent_minor": budget.used,
            "left_minor": max(0, budget.limit - budget.used),
        },
        "limits": [
            {
                "counts": "minor" if one.is_money else "times",
                "period": one.period,
                "limit": one.limit,
                "used": one.used,
            }
            for one in used
            if not one.is_budget
        ],
        "promotion": body,
    }


@router.get(
    "/promotions",
    auth=Key("program:read"),
    response={200: PromotionsOut, READ_REFUSED: Problem},
    operation_id="list_promotions",
    summary="Published promotions, by key",
    description="Those of the version in force, each with where it stands now and what of its budget is spent.",
)
def list_promotions(
    request: HttpRequest,
    state: STANDINGS | None = Query(None, description="Only promotions that stand so now."),
    limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT),
    cursor: str | None = None,
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    program, at, after = programs.by_id(program_id=key.program_id), clock.now(), answers.after_text(cursor)
    used = spent(program_id=program.id)
    found = []
    for body in sorted(publishing.promotions_of(program_id=program.id), key=lambda one: str(one["key"])):
        if body["key"] <= after:
            continue
        told = _out(body, program, at, used.get(body["key"], []))
        if state is None or told["state"] == state:
            found.append(told)
        if len(found) > limit:
            break
    more = answers.cursor_text([found[limit - 1]["key"]]) if len(found) > limit else None
    return answers.json({"items": found[:limit], "next_cursor": more})


@router.get(
    "/promotions/{promotion}",
    auth=Key("program:read"),
    response={200: PromotionOut, READ_REFUSED: Problem},
    operation_id="get_promotion",
    summary="A published promotion",
)
def get_promotion(request: HttpRequest, promotion: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    program = programs.by_id(program_id=key.program_id)
    body = publishing.promotion(program_id=program.id, key=promotion)
    return answers.json(_out(body, program, clock.now(), spent(program_id=program.id).get(promotion, [])))
