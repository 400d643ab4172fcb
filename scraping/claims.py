"""Lends pending jobs to runners and takes them back; it does not finish them."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import DurationField, ExpressionWrapper, F, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.utils.translation import gettext as _

from runners.models import Runner
from runners.protocol.words import JobStatus, Reason
from scraping import clock, doors, fence, jobs, slots
from scraping.models import ScrapeJob
from scraping.offers import COLUMNS, PINNED

# A wait is minutes at most: a job made "later than now" was made before the clock was set back. One that was asked for
# by its id need not wait for its time.
_WAITING = """
    job.status = 'pending' AND CASE WHEN %(job)s::uuid IS NULL
        THEN job.run_after <= coalesce(%(now)s::timestamptz, statement_timestamp())
            OR job.created_at > coalesce(%(now)s::timestamptz, statement_timestamp())
        ELSE job.id = %(job)s::uuid END
"""
_IS_WAITING_FOR = (
    f"SELECT EXISTS (SELECT FROM scrape_jobs job WHERE {_WAITING} AND job.scrapers && %(slugs)s::varchar[])"  # noqa: S608
)
# an empty queue is told by its index alone
_NEWEST = f"""
    SELECT DISTINCT ON (scraper.id) scraper.slug, version.number, scraper.max_parallel_jobs IS NOT NULL,
        coalesce((version.definition ->> 'schema_version')::int, 1), coalesce(version.definition ->> 'engine', 'http')
    FROM scrapers scraper JOIN scraper_versions version ON version.scraper_id = scraper.id
    WHERE scraper.state = 'active' AND EXISTS (SELECT FROM scrape_jobs job WHERE {_WAITING})
    ORDER BY scraper.id, version.number DESC
"""  # noqa: S608 - our own
# a plain client never says what it works with: it may be any of the scrapers until the end
_CLAIM = f"""
WITH free AS (
    SELECT job.id, coalesce(%(now)s::timestamptz, statement_timestamp()) AS now FROM scrape_jobs job
    WHERE {_WAITING} AND job.scrapers <@ %(runnable)s::varchar[]
        AND NOT (job.scrapers <@ %(busy)s::varchar[] OR %(plain)s AND job.scrapers && %(busy)s::varchar[])
    ORDER BY job.turn, job.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE scrape_jobs job SET
    status = 'running',
    runner_id = %(runner)s,
    versions = (SELECT jsonb_object_agg(slug, %(newest)s::jsonb -> slug) FROM unnest(job.scrapers) slug),
    working = CASE WHEN %(plain)s THEN job.scrapers ELSE ARRAY(
        SELECT slug FROM unnest(job.scrapers) WITH ORDINALITY AS its(slug, place)
        WHERE slug <> ALL(%(busy)s::varchar[]) ORDER BY place LIMIT 1
    ) END,
    lease_seconds = %(lease)s,
    lease_expires_at = free.now + %(lease)s * interval '1 second',
    acknowledge_by = free.now + %(acknowledge)s * interval '1 second',
    started_at = free.now,
    heartbeat_at = free.now,
    progress_at = free.now
FROM free WHERE job.id = free.id
RETURNING {COLUMNS}, {PINNED}
"""  # noqa: S608 - our own
_ACKNOWLEDGE = f"""
    UPDATE scrape_jobs job SET
        acknowledged_at = coalesce(job.acknowledged_at, clock.now),
        heartbeat_at = clock.now,
        lease_expires_at = clock.now + job.lease_seconds * interval '1 second'
    FROM (SELECT coalesce(%(now)s::timestamptz, statement_timestamp()) AS now) clock
    WHERE job.id = %(job)s AND job.status = 'running' AND job.runner_id = %(runner)s
        AND {doors.GIVES_UP}
    RETURNING {COLUMNS}, {PINNED}
"""  # noqa: S608 - our own


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
    """Lend the first pending job in `turn` that `asker` may and can run, or just `job_id`.

    A job is claimed once in its life, by one statement. None when there is nothing for this runner.
    """
    if asker.runner.paused:
        return None
    asked = {"job": fence.identity(job_id), "now": now}
    if job_id is not None and asked["job"] is None:
        return None
    newest = _newest_versions(asker, asked)
    if not newest:
        return None
    wanted = asked | {
        "runnable": sorted(newest),
        "newest": json.dumps({slug: version.number for slug, version in newest.items()}),
        "runner": asker.runner.pk,
        "plain": asker.plain,
        "lease": asker.lease_seconds,
        "acknowledge": asker.acknowledge_seconds,
    }
    limited = sorted(slug for slug, version in newest.items() if version.limited)
    if not limited or not _is_waiting_for(limited, asked):
        # a job that comes meanwhile and needs one of these begins with another scraper
        return _claim(wanted, busy=limited)
    with transaction.atomic():
        return _claim(wanted, busy=sorted(slots.full(slots.lock(limited))))


def acknowledge(job_id: object, *, runner: Runner, now: datetime | None = None) -> ScrapeJob:
    """The runner knows that the job is its own: one statement. Raises the fence's errors."""
    asked = {"job": fence.identity(job_id), "runner": runner.pk, "now": now}
    return next(iter(ScrapeJob.objects.raw(_ACKNOWLEDGE, asked)), None) or fence.refuse(job_id, runner=runner)


def renew(job: ScrapeJob, *, at: datetime, progress: bool = False) -> None:
    """Prolong a locked job's lease in memory, as every accepted message about it does; the caller saves it."""
    job.acknowledged_at = job.acknowledged_at or at
    job.heartbeat_at = at
    job.lease_expires_at = at + timedelta(seconds=job.lease_seconds)
    if progress:
        job.progress_at = at


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


def _newest_versions(asker: Asker, asked: Mapping[str, Any]) -> dict[str, Runnable]:
    """The newest version of each active scraper that `asker` may and can run; none where no job waits."""
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, asked)
        return {
            slug: Runnable(number, limited)
            for slug, number, limited, schema, engine in cursor.fetchall()
            if asker.can_run(slug, schema, engine)
        }


def _is_waiting_for(slugs: list[str], asked: Mapping[str, Any]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_IS_WAITING_FOR, {**asked, "slugs": slugs})
        return bool(cursor.fetchone()[0])


def _claim(wanted: dict[str, Any], *, busy: list[str]) -> ScrapeJob | None:
    """`busy` are the scrapers that no job may begin with now, for their limit."""
    return next(iter(ScrapeJob.objects.raw(_CLAIM, wanted | {"busy": busy})), None)


def _overdue(resumed_at: datetime | None, now: datetime | None) -> QuerySet[ScrapeJob]:
    at = clock.at(now)
    running = ScrapeJob.objects.filter(status=JobStatus.RUNNING)
    running = running.annotate(lease=_seconds("lease_seconds"), latest=at + _seconds("lease_seconds"))
    # no lease ends later than one lease from now, unless the clock was set back since the runner last spoke
    silent = Q(lease_expires_at__lt=at) | Q(lease_expires_at__gt=F("latest"))
    untaken = Q(acknowledged_at__isnull=True, acknowledge_by__lt=at)
    longest_stand = timedelta(seconds=settings.PROGRESS_SECONDS)
    # it went on speaking so long after it last got further; who falls silent has his lease
    still = Q(acknowledged_at__isnull=False, heartbeat_at__gte=F("progress_at") + Value(longest_stand))
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
    """What its runner failed to do; when, the job's page says in the reader's zone."""
    said = {
        Reason.UNACKNOWLEDGED: _("{runner} was given this job and never took it up."),
        Reason.INTERRUPTED: _("{runner} fell silent: its process, machine or network ended."),
        Reason.TIMEOUT: _("{runner} goes on speaking, but gets no further."),
    }[reason]
    return said.format(runner=job.runner)
