"""The database's clock, set by hand: what asks it for the time of the statement gets the time that a test says."""

from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

# the function stands before the server's own in the search path of this transaction; defaults named theirs long ago
_INSTALL = """
CREATE SCHEMA stepped;
CREATE FUNCTION stepped.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE
    AS $$ SELECT current_setting('stepped.now')::timestamptz $$;
SET LOCAL search_path = stepped, public, pg_catalog;
ALTER TABLE scrape_jobs
    ALTER created_at SET DEFAULT stepped.statement_timestamp(),
    ALTER turn SET DEFAULT stepped.statement_timestamp(),
    ALTER run_after SET DEFAULT stepped.statement_timestamp();
"""


class DatabaseClock:
    """Needs a transaction, with which it goes."""

    def __init__(self) -> None:
        self.now = timezone.now().replace(microsecond=0) + timedelta(hours=2)
        with connection.cursor() as cursor:
            cursor.execute(_INSTALL)
        self._set(self.now)

    def move(self, seconds: float) -> None:
        self._set(self.now + timedelta(seconds=seconds))

    def _set(self, moment: datetime) -> None:
        self.now = moment
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('stepped.now', %s, true)", [moment.isoformat()])
