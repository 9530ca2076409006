"""The context consent as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "regulars.people.consent"
    label = "consent"
    default_auto_field = "django.db.models.BigAutoField"
