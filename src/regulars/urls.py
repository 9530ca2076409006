"""Addresses of the house."""

from typing import Any

urlpatterns: list[Any] = []
