"""The context console as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "regulars.interfaces.console"
    label = "console"
    default_auto_field = "django.db.models.BigAutoField"
