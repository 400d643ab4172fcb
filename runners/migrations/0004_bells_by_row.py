import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    """What is no news enters no function: the bells of changed rows have conditions."""

    dependencies = [
        ("runners", "0003_bells"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="runner",
            name="scraper_runners_rings",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="runner",
            trigger=pgtrigger.compiler.Trigger(
                name="scraper_runners_rings",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (ROW(NEW.name, NEW.status, NEW.paused, NEW.version, NEW.capabilities, NEW.last_words) IS DISTINCT FROM ROW(OLD.name, OLD.status, OLD.paused, OLD.version, OLD.capabilities, OLD.last_words) OR NEW.last_seen IS NOT NULL AND (OLD.last_seen IS NULL OR NEW.last_seen > OLD.last_seen + interval '30 seconds'))",
                    func="PERFORM pg_notify('baystate', 'runner:' || NEW.id); RETURN NULL;",
                    hash="aefe7d8c13188ced28c2e6d9ee8401158f42f163",
                    operation="UPDATE",
                    pgid="pgtrigger_scraper_runners_rings_33cd3",
                    table="scraper_runners",
                    when="AFTER",
                ),
            ),
        ),
    ]
