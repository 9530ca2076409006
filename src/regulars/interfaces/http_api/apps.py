"""The context http_api as a Django app."""

from django.apps import AppConfig
from django.utils.module_loading import import_string


class Config(AppConfig):
    name = "regulars.interfaces.http_api"
    label = "http_api"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Payments go to the sandbox until a real provider is installed before it."""
        sandbox = "regulars.interfaces.sandbox"
        install = import_string("regulars.value.subscriptions.services.install")
        install(name=import_string(f"{sandbox}.NAME"), provider=import_string(f"{sandbox}.usual")())
