"""The context catalog as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "regulars.value.catalog"
    label = "catalog"
    default_auto_field = "django.db.models.BigAutoField"
