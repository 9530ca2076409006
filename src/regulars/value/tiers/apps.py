"""The context tiers as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "regulars.value.tiers"
    label = "tiers"
    default_auto_field = "django.db.models.BigAutoField"
