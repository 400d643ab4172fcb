"""Lends pending jobs to runners and takes them back; it does not finish them."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import DurationField, ExpressionWrapper, F, Q, QuerySet, Value
from django.utils.translation import gettext as _

from runners import presence
from runners.models import Runner
from runners.protocol.words import JobStatus, Reason, RunnerStatus
from scraping import clock, fence, jobs
from scraping.models import ScrapeJob, ScraperState, ScraperVersion

_CLAIMED = (
    "status",
    "runner",
    "versions",
    "lease_seconds",
    "lease_expires_at",
    "acknowledge_by",
    "started_at",
    "heartbeat_at",
    "progress_at",
)


@dataclass(frozen=True)
class Asker:
    """Who asks for work: what its key allows (None: every scraper) and what it can do (None: it did not say).

    A plain asker knows none of our additions, sends no beats and so gets longer leases.
    """

    runner: Runner
    allowed: list[str] | None = None
    schema_version: int | None = None
    capabilities: frozenset[str] | None = None
    plain: bool = False

    @property
    def lease_seconds(self) -> float:
        return settings.PLAIN_LEASE_SECONDS if self.plain else settings.LEASE_SECONDS

    @property
    def acknowledge_seconds(self) -> float:
        return settings.PLAIN_ACKNOWLEDGE_SECONDS if self.plain else settings.ACKNOWLEDGE_SECONDS

    def can_run(self, slug: str, schema_version: int, engine: str) -> bool:
        """Whether its key allows the scraper and it reads the definition and has what the engine needs."""
        allowed = self.allowed is None or slug in self.allowed
        reads = self.schema_version is None or schema_version <= self.schema_version
        able = self.capabilities is None or set(engine.split("_then_")) <= self.capabilities
        return allowed and reads and able


def claim_next(asker: Asker, *, job_id: object = None, now: datetime | None = None) -> ScrapeJob | None:
    """Lend the first pending job in `turn` that `asker` may and can run, or just `job_id`. Needs a transaction.

    A job is claimed once in its life. None when there is nothing for this runner.
    """
    waiting = _waiting(job_id, now)
    if asker.runner.paused or not waiting.exists():
        return None
    newest = _newest_versions(asker)
    free = waiting.filter(scrapers__contained_by=sorted(newest)).annotate(clock=clock.at(now))
    job = free.order_by("turn", "id").select_for_update(skip_locked=True, no_key=True).first() if newest else None
    if job is None:
        return None
    _lend(job, asker, newest, at=job.clock)
    return job


def acknowledge(job_id: object, *, runner: Runner, now: datetime | None = None) -> ScrapeJob:
    """The runner knows that the job is its own. Raises the fence's errors. Needs a transaction."""
    job, at = fence.hold(job_id, runner=runner, now=now)
    renew(job, at=at)
    jobs.save(job)
    return job


def renew(job: ScrapeJob, *, at: datetime, progress: bool = False) -> None:
    """Prolong a locked job's lease in memory, as every accepted message about it does; the caller saves it."""
    job.acknowledged_at = job.acknowledged_at or at
    job.heartbeat_at = at
    job.lease_expires_at = at + timedelta(seconds=job.lease_seconds)
    if progress:
        job.progress_at = at


def free(runner: Runner) -> None:
    """Note that `runner` has ended a job; it is idle unless it holds another. Needs a transaction."""
    if not ScrapeJob.objects.filter(runner=runner, status=JobStatus.RUNNING).exists():
        presence.note(runner, status=RunnerStatus.IDLE)


def overdue(*, resumed_at: datetime | None = None, now: datetime | None = None) -> list[uuid.UUID]:
    """Running jobs whose lease ran out or that nobody acknowledged in time.

    `resumed_at` is the end of the server's last outage: what was claimed before it has one lease to be heard again.
    """
    return list(_overdue(resumed_at, now).order_by("id").values_list("id", flat=True))


def expire(job_id: uuid.UUID, *, resumed_at: datetime | None = None, now: datetime | None = None) -> ScrapeJob | None:
    """Take an overdue job back; it ends, and a successor goes on with what is open. Needs a transaction.

    None when it is no longer overdue, or somebody is writing to it just now.
    """
    late = _overdue(resumed_at, now).filter(pk=job_id).annotate(clock=clock.at(now))
    job = late.select_for_update(skip_locked=True, no_key=True).first()
    if job is None:
        return None
    reason = Reason.INTERRUPTED if job.acknowledged_at else Reason.UNACKNOWLEDGED
    jobs.fail(job, reason=reason, error=_silence(job), at=job.clock)
    return job


def _waiting(job_id: object, now: datetime | None) -> QuerySet[ScrapeJob]:
    """Pending jobs whose time has come; one that was asked for by its id need not wait for it."""
    pending = ScrapeJob.objects.filter(status=JobStatus.PENDING)
    if job_id is None:
        return pending.filter(run_after__lte=clock.at(now))
    key = fence.identity(job_id)
    return pending.filter(pk=key) if key else pending.none()


def _newest_versions(asker: Asker) -> dict[str, int]:
    """The newest version's number of each active scraper that `asker` may and can run."""
    newest = ScraperVersion.objects.filter(scraper__state=ScraperState.ACTIVE)
    rows = (
        newest.order_by("scraper_id", "-number")
        .distinct("scraper_id")
        .values_list("scraper__slug", "number", "definition__schema_version", "definition__engine")
    )
    return {slug: number for slug, number, schema, engine in rows if asker.can_run(slug, schema or 1, engine or "http")}


def _lend(job: ScrapeJob, asker: Asker, newest: dict[str, int], *, at: datetime) -> None:
    job.status = JobStatus.RUNNING
    job.runner = asker.runner
    job.versions = {slug: newest[slug] for slug in job.scrapers}
    job.lease_seconds = asker.lease_seconds
    job.lease_expires_at = at + timedelta(seconds=asker.lease_seconds)
    job.acknowledge_by = at + timedelta(seconds=asker.acknowledge_seconds)
    job.started_at = job.heartbeat_at = job.progress_at = at
    job.save(update_fields=_CLAIMED)


def _overdue(resumed_at: datetime | None, now: datetime | None) -> QuerySet[ScrapeJob]:
    at = clock.at(now)
    silent = Q(lease_expires_at__lt=at)
    untaken = Q(acknowledged_at__isnull=True, acknowledge_by__lt=at)
    running = ScrapeJob.objects.filter(silent | untaken, status=JobStatus.RUNNING)
    if resumed_at is None:
        return running
    lease = ExpressionWrapper(F("lease_seconds") * Value(timedelta(seconds=1)), output_field=DurationField())
    heard_for = ExpressionWrapper(at - Value(resumed_at), output_field=DurationField())
    return running.annotate(lease=lease).filter(Q(lease__lt=heard_for) | Q(started_at__gte=resumed_at))


def _silence(job: ScrapeJob) -> str:
    """Who held the job and when it last spoke, for the person who reads the job's page."""
    if not job.acknowledged_at:
        return _("{runner} was given this job and never took it up.").format(runner=job.runner)
    heard = job.heartbeat_at or job.started_at or job.created_at
    return _("{runner} fell silent: last heard at {moment:%Y-%m-%d %H:%M:%S} UTC.").format(
        runner=job.runner, moment=heard
    )
