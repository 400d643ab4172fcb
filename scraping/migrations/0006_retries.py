from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    """A job has one automatic successor and any number of retries by staff; only a cancelled job ends unclaimed."""

    dependencies = [("scraping", "0005_slots")]

    operations = [
        migrations.RemoveConstraint("scrapejob", "scrape_jobs_one_successor"),
        migrations.AddConstraint(
            "scrapejob",
            models.UniqueConstraint(
                fields=["retry_of"], condition=~Q(root=F("id")), name="scrape_jobs_one_automatic_successor"
            ),
        ),
        migrations.AddConstraint(
            "scrapejob",
            models.CheckConstraint(
                condition=~Q(status__in=["completed", "failed"]) | Q(runner__isnull=False) | Q(reason="cancelled"),
                name="scrape_jobs_unclaimed_only_cancelled",
            ),
        ),
    ]
