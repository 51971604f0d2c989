"""Ticketing in the admin: what a supervisor drives it from."""

from tickets.admin import calendars, config, policies, records, tickets, together

__all__ = ["calendars", "config", "policies", "records", "tickets", "together"]
