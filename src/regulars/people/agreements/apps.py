"""The context agreements as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "regulars.people.agreements"
    label = "agreements"
    default_auto_field = "django.db.models.BigAutoField"
