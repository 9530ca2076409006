"""Events: what members do besides buying, typed and counted once, up to a thousand at a time."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api import order_shapes as shapes
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.shapes import ONCE, READ_REFUSED, REFUSED, Problem
from regulars.people.events import services as events
from regulars.people.events.terms import EventIn, EventType
from regulars.people.staff.terms import ApiKey

router = Router(tags=["Events"])


@router.post(
    "/events",
    auth=Key("events:write"),
    response={200: shapes.EventsOut, REFUSED: Problem},
    operation_id="send_events",
    summary="Tell events",
    description="Each event stands for itself: good ones are kept, one told before (same `id`) is a duplicate, a bad "
    "one says why.",
)
def send_events(request: HttpRequest, told: shapes.EventsIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    batch = [
        EventIn(
            id=one.id,
            type=one.type,
            at=one.at,
            member=one.member,
            anonymous_id=one.anonymous_id,
            properties=one.properties,
        )
        for one in told.items
    ]

    def work() -> HttpResponse:
        results = events.accept(program_id=key.program_id, batch=batch)
        counts = Counter(r.outcome for r in results)
        items = [
            {
                "id": r.id,
                "state": r.outcome,
                "code": r.code or None,
                "errors": [{"path": path, "message": message} for path, message in r.errors],
            }
            for r in results
        ]
        totals = {state: counts[state] for state in ("accepted", "duplicate", "refused")}
        return answers.json({**totals, "items": items})

    return answers.once(request, idempotency_key, work)


def _type(one: EventType) -> dict[str, Any]:
    return {"key": one.key, "name": one.name, "schema": dict(one.schema), "months_kept": one.months_kept}


@router.get(
    "/event-types",
    auth=Key("program:read"),
    response={200: shapes.EventTypesOut, READ_REFUSED: Problem},
    by_alias=True,
    operation_id="list_event_types",
    summary="Declared types of events",
)
def list_types(request: HttpRequest) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return answers.json({"items": [_type(t) for t in events.types(program_id=key.program_id).values()]})


@router.post(
    "/event-types",
    auth=Key("program:write"),
    response={200: shapes.EventTypeOut, REFUSED: Problem},
    by_alias=True,
    operation_id="declare_event_type",
    summary="Declare a type of event, or widen one",
)
def declare_type(request: HttpRequest, told: shapes.EventTypeIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        declared = events.declare_type(
            program_id=key.program_id,
            key=told.key,
            schema=told.schema_,
            months_kept=told.months_kept,
            name=told.name,
        )
        return answers.json(_type(declared))

    return answers.once(request, idempotency_key, work)
