"""Whether this process can serve: the database, its migrations and triggers, and whatever others add to `probes`."""

import logging
from collections.abc import Callable

from django.db import DEFAULT_DB_ALIAS, Error, connection

from scraping import checks

logger = logging.getLogger(__name__)
probes: dict[str, Callable[[], str | None]] = {}  # by name: a sentence where something is wrong, else None
_migrated: set[str] = set()


def problems() -> dict[str, str]:
    """What keeps this process from serving, a sentence by the name of each; nothing where all is well."""
    try:
        found = {"database": _database(), "schema": _schema()}
    except Error as error:
        logger.warning("not ready: %s", type(error).__name__)
        found = {"database": "The database does not answer."}
    found |= {name: probe() for name, probe in probes.items()}
    return {name: sentence for name, sentence in found.items() if sentence}


def _database() -> str | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool")
        return "The database is read-only." if cursor.fetchone()[0] else None


def _schema() -> str | None:
    """Migrations are not taken back under a running process: once they are there, only the triggers are looked at."""
    alias = DEFAULT_DB_ALIAS
    if alias not in _migrated and not checks.is_migrated(alias):
        return "Migrations are missing. Run: manage.py migrate --database direct"
    _migrated.add(alias)
    missing = checks.missing(alias)
    return missing[0].msg if missing else None
