"""The context benefits as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "regulars.value.benefits"
    label = "benefits"
    default_auto_field = "django.db.models.BigAutoField"
