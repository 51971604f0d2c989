"""Editors choose the common problems of the start page."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('knowledge', '0003_facts_and_warnings'),
    ]

    operations = [
        migrations.AddField(
            model_name='article',
            name='start_page',
            field=models.PositiveSmallIntegerField(blank=True, help_text='Articles with a number stand among the common problems, in this order', null=True, verbose_name='place on the start page'),
        ),
    ]
