"""Facts beside the tokens, warnings beside the text. Adding a column rebuilds the table on SQLite, and its triggers
go with the old one: so the full-text structure is installed again."""

from django.db import migrations, models

from core.search import install


class Migration(migrations.Migration):
    dependencies = [("knowledge", "0002_full_text")]
    operations = [
        migrations.AddField(
            model_name="articleversion",
            name="warnings",
            field=models.JSONField(blank=True, default=list, editable=False, verbose_name="warnings"),
        ),
        migrations.AddField(
            model_name="searchentry",
            name="facts",
            field=models.JSONField(default=dict),
        ),
        install("knowledge", "SearchEntry"),
    ]
