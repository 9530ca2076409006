"""The context programs as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "regulars.people.programs"
    label = "programs"
    default_auto_field = "django.db.models.BigAutoField"
