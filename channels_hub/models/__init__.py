from channels_hub.models.channel import Channel
from channels_hub.models.message import Message, Outbox, Outlet
from channels_hub.models.thread import Conversation, Thread

__all__ = ["Channel", "Conversation", "Message", "Outbox", "Outlet", "Thread"]
