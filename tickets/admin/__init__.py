"""Ticketing in the admin: what a supervisor drives it from."""

from tickets.admin import alerts, calendars, composer, config, policies, records, tickets, together

__all__ = ["alerts", "calendars", "composer", "config", "policies", "records", "tickets", "together"]
