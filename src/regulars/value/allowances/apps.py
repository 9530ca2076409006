"""The context allowances as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "regulars.value.allowances"
    label = "allowances"
    default_auto_field = "django.db.models.BigAutoField"
