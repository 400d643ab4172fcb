import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    """What is no news enters no function: the bells of changed rows have conditions."""

    dependencies = [
        ("scraping", "0012_result_indexes"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="scrapebatch",
            name="scrape_batches_rings",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="scrapejob",
            name="scrape_jobs_rings",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="scrapebatch",
            trigger=pgtrigger.compiler.Trigger(
                name="scrape_batches_rings",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (ROW(NEW.scrapers, NEW.sku_count) IS DISTINCT FROM ROW(OLD.scrapers, OLD.sku_count))",
                    func="PERFORM pg_notify('baystate', 'batch:' || NEW.id); RETURN NULL;",
                    hash="9b89921fe1b21206f0d5ab43c1c57244271e3945",
                    operation="UPDATE",
                    pgid="pgtrigger_scrape_batches_rings_9de78",
                    table="scrape_batches",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="scrapejob",
            trigger=pgtrigger.compiler.Trigger(
                name="scrape_jobs_rings",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (ROW(NEW.status, NEW.reason, NEW.runner_id, NEW.acknowledged_at, NEW.step, NEW.done, NEW.total, NEW.wanted, NEW.cancel_requested_at) IS DISTINCT FROM ROW(OLD.status, OLD.reason, OLD.runner_id, OLD.acknowledged_at, OLD.step, OLD.done, OLD.total, OLD.wanted, OLD.cancel_requested_at))",
                    func="PERFORM pg_notify('baystate', 'job:' || NEW.id); RETURN NULL;",
                    hash="597e8868a1c98ab687bb3f76ba5bd81d130a7f02",
                    operation="UPDATE",
                    pgid="pgtrigger_scrape_jobs_rings_4e00f",
                    table="scrape_jobs",
                    when="AFTER",
                ),
            ),
        ),
    ]
