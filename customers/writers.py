"""Which fields of customers are written by which service (see core.writers)."""

WRITERS = {
    "Customer.user": "customers.services",
    "Customer.level": "customers.services.levels",
    "Customer.level_since": "customers.services.levels",
    "Customer.created_at": "customers.services.contacts",
    "Customer.merged_into": "customers.services",
    "Identity.verified_at": "customers.services",
    "Consent.*": "customers.services.consents",
    "Device.status": "customers.services.devices",
    "Device.status_since": "customers.services.devices",
}
