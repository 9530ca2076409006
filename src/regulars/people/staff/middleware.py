"""Every request of a person carries what she may do; who lacks a required second factor is sent to set it up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from regulars.people.staff import services

# where she may go without: setting it up, proving who she is, leaving, choosing a language, pictures and styles
_OPEN = ("mfa_", "account_logout", "account_reauthenticate", "account_login", "set_language")

Answer = Callable[[HttpRequest], HttpResponse]


class StaffMiddleware:
    """Sets `request.grants` (an `Access`, read when first asked) and asks for the second factor."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.grants = SimpleLazyObject(lambda: _access(request))  # type: ignore[attr-defined]
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Send her to the set-up page of her second factor while one is required and missing."""
        if not settings.REGULARS_REQUIRE_2FA or request.path.startswith(f"/{settings.STATIC_URL.strip('/')}/"):
            return None
        if request.path.startswith("/api/") or not request.user.is_authenticated:
            return None
        name = request.resolver_match.url_name if request.resolver_match else None
        if name and name.startswith(_OPEN):
            return None
        if _access(request).waits_for_second_factor:
            try:
                return HttpResponseRedirect(reverse("mfa_activate_totp"))
            except NoReverseMatch:
                return HttpResponse("A second factor is required, and its set-up page is not installed.", status=403)
        return None


def _access(request: HttpRequest) -> services.Access:
    user: Any = request.user
    found: services.Access | None = getattr(user, "_regulars_access", None)
    if found is None:
        found = services.access(user_id=user.pk or 0)
        if user.pk is not None:
            user._regulars_access = found
    return found
