"""The ways out, one for each kind of channel."""

from channels_hub.adapters import email, web
from channels_hub.adapters.base import Adapter
from channels_hub.enums import ChannelKind

#: kinds that are not named here have no adapter of their own yet: their customers read on the tracking page
ADAPTERS: dict[str, Adapter] = {
    ChannelKind.EMAIL: email.adapter,
    ChannelKind.WEB_FORM: web.adapter,
    ChannelKind.WEB_CHAT: web.adapter,
    ChannelKind.APP: web.adapter,
}


def adapter_of(kind: str) -> Adapter:
    """The way out of this kind of channel."""
    return ADAPTERS.get(kind, web.adapter)
