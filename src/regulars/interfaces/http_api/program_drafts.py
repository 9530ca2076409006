"""Calls about drafts of whole program documents: write, submit, have them approved by another, publish."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field, StrictInt

from regulars.governance.publishing.services import drafting
from regulars.governance.publishing.terms import DOCUMENT_DRAFT_PREFIX, DocumentDraft
from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.draft_steps import DraftActIn, step
from regulars.interfaces.http_api.programs import PlanOut, plan_of
from regulars.interfaces.http_api.shapes import ONCE, READ_REFUSED, REFUSED, Body, Instant, Json, Out, Problem, Text
from regulars.kernel import ids
from regulars.people.staff.terms import ApiKey

router = Router(tags=["Program"])
STATES = Literal["draft", "submitted", "approved", "published", "discarded"]


class DocumentDraftIn(Body):
    title: Text = Field(min_length=1, max_length=200, description="What it is about, for colleagues.")
    document: Json = Field(description="The program document; sections that are left out stay as they are.")
    base_version: StrictInt | None = Field(default=None, ge=0, le=2**31 - 1, description="The version written over.")


class DocumentDraftChangeIn(Body):
    title: Text | None = Field(default=None, min_length=1, max_length=200, description="What it is about.")
    document: Json = Field(description="The document as it shall be.")
    reason: Text = Field(default="", max_length=500, description="Why; kept in the draft's history.")
    revision: StrictInt | None = Field(default=None, ge=1, description="Refuse unless the draft is at this revision.")


class DocumentDraftActIn(DraftActIn):
    pass


class DocumentDraftPublishIn(DocumentDraftActIn):
    at: Instant | None = Field(default=None, description="When it is to apply; at once when absent.")


class DocumentStepOut(Out):
    at: datetime = Field(description="When it was done.")
    what: str = Field(description="`written`, `submitted`, `approved`, `scheduled`, `published` or `discarded`.")
    actor: str
    reason: str


class DocumentDraftOut(Out):
    id: str
    title: str = Field(description="What it is about.")
    state: STATES
    revision: int = Field(description="Counts the changes of its text.")
    text: str = Field(description="The document as YAML.")
    base_version: int = Field(description="The version that it was written over.")
    writers: list[str] = Field(description="All who wrote it; none of them may approve it.")
    approved_by: str = Field(description="Who approved it; empty before.")
    version: int | None = Field(description="The version that it became.")
    created_at: datetime
    changed_at: datetime = Field(description="When anything was last done with it.")
    history: list[DocumentStepOut] = Field(description="All that was done with it, oldest first.")


class DocumentDraftsOut(Out):
    items: list[DocumentDraftOut]
    next_cursor: str | None


def _out(draft: DocumentDraft) -> dict[str, Any]:
    return {
        "id": draft.public_id,
        "title": draft.title,
        "state": draft.state.value,
        "revision": draft.revision,
        "text": draft.text,
        "base_version": draft.base_version,
        "writers": list(draft.writers),
        "approved_by": draft.approved_by,
        "version": draft.version,
        "created_at": draft.created_at,
        "changed_at": draft.changed_at,
        "history": [{"at": s.at, "what": s.what, "actor": s.actor, "reason": s.reason} for s in draft.steps],
    }


def _of(key: ApiKey, draft: str) -> dict[str, Any]:
    return {"program_id": key.program_id, "draft_id": ids.decode(DOCUMENT_DRAFT_PREFIX, draft)}


def _step(
    request: HttpRequest,
    draft: str,
    told: DocumentDraftActIn,
    once: str,
    do: Callable[..., DocumentDraft],
    **more: Any,
) -> HttpResponse:
    return step(request, once, do, prefix=DOCUMENT_DRAFT_PREFIX, draft=draft, told=told, tell=_out, **more)


def _published(**told: Any) -> DocumentDraft:
    return drafting.publish(**told)[0]


@router.get(
    "/program/drafts",
    auth=Key("program:read"),
    response={200: DocumentDraftsOut, READ_REFUSED: Problem},
    operation_id="list_program_drafts",
    summary="Drafts of whole documents, newest first",
)
def list_drafts(
    request: HttpRequest,
    open_only: bool = Query(False, description="Only those that may still be published."),
    limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT),
    cursor: str | None = None,
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    found = drafting.drafts(program_id=key.program_id, open_only=open_only, before=answers.place(cursor), limit=limit)
    after = answers.cursor_text([str(found[-1].draft_id)]) if len(found) == limit else None
    return answers.json({"items": [_out(d) for d in found], "next_cursor": after})


@router.post(
    "/program/drafts",
    auth=Key("program:write"),
    response={201: DocumentDraftOut, REFUSED: Problem},
    operation_id="begin_program_draft",
    summary="Begin a draft of a whole document",
    description="It need not be sound before it is submitted.",
)
def begin_draft(request: HttpRequest, told: DocumentDraftIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        done = drafting.begin(
            program_id=key.program_id,
            title=told.title,
            text=drafting.as_yaml(told.document),
            actor=key.actor,
            behind=key.created_by,
            base_version=told.base_version,
        )
        return answers.json(_out(done), status=201)

    return answers.once(request, idempotency_key, work)


@router.get(
    "/program/drafts/{draft}",
    auth=Key("program:read"),
    response={200: DocumentDraftOut, READ_REFUSED: Problem},
    operation_id="get_program_draft",
    summary="A draft of a whole document",
)
def get_draft(request: HttpRequest, draft: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return answers.json(_out(drafting.draft(**_of(key, draft))))


@router.get(
    "/program/drafts/{draft}/plan",
    auth=Key("program:read"),
    response={200: PlanOut, READ_REFUSED: Problem, 409: Problem, 422: Problem},
    operation_id="plan_program_draft",
    summary="What a draft would change of what is in force",
)
def plan_draft(request: HttpRequest, draft: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return answers.json(plan_of(drafting.plan(**_of(key, draft))))


@router.patch(
    "/program/drafts/{draft}",
    auth=Key("program:write"),
    response={200: DocumentDraftOut, REFUSED: Problem},
    operation_id="change_program_draft",
    summary="Write a draft of a document anew",
    description="The whole document as it shall be. It must be submitted and approved again.",
)
def change_draft(
    request: HttpRequest, draft: str, told: DocumentDraftChangeIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        done = drafting.change(
            **_of(key, draft),
            text=drafting.as_yaml(told.document),
            title=told.title,
            actor=key.actor,
            behind=key.created_by,
            reason=told.reason,
            revision=told.revision,
        )
        return answers.json(_out(done))

    return answers.once(request, idempotency_key, work)


@router.post(
    "/program/drafts/{draft}/submit",
    auth=Key("program:write"),
    response={200: DocumentDraftOut, REFUSED: Problem},
    operation_id="submit_program_draft",
    summary="Ask for the approval of a draft",
    description="Refused with every fault, and with what apply would refuse.",
)
def submit_draft(
    request: HttpRequest, draft: str, told: DocumentDraftActIn, idempotency_key: str = ONCE
) -> HttpResponse:
    return _step(request, draft, told, idempotency_key, drafting.submit)


@router.post(
    "/program/drafts/{draft}/approve",
    auth=Key("program:approve"),
    response={200: DocumentDraftOut, REFUSED: Problem},
    operation_id="approve_program_draft",
    summary="Say yes to a draft that others wrote",
    description="None of its writers may (`four_eyes`).",
)
def approve_draft(
    request: HttpRequest, draft: str, told: DocumentDraftActIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return _step(request, draft, told, idempotency_key, drafting.approve, behind=key.created_by)


@router.post(
    "/program/drafts/{draft}/publish",
    auth=Key("program:write"),
    response={200: DocumentDraftOut, REFUSED: Problem},
    operation_id="publish_program_draft",
    summary="Make an approved draft the next version",
    description="At once, or at an instant. What it does not change stays as it is; refused (`base_changed`) when "
    "somebody changed the same objects since it was written.",
)
def publish_draft(
    request: HttpRequest, draft: str, told: DocumentDraftPublishIn, idempotency_key: str = ONCE
) -> HttpResponse:
    return _step(request, draft, told, idempotency_key, _published, at=told.at)


@router.post(
    "/program/drafts/{draft}/discard",
    auth=Key("program:write"),
    response={200: DocumentDraftOut, REFUSED: Problem},
    operation_id="discard_program_draft",
    summary="Give a draft of a document up",
)
def discard_draft(
    request: HttpRequest, draft: str, told: DocumentDraftActIn, idempotency_key: str = ONCE
) -> HttpResponse:
    return _step(request, draft, told, idempotency_key, drafting.discard)
