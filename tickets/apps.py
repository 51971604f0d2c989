"""Tickets, tiers, SLA, routing, escalation, the agents' desk."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TicketsConfig(AppConfig):
    name = "tickets"
    verbose_name = _("Tickets")

    def ready(self) -> None:
        from tickets import handlers_notices, jobs  # noqa: F401  (registers who is told, and the clocks' timers)
