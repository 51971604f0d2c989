"""A customer, how we know them, and what they agreed to."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.enums import CareFlag, IdentityKind, Level, Purpose
from customers.querysets import CustomerQuerySet


class Customer(models.Model):
    """A person or company we serve. Personal data stands here and in Identity only; everything else refers.
    `merged_into` points on when two turned out to be one."""

    name = models.CharField(_("name"), max_length=80, blank=True)
    salutation = models.CharField(
        _("salutation"), max_length=40, blank=True, help_text=_("How we address them: 周女士")
    )
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="customer",
        verbose_name=_("account"),
    )
    level = models.CharField(_("level"), max_length=16, choices=Level, default=Level.NORMAL)
    level_since = models.DateField(_("level since"), null=True, blank=True)
    care_flags = models.JSONField(_("care flags"), default=list, blank=True)
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    email = models.EmailField(_("email"), blank=True)
    region = models.ForeignKey(
        "accounts.Region",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="customers",
        verbose_name=_("city"),
    )
    district = models.CharField(_("district"), max_length=40, blank=True)
    address = models.CharField(_("address"), max_length=200, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    created_at = models.DateTimeField(_("customer since"))
    merged_into = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="merged_from",
        verbose_name=_("merged into"),
    )

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        permissions = [("export_contacts", _("Can export contact data unmasked"))]
        indexes = [
            models.Index(fields=["phone"], condition=~models.Q(phone=""), name="customer_by_phone"),
            models.Index(fields=["name"], name="customer_by_name"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(level__in=Level.values), name="customer_level_known")
        ]

    def __str__(self) -> str:
        return self.salutation or self.name or str(_("Customer %(id)s") % {"id": self.pk})

    @property
    def care_labels(self) -> list[str]:
        """The care flags in words."""
        return [str(CareFlag(flag).label) for flag in self.care_flags if flag in CareFlag.values]


class Identity(models.Model):
    """One way to know a customer. `verified_at` says that they proved it (a code, a bound channel)."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="identities", verbose_name=_("customer")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=IdentityKind)
    scope = models.CharField(
        _("scope"),
        max_length=40,
        blank=True,
        help_text=_("The account or shop within which the value is unique"),
    )
    value = models.CharField(_("value"), max_length=120)
    verified_at = models.DateTimeField(_("verified at"), null=True, blank=True)

    class Meta:
        verbose_name = _("identity")
        verbose_name_plural = _("identities")
        # a verified identity belongs to one customer; an unverified phone may stand on several until proven
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "scope", "value"],
                condition=models.Q(verified_at__isnull=False),
                name="identity_verified_once",
            ),
            models.UniqueConstraint(
                fields=["customer", "kind", "scope", "value"], name="identity_once_per_customer"
            ),
        ]
        indexes = [models.Index(fields=["kind", "value"], name="identity_lookup")]

    def __str__(self) -> str:
        return f"{self.kind} of customer {self.customer_id}"


class Consent(models.Model):
    """What a customer agreed to, in which words, and until when."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="consents", verbose_name=_("customer")
    )
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose)
    text_version = models.CharField(_("version of the text"), max_length=20)
    channel = models.CharField(_("channel"), max_length=20)
    given_at = models.DateTimeField(_("given at"))
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "purpose"],
                condition=models.Q(withdrawn_at=None),
                name="consent_one_valid",
            )
        ]

    def __str__(self) -> str:
        return f"{self.purpose} of customer {self.customer_id}"
