"""What every answer of the API carries: rate limit headers; and what no request may be: too large."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from regulars.interfaces.http_api import problems

BODY_LIMIT_BYTES = 1024 * 1024


class Manners:
    """Middleware of the API alone: bodies over 1 MiB are refused unread, answers say what is left of the rate."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/api/"):  # people's forms and uploads have limits of their own
            return self.get_response(request)
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length) > BODY_LIMIT_BYTES:
            return problems.too_large()
        answer = self.get_response(request)
        verdict = getattr(request, "rate", None)
        if verdict is not None:
            for name, value in verdict.headers().items():
                answer[name] = value
        answer["Cache-Control"] = "no-store"
        return answer
