"""The context promotions as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "regulars.value.promotions"
    label = "promotions"
    default_auto_field = "django.db.models.BigAutoField"
