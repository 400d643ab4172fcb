"""Notes what runners say of themselves. Never waits: a row that is being written just now is fresh enough."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models.functions import Now
from django.utils import timezone

from runners.models import Runner

SEEN_EVERY = timedelta(seconds=10)


def note(runner: Runner, **said: Any) -> None:
    """Store `said` (columns of Runner) and that it spoke now. Needs a transaction."""
    free = Runner.objects.filter(pk=runner.pk).select_for_update(skip_locked=True, no_key=True)
    Runner.objects.filter(pk__in=free.values("pk")).update(last_seen=Now(), **said)


def seen(runner: Runner, *, now: datetime | None = None) -> None:
    """Note that it spoke, unless that was noted in the last ten seconds. Needs a transaction."""
    if runner.last_seen is None or runner.last_seen < (now or timezone.now()) - SEEN_EVERY:
        note(runner)
