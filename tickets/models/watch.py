"""Who wants to hear what becomes of a ticket."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class TicketWatcher(models.Model):
    """Somebody who is told what happens on a ticket, as long as they may see it. Writer: tickets.services.watchers."""

    ticket = models.ForeignKey(
        "tickets.Ticket", on_delete=models.CASCADE, related_name="watchers", verbose_name=_("ticket")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("user")
    )
    since = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("watcher")
        verbose_name_plural = _("watchers")
        constraints = [models.UniqueConstraint(fields=["ticket", "user"], name="watcher_once")]

    def __str__(self) -> str:
        return f"{self.user_id} watches {self.ticket_id}"
