"""What is read for live pages: the end of a job's log, a stretch of it, and how jobs, batches and runners stand."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now

from runners.models import Runner
from runners.protocol.words import JobStatus
from scraping import queries
from scraping.live.database import threaded
from scraping.models import ScrapeJob

AT_ONCE = queries.LINES_AT_ONCE


@dataclass(frozen=True, slots=True)
class Line:
    """A log line as it is sent: its position, and its JSON made once for all readers."""

    position: int
    json: str


@dataclass(frozen=True, slots=True)
class JobFacts:
    """A job as pages show it. `log_head` alone is no news: lines tell it themselves."""

    batch: UUID
    status: str
    reason: str | None
    step: str
    done: int
    total: int
    cancelling: bool

    @property
    def ended(self) -> bool:
        return JobStatus(self.status).ended


@dataclass(frozen=True, slots=True)
class RunnerFacts:
    status: str
    paused: bool
    online: bool


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """`progress` is only good for seeing that there was some."""

    open_jobs: int
    progress: int


@dataclass(frozen=True, slots=True)
class End:
    """A job and the last lines of its log, all after `floor`."""

    facts: JobFacts
    head: int
    floor: int
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class State:
    """Open jobs and those asked for, batches with open jobs that are no test runs, all runners."""

    jobs: dict[UUID, tuple[JobFacts, int]]
    batches: dict[UUID, BatchFacts]
    runners: dict[UUID, RunnerFacts]


_COLUMNS = ("batch_id", "status", "reason", "step", "done", "total", "cancel_requested_at")


def _facts(row: Sequence[Any]) -> JobFacts:
    """Of a row of _COLUMNS."""
    batch, status, reason, step, done, total, cancelled_at = row
    return JobFacts(batch, status, reason, step, done, total, cancelled_at is not None)


@threaded
def end(job: UUID, known: int) -> End | None:
    """The job as it is, with the lines after `known` that are among its last 500 positions; None: no such job.

    The row is read first, and lines up to its head only: they were committed together.
    """
    row = ScrapeJob.objects.filter(pk=job).values_list("log_head", *_COLUMNS).first()
    if row is None:
        return None
    head = int(row[0])
    floor = max(known, head - AT_ONCE)
    return End(_facts(row[1:]), head, floor, _lines(job, floor, head) if head > floor else [])


@threaded
def stretch(job: UUID, after: int, head: int) -> list[Line]:
    """The next 500 lines after a position."""
    return _lines(job, after, head)


def _lines(job: UUID, after: int, head: int) -> list[Line]:
    rows = ScrapeJob(pk=job).lines.filter(position__gt=after, position__lte=head).order_by("position")[:AT_ONCE]
    return [Line(row.position, json.dumps(queries.line_as_json(row), ensure_ascii=False)) for row in rows]


@threaded
def state(asked: Collection[UUID]) -> State:
    """Everything that is open, and the jobs `asked` for, open or not."""
    wanted = Q(status=JobStatus.PENDING) | Q(status=JobStatus.RUNNING) | Q(pk__in=asked)
    jobs: dict[UUID, tuple[JobFacts, int]] = {}
    batches: dict[UUID, BatchFacts] = {}
    for pk, test, head, *row in ScrapeJob.objects.filter(wanted).values_list("pk", "test_mode", "log_head", *_COLUMNS):
        facts = _facts(row)
        jobs[pk] = facts, head
        if not facts.ended and not test:
            so_far = batches.get(facts.batch, BatchFacts(0, 0))
            batches[facts.batch] = BatchFacts(so_far.open_jobs + 1, so_far.progress + facts.done)
    return State(jobs, batches, _runners())


def _runners() -> dict[UUID, RunnerFacts]:
    runners = Runner.objects.order_by().annotate(read_at=Now())
    return {row.pk: RunnerFacts(row.status, row.paused, row.is_online(now=row.read_at)) for row in runners}


def told(facts: JobFacts | RunnerFacts | BatchFacts) -> dict[str, object]:
    """As it is sent."""
    return {name: str(value) if isinstance(value, UUID) else value for name, value in asdict(facts).items()}
