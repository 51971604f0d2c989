"""Mechanism without customer-service nouns: events and delivery, timers, files, errors."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "core"
    verbose_name = _("System")

    def ready(self) -> None:
        from core import checks  # noqa: F401  (registers the deployment checks)

        # every app's handlers.py: subscriptions, timers, ports, panels, file guards, live topics and routes
        autodiscover_modules("handlers")
