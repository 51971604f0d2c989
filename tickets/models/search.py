"""The search index of tickets: one row a ticket, in a table of its own, so that an update of the ticket touches no
full-text index."""

from django.db import models


class TicketSearchEntry(models.Model):
    """Tokens of subject, symptom, reference, model, serial number and messages. A migration adds the full-text
    structure (tsvector + GIN, or FTS5). Writer: tickets.services.search."""

    ticket = models.OneToOneField("tickets.Ticket", on_delete=models.CASCADE, related_name="search_entry")
    title = models.TextField()
    body = models.TextField()
    pinyin = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"search entry of {self.ticket_id}"
