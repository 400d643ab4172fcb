"""Job and runner together are the fence: only the runner that holds a running job writes to it."""

import uuid
from datetime import datetime
from typing import NoReturn

from runners.models import Runner
from runners.protocol.words import JobStatus, Reason
from scraping import doors
from scraping.models import ScrapeJob
from scraping.refusals import CancelledError, FinishedError, NotYoursError, UnknownJobError

_LOCK = f"""
    SELECT *, coalesce(%s::timestamptz, statement_timestamp()) AS read_at
    FROM scrape_jobs WHERE id = %s AND {doors.GIVES_UP} FOR NO KEY UPDATE
"""  # noqa: S608 - our own


def identity(text: object) -> uuid.UUID | None:
    """The id that `text` spells, or None: a client's ids need not be UUIDs, ours are."""
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None


def lock(job_id: object, *, now: datetime | None = None) -> tuple[ScrapeJob, datetime]:
    """Lock a job's row until the transaction ends; returns it as it is then, and the database's time.

    Raises UnknownJobError.
    """
    key = identity(job_id)
    job = next(iter(ScrapeJob.objects.raw(_LOCK, [now, key])), None) if key else None
    if job is None:
        raise UnknownJobError
    return job, job.read_at


def check(job: ScrapeJob, *, runner: Runner) -> None:
    """Raises NotYoursError, CancelledError or FinishedError unless `runner` holds the running `job`."""
    if job.runner_id != runner.pk:
        raise NotYoursError
    if job.status != JobStatus.RUNNING:
        raise CancelledError if job.reason == Reason.CANCELLED else FinishedError


def hold(job_id: object, *, runner: Runner, now: datetime | None = None) -> tuple[ScrapeJob, datetime]:
    """`lock` and `check` in one."""
    job, moment = lock(job_id, now=now)
    check(job, runner=runner)
    return job, moment


def refuse(job_id: object, *, runner: Runner) -> NoReturn:
    """Say why a job that `runner` does not hold cannot be written by it. Raises the fence's errors."""
    hold(job_id, runner=runner)
    raise NotYoursError  # it came to hold the job just now
