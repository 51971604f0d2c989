"""A device somebody owns."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.enums import DeviceStatus
from customers.querysets import DeviceQuerySet


class Device(models.Model):
    """One unit, known by its serial number."""

    serial = models.CharField(_("serial number"), max_length=40, unique=True)
    product = models.ForeignKey(
        "customers.Product", on_delete=models.PROTECT, related_name="devices", verbose_name=_("product")
    )
    customer = models.ForeignKey(
        "customers.Customer",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="devices",
        verbose_name=pgettext_lazy("device", "owner"),
    )
    firmware = models.CharField(_("firmware"), max_length=20, blank=True)
    produced_on = models.DateField(_("produced on"), null=True, blank=True)
    purchased_on = models.DateField(_("purchased on"), null=True, blank=True)
    activated_on = models.DateField(_("activated on"), null=True, blank=True)
    order_no = models.CharField(_("order number"), max_length=40, blank=True)
    room = models.CharField(_("room"), max_length=40, blank=True)
    status = models.CharField(_("status"), max_length=8, choices=DeviceStatus, default=DeviceStatus.UNKNOWN)
    status_since = models.DateTimeField(_("status since"), null=True, blank=True)

    objects = DeviceQuerySet.as_manager()

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(produced_on=None)
                | models.Q(purchased_on=None)
                | models.Q(purchased_on__gte=models.F("produced_on")),
                name="device_bought_after_made",
            )
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.serial}"
