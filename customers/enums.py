"""Codes of the customers app."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Level(TextChoices):
    NORMAL = "normal", _("Normal")
    SILVER = "silver", _("Silver")
    GOLD = "gold", _("Gold")
    DIAMOND = "diamond", _("Diamond")
    ENTERPRISE = "enterprise", _("Enterprise")
    ENTERPRISE_VIP = "enterprise_vip", _("Enterprise VIP")


class CareFlag(TextChoices):
    PATIENCE = "patience", _("needs patience")
    ELDERLY = "elderly", _("elderly person")
    DISABLED = "disabled", _("disability")
    INFANT = "infant", _("infant at home")
    COMPLAINANT = "complainant", _("key complainant")


class IdentityKind(TextChoices):
    PHONE = "phone", _("phone number")
    EMAIL = "email", _("email address")
    WECHAT = "wechat", _("WeChat account")
    UNIONID = "unionid", _("WeChat unionid")
    ORDER = "order", _("order")
    SHOP = "shop", _("shop account")


class FirmwareStatus(TextChoices):
    GOOD = "good", _("good")
    BAD = "bad", _("known to be faulty")
    FIX = "fix", _("fixes a fault")


class DeviceStatus(TextChoices):
    UNKNOWN = "unknown", _("unknown")
    ONLINE = "online", _("online")
    OFFLINE = "offline", _("offline")


class StartBasis(TextChoices):
    PURCHASE = "purchase", _("date of purchase")
    ACTIVATION = "activation", _("date of activation")
    PRODUCTION = "production", _("date of production")


class PolicySource(TextChoices):
    STATUTORY = "statutory", _("law")
    COMPANY = "company", _("company policy")


class Purpose(TextChoices):
    SERVICE = "service", _("handling my request")
    MARKETING = "marketing", _("offers")
    PROACTIVE = "proactive", _("care reminders")
    REMOTE = "remote", _("remote assistance")
    CAMERA = "camera", _("camera")
    LOCATION = "location", _("precise location")
