import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    """Log lines leave by retention alone, which says what went; a scraper's runs and a log's errors are found fast."""

    dependencies = [
        ("runners", "0001_initial"),
        ("scraping", "0008_bells"),
    ]

    operations = [
        migrations.CreateModel(
            name="ScrapeLogTrim",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first", models.PositiveIntegerField()),
                ("last", models.PositiveIntegerField()),
                ("count", models.PositiveIntegerField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "verbose_name": "log trim",
                "verbose_name_plural": "log trims",
                "db_table": "scrape_log_trims",
                "ordering": ["job", "last"],
            },
        ),
        migrations.AlterField(
            model_name="scrapejoblog",
            name="job",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="lines",
                to="scraping.scrapejob",
            ),
        ),
        migrations.AddIndex(
            model_name="scrapejob",
            index=django.contrib.postgres.indexes.GinIndex(fields=["scrapers"], name="scrape_jobs_scrapers"),
        ),
        migrations.AddIndex(
            model_name="scrapejoblog",
            index=models.Index(
                condition=models.Q(("level__in", ["warning", "error"])),
                fields=["job", "position"],
                name="scrape_job_logs_serious",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="scrapejoblog",
            trigger=pgtrigger.compiler.Trigger(
                name="scrape_job_logs_retention",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        IF current_setting('baystate.retention', true) IS DISTINCT FROM 'on' THEN\n            RAISE EXCEPTION 'scrape_job_logs_retention: only retention removes such rows' USING ERRCODE = '23514', CONSTRAINT = 'scrape_job_logs_retention';\n        END IF;\n        RETURN OLD;\n    ",
                    hash="15ff70896dbc14fb512c1a66d90ddda28c6842c3",
                    operation="DELETE",
                    pgid="pgtrigger_scrape_job_logs_retention_a01c1",
                    table="scrape_job_logs",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddField(
            model_name="scrapelogtrim",
            name="job",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="trims", to="scraping.scrapejob"
            ),
        ),
        migrations.AddConstraint(
            model_name="scrapelogtrim",
            constraint=models.UniqueConstraint(fields=("job", "last"), name="scrape_log_trims_once"),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="scrapelogtrim",
            trigger=pgtrigger.compiler.Trigger(
                name="scrape_log_trims_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'scrape_log_trims_kept: such rows are never changed' USING ERRCODE = '23514', CONSTRAINT = 'scrape_log_trims_kept';",
                    hash="0303012ee62f2f00c242d2a5d3b0285ee2a496e2",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_scrape_log_trims_kept_76aa3",
                    table="scrape_log_trims",
                    when="BEFORE",
                ),
            ),
        ),
    ]
