"""Codes of the channels app."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ChannelKind(TextChoices):
    WEB_FORM = "web_form", _("Web form")
    WEB_CHAT = "web_chat", _("Web chat")
    APP = "app", _("App")
    EMAIL = "email", pgettext_lazy("channel", "Email")
    SMS = "sms", _("SMS")
    PHONE = "phone", pgettext_lazy("channel", "Phone")
    WECHAT = "wechat", _("WeChat")
    SHOP = "shop", _("Shop")
    DEVICE = "device", _("Device")


class Direction(TextChoices):
    IN = "in", _("in")
    OUT = "out", _("out")


class Author(TextChoices):
    CUSTOMER = "customer", _("customer")
    AGENT = "agent", _("agent")
    BOT = "bot", _("bot")
    SYSTEM = "system", _("system")


class SendState(TextChoices):
    """Where an outgoing message stands. RECEIVED is the state of everything that came in."""

    RECEIVED = "received", _("received")
    QUEUED = "queued", _("waiting to be sent")
    SENT = "sent", _("sent")
    DELIVERED = "delivered", _("delivered")
    READ = "read", _("read")
    FAILED = "failed", _("not delivered")


class Handler(TextChoices):
    BOT = "bot", _("bot")
    HUMAN = "human", _("person")
