"""Something that must happen at a time, and who keeps the time."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Timer(models.Model):
    """One thing due at one moment, once. Writers: core.services.timers. A fired or cancelled timer is deleted; one
    that failed five times keeps its row with `dead`."""

    due_at = models.DateTimeField(_("due at"))
    kind = models.CharField(_("kind"), max_length=48)
    subject_id = models.BigIntegerField(_("about (id)"))
    dedupe = models.CharField(_("key"), max_length=120, unique=True)
    data = models.JSONField(_("data"), default=dict)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    last_error = models.TextField(_("last error"), blank=True)
    dead = models.BooleanField(_("given up"), default=False)

    class Meta:
        verbose_name = _("timer")
        verbose_name_plural = _("timers")
        indexes = [models.Index(fields=["due_at", "id"], condition=models.Q(dead=False), name="timer_due")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id} at {self.due_at:%Y-%m-%d %H:%M:%S}"


class Lease(models.Model):
    """Which process does a job that only one may do; lapses when its holder stops renewing it."""

    name = models.CharField(max_length=32, unique=True)
    holder = models.CharField(max_length=64)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.holder}"
