import django.contrib.postgres.fields
from django.db import migrations, models

SLUGS = {"base_field": models.CharField(max_length=50), "blank": True, "default": list, "size": None}


class Migration(migrations.Migration):
    """Which scrapers a job works with now, and which it waits for: what a scraper's limit counts."""

    dependencies = [("scraping", "0004_presence")]

    operations = [
        migrations.AddField("scrapejob", "working", django.contrib.postgres.fields.ArrayField(**SLUGS)),
        migrations.AddField("scrapejob", "wanted", django.contrib.postgres.fields.ArrayField(**SLUGS)),
        migrations.AddField("scrapejob", "beat_seq", models.BigIntegerField(default=0)),
    ]
