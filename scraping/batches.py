"""Reads for the pages of batches. Nothing here writes."""

from collections import Counter

from django.db.models import Count, Q, QuerySet

from runners.protocol.words import JobStatus
from scraping.models import ScrapeBatch, ScrapeResult
from scraping.states import OPEN
from scraping.tally import Tally


def with_open_jobs(batches: QuerySet[ScrapeBatch]) -> QuerySet[ScrapeBatch]:
    """Each with the number of its `open_jobs`."""
    return batches.annotate(open_jobs=Count("jobs", filter=Q(jobs__status__in=OPEN)))


def waiting_jobs(batch: ScrapeBatch) -> int:
    return batch.jobs.filter(status=JobStatus.PENDING).count()


def tally(batch: ScrapeBatch) -> Tally:
    """Units of a batch by how each ended last, retries included."""
    first = batch.jobs.filter(retry_of=None).values_list("total", flat=True)
    last = ScrapeResult.objects.filter(root__batch=batch).order_by("sku", "scraper", "-id").distinct("sku", "scraper")
    return Tally(Counter(last.values_list("outcome", flat=True)), sum(first))
