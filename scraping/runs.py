"""A scraper's runs: the jobs that asked for it, the newest first, and the one that works on its site now."""

from dataclasses import dataclass

from django.db.models import QuerySet

from runners.protocol.words import JobStatus
from scraping import queries
from scraping.models import ScrapeJob
from scraping.queries import JobRow

A_PAGE = 25


@dataclass(frozen=True)
class Runs:
    """`older` is the job that the next page begins after; None on the last one."""

    rows: list[JobRow]
    older: ScrapeJob | None


def of(scraper: str, *, after: ScrapeJob | None = None, limit: int = A_PAGE) -> Runs:
    """A page of the jobs with `scraper` among theirs; those asked for before `after`, where it is given."""
    asked = _jobs(scraper).order_by("-created_at", "-id")
    if after:
        asked = asked.filter(created_at__lte=after.created_at).exclude(created_at=after.created_at, pk__gte=after.pk)
    found = list(asked[: limit + 1])
    return Runs(queries.rows_of(found[:limit]), found[limit - 1] if len(found) > limit else None)


def current(scraper: str) -> ScrapeJob | None:
    """The running job that works on the scraper's site, or will; None where none does."""
    running = _jobs(scraper).filter(status=JobStatus.RUNNING).order_by("started_at")
    return running.filter(working__contains=[scraper]).first() or running.first()


def _jobs(scraper: str) -> QuerySet[ScrapeJob]:
    return queries.jobs().filter(scrapers__contains=[scraper])
