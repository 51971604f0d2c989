"""Which fields of staff are written by which service (see core.writers)."""

WRITERS = {
    "Agent.duty_state": "accounts.services.duty",
    "Agent.duty_since": "accounts.services.duty",
    "Agent.last_assigned_at": "accounts.services.duty",
    "DutyLog.*": "accounts.services.duty",
    "Notice.*": "accounts.services.notices",
}
