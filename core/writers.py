"""Which core fields are written by which service (see core.writers)."""

WRITERS = {
    "Event.*": "core.events",
    "EventDetail.*": "core.events",
    "Seal.*": "core.services.audit",
    "Delivery.*": "core.services.deliveries",
    "EventCursor.*": "core.services",
    "Timer.*": "core.services.timers",
    "Lease.*": "core.services.timers",
    "File.*": "core.services.files",
    "OnceKey.*": "core.services.once",
}
