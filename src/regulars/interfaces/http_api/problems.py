"""Refusals in their HTTP form: RFC 9457 problem+json."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
import psycopg
import structlog
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from regulars.interfaces.http_api.shapes import CLEAN
from regulars.kernel.errors import Invalid, Refusal
from regulars.kernel.postgres import translated

log = structlog.get_logger("regulars.api")
MEDIA_TYPE = "application/problem+json"


def problem(
    *,
    status: int,
    code: str,
    detail: str,
    errors: list[tuple[str, str]] | None = None,
    facts: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> HttpResponse:
    """A problem+json answer. `errors` are (path, message); `facts` are values that a program may read."""
    body: dict[str, Any] = {
        "type": f"urn:regulars:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": [{"path": path, "message": message} for path, message in errors or []],
    }
    if facts:
        body["facts"] = facts
    return HttpResponse(orjson.dumps(body), status=status, content_type=MEDIA_TYPE, headers=headers)


def of_refusal(refusal: Refusal) -> HttpResponse:
    """The answer for a refusal: its own status, code and sentence."""
    headers: dict[str, str] = {}
    wait = getattr(refusal, "retry_after_seconds", None)
    if wait is not None:
        headers["Retry-After"] = str(wait)
    if refusal.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return problem(
        status=refusal.status,
        code=refusal.code,
        detail=refusal.detail,
        errors=refusal.errors if isinstance(refusal, Invalid) else None,
        facts=refusal.facts,
        headers=headers,
    )


def of_validation(error: ValidationError) -> HttpResponse:
    """Every fault that the schema found, each with its path inside the body, the query or the headers."""
    faults = []
    for fault in error.errors:
        where = [str(part) for part in fault.get("loc", ())]
        # Ninja puts the place and the argument's name first: ("body", "told", "lines", 0, "sku").
        skip = 2 if where[:1] == ["body"] else 1
        path = ".".join(where[skip:]) or ".".join(where[:1])
        faults.append((path, _said(fault)))
    detail = f"{len(faults)} field{'' if len(faults) == 1 else 's'} cannot be accepted; see errors."
    return problem(status=422, code="invalid", detail=detail, errors=faults)


def _said(fault: Mapping[str, Any]) -> str:
    if fault.get("type") == "string_pattern_mismatch" and fault.get("ctx", {}).get("pattern") == CLEAN:
        return "must not contain control characters"
    return str(fault.get("msg", "is wrong")).removeprefix("Value error, ")


def install(api: NinjaAPI) -> None:
    """Give the API its answers for everything that can go wrong."""
    api.add_exception_handler(Refusal, lambda request, error: of_refusal(error))
    api.add_exception_handler(ValidationError, lambda request, error: of_validation(error))
    api.add_exception_handler(Http404, lambda request, error: _not_found())
    api.add_exception_handler(RequestDataTooBig, lambda request, error: too_large())
    api.add_exception_handler(HttpError, _http_error)
    for broken in (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError):
        api.add_exception_handler(broken, _operational)
    api.add_exception_handler(Exception, _bug)


def too_large() -> HttpResponse:
    """The body is over the limit."""
    return problem(status=413, code="too_large", detail="A body may have at most 1 MiB. Send less at a time.")


def of_page(answer: HttpResponse) -> HttpResponse:
    """What Django and Ninja say in words for people (no such address, no such method), as a problem."""
    told = {
        404: ("not_found", "There is no such address here; see /api/v1/openapi.json."),
        405: ("method_not_allowed", "This address does not take this method; see the header Allow."),
    }
    phrase = HTTPStatus(answer.status_code).phrase
    code, detail = told.get(answer.status_code, ("refused", f"{phrase}."))
    headers = {"Allow": answer["Allow"]} if "Allow" in answer else {}
    return problem(status=answer.status_code, code=code, detail=detail, headers=headers)


def _not_found() -> HttpResponse:
    return problem(status=404, code="not_found", detail="There is no such thing here.")


def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    if error.status_code != HTTPStatus.BAD_REQUEST:
        return problem(status=error.status_code, code="refused", detail=str(error))
    cause = error.__cause__
    where = f" ({cause.msg}, at character {cause.pos})" if isinstance(cause, orjson.JSONDecodeError) else ""
    return problem(status=400, code="bad_json", detail=f"The body is no JSON in UTF-8{where}.")


def _operational(request: HttpRequest, error: Exception) -> HttpResponse:
    """The database is away, or went away in the middle: whether it still did what was asked is not known then."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    known = translated(cause) if isinstance(cause, psycopg.Error) else error
    if isinstance(known, Refusal):
        return of_refusal(known)
    log.error("database unavailable", path=request.path, error=type(error).__name__)
    return problem(
        status=503,
        code="unavailable",
        detail="The database cannot be reached just now. Try again: what was done already is not done twice.",
        headers={"Retry-After": "2"},
    )


def _bug(request: HttpRequest, error: Exception) -> HttpResponse:
    log.exception("unexpected error", path=request.path, method=request.method)
    return problem(status=500, code="internal", detail="This is our fault. It was logged; nothing was changed.")
