"""The context ledger as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "regulars.value.ledger"
    label = "ledger"
    default_auto_field = "django.db.models.BigAutoField"
