"""The context events as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "regulars.people.events"
    label = "events"
    default_auto_field = "django.db.models.BigAutoField"
