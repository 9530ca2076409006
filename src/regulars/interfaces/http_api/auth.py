"""Who calls: a Bearer key, its scopes, its rate."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja.security import HttpBearer

from regulars.kernel import ratelimit
from regulars.kernel.errors import Refusal
from regulars.people.staff import services as staff
from regulars.people.staff.terms import ApiKey


def address_of(request: HttpRequest) -> str:
    """The caller's network address; behind our own proxy, the one that it appended to `X-Forwarded-For`."""
    if settings.IS_BEHIND_PROXY:
        told: str = request.META.get("HTTP_X_FORWARDED_FOR", "")
        if last := told.rpartition(",")[2].strip():
            return last
    return request.META.get("REMOTE_ADDR") or "127.0.0.1"


class Unauthenticated(Refusal):
    """Send a valid key: `Authorization: Bearer <key>`."""

    status = 401


@cache
def _limit(per_minute: int) -> ratelimit.Limit:
    return ratelimit.Limit(per_minute=per_minute, burst=max(1, per_minute // 6), name="key")


class Key(HttpBearer):
    """A key that holds `scope`; the view finds it as `request.auth` (an `ApiKey`)."""

    openapi_name = "key"

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> Any:
        scheme, _, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer" or not secret:
            raise Unauthenticated()
        return self.authenticate(request, secret.strip())

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey:
        key = staff.key_by_secret(secret=token, ip=address_of(request))
        verdict = ratelimit.limiter.take(key.id, _limit(key.rate_per_minute))
        request.rate = verdict  # type: ignore[attr-defined] - `Manners` tells it in the headers
        if not verdict.allowed:
            raise ratelimit.TooManyRequests(
                f"This key may call {key.rate_per_minute} times a minute.",
                retry_after_seconds=verdict.retry_after_seconds,
            )
        staff.require_scope(key=key, scope=self.scope)
        return key
