"""The tickets' search index gets its full-text structure."""

from django.db import migrations

from core.search import install


class Migration(migrations.Migration):
    dependencies = [("tickets", "0003_verbs")]
    operations = [install("tickets", "TicketSearchEntry")]
