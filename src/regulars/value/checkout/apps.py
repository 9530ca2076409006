"""The context checkout as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "regulars.value.checkout"
    label = "checkout"
    default_auto_field = "django.db.models.BigAutoField"
