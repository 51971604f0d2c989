"""The search index gets its full-text structure."""

from django.db import migrations

from core.search import install


class Migration(migrations.Migration):
    dependencies = [("knowledge", "0001_initial")]
    operations = [install("knowledge", "SearchEntry")]
