"""Calls about what finds a member, and about members that are one person: identifiers, codes, consents, merges."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from regulars.governance.identity import services as identity
from regulars.interfaces.http_api import answers
from regulars.interfaces.http_api import member_shapes as shapes
from regulars.interfaces.http_api.auth import Key
from regulars.interfaces.http_api.members import BY_API, claim_of, explained, identifier_of, shown
from regulars.interfaces.http_api.shapes import ONCE, READ_REFUSED, REFUSED, Problem
from regulars.kernel import ids
from regulars.people.consent import services as consent
from regulars.people.members import services as members
from regulars.people.staff import services as staff
from regulars.people.staff.terms import ApiKey

router = Router(tags=["Identity and consent"])


@router.post(
    "/members/{ref}/identifiers",
    auth=Key("members:write"),
    response={201: shapes.IdentifierOut, REFUSED: Problem},
    operation_id="add_identifier",
    summary="Add an identifier",
)
def add_identifier(
    request: HttpRequest, ref: str, told: shapes.AddIdentifierIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    if told.verified_at:
        staff.require_scope(key=key, scope="members:attest")

    def work() -> HttpResponse:
        view = members.add_identifier(
            program_id=key.program_id,
            member_id=members.resolve(program_id=key.program_id, ref=ref),
            claim=claim_of(told),
            actor=key.actor,
            attested="members:attest" in key.scopes,
        )
        return answers.json(identifier_of(view), 201)

    return answers.once(request, idempotency_key, work)


@router.post(
    "/members/{ref}/identifiers/{identifier}/code",
    auth=Key("members:write"),
    response={201: shapes.CodeOut, REFUSED: Problem},
    operation_id="send_code",
    summary="Send a code to an identifier",
)
def send_code(request: HttpRequest, ref: str, identifier: str, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        made = members.send_code(
            program_id=key.program_id,
            member_id=members.resolve(program_id=key.program_id, ref=ref),
            identifier_id=ids.decode("idn", identifier),
        )
        return answers.json({"id": identifier, "expires_at": made.expires_at}, 201)

    return answers.once(request, idempotency_key, work)


@router.post(
    "/members/{ref}/identifiers/{identifier}/confirm",
    auth=Key("members:write"),
    response={200: shapes.ConfirmOut, REFUSED: Problem},
    operation_id="confirm_code",
    summary="Confirm an identifier by its code",
)
def confirm_code(
    request: HttpRequest, ref: str, identifier: str, told: shapes.ConfirmIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        done = members.confirm_code(
            program_id=key.program_id,
            member_id=members.resolve(program_id=key.program_id, ref=ref),
            identifier_id=ids.decode("idn", identifier),
            code=told.code,
            actor=key.actor,
        )
        return answers.json({"confirmed": done.confirmed, "tries_left": done.tries_left})

    return answers.once(request, idempotency_key, work)


@router.post(
    "/members/{ref}/identifiers/{identifier}/release",
    auth=Key("members:write"),
    response={200: shapes.MemberOut, REFUSED: Problem},
    operation_id="release_identifier",
    summary="Release an identifier (phones are recycled)",
)
def release_identifier(
    request: HttpRequest, ref: str, identifier: str, told: shapes.ReasonIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        member_id = members.resolve(program_id=key.program_id, ref=ref)
        members.release_identifier(
            program_id=key.program_id,
            member_id=member_id,
            identifier_id=ids.decode("idn", identifier),
            reason=BY_API,
            actor=key.actor,
        )
        explained(key, "members.release_identifier", member_id, told.reason, identifier=identifier)
        return shown(key, member_id, reveal=False)

    return answers.once(request, idempotency_key, work)


@router.get(
    "/members/{ref}/consents",
    auth=Key("members:read"),
    response={200: shapes.ConsentsOut, READ_REFUSED: Problem},
    operation_id="list_consents",
    summary="What a member agreed to",
)
def consents(request: HttpRequest, ref: str) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    member_id = members.resolve(program_id=key.program_id, ref=ref)
    return answers.json(
        {"items": [_consent(c) for c in consent.current(program_id=key.program_id, member_id=member_id)]}
    )


def _consent(one: Any) -> dict[str, Any]:
    return {
        "purpose": one.purpose,
        "channel": one.channel or None,
        "topic": one.topic or None,
        "granted": one.granted,
        "text_version": one.text_version,
        "source": one.source,
        "at": one.at,
    }


@router.post(
    "/members/{ref}/consents",
    auth=Key("members:write"),
    response={201: shapes.ConsentOut, REFUSED: Problem},
    operation_id="record_consent",
    summary="Record a consent or a refusal",
)
def record_consent(
    request: HttpRequest, ref: str, told: shapes.ConsentIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        one = consent.record(
            program_id=key.program_id,
            member_id=members.resolve(program_id=key.program_id, ref=ref),
            purpose=told.purpose,
            channel=told.channel or "",
            topic=told.topic or "",
            granted=told.granted,
            text_version=told.text_version,
            source=told.source,
            at=told.at,
            actor=key.actor,
            key=f"api/{idempotency_key}",
        )
        return answers.json(_consent(one), 201)

    return answers.once(request, idempotency_key, work)


@router.post(
    "/consent-texts",
    auth=Key("program:write"),
    response={201: shapes.ConsentTextOut, REFUSED: Problem},
    operation_id="publish_consent_text",
    summary="Publish the words that consents refer to",
    description="A version's words never change; new words are a new version.",
)
def publish_consent_text(
    request: HttpRequest, told: shapes.ConsentTextIn, idempotency_key: str = ONCE
) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        text = consent.publish_text(
            program_id=key.program_id,
            purpose=told.purpose,
            version=told.version,
            language=told.language,
            text=told.text,
        )
        answer = {"purpose": text.purpose, "version": text.version, "language": text.language}
        return answers.json(answer, 201)

    return answers.once(request, idempotency_key, work)


@router.post(
    "/members/{ref}/merge",
    auth=Key("members:write"),
    response={201: shapes.MergeOut, REFUSED: Problem},
    by_alias=True,
    operation_id="merge_members",
    summary="Merge another member into this one",
)
def merge(request: HttpRequest, ref: str, told: shapes.MergeIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        done = identity.merge(
            program_id=key.program_id,
            into=members.resolve(program_id=key.program_id, ref=ref),
            from_=members.resolve(program_id=key.program_id, ref=told.from_),
            reason=told.reason,
            actor=key.actor,
        )
        return answers.json(_merge(done), 201)

    return answers.once(request, idempotency_key, work)


@router.post(
    "/merges/{merge}/undo",
    auth=Key("members:write"),
    response={200: shapes.MergeOut, REFUSED: Problem},
    by_alias=True,
    operation_id="undo_merge",
    summary="Undo a merge within 30 days",
)
def undo_merge(request: HttpRequest, merge: str, told: shapes.ReasonIn, idempotency_key: str = ONCE) -> HttpResponse:
    key: ApiKey = request.auth  # type: ignore[attr-defined]

    def work() -> HttpResponse:
        done = identity.undo(
            program_id=key.program_id, merge_id=ids.decode("mrg", merge), reason=told.reason, actor=key.actor
        )
        return answers.json(_merge(done))

    return answers.once(request, idempotency_key, work)


def _merge(done: Any) -> dict[str, Any]:
    return {
        "id": ids.encode("mrg", done.merge_id),
        "into": ids.encode("mem", done.into),
        "from": ids.encode("mem", done.from_),
        "at": done.at,
        "undone_at": done.undone_at,
        "moved": done.moved,
    }
