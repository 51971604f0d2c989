"""The table of the cache that all processes share, so that `migrate` alone makes the database ready."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0002_append_only")]
    operations = [
        migrations.SeparateDatabaseAndState(
            # the columns that django.core.cache.backends.db expects; no model, the cache writes its own SQL
            database_operations=[
                migrations.CreateModel(
                    name="CacheRow",
                    fields=[
                        ("cache_key", models.CharField(max_length=255, primary_key=True, serialize=False)),
                        ("value", models.TextField()),
                        ("expires", models.DateTimeField(db_index=True)),
                    ],
                    options={"db_table": "core_cache"},
                )
            ],
        ),
    ]
