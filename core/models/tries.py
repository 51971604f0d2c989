"""How often something was tried."""

from django.db import models


class Tries(models.Model):
    """Tries in one window of one bucket. Writer: core.services.limits. `bucket` is a hash: a bucket's own name may
    hold a phone number or an address."""

    bucket = models.CharField(max_length=64, primary_key=True)
    used = models.PositiveIntegerField()
    until = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.used} until {self.until:%Y-%m-%d %H:%M:%S}"
