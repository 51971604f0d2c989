"""Ticketing in the admin: what a supervisor drives it from."""

from tickets.admin import calendars, composer, config, policies, records, tickets

__all__ = ["calendars", "composer", "config", "policies", "records", "tickets"]
