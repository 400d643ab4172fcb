"""Counts what the database holds of a batch against what was asked for: nothing lost, nothing twice, nothing open."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from scraping import sweep
from scraping.models import ScrapeBatch, ScrapeJob, ScrapeJobLog, ScrapeResult


def ended(batch: ScrapeBatch) -> bool:
    """Has every job of the batch ended?"""
    return not ScrapeJob.objects.filter(batch=batch, status__in=["pending", "running"]).exists()


def outcomes(batch: ScrapeBatch) -> Counter[str]:
    """How the units of the batch ended."""
    return Counter(ScrapeResult.objects.filter(root__batch=batch).values_list("outcome", flat=True))


def story(batch: ScrapeBatch) -> list[tuple[object, ...]]:
    """The batch's jobs in a few words, for whoever reads why a test failed."""
    rows = ScrapeJob.objects.filter(batch=batch).order_by("created_at")
    named = ("id", "status", "reason", "attempt", "runner__name", "done", "total", "started_at", "error")
    return list(rows.values_list(*named))


def faults(batch: ScrapeBatch) -> list[str]:
    """What is wrong with an ended batch: units without a result, units twice, logs with a gap or a line twice."""
    return [*_units(batch), *(fault for job in ScrapeJob.objects.filter(batch=batch) for fault in _lines(job))]


def _units(batch: ScrapeBatch) -> list[str]:
    first = ScrapeJob.objects.filter(batch=batch, retry_of=None)
    asked = Counter((sku, slug) for job in first for sku in job.skus for slug in job.scrapers)
    have = Counter(ScrapeResult.objects.filter(root__batch=batch).values_list("sku", "scraper"))
    lost, doubled = asked - have, have - asked
    return [f"lost {unit}" for unit in lost] + [f"doubled {unit}" for unit in doubled]


def _lines(job: ScrapeJob) -> list[str]:
    lines = list(ScrapeJobLog.objects.filter(job=job).order_by("position").values_list("position", "seq", "through"))
    wrong = []
    if [position for position, _seq, _through in lines] != list(range(1, job.log_head + 1)):
        wrong.append(f"positions of {job.short}: {[position for position, *_ in lines]}, head {job.log_head}")
    expected = 1
    for _position, seq, through in lines:
        if seq is not None and seq != expected:
            wrong.append(f"line {seq} of {job.short} where {expected} was to come")
        expected = max(seq or 0, through or 0, expected - 1) + 1
    return wrong


def recorded(batch: ScrapeBatch) -> int:
    """Units that the batch's jobs have results for."""
    return ScrapeResult.objects.filter(root__batch=batch).count()


@contextmanager
def nobody_sweeping() -> Iterator[None]:
    """Keep every web process from looking at leases, by being the one that does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [sweep._SWEEPING])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [sweep._SWEEPING])


def waiting_for_lock() -> list[int]:
    """Database sessions of others that wait for a row somebody has locked."""
    return [pid for pid, waits in _sessions() if waits == "Lock"]


def alone() -> bool:
    """Is nobody else connected to this database?"""
    return not _sessions()


def _sessions() -> list[tuple[int, str | None]]:
    others = """SELECT pid, wait_event_type FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""
    with connection.cursor() as cursor:
        cursor.execute(others)
        return list(cursor.fetchall())
