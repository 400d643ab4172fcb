import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    """The rules of moves are the triggers' conditions: what is allowed no longer enters a function."""

    dependencies = [
        ("pipeline", "0002_products"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="product",
            name="products_moves",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="product",
            trigger=pgtrigger.compiler.Trigger(
                name="products_moves_from",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.stage NOT IN ('imported'))",
                    func="RAISE EXCEPTION 'a row cannot be born in this stage' USING ERRCODE = '23514', CONSTRAINT = 'products_moves';",
                    hash="60ff59e5aff46f512d93225a4e3139e4a27b7d52",
                    operation="INSERT",
                    pgid="pgtrigger_products_moves_from_5332f",
                    table="products_ingestion",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="product",
            trigger=pgtrigger.compiler.Trigger(
                name="products_moves",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.stage IS DISTINCT FROM NEW.stage AND (OLD.stage, NEW.stage) NOT IN (('approved', 'consolidated'), ('approved', 'published'), ('approved', 'rejected'), ('consolidated', 'approved'), ('consolidated', 'imported'), ('consolidated', 'rejected'), ('enhanced', 'consolidated'), ('enhanced', 'rejected'), ('imported', 'consolidated'), ('imported', 'enhanced'), ('imported', 'rejected'), ('published', 'consolidated'), ('rejected', 'imported')))",
                    func="RAISE EXCEPTION 'this move of stage is not allowed' USING ERRCODE = '23514', CONSTRAINT = 'products_moves';",
                    hash="4f6e56f5c0ebfe4047163fa5a81b84df3f8bb573",
                    operation="UPDATE",
                    pgid="pgtrigger_products_moves_fc29a",
                    table="products_ingestion",
                    when="BEFORE",
                ),
            ),
        ),
    ]
