"""Is the house well? `/healthz`, `/readyz`, `/metrics`, and the witness that names, counts and times each request."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_safe

from regulars import __version__
from regulars.interfaces import tally
from regulars.kernel import ids, outbox

_SENT_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")
_SLOW_SECONDS = 1

log = structlog.get_logger("regulars.http")


class Witness:
    """Names each request (`X-Request-ID`, the caller's if it has one), counts and times it, and logs what went wrong.

    One line for each answer from 500 up and each answer slower than a second; every request at level debug.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        sent = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = sent if _SENT_ID.match(sent) else ids.new_id().hex
        began = time.perf_counter()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            response = self.get_response(request)
            seconds = time.perf_counter() - began
            tally.count(response.status_code, seconds)
            if response.status_code >= 500 or seconds > _SLOW_SECONDS:
                log.warning(
                    "a request went wrong" if response.status_code >= 500 else "a request was slow",
                    method=request.method,
                    path=request.path,
                    status=response.status_code,
                    ms=int(seconds * 1000),
                )
        finally:
            structlog.contextvars.unbind_contextvars("request_id")
        response["X-Request-ID"] = request_id
        return response


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """The process answers. Nothing else is asked, so that a sick database does not make it be killed."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """Whether requests should be sent here: the database answers, and its tables are those of this version."""
    try:
        executor = MigrationExecutor(connection)
        waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except DatabaseError as error:
        log.warning("not ready", error=str(error))
        return JsonResponse({"ready": False, "because": "the database does not answer"}, status=503)
    if waiting:
        return JsonResponse({"ready": False, "because": f"{waiting} migrations wait: regulars migrate"}, status=503)
    return JsonResponse({"ready": True, "version": __version__})


@require_safe
def metrics(_request: HttpRequest) -> HttpResponse:
    """Gauges and counters as Prometheus text; requests are summed over the worker processes of this server."""
    lines = [
        "# HELP regulars_info This build.",
        "# TYPE regulars_info gauge",
        f'regulars_info{{version="{__version__}"}} 1',
    ]
    try:
        health = outbox.health()
    except DatabaseError:
        lines += _gauge("regulars_database_up", "Whether the database answers.", {(): 0})
    else:
        lines += _gauge("regulars_database_up", "Whether the database answers.", {(): 1})
        lines += _gauge("regulars_outbox_waiting", "Facts that wait for delivery.", _by_kind(health.waiting))
        lines += _gauge("regulars_outbox_dead", "Facts that no try could deliver.", _by_kind(health.dead))
        oldest: dict[tuple[str, ...], int] = {(): health.oldest_seconds}
        lines += _gauge("regulars_outbox_oldest_seconds", "Age of the oldest waiting fact.", oldest)
    lines += tally.prometheus()
    lines += _gauge("regulars_process_id", "The process that answered.", {(): os.getpid()})
    threads = settings.SERVING_THREADS if settings.SERVES else 0
    lines += _gauge("regulars_process_threads", "Its threads that answer; 0: it is no worker.", {(): threads})
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")


def _by_kind(counts: dict[str, int]) -> dict[tuple[str, ...], int]:
    return {("kind", kind): n for kind, n in counts.items()} or {(): 0}


def _gauge(name: str, says: str, values: dict[tuple[str, ...], int]) -> list[str]:
    label = {key: f'{{{key[0]}="{key[1]}"}}' if key else "" for key in values}
    return [f"# HELP {name} {says}", f"# TYPE {name} gauge", *(f"{name}{label[k]} {v}" for k, v in values.items())]


urlpatterns = [path("healthz", healthz), path("readyz", readyz), path("metrics", metrics)]
