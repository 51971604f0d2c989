"""Pure rules of conversations: how long one lasts, how much may be said at once, which states follow
which."""

import re
from datetime import datetime, timedelta
from typing import Any

from channels_hub.enums import ChannelKind, SendState

#: characters of one message; what comes in by mail may be long, what is typed into a chat may not
CHAT_KINDS = frozenset({ChannelKind.WEB_CHAT, ChannelKind.APP, ChannelKind.WECHAT})
CHAT_BODY_LIMIT = 4_000
BODY_LIMIT = 50_000
FILES_LIMIT = 10

#: after this much silence the next message is a new contact; a channel's settings may say otherwise
IDLE = {
    ChannelKind.WEB_CHAT: timedelta(hours=2),
    ChannelKind.APP: timedelta(hours=12),
    ChannelKind.WECHAT: timedelta(hours=48),
}
IDLE_DEFAULT = timedelta(days=7)

#: what an outgoing message may become. READ is the end: the customer has it, whatever the mail server says
#: later
NEXT_STATES: dict[str, frozenset[str]] = {
    SendState.RECEIVED: frozenset(),
    SendState.QUEUED: frozenset({SendState.SENT, SendState.DELIVERED, SendState.READ, SendState.FAILED}),
    SendState.SENT: frozenset({SendState.DELIVERED, SendState.READ}),
    SendState.DELIVERED: frozenset({SendState.READ}),
    SendState.READ: frozenset(),
    SendState.FAILED: frozenset({SendState.QUEUED, SendState.DELIVERED, SendState.READ}),
}

#: a part of an address this long is a secret (tracking link, survey), not a name
_SECRET = re.compile(r"(https?://[^\s]{1,300}?/)[\w\-:~%.]{20,}")


def without_secrets(text: str) -> str:
    """A mail's text with its private links made useless: for whoever looks after mail, and once it is sent."""
    return _SECRET.sub(r"\1…", text)


def states_before(state: str) -> list[str]:
    """The states from which a message may move to this one."""
    return [before for before, after in NEXT_STATES.items() if state in after]


def body_limit(kind: str) -> int:
    """How many characters one message on this kind of channel may have."""
    return CHAT_BODY_LIMIT if kind in CHAT_KINDS else BODY_LIMIT


def idle_limit(kind: str, settings: dict[str, Any]) -> timedelta:
    """The silence that ends a conversation: `conversation_idle_minutes` of the channel, else by its kind."""
    minutes = settings.get("conversation_idle_minutes")
    if isinstance(minutes, int) and not isinstance(minutes, bool) and minutes > 0:
        return timedelta(minutes=minutes)
    return IDLE.get(ChannelKind(kind), IDLE_DEFAULT)


def is_over(last_activity: datetime, at: datetime, limit: timedelta) -> bool:
    """Whether a conversation that was last active then has ended by silence now."""
    return at - last_activity > limit


#: after a try that failed; then every hour, for a day in all
BACKOFF_SECONDS = (10, 60, 300, 1800, 3600)
MAX_ATTEMPTS = 28
#: before knocking again at a server that cannot be reached: it delays everything, so not for long
KNOCK_SECONDS = (10, 30, 60, 120, 300)


def wait_after(attempts: int) -> timedelta:
    """How long to wait after this many tries of one message (1 or more)."""
    return timedelta(seconds=BACKOFF_SECONDS[min(attempts, len(BACKOFF_SECONDS)) - 1])


def knock_after(failures: int) -> timedelta:
    """How long to wait after this many vain tries to reach a server (1 or more)."""
    return timedelta(seconds=KNOCK_SECONDS[min(failures, len(KNOCK_SECONDS)) - 1])
