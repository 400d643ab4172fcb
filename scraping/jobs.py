"""Begins and ends jobs: a batch's are made together or not at all, each ends once."""

import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext as _

from runners import rows
from runners.models import RunnerKey
from runners.protocol.words import JobStatus, Outcome, Reason
from scraping import chains, clock, fence, journal, recording, split
from scraping.chains import Ending
from scraping.models import ScrapeBatch, ScrapeJob, Scraper
from scraping.refusals import BatchRefusedError
from scraping.states import OPEN

MAX_ERROR = 2000
MAX_RUNNERS = 1000
# one number among the database's advisory locks: whoever makes jobs takes it first
_MAKING_JOBS = 7_221_001

# the columns that whoever holds a job's row lock may change
WRITTEN = (
    *journal.WRITTEN,
    "done",
    "lease_expires_at",
    "acknowledged_at",
    "heartbeat_at",
    "progress_at",
    "cancel_requested_at",
)
_LAST_WRITTEN = (*WRITTEN, "status", "reason", "error", "completed_at", "final_digest", "final_answer")


@dataclass(frozen=True)
class Created:
    """What came of asking: no batch and no jobs when every SKU was left out. `left_out` gives the reason by SKU."""

    batch: ScrapeBatch | None
    jobs: list[ScrapeJob] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cancelled:
    """Jobs of a batch that ended at once, and those whose runners were asked to stop."""

    ended: list[ScrapeJob] = field(default_factory=list)
    asked: list[ScrapeJob] = field(default_factory=list)


def create_batch(
    *,
    skus: Sequence[str],
    scrapers: Sequence[str],
    max_runners: int,
    context: Mapping[str, Mapping[str, Any]],
    by: User | None,
    source: str = "",
) -> Created:
    """Deal `skus` into at most `max_runners` jobs of one batch. Needs a transaction, which makes all of them or none.

    `scrapers` are slugs; `context` is `{sku: {name, price}}` of JSON values. A SKU given twice counts once; one that is
    in an open job is left out. Raises BatchRefusedError for a set of scrapers that nobody can run.
    """
    if not 1 <= max_runners <= MAX_RUNNERS:
        raise BatchRefusedError(_("Runners at most: a number from 1 to {most}.").format(most=MAX_RUNNERS))
    scrapers = list(dict.fromkeys(scrapers))
    refuse_unrunnable(scrapers)
    take_turns()
    left_out = in_open_jobs(skus)
    fresh = [sku for sku in dict.fromkeys(skus) if sku not in left_out]
    if not fresh:
        return Created(batch=None, left_out=left_out)
    batch = ScrapeBatch.objects.create(
        requested_by=by, source=source, scrapers=scrapers, sku_count=len(fresh), max_runners=max_runners
    )
    return Created(batch, _make_jobs(batch, fresh, context), left_out)


def take_turns() -> None:
    """Whoever makes jobs comes here first: until its transaction ends nobody else makes any."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_MAKING_JOBS])


def in_open_jobs(skus: Sequence[str], *, test_of: ScrapeBatch | None = None) -> dict[str, str]:
    """The SKUs that an open job already holds, each with the sentence that says so.

    Test runs and the others do not get in each other's way; `test_of` looks among the test runs of a batch.
    """
    held = ScrapeJob.objects.filter(status__in=OPEN, test_mode=False, skus__overlap=list(skus))
    if test_of is not None:
        held = test_of.jobs.filter(status__in=OPEN, test_mode=True, skus__overlap=list(skus))
    sentences = {JobStatus.PENDING: _("Already waiting in job {job}."), JobStatus.RUNNING: _("Already in job {job}.")}
    reasons = {
        sku: sentences[JobStatus(job.status)].format(job=job.short)
        for job in held.only("id", "status", "skus")
        for sku in job.skus
    }
    return {sku: reasons[sku] for sku in dict.fromkeys(skus) if sku in reasons}


def refuse_unrunnable(scrapers: Sequence[str]) -> None:
    """Raises BatchRefusedError with a sentence where no runner could ever take a job with these scrapers."""
    if not scrapers:
        raise BatchRefusedError(_("Choose at least one scraper."))
    known = {scraper.slug: scraper for scraper in Scraper.objects.filter(slug__in=scrapers, versions__number__gte=1)}
    if missing := [slug for slug in scrapers if slug not in known]:
        raise BatchRefusedError(_("No scraper with a definition is called {names}.").format(names=", ".join(missing)))
    if paused := [slug for slug in scrapers if not known[slug].is_active]:
        raise BatchRefusedError(_("Paused: {names}. Resume it or leave it out.").format(names=", ".join(paused)))
    usable = Q(revoked_at__isnull=True) & (Q(expires_at__isnull=True) | Q(expires_at__gt=clock.at(None)))
    if not any(key.allows(list(scrapers)) for key in RunnerKey.objects.filter(usable)):
        sentence = _("No single runner key may use all of: {names}. Choose fewer scrapers, or issue a key for them.")
        raise BatchRefusedError(sentence.format(names=", ".join(scrapers)))


def _make_jobs(batch: ScrapeBatch, skus: list[str], context: Mapping[str, Mapping[str, Any]]) -> list[ScrapeJob]:
    """All at once; `turn` a microsecond apart, so that the first job dealt is the first one claimed."""
    jobs = []
    for number, hand in enumerate(split.deal(skus, hands=batch.max_runners)):
        key = uuid.uuid4()
        jobs.append(
            ScrapeJob(
                id=key,
                batch=batch,
                root_id=key,
                skus=hand,
                scrapers=batch.scrapers,
                context={sku: dict(context[sku]) for sku in hand if sku in context},
                turn=batch.created_at + timedelta(microseconds=number),
                total=len(hand) * len(batch.scrapers),
            )
        )
    return ScrapeJob.objects.bulk_create(jobs)


def save(job: ScrapeJob) -> None:
    """Store what the holder of the row lock changed."""
    rows.update(job, WRITTEN)


def complete(job: ScrapeJob, *, error: str = "", at: datetime, left: int | None = None) -> None:
    """End a locked running job well; units that nobody reported are recorded as such.

    `left` is how many those are, where somebody has counted.
    """
    job.error = error[:MAX_ERROR]
    _end(job, status=JobStatus.COMPLETED, at=at)
    if left != 0:
        recording.close([job], Outcome.UNREPORTED, _("The runner ended the job without a word about it."))


def fail(
    job: ScrapeJob,
    *,
    reason: Reason,
    error: str = "",
    at: datetime,
    handed_back: bool = False,
    chance: Callable[[], float] = random.random,
) -> ScrapeJob | None:
    """End a locked job badly and go on with its open units; returns the successor, if there is one.

    A job that was asked to stop is cancelled, however it ends.
    """
    reason = Reason.CANCELLED if job.cancel_requested_at else reason
    job.reason = reason
    job.error = error[:MAX_ERROR]
    _end(job, status=JobStatus.FAILED, at=at)
    return chains.go_on(job, Ending(reason, at, handed_back), chance=chance)


def cancel(job_id: object, *, now: datetime | None = None) -> bool:
    """Cancel a pending job at once, ask the runner of a running one to stop. False when it had ended already.

    Raises UnknownJobError. Needs a transaction.
    """
    job, at = fence.lock(job_id, now=now)
    if job.ended:
        return False
    job.cancel_requested_at = job.cancel_requested_at or at
    if job.status == JobStatus.PENDING:
        fail(job, reason=Reason.CANCELLED, at=at)
    else:
        save(job)
    return True


def cancel_batch(batch: ScrapeBatch, *, now: datetime | None = None) -> Cancelled:
    """Cancel all open jobs of a batch, as `cancel` does with one. Needs a transaction."""
    cancelled = Cancelled()
    unasked = batch.jobs.filter(status__in=OPEN, cancel_requested_at__isnull=True).annotate(clock=clock.at(now))
    # looked for anew each time: a job that was lost while we waited for its lock has put a successor
    while unasked.exists():
        for job in unasked.order_by("id").select_for_update(no_key=True):
            job.cancel_requested_at = job.clock
            if job.status == JobStatus.PENDING:
                job.reason = Reason.CANCELLED
                _end(job, status=JobStatus.FAILED, at=job.clock)
                cancelled.ended.append(job)
            else:
                save(job)
                cancelled.asked.append(job)
    chains.skip(cancelled.ended)
    return cancelled


def _end(job: ScrapeJob, *, status: JobStatus, at: datetime) -> None:
    job.status = status
    job.completed_at = at
    job.lease_expires_at = None
    rows.update(job, _LAST_WRITTEN)
