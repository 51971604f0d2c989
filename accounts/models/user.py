"""Who signs in."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.enums import UserKind


class User(AbstractUser):
    """Somebody who signs in: staff, or a customer with an account (then customers.Customer points here)."""

    kind = models.CharField(_("kind"), max_length=8, choices=UserKind, default=UserKind.STAFF)
    display_name = models.CharField(_("name shown"), max_length=60, blank=True)
    display_name_en = models.CharField(_("name shown (English)"), max_length=60, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            # a customer's account can never reach the admin, whatever a form says
            models.CheckConstraint(
                condition=models.Q(kind=UserKind.STAFF) | models.Q(is_staff=False, is_superuser=False),
                name="user_customers_are_no_staff",
            )
        ]

    @property
    def name(self) -> str:
        """The name shown, in the reader's language."""
        english = (get_language() or "").startswith("en")
        return (self.display_name_en if english else "") or self.display_name or self.username

    def __str__(self) -> str:
        return self.display_name or self.username

    def get_full_name(self) -> str:
        return self.display_name or super().get_full_name() or self.username
