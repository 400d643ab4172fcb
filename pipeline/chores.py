"""Chores are nudged, not commanded: their truth is in our tables, and whether anybody works is asked here."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from procrastinate.contrib.django.models import ProcrastinateWorker
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.tasks import Task

UNSEEN = timedelta(seconds=30)


def nudge(task: Task[Any, Any, Any], *, key: str, **arguments: str | int) -> None:
    """Ask for a chore once the transaction is committed; one that waits under the same key already is enough."""

    def defer() -> None:
        with suppress(AlreadyEnqueued), transaction.atomic(using=settings.PROCRASTINATE_DATABASE_ALIAS):
            task.configure(queueing_lock=key).defer(**arguments)

    transaction.on_commit(defer, robust=True)


def worker_is_missing() -> bool:
    """True if no chore worker has been seen for 30 seconds."""
    return not ProcrastinateWorker.objects.filter(last_heartbeat__gt=Now() - UNSEEN).exists()
