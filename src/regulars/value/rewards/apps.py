"""The context rewards as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "regulars.value.rewards"
    label = "rewards"
    default_auto_field = "django.db.models.BigAutoField"
