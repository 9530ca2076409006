"""The context orders as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "regulars.value.orders"
    label = "orders"
    default_auto_field = "django.db.models.BigAutoField"
