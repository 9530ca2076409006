"""Addresses that everybody may open."""

from __future__ import annotations

from typing import Any

from django.urls import path

from regulars.interfaces.console.views import public_rules

urlpatterns: list[Any] = [
    path("<str:key>/", public_rules.rules, name="public_rules"),
]
