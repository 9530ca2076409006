"""The context assurance as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "regulars.governance.assurance"
    label = "assurance"
    default_auto_field = "django.db.models.BigAutoField"
