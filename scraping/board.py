"""What the operations page shows of jobs: those that are open, by batch, and those that ended lately. Reads only."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db.models import BooleanField, ExpressionWrapper, QuerySet
from django.db.models.functions import Now

from runners.protocol.words import JobStatus
from scraping import queries, waiting
from scraping.filters import Filters
from scraping.models import ScrapeBatch, ScrapeJob, Scraper
from scraping.queries import JobRow
from scraping.tally import Tally

WAITING_SHOWN = 500
ENDED_SHOWN = 20
# columns that may be long, or take long to read, and that no list shows
LONG = ("context", "final_answer", "skus", "log_bodies", "versions", "log_counts", "final_digest")


@dataclass(frozen=True)
class BatchRow:
    """A batch and those of its open jobs that are shown; `whole` where these are all of them."""

    batch: ScrapeBatch
    rows: list[JobRow]
    whole: bool = False

    @property
    def total(self) -> int:
        """Units of the batch; where not all of its open jobs are here, those of the jobs that are."""
        return self.batch.sku_count * len(self.batch.scrapers) if self.whole else self.tally.total

    @property
    def done(self) -> int:
        """All but what is left to do: units that ended with other jobs of the batch are done as well."""
        return max(0, self.total - self.tally.left)

    @cached_property
    def tally(self) -> Tally:
        outcomes = sum((row.tally.outcomes for row in self.rows), Counter[str]())
        return Tally(outcomes, sum(row.tally.total for row in self.rows), sum(row.tally.before for row in self.rows))

    @cached_property
    def per_minute(self) -> float:
        """What its running jobs do together."""
        running = [row for row in self.rows if row.job.status == JobStatus.RUNNING]
        return round(sum(row.per_minute or 0 for row in running), 1)

    @property
    def seconds_left(self) -> float | None:
        return self.tally.left * 60 / self.per_minute if self.per_minute else None


@dataclass(frozen=True)
class Board:
    """`fleet` and `open` are everybody who may work and all open jobs; `batches` and `ended` are what is asked for."""

    fleet: waiting.Fleet
    open: list[ScrapeJob]
    batches: list[BatchRow]
    ended: list[JobRow]

    @cached_property
    def shown(self) -> list[JobRow]:
        return [row for batch in self.batches for row in batch.rows]

    @property
    def whole(self) -> bool:
        return all(batch.whole for batch in self.batches)

    @property
    def total(self) -> int:
        return sum(batch.total for batch in self.batches)

    @property
    def done(self) -> int:
        return sum(batch.done for batch in self.batches)


def read(filters: Filters, *, scrapers: list[Scraper], now: datetime) -> Board:
    """Three queries. `scrapers` are from `waiting`; of the jobs that wait, the first in claim order are read."""
    listed = list(_jobs(filters))
    fleet = waiting.survey(scrapers=scrapers, now=now, running=running(listed))
    shown = [job for job in listed if job.shown]  # type: ignore[attr-defined]
    whole = not filters.any and sum(job.status == JobStatus.PENDING for job in listed) < WAITING_SHOWN
    rows = queries.rows_of(sorted(shown, key=_claim_order), now=now, fleet=fleet)
    ended = [row for row in rows if row.job.ended]
    return Board(
        fleet=fleet,
        open=[job for job in listed if not job.ended],
        batches=_by_batch((row for row in rows if not row.job.ended), whole=whole),
        ended=sorted(ended, key=lambda row: row.job.completed_at or now, reverse=True),
    )


def running(jobs: Iterable[ScrapeJob]) -> list[ScrapeJob]:
    return [job for job in jobs if job.status == JobStatus.RUNNING]


def _jobs(filters: Filters) -> QuerySet[ScrapeJob]:
    """Every branch has an index of its own, however many jobs have ended."""
    held = ScrapeJob.objects.filter(status=JobStatus.RUNNING).order_by().values("pk")
    free = ScrapeJob.objects.filter(status=JobStatus.PENDING).order_by("turn").values("pk")[:WAITING_SHOWN]
    ended = ScrapeJob.objects.filter(filters.jobs(), completed_at__isnull=False).order_by("-completed_at").values("pk")
    if filters.since:
        ended = ended.filter(completed_at__gte=Now() - filters.window.span)
    keys = held.union(free, ended[:ENDED_SHOWN], all=True)
    meant = ExpressionWrapper(filters.jobs(), output_field=BooleanField())
    return queries.jobs().filter(pk__in=keys).defer(*LONG).annotate(shown=meant)


def _claim_order(job: ScrapeJob) -> tuple[bool, datetime]:
    return job.status != JobStatus.RUNNING, job.turn


def _by_batch(rows: Iterable[JobRow], *, whole: bool) -> list[BatchRow]:
    """The newest batch first."""
    grouped: dict[object, list[JobRow]] = {}
    for row in rows:
        grouped.setdefault(row.job.batch_id, []).append(row)
    return [BatchRow(own[0].job.batch, own, whole) for own in sorted(grouped.values(), key=_asked, reverse=True)]


def _asked(rows: list[JobRow]) -> datetime:
    return rows[0].job.batch.created_at
