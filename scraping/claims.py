"""Lends pending jobs to runners and takes them back; it does not finish them."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import DurationField, ExpressionWrapper, F, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.utils.translation import gettext as _

from runners import presence
from runners.models import Runner
from runners.protocol.words import JobStatus, Reason, RunnerStatus
from scraping import clock, fence, jobs, slots
from scraping.models import ScrapeJob, ScraperState, ScraperVersion

_CLAIMED = (
    "status",
    "runner",
    "versions",
    "working",
    "lease_seconds",
    "lease_expires_at",
    "acknowledge_by",
    "started_at",
    "heartbeat_at",
    "progress_at",
)


_NEEDS = ("definition__schema_version", "definition__engine")


@dataclass(frozen=True)
class Runnable:
    """A scraper's newest version, and whether the jobs at work on its site are limited."""

    number: int
    limited: bool


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
    busy = _busy(waiting, newest)
    free = waiting.filter(scrapers__contained_by=sorted(newest)).annotate(clock=clock.at(now))
    if busy:
        free = free.exclude(**{"scrapers__overlap" if asker.plain else "scrapers__contained_by": sorted(busy)})
    job = free.order_by("turn", "id").select_for_update(skip_locked=True, no_key=True).first() if newest else None
    if job is None:
        return None
    # a plain client never says what it works with: it may be any of them until the end
    job.working = job.scrapers if asker.plain else [next(slug for slug in job.scrapers if slug not in busy)]
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
    """Running jobs whose lease ran out, that nobody acknowledged in time, or that stand still while they are renewed.

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
    reason = _reason(job, at=job.clock)
    jobs.fail(job, reason=reason, error=_silence(job, reason), at=job.clock)
    return job


def _waiting(job_id: object, now: datetime | None) -> QuerySet[ScrapeJob]:
    """Pending jobs whose time has come; one that was asked for by its id need not wait for it."""
    pending = ScrapeJob.objects.filter(status=JobStatus.PENDING)
    if job_id is None:
        # a wait is minutes at most: a job made "later than now" was made before the clock was set back
        return pending.filter(Q(run_after__lte=clock.at(now)) | Q(created_at__gt=clock.at(now)))
    key = fence.identity(job_id)
    return pending.filter(pk=key) if key else pending.none()


def _newest_versions(asker: Asker) -> dict[str, Runnable]:
    """The newest version of each active scraper that `asker` may and can run."""
    newest = ScraperVersion.objects.filter(scraper__state=ScraperState.ACTIVE)
    rows = (
        newest.order_by("scraper_id", "-number")
        .distinct("scraper_id")
        .values_list("scraper__slug", "number", "scraper__max_parallel_jobs", *_NEEDS)
    )
    return {
        slug: Runnable(number, limited=limit is not None)
        for slug, number, limit, schema, engine in rows
        if asker.can_run(slug, schema or 1, engine or "http")
    }


def _busy(waiting: QuerySet[ScrapeJob], newest: dict[str, Runnable]) -> set[str]:
    """Scrapers that no job may begin with now, for their limit.

    Where no waiting job needs one that has a limit nothing is locked and counted, and a job that comes meanwhile
    begins with another scraper.
    """
    limited = sorted(slug for slug, version in newest.items() if version.limited)
    if limited and waiting.filter(scrapers__overlap=limited).exists():
        return slots.full(slots.lock(limited))
    return set(limited)


def _lend(job: ScrapeJob, asker: Asker, newest: dict[str, Runnable], *, at: datetime) -> None:
    job.status = JobStatus.RUNNING
    job.runner = asker.runner
    job.versions = {slug: newest[slug].number for slug in job.scrapers}
    job.lease_seconds = asker.lease_seconds
    job.lease_expires_at = at + timedelta(seconds=asker.lease_seconds)
    job.acknowledge_by = at + timedelta(seconds=asker.acknowledge_seconds)
    job.started_at = job.heartbeat_at = job.progress_at = at
    job.save(update_fields=_CLAIMED)


def _overdue(resumed_at: datetime | None, now: datetime | None) -> QuerySet[ScrapeJob]:
    at = clock.at(now)
    running = ScrapeJob.objects.filter(status=JobStatus.RUNNING)
    running = running.annotate(lease=_seconds("lease_seconds"), latest=at + _seconds("lease_seconds"))
    # no lease ends later than one lease from now, unless the clock was set back since the runner last spoke
    silent = Q(lease_expires_at__lt=at) | Q(lease_expires_at__gt=F("latest"))
    untaken = Q(acknowledged_at__isnull=True, acknowledge_by__lt=at)
    longest_stand = timedelta(seconds=settings.PROGRESS_SECONDS)
    still = Q(acknowledged_at__isnull=False, progress_at__lt=at - Value(longest_stand))
    if resumed_at is None:
        return running.filter(silent | untaken | still)
    heard_for = ExpressionWrapper(at - Value(resumed_at), output_field=DurationField())
    heard = Q(lease__lt=heard_for) | Q(started_at__gte=resumed_at, started_at__lte=at)
    running = running.annotate(heard_for=heard_for)
    return running.filter((heard & (silent | untaken)) | (still & Q(heard_for__gt=longest_stand)))


def _seconds(column: str) -> Combinable:
    return ExpressionWrapper(F(column) * Value(timedelta(seconds=1)), output_field=DurationField())


def _reason(job: ScrapeJob, *, at: datetime) -> Reason:
    """Why an overdue job is taken back."""
    if not job.acknowledged_at:
        return Reason.UNACKNOWLEDGED
    left = (job.lease_expires_at or at) - at
    renewed = timedelta() <= left <= timedelta(seconds=job.lease_seconds)
    return Reason.TIMEOUT if renewed else Reason.INTERRUPTED


def _silence(job: ScrapeJob, reason: Reason) -> str:
    """Who held the job and when it last spoke or got on, for the person who reads the job's page."""
    said = {
        Reason.UNACKNOWLEDGED: _("{runner} was given this job and never took it up."),
        Reason.INTERRUPTED: _(
            "{runner} fell silent: last heard at {heard:%Y-%m-%d %H:%M:%S} UTC. Its process, machine or network ended."
        ),
        Reason.TIMEOUT: _("{runner} goes on speaking, but got no further since {moved:%Y-%m-%d %H:%M:%S} UTC."),
    }[reason]
    began = job.started_at or job.created_at
    return said.format(runner=job.runner, heard=job.heartbeat_at or began, moved=job.progress_at or began)
