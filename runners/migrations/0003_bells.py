import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    """Runners ring when they come, change or speak again after a silence."""

    dependencies = [
        ("runners", "0002_schema_version"),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name="runner",
            trigger=pgtrigger.compiler.Trigger(
                name="scraper_runners_rings_new",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM pg_notify('baystate', 'runner:' || rung.id) FROM (SELECT DISTINCT id AS id FROM new_rows) rung; RETURN NULL;",
                    hash="995a5929f6edca346e4e865eb340b53c37e3a4b1",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_scraper_runners_rings_new_97b1b",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="scraper_runners",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="runner",
            trigger=pgtrigger.compiler.Trigger(
                name="scraper_runners_rings",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM pg_notify('baystate', 'runner:' || rung.id) FROM (\n            SELECT fresh.id FROM new_rows fresh JOIN old_rows stale ON stale.id = fresh.id\n            WHERE ROW(fresh.name, fresh.status, fresh.paused, fresh.version, fresh.capabilities, fresh.last_words) IS DISTINCT FROM ROW(stale.name, stale.status, stale.paused, stale.version, stale.capabilities, stale.last_words) OR fresh.last_seen IS NOT NULL AND (stale.last_seen IS NULL OR fresh.last_seen > stale.last_seen + interval '30 seconds')\n        ) rung; RETURN NULL;",
                    hash="24cc9f95f33ab61b7d61a1181a48505eb7493aca",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_scraper_runners_rings_33cd3",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="scraper_runners",
                    when="AFTER",
                ),
            ),
        ),
    ]
