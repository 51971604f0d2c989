"""The memory that makes a repeated request one request."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class OnceKey(models.Model):
    """An idempotency key or form token that was used, and what came of it. Writer: core.services.once."""

    scope = models.CharField(max_length=80)
    key = models.CharField(max_length=120)
    fingerprint = models.CharField(max_length=64)
    result_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("used key")
        verbose_name_plural = _("used keys")
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="once_key_once")]

    def __str__(self) -> str:
        return f"{self.scope}: {self.key}"
