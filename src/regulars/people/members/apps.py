"""The context members as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "regulars.people.members"
    label = "members"
    default_auto_field = "django.db.models.BigAutoField"
