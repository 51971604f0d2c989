"""Codes of the accounts app."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class UserKind(TextChoices):
    STAFF = "staff", _("staff")
    CUSTOMER = "customer", _("customer")


class TierCode(TextChoices):
    L1 = "L1", _("L1 agents")
    L2 = "L2", _("L2 engineers")
    L3 = "L3", _("L3 experts")
    RD = "RD", _("R&D")


class SkillKind(TextChoices):
    PRODUCT = "product", _("product line")
    LANGUAGE = "language", _("language or dialect")
    CHANNEL = "channel", _("channel")
    SPECIAL = "special", _("special")


class DutyState(TextChoices):
    OFFLINE = "offline", _("Offline")
    AVAILABLE = "available", _("Available")
    ON_CALL = "on_call", _("On a call")
    WRAP_UP = "wrap_up", _("Wrap-up")
    BREAK = "break", _("On a break")
    BUSY = "busy", _("Busy")
    FORCED_OUT = "forced_out", _("Signed out by a lead")


class NoticeLevel(TextChoices):
    """How loud a notice is: in the list only, worth a look soon, now (a page says it aloud)."""

    INFO = "info", _("information")
    WARN = "warn", _("warning")
    ALERT = "alert", _("alert")


class Role(TextChoices):
    """Names of the groups that carry rights."""

    AGENT = "agent", _("Agent")
    LEAD = "lead", _("Team lead")
    SUPERVISOR = "supervisor", _("Supervisor")
    QUALITY = "quality", _("Quality")
    EDITOR = "editor", _("Knowledge editor")
    ADMINISTRATOR = "administrator", _("Administrator")


#: roles that see every team's work
SEES_ALL = frozenset({Role.SUPERVISOR, Role.QUALITY, Role.ADMINISTRATOR})
