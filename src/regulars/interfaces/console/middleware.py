"""Staff read the console in their own language, and in the time of the program they work at."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from regulars.interfaces.console.desk import desk_of

Answer = Callable[[HttpRequest], HttpResponse]


class StaffLanguage:
    """Activates the person's language, unless the browser carries one that she chose with the switcher."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES and request.user.is_authenticated:
            try:
                found = translation.get_supported_language_variant(str(request.user.locale).lower())
            except LookupError:
                found = settings.LANGUAGE_CODE
            translation.activate(found)
            request.LANGUAGE_CODE = found
        if not request.path.startswith("/console/") or not request.user.is_authenticated:
            return self.get_response(request)
        desk = desk_of(request)
        with timezone.override(desk.program.zone if desk else None):
            return self.get_response(request)
