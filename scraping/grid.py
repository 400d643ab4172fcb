"""The units of a job as its page lists them: SKUs down, scrapers across, all or those that ended in one way."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, F, Func

from runners.protocol.words import Outcome
from scraping.models import ScrapeJob, ScrapeResult

OPEN = "open"
_WITH = """
SELECT listed.sku FROM scrape_jobs job, unnest(job.skus) WITH ORDINALITY listed(sku, place)
WHERE job.id = %s AND EXISTS (
    SELECT FROM scrape_results result WHERE result.root_id = job.root_id AND result.sku = listed.sku
    AND result.scraper = ANY(job.scrapers) AND result.outcome = %s
) ORDER BY place
"""
_LEFT = """
SELECT listed.sku FROM scrape_jobs job, unnest(job.skus) WITH ORDINALITY listed(sku, place)
WHERE job.id = %s AND cardinality(job.scrapers) > (
    SELECT count(*) FROM scrape_results result WHERE result.root_id = job.root_id AND result.sku = listed.sku
    AND result.scraper = ANY(job.scrapers)
) ORDER BY place
"""


@dataclass(frozen=True)
class Row:
    """A SKU of a job and, in the order of the job's scrapers, what became of it there (None: still open)."""

    sku: str
    name: str
    cells: list[ScrapeResult | None]


def counts(job: ScrapeJob) -> dict[str, int]:
    """Units of the job's SKUs by outcome, the most frequent first, then those that are open."""
    listed = ScrapeJob.objects.filter(pk=job.pk).values_list(Func(F("skus"), function="unnest"))
    ended = ScrapeResult.objects.filter(root_id=job.root_id, scraper__in=job.scrapers, sku__in=listed)
    found = Counter(dict(ended.order_by().values_list("outcome").annotate(n=Count("pk"))))
    left = len(job.skus) * len(job.scrapers) - found.total()
    return dict(found.most_common()) | ({OPEN: left} if left > 0 else {})


def skus(job: ScrapeJob, outcome: str | None) -> list[str]:
    """The job's SKUs with a unit that ended in `outcome`, or is open; all of them when None."""
    if outcome is None:
        return job.skus
    with connection.cursor() as cursor:
        cursor.execute(*((_LEFT, [job.pk]) if outcome == OPEN else (_WITH, [job.pk, outcome])))
        return [sku for (sku,) in cursor.fetchall()]


def rows(job: ScrapeJob, listed: Sequence[str]) -> list[Row]:
    """The given SKUs of a job with the results of its root."""
    stored = ScrapeResult.objects.filter(root_id=job.root_id, sku__in=listed, scraper__in=job.scrapers)
    found = {(result.sku, result.scraper): result for result in stored.defer("raw", "fields")}
    return [
        Row(sku, str((job.context.get(sku) or {}).get("name", "")), [found.get((sku, s)) for s in job.scrapers])
        for sku in listed
    ]


def outcome(word: str) -> str | None:
    """The outcome that an address names; None where it names none of them."""
    return word if word == OPEN or word in set(Outcome) else None
