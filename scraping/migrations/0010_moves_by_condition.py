import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    """The rules of moves are the triggers' conditions: what is allowed no longer enters a function."""

    dependencies = [
        ("scraping", "0009_log_retention"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="scrapejob",
            name="scrape_jobs_moves",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="scrapejob",
            trigger=pgtrigger.compiler.Trigger(
                name="scrape_jobs_moves_from",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.status NOT IN ('pending'))",
                    func="RAISE EXCEPTION 'a row cannot be born in this status' USING ERRCODE = '23514', CONSTRAINT = 'scrape_jobs_moves';",
                    hash="4d283f6b4cb9b1c14dc30fe0a92fcc17c6834e8b",
                    operation="INSERT",
                    pgid="pgtrigger_scrape_jobs_moves_from_d13cb",
                    table="scrape_jobs",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="scrapejob",
            trigger=pgtrigger.compiler.Trigger(
                name="scrape_jobs_moves",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.status IN ('completed', 'failed') AND NEW.* IS DISTINCT FROM OLD.* OR OLD.status IS DISTINCT FROM NEW.status AND (OLD.status, NEW.status) NOT IN (('pending', 'failed'), ('pending', 'running'), ('running', 'completed'), ('running', 'failed')))",
                    func="IF OLD.status IN ('completed', 'failed') THEN RAISE EXCEPTION 'a row that has ended never changes (status)' USING ERRCODE = '23514', CONSTRAINT = 'scrape_jobs_moves'; END IF; RAISE EXCEPTION 'this move of status is not allowed' USING ERRCODE = '23514', CONSTRAINT = 'scrape_jobs_moves';",
                    hash="bc8a1d20224bfac8db5257eb2440acaa53069798",
                    operation="UPDATE",
                    pgid="pgtrigger_scrape_jobs_moves_cf520",
                    table="scrape_jobs",
                    when="BEFORE",
                ),
            ),
        ),
    ]
