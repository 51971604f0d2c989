"""Which fields of conversations are written by which service (see core.writers)."""

WRITERS = {
    "Thread.*": "channels_hub.services",
    "Conversation.*": "channels_hub.services",
    "Message.state": "channels_hub.services.sending",
    "Message.*": "channels_hub.services.messages",
    "Outbox.*": "channels_hub.services.sending",
    "Outlet.*": "channels_hub.services.sending",
}
