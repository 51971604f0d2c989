"""What the maker sells: lines, models, firmware, error codes."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.models.base import TwoLanguageNames, in_language
from customers.enums import FirmwareStatus


class ProductLine(TwoLanguageNames):
    """Locks, air conditioners, routers: what skills and articles speak of. `icon` is a symbol of the
    sprite."""

    code = models.SlugField(_("code"), unique=True)
    icon = models.CharField(_("icon"), max_length=20)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("product line")
        verbose_name_plural = _("product lines")
        ordering = ["position", "code"]


class Product(TwoLanguageNames):
    """A model, as printed on the device (`model`)."""

    code = models.SlugField(_("code"), unique=True)
    model = models.CharField(_("model"), max_length=40, unique=True)
    line = models.ForeignKey(
        ProductLine, on_delete=models.PROTECT, related_name="products", verbose_name=_("line")
    )
    brand = models.ForeignKey(
        "customers.Brand", on_delete=models.PROTECT, related_name="products", verbose_name=_("brand")
    )
    serial_prefix = models.CharField(_("serial numbers begin with"), max_length=8, blank=True)
    warranty_months = models.PositiveSmallIntegerField(_("warranty in months"), default=12)
    connected = models.BooleanField(_("connected"), default=True)
    active = models.BooleanField(_("active"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["line__position", "model"]

    def __str__(self) -> str:
        # many names end with their model already
        return self.name if self.name.endswith(self.model) else f"{self.name} {self.model}"


class Firmware(models.Model):
    """A version of a model's software, and whether it is known to be faulty."""

    product = models.ForeignKey(
        Product, on_delete=models.CASCADE, related_name="firmware", verbose_name=_("product")
    )
    version = models.CharField(_("version"), max_length=20)
    status = models.CharField(_("status"), max_length=4, choices=FirmwareStatus, default=FirmwareStatus.GOOD)
    note_zh = models.CharField(_("note (Chinese)"), max_length=200, blank=True)
    note_en = models.CharField(_("note (English)"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("firmware")
        verbose_name_plural = _("firmware")
        constraints = [models.UniqueConstraint(fields=["product", "version"], name="firmware_version_once")]

    def __str__(self) -> str:
        return f"{self.product.model} {self.version}"

    @property
    def note(self) -> str:
        return in_language(self, "note")


class ErrorCode(models.Model):
    """What a device shows when something is wrong. Without a line it holds for every connected device."""

    line = models.ForeignKey(
        ProductLine,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="error_codes",
        verbose_name=_("line"),
    )
    code = models.CharField(_("code"), max_length=12)
    meaning_zh = models.CharField(_("meaning (Chinese)"), max_length=200)
    meaning_en = models.CharField(_("meaning (English)"), max_length=200)
    advice_zh = models.CharField(_("advice (Chinese)"), max_length=300, blank=True)
    advice_en = models.CharField(_("advice (English)"), max_length=300, blank=True)
    grade = models.CharField(_("grade"), max_length=10, blank=True)

    class Meta:
        verbose_name = _("error code")
        verbose_name_plural = _("error codes")
        ordering = ["line__position", "code"]
        constraints = [
            models.UniqueConstraint(fields=["line", "code"], name="error_code_once_per_line"),
            models.UniqueConstraint(
                fields=["code"], condition=models.Q(line=None), name="error_code_once_for_all_lines"
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def meaning(self) -> str:
        return in_language(self, "meaning")

    @property
    def advice(self) -> str:
        return in_language(self, "advice")
