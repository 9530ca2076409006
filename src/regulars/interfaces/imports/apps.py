"""The context imports as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "regulars.interfaces.imports"
    label = "imports"
    default_auto_field = "django.db.models.BigAutoField"
