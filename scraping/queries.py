"""Reads for pages: jobs with their progress, a job's log and units, runners. Nothing here writes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Sum, Value
from django_stubs_ext import WithAnnotations

from runners.models import Runner
from runners.protocol.words import JobStatus, Outcome, RunnerStatus
from scraping import clock, waiting
from scraping.models import NEEDS_A_PERSON, ScrapeBatch, ScrapeJob, ScrapeJobLog, Scraper, ScrapeResult
from scraping.states import OPEN
from scraping.tally import UNASKED, Tally
from scraping.visible import visible

LINES_AT_ONCE = 500
# of each job its units by outcome, and without one those of its SKUs that jobs before it in its chain had recorded
_UNITS = """
SELECT job_id, outcome, count(*) FROM scrape_results WHERE job_id = ANY(%s) GROUP BY job_id, outcome
UNION ALL
SELECT job.id, NULL, count(*) FROM scrape_jobs job
JOIN scrape_results result ON result.root_id = job.root_id AND result.sku = ANY(job.skus)
JOIN scrape_jobs earlier ON earlier.id = result.job_id AND earlier.created_at < job.created_at
WHERE job.id = ANY(%s) GROUP BY job.id
"""


@dataclass(frozen=True)
class JobRow:
    """A job as lists show it; `seconds` is how long it has been, or was, at work, `hold` why nobody has it."""

    job: ScrapeJob
    tally: Tally
    seconds: float | None
    hold: waiting.Hold | None = None

    @property
    def per_minute(self) -> float | None:
        return round(self.tally.looked_up * 60 / self.seconds, 1) if self.seconds and self.tally.looked_up else None

    @property
    def seconds_left(self) -> float | None:
        if self.job.status != JobStatus.RUNNING or not self.seconds or not self.tally.done:
            return None
        return self.tally.left * self.seconds / self.tally.done


def tallies(jobs: Sequence[ScrapeJob]) -> dict[UUID, Tally]:
    """Units of each job by outcome, in one query."""
    counts: dict[UUID, Counter[str]] = {job.pk: Counter() for job in jobs}
    before: dict[UUID, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(_UNITS, [list(counts), [job.pk for job in jobs if job.retry_of_id]])
        for job_id, outcome, number in cursor.fetchall():
            if outcome is None:
                before[job_id] = number
            else:
                counts[job_id][outcome] = number
    return {job.pk: _tally(job, counts[job.pk], before.get(job.pk, 0)) for job in jobs}


def _tally(job: ScrapeJob, outcomes: Counter[str], before: int) -> Tally:
    return Tally(outcomes, (job.total or len(job.skus) * len(job.scrapers)) - before, before)


def rows_of(
    jobs: Iterable[ScrapeJob], *, now: datetime | None = None, fleet: waiting.Fleet | None = None
) -> list[JobRow]:
    """The jobs with their tallies and how long they ran; `fleet` where the page knows who may work."""
    now = now or clock.read()
    listed = list(jobs)
    found, holds = tallies(listed), waiting.holds(listed, now=now, fleet=fleet)
    return [JobRow(job, found[job.pk], seconds_at_work(job, now=now), holds.get(job.pk)) for job in listed]


def seconds_at_work(job: ScrapeJob, *, now: datetime | None = None) -> float | None:
    """Seconds from claim to end, or to now; None when it was never claimed."""
    if job.started_at is None:
        return None
    return max(0.0, ((job.completed_at or now or clock.read()) - job.started_at).total_seconds())


@dataclass(frozen=True)
class Lineage:
    """A job's chain, oldest first; the job that staff retried with it, and the retries that they made of its jobs."""

    chain: list[ScrapeJob]
    retries: list[ScrapeJob]

    @property
    def retried(self) -> ScrapeJob | None:
        return self.chain[0].retry_of if self.chain else None

    @property
    def alone(self) -> bool:
        return len(self.chain) < 2 and not self.retries and self.retried is None


def lineage(job: ScrapeJob) -> Lineage:
    """What came before a job and after it."""
    heavy = ("retry_of__context", "retry_of__final_answer", "retry_of__skus")
    chain = jobs().filter(root_id=job.root_id).select_related("retry_of").defer("skus", *heavy)
    retries = jobs().filter(retry_of__root_id=job.root_id, root_id=F("id")).order_by("created_at", "id")
    return Lineage(list(chain.order_by("created_at", "id")), list(retries))


def jobs() -> QuerySet[ScrapeJob]:
    """All jobs, with what lists show of them."""
    return ScrapeJob.objects.select_related("runner", "batch__requested_by", "retried_by").defer(
        "context", "final_answer"
    )


class OpenJobs(TypedDict):
    open_jobs: int


def open_batches() -> "QuerySet[WithAnnotations[ScrapeBatch, OpenJobs]]":
    """Batches with a job that is not done, test runs left out, newest first."""
    working = Q(jobs__status__in=OPEN, jobs__test_mode=False)
    return ScrapeBatch.objects.filter(working).annotate(open_jobs=Count("jobs", filter=working)).order_by("-created_at")


@dataclass(frozen=True)
class Lines:
    """A stretch of a job's log. The reader's next cursor is `to`; `head` is the last line there is."""

    lines: list[ScrapeJobLog]
    to: int
    head: int


def lines_after(job: ScrapeJob, after: int, *, limit: int = LINES_AT_ONCE) -> Lines:
    """What is stored of the up to `limit` positions beyond `after`."""
    to = max(after, min(after + limit, job.log_head))
    return Lines(list(job.lines.filter(position__gt=after, position__lte=to).order_by("position")), to, job.log_head)


@dataclass(frozen=True)
class Removed:
    """How many lines of a log retention has removed, and when it did last."""

    count: int
    at: datetime


def removed(job: ScrapeJob) -> Removed | None:
    """What is gone of a job's log; None where all of it is kept."""
    gone = job.trims.aggregate(count=Sum("count"), at=Max("at"))
    return Removed(gone["count"], gone["at"]) if gone["count"] else None


def first_kept(job: ScrapeJob) -> int:
    """The position of the first line that is kept; one beyond the last position where none is."""
    return job.lines.order_by("position").values_list("position", flat=True).first() or job.log_head + 1


def line_as_json(line: ScrapeJobLog) -> dict[str, object]:
    """A log line as scripts get it: harmless to look at, times in ISO 8601, the runner's first."""
    return {
        "position": line.position,
        "level": line.level,
        "message": visible(line.message),
        "scraper": line.scraper and visible(line.scraper),
        "sku": line.sku and visible(line.sku),
        "logged_at": (line.logged_at or line.created_at).isoformat(),
        "created_at": line.created_at.isoformat(),
    }


@dataclass(frozen=True)
class RunnerCard:
    """A runner as the operations page shows it; whether it is paused stands beside its state."""

    runner: Runner
    online: bool
    jobs: list[ScrapeJob]

    @property
    def state(self) -> str:
        return runner_state(self.runner, online=self.online, holds=bool(self.jobs))


def runner_state(runner: Runner, *, online: bool, holds: bool) -> str:
    """Offline, draining, busy or online; what a runner holds is told by its jobs, not by its own last word."""
    if not online:
        return "offline"
    if runner.status == RunnerStatus.DRAINING:
        return "draining"
    return "busy" if holds else "online"


def runners() -> list[Runner]:
    """Every runner by name: a card that changed places would be pressed in another's stead."""
    return list(Runner.objects.order_by("name"))


def runner_cards(
    *, now: datetime | None = None, known: Iterable[Runner] | None = None, running: Iterable[ScrapeJob] | None = None
) -> list[RunnerCard]:
    """Every runner with what it holds. `known` and `running` are all of these, where the page has read them already."""
    if running is None:
        running = ScrapeJob.objects.filter(status=JobStatus.RUNNING).only("id", "runner_id", "step")
    held: dict[UUID, list[ScrapeJob]] = {}
    for job in running:
        if job.runner_id:
            held.setdefault(job.runner_id, []).append(job)
    cards = list(runners() if known is None else known)
    now = now or clock.read()
    return [RunnerCard(runner, runner.is_online(now=now), held.get(runner.pk, [])) for runner in cards]


def trouble_by_scraper(since: timedelta, *, now: datetime | None = None) -> list[tuple[str, str, int, datetime, UUID]]:
    """Scraper, outcome, of how many SKUs, when last and in which job, for what needs a person: logins, blocks, layouts.

    A unit that has ended otherwise since then, and a login that works again or was resumed by staff, are settled; that
    it was skipped, or not reported, settles nothing.
    """
    recent = ScrapeResult.objects.filter(recorded_at__gte=clock.at(now) - Value(since), outcome__in=NEEDS_A_PERSON)
    unit = ScrapeResult.objects.filter(sku=OuterRef("sku"), scraper=OuterRef("scraper"))
    later = unit.filter(pk__gt=OuterRef("pk")).exclude(outcome__in=UNASKED)
    well = Scraper.objects.filter(slug=OuterRef("scraper"), login_failures=0)
    standing = recent.exclude(Exists(later)).exclude(Q(outcome=Outcome.LOGIN_FAILED) & Exists(well))
    grouped = standing.order_by().values_list("scraper", "outcome")
    latest = grouped.alias(jobs=ArrayAgg("job_id", order_by="-id"))
    counted = latest.annotate(n=Count("pk"), last=Max("recorded_at"), job=F("jobs__0"))
    return sorted(counted, key=lambda row: row[3], reverse=True)
