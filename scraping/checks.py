"""A system check: the rules that only triggers keep are in the database."""

from collections.abc import Sequence
from typing import Any

import pgtrigger
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections
from django.db.migrations.executor import MigrationExecutor


@register(Tags.database)
def check_triggers(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """One error per trigger that is missing or not as the models say, once the migrations have been applied."""
    return [error for alias in databases or [] if is_migrated(alias) for error in missing(alias)]


def is_migrated(alias: str) -> bool:
    executor = MigrationExecutor(connections[alias])
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def missing(alias: str) -> list[CheckMessage]:
    return [
        Error(
            f"The trigger {trigger.name} on {model._meta.db_table} is not in the database as it should be.",
            hint="Run: manage.py pgtrigger install",
            id="scraping.E001",
        )
        for model, trigger in pgtrigger.registered()
        if trigger.get_installation_status(model, database=alias) != ("INSTALLED", True)
    ]
