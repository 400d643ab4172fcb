"""Notes what runners say of themselves. Never waits: a row that is being written just now is fresh enough."""

from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from runners import rows
from runners.models import Runner

SEEN_EVERY = timedelta(seconds=5)
_NOTE = """
    UPDATE scraper_runners SET last_seen = statement_timestamp(){also}
    WHERE id = (SELECT id FROM scraper_runners WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED)
"""


def note(runner: Runner, **said: Any) -> None:
    """Store `said` (columns of Runner) and that it spoke now.

    Enough is, of `runner` as it was read a moment ago, that it said the same and spoke in the last five seconds.
    """
    # either way: a clock that was set back leaves a runner that was seen later than now
    fresh = runner.last_seen is not None and abs(timezone.now() - runner.last_seen) <= SEEN_EVERY
    if fresh and all(getattr(runner, name) == value for name, value in said.items()):
        return
    also = f", {rows.assignments(Runner, *said)}" if said else ""
    with connection.cursor() as cursor:
        cursor.execute(_NOTE.format(also=also), [*rows.values(Runner, said), runner.pk])
