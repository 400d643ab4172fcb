"""Removes old log lines: of jobs that ended long ago, in small steps, warnings and errors left standing.

A trim says what each step removed, and is where the next one goes on: cut off anywhere, nothing is lost or done twice.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Exists, Max, OuterRef, QuerySet

from runners.protocol.words import LogLevel
from scraping import clock
from scraping.doors import transact
from scraping.models import ScrapeJob, ScrapeLogTrim
from scraping.models.log import RETENTION

STEP = 5000  # positions
REMOVED = (LogLevel.DEBUG, LogLevel.INFO)


def work(*, now: datetime | None = None, step: int = STEP) -> int:
    """Trim the logs of all jobs that ended `LOG_DAYS` ago, each `step` in a transaction; how many lines went."""
    return sum(_trim(job, step) for job in list(due(now=now).values_list("pk", flat=True)))


def due(*, now: datetime | None = None) -> QuerySet[ScrapeJob]:
    """Jobs that ended long ago and whose logs are not trimmed to their last line."""
    past = clock.at(now) - timedelta(days=settings.LOG_DAYS)
    settled = ScrapeLogTrim.objects.filter(job=OuterRef("pk"), last=OuterRef("log_head"))
    return ScrapeJob.objects.filter(~Exists(settled), completed_at__lt=past, log_head__gt=0).order_by("created_at")


def _trim(job_id: UUID, step: int) -> int:
    removed, more = 0, True
    while more:
        with transact():
            count, more = _trim_once(job_id, step)
        removed += count
    return removed


def _trim_once(job_id: UUID, step: int) -> tuple[int, bool]:
    """One step on a job that no other worker holds: the lines removed, and whether there is more to do."""
    ended = ScrapeJob.objects.filter(pk=job_id, completed_at__isnull=False)
    job = ended.select_for_update(no_key=True, skip_locked=True).only("log_head").first()
    if job is None:
        return 0, False
    trimmed = job.trims.aggregate(last=Max("last"))["last"] or 0
    if trimmed >= job.log_head:
        return 0, False
    first, last = trimmed + 1, min(trimmed + step, job.log_head)
    count = _remove(job, first, last)
    job.trims.create(first=first, last=last, count=count)
    return count, last < job.log_head


def _remove(job: ScrapeJob, first: int, last: int) -> int:
    lines = job.lines.filter(position__gte=first, position__lte=last, level__in=REMOVED)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, 'on', true)", [RETENTION])
    count, _ = lines.delete()
    return count
