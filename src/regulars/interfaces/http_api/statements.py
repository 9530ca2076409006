"""A member's statement over HTTP, and the key that proves it."""

from __future__ import annotations

from typing import Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from regulars.governance.assurance import services as assurance
from regulars.governance.assurance.terms import MOST_ENTRIES, Include
from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api import statement_shapes as shapes
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.shapes import READ_REFUSED, Problem
from regulars.kernel import ids
from regulars.people.members import services as members
from regulars.people.programs import services as programs
from regulars.people.staff import services as staff
from regulars.people.staff.terms import ApiKey

router = Router(tags=["Statements"])


@router.get(
    "/members/{ref}/statement",
    auth=Key("points:read"),
    response={200: shapes.StatementOut, READ_REFUSED: Problem},
    operation_id="get_statement",
    summary="A member's statement of a period, signed",
    description="What was earned, spent, expired, taken back, transferred and adjusted, journal by journal with its "
    "cause, and balances that add up. Keep the answer as a file: `regulars verify-statement FILE` proves it without "
    "any database. A journal belongs to the local day on which it was recorded, so the statement of a period that is "
    "over stays the same. Long periods come in parts, each signed. It names nobody beyond the member's number unless "
    "`include` asks for it, which needs `members:reveal` and is written down.",
)
def get_statement(
    request: HttpRequest,
    ref: str,
    from_: shapes.Day = Query(..., alias="from", description="The first day, in the program's zone."),
    to: shapes.Day = Query(..., description="The last day, in the program's zone; it belongs to the period."),
    after: int = Query(0, ge=0, lt=2**62, description="The `part.next` of the part before."),
    limit: int = Query(MOST_ENTRIES, ge=1, le=MOST_ENTRIES, description="How many journals a part may hold."),
    include: list[Literal["name", "contact"]] = Query([], description="Personal data to put into it."),
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    if include:
        staff.require_scope(key=key, scope="members:reveal")
    member_id = members.resolve(program_id=key.program_id, ref=ref)
    document = assurance.statement(
        program_id=key.program_id,
        member_id=member_id,
        from_=from_,
        to=to,
        after=after,
        limit=limit,
        include={Include(one) for one in include},
    )
    if include:
        staff.record(
            program_id=key.program_id,
            actor=key.actor,
            action="members.reveal",
            object=ids.encode("mem", member_id),
            facts={"statement": sorted(set(include))},
        )
    return answers.json(document)


@router.get(
    "/statement-key",
    auth=Key("points:read"),
    response={200: shapes.StatementKeyOut, READ_REFUSED: Problem},
    operation_id="get_statement_key",
    summary="The public key that proves this program's statements",
    description="It never changes. Publish it where your members find it.",
)
def get_statement_key(request: HttpRequest) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    program = programs.by_id(program_id=key.program_id)
    told = {"program": program.key, "algorithm": "ed25519", "key": assurance.statement_key(program_id=program.id)}
    return answers.json(told)
