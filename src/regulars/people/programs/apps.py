"""The context programs as a Django app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class Config(AppConfig):
    name = "regulars.people.programs"
    label = "programs"
    verbose_name = _("Programs")
    default_auto_field = "django.db.models.BigAutoField"
