"""The WSGI application: one door for machines, one for browsers, over the same addresses."""

import gc
import io
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MethodType
from typing import Any, cast

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.db import connections
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import HttpHeaders
from django.urls import ResolverMatch, URLPattern, URLResolver, get_resolver
from django.utils.functional import cached_property
from django.utils.log import log_response
from psycopg.pq import TransactionStatus

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regulars.settings")
django.setup(set_prefix=False)

_API = "/api/v1/"
_MACHINES = ("/api/", "/healthz", "/readyz", "/metrics")
_WITH_BODY = ("POST", "PUT", "PATCH", "DELETE")


_UNPREFIXED = frozenset(HttpHeaders.UNPREFIXED_HEADERS)


class Headers(Mapping[str, str]):
    """The headers of a request, looked up where they are: most calls ask for two."""

    def __init__(self, meta: dict[str, Any]) -> None:
        self._meta = meta

    def __getitem__(self, name: str) -> str:
        key = name.upper().replace("-", "_")
        return str(self._meta[key if key in _UNPREFIXED else f"HTTP_{key}"])

    def __iter__(self) -> Iterator[str]:
        return iter(HttpHeaders(self._meta))

    def __len__(self) -> int:
        return len(HttpHeaders(self._meta))


class MachineRequest(WSGIRequest):
    """A request whose headers are not copied."""

    @cached_property
    def headers(self) -> Headers:  # type: ignore[override]
        return Headers(self.META)


class MachineHandler(WSGIHandler):
    """Django without sessions, languages, forms and signals, which no till needs and each request would pay for."""

    request_class = MachineRequest

    def load_middleware(self, is_async: bool = False) -> None:
        everything, settings.MIDDLEWARE = settings.MIDDLEWARE, settings.API_MIDDLEWARE
        try:
            super().load_middleware(is_async)
        finally:
            settings.MIDDLEWARE = everything
        self._fixed: dict[str, ResolverMatch] = {}
        self._parts: dict[str, URLResolver] | None = None

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        try:
            response = self.get_response(self.request_class(environ))
            response.close = MethodType(_done, response)
            start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
        except BaseException:  # no answer, hence nobody who closes it
            _give_back()
            raise
        return response

    def get_response(self, request: HttpRequest) -> Any:
        """As Django's own, whose choice of addresses we never change."""
        response = self._middleware_chain(request)  # type: ignore[attr-defined]
        response._resource_closers.append(request.close)
        if response.status_code >= 400:
            log_response("%s: %s", response.reason_phrase, request.path, response=response, request=request)
        return response

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        """Addresses without parts that vary, such as `/api/v1/orders`, are looked up once: there are only so many.

        Of others, the patterns that begin with the same word are asked first.
        """
        match = self._fixed.get(request.path_info)
        if match is None:
            match = self._in_part(request.path_info) or super().resolve_request(request)
            if not match.args and not match.kwargs:
                self._fixed[request.path_info] = match
        request.resolver_match = match
        return match

    def _in_part(self, path: str) -> ResolverMatch | None:
        if self._parts is None:
            self._parts = _parts()
        part = self._parts.get(path.removeprefix(_API).partition("/")[0]) if path.startswith(_API) else None
        if part is None:
            return None
        try:
            return part.resolve(path)
        except Http404:
            return None


def _done(response: HttpResponse) -> None:
    """What Django does by signals when an answer was sent: let go of what it held, give the connection back."""
    try:
        for closer in response._resource_closers:  # type: ignore[attr-defined]
            closer()
    finally:
        response._resource_closers.clear()  # type: ignore[attr-defined]
        response.closed = True
        vars(response).pop(
            "close", None
        )  # which holds the response: answers are long, and would wait for the collector
        _give_back()


class _Held:
    """A thread's connection, which the pool gets back when the thread ends."""

    def __init__(self, wrapper: Any) -> None:
        self.wrapper = wrapper

    def __del__(self) -> None:
        self.wrapper.inc_thread_sharing()  # its thread is over: when the process ends another one comes by here
        self.wrapper.close()


_thread = threading.local()
# Taking a connection from the pool and giving it back costs more than a query. A thread may keep one if all can.
_KEEPS = settings.SERVES and settings.POOL_MAX >= settings.SERVING_THREADS


def _give_back() -> None:
    """Leave the thread a connection that the next request can use: one that broke goes."""
    held = getattr(_thread, "held", None)
    wrapper = connections["default"] if held is None else held.wrapper
    if _KEEPS and _is_sound(wrapper):
        if held is None:
            _thread.held = _Held(wrapper)
        return
    wrapper.close_if_unusable_or_obsolete()


def _is_sound(wrapper: Any) -> bool:
    connection = wrapper.connection
    return (
        connection is not None
        and not wrapper.errors_occurred
        and not wrapper.in_atomic_block
        and connection.autocommit
        and connection.pgconn.transaction_status == TransactionStatus.IDLE
    )


def _parts() -> dict[str, URLResolver]:
    """The API's addresses by their first word; none at all should one begin with a part that varies."""
    root = get_resolver()
    api: Any = next(p for p in root.url_patterns if str(p.pattern) == _API.lstrip("/"))
    words: dict[str, list[URLPattern]] = {}
    for pattern in api.url_patterns:
        words.setdefault(str(pattern.pattern).partition("/")[0], []).append(pattern)
    if any("<" in word for word in words):
        return {}

    def part(patterns: list[URLPattern]) -> URLResolver:
        within = URLResolver(api.pattern, patterns, api.default_kwargs, api.app_name, api.namespace)
        return URLResolver(root.pattern, [within])

    return {word: part(patterns) for word, patterns in words.items()}


_for_machines, _for_browsers = MachineHandler(), WSGIHandler()


def settle() -> None:
    """Have at hand what every request needs, and let the collector of garbage look no more at what never goes.

    Else it goes through all of Django's objects again and again, while a till waits. Most of what a request leaves is
    gone without it.
    """
    _parts()
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


if settings.SERVES:
    settle()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer one request."""
    is_machine = environ.get("PATH_INFO", "").startswith(_MACHINES)
    if is_machine and not environ.get("CONTENT_LENGTH") and environ.get("REQUEST_METHOD") in _WITH_BODY:
        _measure(environ)
    return _whole((_for_machines if is_machine else _for_browsers)(environ, start_response))


def _whole(response: Any) -> Iterable[bytes]:
    """An answer that is all there, in one piece, with its length: a server that asks for one piece after the other
    waits for this process each time, and its caller waits for both. What is made while it is sent stays as it is.
    """
    if response.streaming:
        return cast(Iterable[bytes], response)
    try:
        return [response.content]
    finally:
        response.close()


def _measure(environ: dict[str, Any]) -> None:
    """Give a body sent in chunks its length; Django reads none without. Of one too large, enough is read to tell."""
    most, parts, size = settings.DATA_UPLOAD_MAX_MEMORY_SIZE, [], 0
    while size <= most and (part := environ["wsgi.input"].read(most + 1 - size)):
        parts.append(part)
        size += len(part)
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(b"".join(parts)), str(size)
