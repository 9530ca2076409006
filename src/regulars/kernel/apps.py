"""The kernel as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "regulars.kernel"
    label = "kernel"
    default_auto_field = "django.db.models.BigAutoField"
