"""The context subscriptions as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "regulars.value.subscriptions"
    label = "subscriptions"
    default_auto_field = "django.db.models.BigAutoField"
