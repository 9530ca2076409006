"""What every answer of the API carries, and what no request may be: too large, packed, unstorable."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from regulars.interfaces.http_api import problems

BODY_LIMIT_BYTES = 1024 * 1024


class Manners:
    """Middleware of the API alone: bodies over 1 MiB are refused unread, whatever goes wrong is told as a problem,
    `HEAD` is `GET` without its body, and answers say what is left of the rate."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/api/"):  # people's forms and uploads have limits of their own
            return self.get_response(request)
        answer = _refused_unread(request) or self._answer(request)
        verdict = getattr(request, "rate", None)
        if verdict is not None:
            for name, value in verdict.headers().items():
                answer[name] = value
        answer["Cache-Control"] = "no-store"
        return answer

    def _answer(self, request: HttpRequest) -> HttpResponse:
        is_head = request.method == "HEAD"
        if is_head:
            request.method = "GET"
        answer = self.get_response(request)
        if answer.status_code >= 400 and answer.headers.get("Content-Type", "").startswith("text/"):
            answer = problems.of_page(answer)
        if is_head:
            request.method = "HEAD"
            answer.content = b""
        return answer


def _refused_unread(request: HttpRequest) -> HttpResponse | None:
    meta = request.META
    length = meta.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > BODY_LIMIT_BYTES:
        return problems.too_large()
    if meta.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        detail = "Bodies are taken as they are, not packed; leave Content-Encoding out."
        return problems.problem(status=415, code="unsupported_encoding", detail=detail)
    if "\x00" in request.path or "%00" in meta.get("QUERY_STRING", ""):  # which no text in PostgreSQL can hold
        detail = "An address cannot hold the character U+0000."
        return problems.problem(status=422, code="invalid", detail=detail, errors=[("address", "holds U+0000")])
    return None
