"""The program as a document: read it, plan a change, apply it, list its versions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field, StrictInt

from regulars.governance.publishing import services as publishing
from regulars.governance.publishing.terms import Change, Plan
from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.shapes import ONCE, READ_REFUSED, REFUSED, Body, Json, Out, Problem, Text
from regulars.people.staff.terms import ApiKey

router = Router(tags=["Program"])


class ProgramOut(Out):
    version: int
    digest: str
    document: dict[str, Any]


class DocumentIn(Body):
    document: Json = Field(description="The whole program document, as `GET /program` gives it.")
    note: Text = Field(default="", max_length=500)
    expected_version: StrictInt | None = Field(
        default=None, ge=0, description="Refuse when another version was applied meanwhile."
    )


class FieldOut(Out):
    path: str = Field(description="Where, within the object.")
    before: Any = Field(description="What it says in force; null: nothing.")
    after: Any = Field(description="What the document says; null: nothing.")


class ChangeOut(Out):
    section: str
    key: str
    change: str = Field(description="`added`, `changed` or `removed`.")
    detail: str
    adverse: bool = Field(description="Whether it takes something from members.")
    needs_notice: bool = Field(description="Whether members are to be told before, where policies say so.")
    reasons: list[str] = Field(description="What it takes: `gone`, `dearer`, `higher`, `less`, `shorter` …")
    fields: list[FieldOut] = Field(description="Every value that differs.")
    moves: list[dict[str, Any]] = Field(description="Who would go from which level to which.")


class RefusedOut(Out):
    path: str = Field(description="The place in the document.")
    message: str = Field(description="Why it could not be applied.")


class NoticeOut(Out):
    days: int = Field(description="How long before members are to be told.")
    earliest_at: datetime = Field(description="Told now, it may apply from then on.")


class PlanOut(Out):
    base_version: int
    changes: list[ChangeOut]
    refused: list[RefusedOut] = Field(description="Why apply would refuse it; empty: it would not.")
    notice: NoticeOut | None = Field(description="What members are to be told before; null: nothing.")
    drift: list[ChangeOut] = Field(description="How the database differs from the version in force.")
    text: str = Field(description="The difference as people read it.")


class VersionOut(Out):
    number: int
    digest: str
    note: str
    actor: str
    applied_at: datetime


class VersionsOut(Out):
    items: list[VersionOut]
    next_cursor: str | None


@router.get(
    "/program",
    auth=Key("program:read"),
    response={200: ProgramOut, READ_REFUSED: Problem},
    operation_id="get_program",
    summary="The program in force, or one version of it",
)
def get_program(request: HttpRequest, version: int | None = Query(None, ge=1)) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return answers.json(_version(publishing.version(program_id=key.program_id, number=version)))


def _version(found: Any) -> dict[str, Any]:
    return {"version": found.number, "digest": found.digest, "document": found.document}


@router.post(
    "/program/plan",
    auth=Key("program:read"),
    response={200: PlanOut, REFUSED: Problem},
    operation_id="plan_program",
    summary="What a document would change",
)
def plan_program(request: HttpRequest, told: DocumentIn) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    plan = publishing.plan(program_id=key.program_id, document=told.document)
    return answers.json(plan_of(plan))


def plan_of(plan: Plan) -> dict[str, Any]:
    """A plan as an answer."""
    notice = plan.notice
    return {
        "base_version": plan.base_version,
        "changes": changes_of(plan.changes),
        "refused": [{"path": r.path, "message": r.message} for r in plan.refused],
        "notice": {"days": notice.days, "earliest_at": notice.earliest_at} if notice else None,
        "drift": changes_of(plan.drift),
        "text": plan.text,
    }


def changes_of(changes: Iterable[Change]) -> list[dict[str, Any]]:
    """Changes as an answer."""
    return [
        {
            "section": c.section,
            "key": c.key,
            "change": c.change,
            "detail": c.detail,
            "adverse": c.adverse,
            "needs_notice": c.needs_notice,
            "reasons": list(c.reasons),
            "fields": [{"path": f.path, "before": f.before, "after": f.after} for f in c.fields],
            "moves": [dict(m) for m in c.moves],
        }
        for c in changes
    ]


@router.post(
    "/program/apply",
    auth=Key("program:write"),
    response={200: ProgramOut, REFUSED: Problem},
    operation_id="apply_program",
    summary="Apply a document as the next version",
    description="All or nothing; an equal document makes no new version. One that takes something from members needs "
    "`program:approve` (`needs_approval`), and with `notice_days` in the policies a schedule (`notice_needed`).",
)
def apply_program(request: HttpRequest, told: DocumentIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        done = publishing.apply(
            program_id=key.program_id,
            document=told.document,
            note=told.note,
            actor=key.actor,
            expected_version=told.expected_version,
            may_harm="program:approve" in key.scopes,
        )
        return answers.json(_version(done))

    return answers.once(request, idempotency_key, work)


@router.get(
    "/program/versions",
    auth=Key("program:read"),
    response={200: VersionsOut, READ_REFUSED: Problem},
    operation_id="list_program_versions",
    summary="Versions, newest first",
)
def list_versions(
    request: HttpRequest, limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT), cursor: str | None = None
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    before = answers.whole_parts(cursor, size=1)
    found = publishing.versions(program_id=key.program_id, before=before[0] if before else None, limit=limit)
    items = [
        {"number": v.number, "digest": v.digest, "note": v.note, "actor": v.actor, "applied_at": v.applied_at}
        for v in found
    ]
    after = answers.cursor_text([found[-1].number]) if len(found) == limit else None
    return answers.json({"items": items, "next_cursor": after})
