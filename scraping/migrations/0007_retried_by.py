import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Who asked for a retry; a limit that staff type is 1 at least."""

    dependencies = [("scraping", "0006_retries"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.AddField(
            "scrapejob",
            "retried_by",
            models.ForeignKey(
                settings.AUTH_USER_MODEL,
                on_delete=django.db.models.deletion.PROTECT,
                null=True,
                blank=True,
                related_name="+",
            ),
        ),
        migrations.AlterField(
            "scraper",
            "max_parallel_jobs",
            models.PositiveSmallIntegerField(
                "jobs at once",
                null=True,
                blank=True,
                validators=[django.core.validators.MinValueValidator(1)],
                help_text=(
                    "How many jobs may work on this site at once, across all runners. Empty: no limit. "
                    "Where it is lowered, jobs that work there go on and none begins until there is room."
                ),
            ),
        ),
        migrations.AddConstraint(
            "scraper",
            models.CheckConstraint(condition=models.Q(max_parallel_jobs__gte=1), name="scrapers_max_parallel_jobs"),
        ),
    ]
