import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Most jobs are no retry: only those that are stand in the index, so that the others' moves cost less."""

    dependencies = [("scraping", "0013_bells_by_row")]

    operations = [
        migrations.AlterField(
            "scrapejob",
            "retry_of",
            models.ForeignKey(
                "scraping.scrapejob",
                on_delete=django.db.models.deletion.PROTECT,
                null=True,
                blank=True,
                related_name="successors",
                db_index=False,
            ),
        ),
        migrations.AddIndex(
            "scrapejob",
            models.Index(fields=["retry_of"], condition=Q(retry_of__isnull=False), name="scrape_jobs_retries"),
        ),
    ]
