"""The context coupons as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    name = "regulars.value.coupons"
    label = "coupons"
    default_auto_field = "django.db.models.BigAutoField"
