"""The WSGI application: one door for machines, one for browsers, over the same addresses."""

import io
import os
from collections.abc import Callable, Iterable
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest
from django.urls import ResolverMatch

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regulars.settings")
django.setup(set_prefix=False)

_MACHINES = ("/api/", "/healthz", "/readyz", "/metrics")
_WITH_BODY = ("POST", "PUT", "PATCH", "DELETE")


class MachineHandler(WSGIHandler):
    """Django without sessions, languages and forms, which no till needs and each request would pay for."""

    def load_middleware(self, is_async: bool = False) -> None:
        everything, settings.MIDDLEWARE = settings.MIDDLEWARE, settings.API_MIDDLEWARE
        try:
            super().load_middleware(is_async)
        finally:
            settings.MIDDLEWARE = everything
        self._fixed: dict[str, ResolverMatch] = {}

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        """Addresses without parts that vary, such as `/api/v1/orders`, are looked up once: there are only so many."""
        match = self._fixed.get(request.path_info)
        if match is None:
            match = super().resolve_request(request)
            if not match.args and not match.kwargs:
                self._fixed[request.path_info] = match
        request.resolver_match = match
        return match


_for_machines, _for_browsers = MachineHandler(), WSGIHandler()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer one request."""
    is_machine = environ.get("PATH_INFO", "").startswith(_MACHINES)
    if is_machine and not environ.get("CONTENT_LENGTH") and environ.get("REQUEST_METHOD") in _WITH_BODY:
        _measure(environ)
    return (_for_machines if is_machine else _for_browsers)(environ, start_response)


def _measure(environ: dict[str, Any]) -> None:
    """Give a body sent in chunks its length; Django reads none without. Of one too large, enough is read to tell."""
    most, parts, size = settings.DATA_UPLOAD_MAX_MEMORY_SIZE, [], 0
    while size <= most and (part := environ["wsgi.input"].read(most + 1 - size)):
        parts.append(part)
        size += len(part)
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(b"".join(parts)), str(size)
