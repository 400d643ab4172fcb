import django.db.models.deletion
from django.db import migrations, models

TROUBLE = ["login_failed", "blocked", "layout_changed"]


class Migration(migrations.Migration):
    """What the operations page counts of results stands in indexes; two that others cover go."""

    dependencies = [("scraping", "0011_alerts")]

    operations = [
        migrations.RemoveIndex("scraperesult", "scrape_results_sku"),
        migrations.RemoveIndex("scraperesult", "scrape_results_recent"),
        migrations.RemoveIndex("scraperesult", "scrape_results_job"),
        migrations.AlterField(
            "scraperesult",
            "root",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="results",
                to="scraping.scrapejob",
            ),
        ),
        migrations.AddIndex("scraperesult", models.Index(fields=["sku", "scraper", "id"], name="scrape_results_sku")),
        migrations.AddIndex(
            "scraperesult",
            models.Index(
                fields=["recorded_at"], include=["scraper", "outcome", "milliseconds"], name="scrape_results_recent"
            ),
        ),
        migrations.AddIndex(
            "scraperesult",
            models.Index(
                condition=models.Q(("outcome__in", TROUBLE)), fields=["recorded_at"], name="scrape_results_trouble"
            ),
        ),
    ]
