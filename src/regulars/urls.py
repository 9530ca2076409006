"""Addresses of the house."""

from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from regulars.interfaces.http_api.api import api

urlpatterns: list[Any] = [
    path("api/v1/", api.urls),
    path("", include("regulars.interfaces.health")),
    # Who manages staff changes a person's address, and the audit trail tells; allauth's own page does neither.
    path("accounts/email/", RedirectView.as_view(url=settings.LOGIN_REDIRECT_URL)),
    path("accounts/", include("allauth.urls")),
    path("", RedirectView.as_view(url=settings.LOGIN_REDIRECT_URL)),
]
if find_spec("regulars.interfaces.console.urls"):
    urlpatterns.append(path("console/", include("regulars.interfaces.console.urls")))
    urlpatterns.append(path("rules/", include("regulars.interfaces.console.public_urls")))
else:
    urlpatterns.append(path("console/", admin.site.urls))
