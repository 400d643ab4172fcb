"""Gives out what a scraper's limit leaves: how many jobs may work on its site at once, across all runners.

A running job holds the slots of the scrapers in its `working` and waits for those in `wanted`; once it is no longer
running it holds none. Who gives slots out locks the scraper's row first and counts in a statement after that: counted
in the statement that takes, a limit of 1 was exceeded whenever two came at once.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from runners.models import Runner
from runners.protocol.words import JobStatus
from scraping import fence
from scraping.models import ScrapeJob, Scraper


def lock(slugs: Iterable[str]) -> dict[str, int]:
    """Lock the scrapers among `slugs` that have a limit until the transaction ends; returns the limits by slug."""
    limited = Scraper.objects.filter(slug__in=slugs, max_parallel_jobs__isnull=False).order_by("slug")
    rows = limited.select_for_update(no_key=True).values_list("slug", "max_parallel_jobs")
    return {slug: limit for slug, limit in rows if limit is not None}


def full(limits: dict[str, int]) -> set[str]:
    """The locked scrapers without a slot for a job that begins now: jobs at work that wait for one come first."""
    counts = Counter(slug for job in _users(limits) for slug in [*job.working, *job.wanted])
    return {slug for slug, limit in limits.items() if counts[slug] >= limit}


def take(job_id: object, slugs: Sequence[str], *, runner: Runner, now: datetime | None = None) -> list[str]:
    """Give the job that `runner` holds what is free of `slugs`; returns those it waits for. Needs a transaction.

    Raises the fence's errors.
    Of the jobs that wait for a scraper the one with the earliest turn is served first.
    """
    limits = lock(slugs)
    job, at = fence.hold(job_id, runner=runner, now=now)
    asked = [slug for slug in job.scrapers if slug in slugs and slug not in job.working]
    before = _before(job, limits)
    job.wanted = [slug for slug in asked if slug in limits and before[slug] >= limits[slug]]
    job.working = [*job.working, *(slug for slug in asked if slug not in job.wanted)]
    if job.wanted:
        job.progress_at = at  # waiting for its turn is no standstill
    job.save(update_fields=["working", "wanted", "progress_at"])
    return job.wanted


def used(slug: str) -> tuple[int, int]:
    """How many jobs work with a scraper now, and how many at work elsewhere wait for it."""
    running = ScrapeJob.objects.filter(status=JobStatus.RUNNING)
    return running.filter(working__contains=[slug]).count(), running.filter(wanted__contains=[slug]).count()


def _before(job: ScrapeJob, limits: dict[str, int]) -> Counter[str]:
    """How many other jobs hold a scraper's slot, or have waited for it since an earlier turn."""
    counts: Counter[str] = Counter()
    for other in _users(limits).exclude(pk=job.pk):
        counts.update(other.working)
        if (other.turn, other.pk) < (job.turn, job.pk):
            counts.update(other.wanted)
    return counts


def _users(limits: Iterable[str]) -> QuerySet[ScrapeJob]:
    slugs = list(limits)
    users = ScrapeJob.objects.filter(Q(working__overlap=slugs) | Q(wanted__overlap=slugs), status=JobStatus.RUNNING)
    return users.only("working", "wanted", "turn")
