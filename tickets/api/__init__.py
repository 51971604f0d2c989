"""REST doors of requests (customers) and tickets (staff)."""
