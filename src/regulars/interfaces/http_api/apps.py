"""The context http_api as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "regulars.interfaces.http_api"
    label = "http_api"
    default_auto_field = "django.db.models.BigAutoField"
