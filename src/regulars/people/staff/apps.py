"""The context staff as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "regulars.people.staff"
    label = "staff"
    default_auto_field = "django.db.models.BigAutoField"
