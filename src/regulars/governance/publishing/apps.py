"""The context publishing as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "regulars.governance.publishing"
    label = "publishing"
    default_auto_field = "django.db.models.BigAutoField"
