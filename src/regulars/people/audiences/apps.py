"""The context audiences as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "regulars.people.audiences"
    label = "audiences"
    default_auto_field = "django.db.models.BigAutoField"
