import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    """What is committed rings: log lines, and changes of jobs, batches and runners that a page shows."""

    dependencies = [
        ("scraping", "0007_retried_by"),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name="scrapebatch",
            trigger=pgtrigger.compiler.Trigger(
                name="scrape_batches_rings_new",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM pg_notify('baystate', 'batch:' || rung.id) FROM (SELECT DISTINCT id AS id FROM new_rows) rung; RETURN NULL;",
                    hash="77bb1fea50ac3b1f7287b2dd1c98c050829fb6f8",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_scrape_batches_rings_new_9f87f",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="scrape_batches",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="scrapebatch",
            trigger=pgtrigger.compiler.Trigger(
                name="scrape_batches_rings",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM pg_notify('baystate', 'batch:' || rung.id) FROM (\n            SELECT fresh.id FROM new_rows fresh JOIN old_rows stale ON stale.id = fresh.id\n            WHERE ROW(fresh.scrapers, fresh.sku_count) IS DISTINCT FROM ROW(stale.scrapers, stale.sku_count) \n        ) rung; RETURN NULL;",
                    hash="0bc17290a6f829659ac16d745528e3c707c1f8d6",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_scrape_batches_rings_9de78",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="scrape_batches",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="scrapejob",
            trigger=pgtrigger.compiler.Trigger(
                name="scrape_jobs_rings_new",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM pg_notify('baystate', 'job:' || rung.id) FROM (SELECT DISTINCT id AS id FROM new_rows) rung; RETURN NULL;",
                    hash="a7f93f54db88218a11af6387b852c747ecb5e8fa",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_scrape_jobs_rings_new_88373",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="scrape_jobs",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="scrapejob",
            trigger=pgtrigger.compiler.Trigger(
                name="scrape_jobs_rings",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM pg_notify('baystate', 'job:' || rung.id) FROM (\n            SELECT fresh.id FROM new_rows fresh JOIN old_rows stale ON stale.id = fresh.id\n            WHERE ROW(fresh.status, fresh.reason, fresh.runner_id, fresh.acknowledged_at, fresh.step, fresh.done, fresh.total, fresh.wanted, fresh.cancel_requested_at) IS DISTINCT FROM ROW(stale.status, stale.reason, stale.runner_id, stale.acknowledged_at, stale.step, stale.done, stale.total, stale.wanted, stale.cancel_requested_at) \n        ) rung; RETURN NULL;",
                    hash="ade337aa6bc96f0fe18325d164cb3d5a1690b672",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_scrape_jobs_rings_4e00f",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="scrape_jobs",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="scrapejoblog",
            trigger=pgtrigger.compiler.Trigger(
                name="scrape_job_logs_rings",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM pg_notify('baystate', 'log:' || rung.id) FROM (SELECT DISTINCT job_id AS id FROM new_rows) rung; RETURN NULL;",
                    hash="67296e94268402ae73c1c35b28b49da2ee3bddb3",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_scrape_job_logs_rings_1f330",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="scrape_job_logs",
                    when="AFTER",
                ),
            ),
        ),
    ]
