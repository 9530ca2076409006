"""The public page of a program's rules: for everybody, without a log-in, kept by caches."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.utils.translation import get_language_from_request
from django.views.decorators.http import require_safe

from regulars.governance.publishing.services import telling_public
from regulars.kernel.errors import NotFound

SECONDS = 300


@require_safe
def rules(request: HttpRequest, key: str) -> HttpResponse:
    """The rules of one program in the reader's language; `?lang=` chooses another."""
    language = request.GET.get("lang") or get_language_from_request(request)
    try:
        found = telling_public.public_rules(program_key=key, language=language)
    except NotFound as no:
        raise Http404 from no
    if request.headers.get("If-None-Match") == found.etag:
        answer: HttpResponse = HttpResponseNotModified()
    else:
        answer = render(request, "public/rules.html", {"rules": found})
    answer["ETag"] = found.etag
    answer["Cache-Control"] = f"public, max-age={SECONDS}"
    answer["Vary"] = "Accept-Language"
    answer["Content-Language"] = found.language
    return answer
