"""The context identity as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "regulars.governance.identity"
    label = "identity"
    default_auto_field = "django.db.models.BigAutoField"
