"""Triggers that nothing can turn off in passing, and that cost little where they have nothing to say."""

import pgtrigger
from django.db.models import Model
from pgtrigger import compiler


class FirmSql(compiler.UpsertTriggerSql):
    """As the library's, without the question whether the session ignores the trigger.

    That question lets whoever sets a variable past every rule, and costs an exception each time a trigger fires.
    Migrations refer to this class: what they made must stay as it was.
    """

    def get_template(self) -> str:
        return """
            CREATE OR REPLACE FUNCTION {pgid}()
            RETURNS TRIGGER AS $$
                {declare}
                BEGIN
                    {func}
                END;
            $$ LANGUAGE plpgsql;

            DROP TRIGGER IF EXISTS {pgid} ON {table};
            CREATE {constraint} TRIGGER {pgid}
                {when} {operation} ON {table}
                {timing}
                {referencing}
                FOR EACH {level} {condition}
                EXECUTE PROCEDURE {execute};

            COMMENT ON TRIGGER {pgid} ON {table} IS '{hash}';
        """


class Firm(pgtrigger.Trigger):
    """A trigger whose function is its `func` and nothing else."""

    def compile(self, model: Model) -> compiler.Trigger:
        made = super().compile(model)
        told = {name: value for name, value in made.sql.kwargs.items() if name != "ignore_func_name"}
        return compiler.Trigger(name=made.name, sql=FirmSql(**told))
