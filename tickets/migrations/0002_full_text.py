"""The tickets' search index gets its full-text structure."""

from django.db import migrations

from core.search import install


class Migration(migrations.Migration):
    dependencies = [("tickets", "0001_initial")]
    operations = [install("tickets", "TicketSearchEntry")]
