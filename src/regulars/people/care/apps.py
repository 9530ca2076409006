"""The context care as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "regulars.people.care"
    label = "care"
    default_auto_field = "django.db.models.BigAutoField"
