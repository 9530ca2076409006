"""Calls about drafts of promotions: write, test, have them approved by another, publish; pause what is published."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field, StrictInt

from regulars.governance.publishing.services import drafts as publishing
from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.draft_steps import DraftActIn, step
from regulars.interfaces.http_api.shapes import ONCE, READ_REFUSED, REFUSED, Body, Json, Out, Problem, Text
from regulars.kernel import ids
from regulars.kernel.errors import NotFound
from regulars.people.staff.terms import ApiKey
from regulars.value.promotions.services import drafts
from regulars.value.promotions.terms.drafts import DRAFT_PREFIX, OPEN_STATES, Draft, DraftState

router = Router(tags=["Promotions"])
STATES = Literal["draft", "testing", "approved", "published", "discarded"]


class DraftIn(Body):
    promotion: Json = Field(description="The promotion, as the section `promotions` of a program document writes it.")
    reason: Text = Field(default="", max_length=500, description="Why; kept in the draft's history.")


class DraftChangeIn(DraftIn):
    revision: StrictInt | None = Field(default=None, ge=1, description="Refuse unless the draft is at this revision.")


class PauseIn(Body):
    reason: Text = Field(min_length=1, max_length=500, description="Why; becomes the note of the new version.")


class StepOut(Out):
    at: datetime = Field(description="When it was done.")
    what: str = Field(description="`written`, `tested`, `approved`, `published` or `discarded`.")
    actor: str
    reason: str


class DraftOut(Out):
    id: str
    key: str = Field(description="The key of the promotion.")
    state: STATES
    revision: int = Field(description="Counts the changes of its body.")
    promotion: dict[str, Any] = Field(description="The promotion as it is written now.")
    base: dict[str, Any] | None = Field(description="What was published when the draft began; null: a new promotion.")
    writers: list[str] = Field(description="All who wrote it; none of them may approve it.")
    approved_by: str = Field(description="Who approved it; empty before.")
    version: int | None = Field(description="The program version that it became.")
    created_at: datetime
    changed_at: datetime = Field(description="When anything was last done with it.")
    history: list[StepOut] = Field(description="All that was done with it, oldest first.")


class DraftsOut(Out):
    items: list[DraftOut]
    next_cursor: str | None


class PausedOut(Out):
    version: int = Field(description="The version now in force.")


def _out(draft: Draft) -> dict[str, Any]:
    return {
        "id": ids.encode(DRAFT_PREFIX, draft.draft_id),
        "key": draft.key,
        "state": draft.state,
        "revision": draft.revision,
        "promotion": draft.body,
        "base": draft.base,
        "writers": list(draft.writers),
        "approved_by": draft.approved_by,
        "version": draft.version,
        "created_at": draft.created_at,
        "changed_at": draft.changed_at,
        "history": [{"at": s.at, "what": s.what, "actor": s.actor, "reason": s.reason} for s in draft.steps],
    }


def _once(request: HttpRequest, key: str, work: Callable[[], Draft], status: int = 200) -> HttpResponse:
    return answers.once(request, key, lambda: answers.json(_out(work()), status=status))


def _step(
    request: HttpRequest, draft: str, told: DraftActIn, once: str, do: Callable[..., Draft], **more: Any
) -> HttpResponse:
    return step(request, once, do, prefix=DRAFT_PREFIX, draft=draft, told=told, tell=_out, **more)


@router.get(
    "/promotion-drafts",
    auth=Key("program:read"),
    response={200: DraftsOut, READ_REFUSED: Problem},
    operation_id="list_promotion_drafts",
    summary="Drafts of promotions, newest first",
    description="The open ones, unless a state is said.",
)
def list_drafts(
    request: HttpRequest,
    state: STATES | None = Query(None, description="Only drafts of this state."),
    limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT),
    cursor: str | None = None,
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    found = drafts.drafts(
        program_id=key.program_id,
        states=(DraftState(state),) if state else OPEN_STATES,
        before=answers.place(cursor),
        limit=limit,
    )
    after = answers.cursor_text([str(found[-1].draft_id)]) if len(found) == limit else None
    return answers.json({"items": [_out(d) for d in found], "next_cursor": after})


@router.post(
    "/promotion-drafts",
    auth=Key("program:write"),
    response={201: DraftOut, REFUSED: Problem},
    operation_id="begin_promotion_draft",
    summary="Begin a draft of a promotion",
    description="Of a new promotion, or of another form of the one that is published under its key. It need not be "
    "sound yet. A promotion has one open draft at most (`draft_exists`).",
)
def begin_draft(request: HttpRequest, told: DraftIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> Draft:
        return publishing.begin(
            program_id=key.program_id,
            body=told.promotion,
            actor=key.actor,
            behind=key.created_by,
            reason=told.reason,
        )

    return _once(request, idempotency_key, work, status=201)


@router.get(
    "/promotion-drafts/{draft}",
    auth=Key("program:read"),
    response={200: DraftOut, READ_REFUSED: Problem},
    operation_id="get_promotion_draft",
    summary="A draft of a promotion",
)
def get_draft(request: HttpRequest, draft: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return answers.json(_out(drafts.draft(program_id=key.program_id, draft_id=ids.decode(DRAFT_PREFIX, draft))))


@router.patch(
    "/promotion-drafts/{draft}",
    auth=Key("program:write"),
    response={200: DraftOut, REFUSED: Problem},
    operation_id="change_promotion_draft",
    summary="Write a draft anew",
    description="The whole promotion as it shall be. It must be tested and approved again.",
)
def change_draft(request: HttpRequest, draft: str, told: DraftChangeIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> Draft:
        return drafts.change(
            program_id=key.program_id,
            draft_id=ids.decode(DRAFT_PREFIX, draft),
            body=told.promotion,
            actor=key.actor,
            behind=key.created_by,
            reason=told.reason,
            revision=told.revision,
        )

    return _once(request, idempotency_key, work)


@router.post(
    "/promotion-drafts/{draft}/test",
    auth=Key("program:write"),
    response={200: DraftOut, REFUSED: Problem},
    operation_id="test_promotion_draft",
    summary="Check a draft, so that baskets may be tried with it",
    description="Refused with every fault and its path when it is not sound inside the program. Then dry sessions "
    "can name it among their `promotions`.",
)
def try_draft(request: HttpRequest, draft: str, told: DraftActIn, idempotency_key: str = ONCE) -> HttpResponse:
    return _step(request, draft, told, idempotency_key, publishing.try_out)


@router.post(
    "/promotion-drafts/{draft}/approve",
    auth=Key("program:approve"),
    response={200: DraftOut, REFUSED: Problem},
    operation_id="approve_promotion_draft",
    summary="Approve a tested draft",
    description="Never by a hand that wrote it (`four_eyes`); the person who made a key counts as its hand.",
)
def approve_draft(request: HttpRequest, draft: str, told: DraftActIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return _step(request, draft, told, idempotency_key, drafts.approve, behind=key.created_by)


def _published(**told: Any) -> Draft:
    return publishing.publish(**told)[0]


@router.post(
    "/promotion-drafts/{draft}/publish",
    auth=Key("program:write"),
    response={200: DraftOut, REFUSED: Problem},
    operation_id="publish_promotion_draft",
    summary="Make an approved draft part of the next version",
    description="Refused (`draft_outdated`) when the published promotion was changed after the draft began.",
)
def publish_draft(request: HttpRequest, draft: str, told: DraftActIn, idempotency_key: str = ONCE) -> HttpResponse:
    return _step(request, draft, told, idempotency_key, _published)


@router.post(
    "/promotion-drafts/{draft}/discard",
    auth=Key("program:write"),
    response={200: DraftOut, REFUSED: Problem},
    operation_id="discard_promotion_draft",
    summary="Give a draft up",
)
def discard_draft(request: HttpRequest, draft: str, told: DraftActIn, idempotency_key: str = ONCE) -> HttpResponse:
    return _step(request, draft, told, idempotency_key, drafts.discard)


@router.post(
    "/promotions/{promotion}/{act}",
    auth=Key("program:write"),
    response={200: PausedOut, REFUSED: Problem},
    operation_id="pause_promotion",
    summary="Pause a published promotion, or let it run again",
    description="`act` is `pause` or `resume`. It makes the next version; baskets being paid keep their prices.",
)
def pause_promotion(
    request: HttpRequest, promotion: str, act: str, told: PauseIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    if act not in ("pause", "resume"):
        raise NotFound

    def work() -> HttpResponse:
        done = publishing.pause(
            program_id=key.program_id,
            key=promotion,
            actor=key.actor,
            reason=told.reason,
            resume=act == "resume",
        )
        return answers.json({"version": done.number})

    return answers.once(request, idempotency_key, work)
