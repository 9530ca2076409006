"""Notes, follow-ups and the adviser's desk over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api import care_shapes as shapes
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.care import adviser_of
from regulars.interfaces.http_api.shapes import ONCE, READ_REFUSED, REFUSED, Problem
from regulars.kernel import ids
from regulars.kernel.errors import Invalid
from regulars.people.care import services as care
from regulars.people.care.terms import FOLLOW_UP_PREFIX, NOTE_PREFIX, FollowUp, FollowUpState, Note
from regulars.people.members import services as members
from regulars.people.staff import services as staff
from regulars.people.staff.terms import ApiKey

router = Router(tags=["Care"])
REVEAL = Query(False, description="The words in clear: needs `members:reveal`, and each reading is written down.")


def _reader(key: ApiKey, reveal: bool) -> str | None:
    if reveal:
        staff.require_scope(key=key, scope="members:reveal")
    return key.actor if reveal else None


def _note(one: Note) -> dict[str, Any]:
    return {
        "id": ids.encode(NOTE_PREFIX, one.id),
        "written_at": one.written_at,
        "actor": one.actor,
        "erased_at": one.erased_at,
        "text": one.text,
    }


def follow_up_json(one: FollowUp) -> dict[str, Any]:
    return {
        "id": ids.encode(FOLLOW_UP_PREFIX, one.id),
        "member": ids.encode("mem", one.member_id),
        "due_on": one.due_on,
        "assignee": one.assignee,
        "state": one.state,
        "text": one.text,
        "outcome": one.outcome,
        "made_at": one.made_at,
        "closed_at": one.closed_at,
    }


@router.get(
    "/members/{ref}/notes",
    auth=Key("care:read"),
    response={200: shapes.NotesOut, READ_REFUSED: Problem},
    operation_id="list_notes",
    summary="What was noted of a member, newest first",
)
def list_notes(
    request: HttpRequest,
    ref: str,
    reveal: bool = REVEAL,
    limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT),
    cursor: str | None = None,
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    reader = _reader(key, reveal)
    member_id = members.resolve(program_id=key.program_id, ref=ref)
    found = care.notes(
        program_id=key.program_id, member_id=member_id, reveal_to=reader, before=_before(cursor), limit=limit
    )
    more = (found[-1].written_at.isoformat(),) if len(found) == limit else None
    return answers.json({"items": [_note(one) for one in found], "next_cursor": answers.cursor_out(more)})


def _before(cursor: str | None) -> datetime | None:
    text = answers.after_text(cursor)
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        found = None
    if text and (found is None or found.tzinfo is None):
        raise Invalid(errors=[("cursor", "is not a cursor of this list; start again without one")])
    return found


@router.post(
    "/members/{ref}/notes",
    auth=Key("care:write"),
    response={201: shapes.NoteOut, REFUSED: Problem},
    operation_id="write_note",
    summary="Note something of a member",
)
def write_note(request: HttpRequest, ref: str, told: shapes.NoteIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        member_id = members.resolve(program_id=key.program_id, ref=ref)
        made = care.write_note(program_id=key.program_id, member_id=member_id, text=told.text, actor=key.actor)
        return answers.json({**_note(made), "text": None}, status=201)  # it is kept: no words in it

    return answers.once(request, idempotency_key, work)


@router.post(
    "/notes/{note}/erase",
    auth=Key("care:write"),
    response={200: shapes.NoteOut, REFUSED: Problem},
    operation_id="erase_note",
    summary="Erase the words of a note for ever",
)
def erase_note(request: HttpRequest, note: str, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        note_id = ids.decode(NOTE_PREFIX, note)
        return answers.json(_note(care.erase_note(program_id=key.program_id, note_id=note_id, actor=key.actor)))

    return answers.once(request, idempotency_key, work)


@router.get(
    "/members/{ref}/follow-ups",
    auth=Key("care:read"),
    response={200: shapes.FollowUpsOut, READ_REFUSED: Problem},
    operation_id="list_follow_ups",
    summary="What is to be done for a member, and what was",
    description="Open ones first, by day; 100 at most.",
)
def list_follow_ups(
    request: HttpRequest,
    ref: str,
    reveal: bool = REVEAL,
    open_only: bool = Query(False, description="Only those that are open."),
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    reader = _reader(key, reveal)
    member_id = members.resolve(program_id=key.program_id, ref=ref)
    found = care.follow_ups(program_id=key.program_id, member_id=member_id, reveal_to=reader, open_only=open_only)
    return answers.json({"items": [follow_up_json(one) for one in found]})


@router.post(
    "/members/{ref}/follow-ups",
    auth=Key("care:write"),
    response={201: shapes.FollowUpOut, REFUSED: Problem},
    operation_id="make_follow_up",
    summary="Ask for something to be done for a member by a day",
)
def make_follow_up(
    request: HttpRequest, ref: str, told: shapes.FollowUpIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        made = care.make_follow_up(
            program_id=key.program_id,
            member_id=members.resolve(program_id=key.program_id, ref=ref),
            text=told.text,
            due_on=told.due_on,
            assignee=staff.person_by_email(email=told.email).id if told.email else None,
            actor=key.actor,
        )
        return answers.json({**follow_up_json(made), "text": None}, status=201)  # kept, as above

    return answers.once(request, idempotency_key, work)


@router.patch(
    "/follow-ups/{follow_up}",
    auth=Key("care:write"),
    response={200: shapes.FollowUpOut, REFUSED: Problem},
    operation_id="change_follow_up",
    summary="Say that a follow-up is done or dropped, or move it",
    description="With `state` it ends; else it goes to another day or person.",
)
def change_follow_up(
    request: HttpRequest, follow_up: str, told: shapes.FollowUpPatch, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        one: dict[str, Any] = {
            "program_id": key.program_id,
            "follow_up_id": ids.decode(FOLLOW_UP_PREFIX, follow_up),
            "actor": key.actor,
        }
        if told.state is not None:
            state = FollowUpState(told.state)
            return answers.json(
                {**follow_up_json(care.close_follow_up(**one, state=state, outcome=told.outcome)), "outcome": ""}
            )
        assignee = staff.person_by_email(email=told.email).id if told.email else None
        return answers.json(follow_up_json(care.change_follow_up(**one, due_on=told.due_on, assignee=assignee)))

    return answers.once(request, idempotency_key, work)


@router.get(
    "/advisers/{adviser}/desk",
    auth=Key("care:read"),
    response={200: shapes.DeskOut, READ_REFUSED: Problem},
    operation_id="get_desk",
    summary="An adviser's desk: her members, what is due today, what is overdue",
    description="The words of follow-ups are in clear: needs `members:reveal`, and the reading is written down.",
)
def get_desk(
    request: HttpRequest,
    adviser: str,
    limit: int = Query(50, ge=1, le=answers.PAGE_LIMIT),
    cursor: str | None = None,
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    staff.require_scope(key=key, scope="members:reveal")
    one = adviser_of(key, adviser)
    before = answers.whole_parts(cursor, size=1)
    page = care.desk(
        program_id=key.program_id,
        user_id=one.user_id,
        reader=key.actor,
        before=before[0] if before else None,
        limit=limit,
    )
    return answers.json(
        {
            "overdue": [follow_up_json(f) for f in page.overdue],
            "today": [follow_up_json(f) for f in page.today],
            "coming": [follow_up_json(f) for f in page.coming],
            "members": [
                {"member": ids.encode("mem", m.member_id), "kind": m.kind, "since": m.since} for m in page.members
            ],
            "next_cursor": answers.cursor_out((page.cursor,) if page.cursor is not None else None),
        }
    )
