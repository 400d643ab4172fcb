"""Takes in what runners send about their jobs: log lines, results, the last word. Doors open the transaction."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from runners.models import Runner
from runners.protocol.messages import Callback, CallbackAnswer, LogLine
from runners.protocol.words import JobStatus, LogLevel, Reason
from scraping import claims, fence, jobs, journal, logins, recording, units
from scraping.models import ScrapeJob
from scraping.recording import Recorded
from scraping.units import Unit


@dataclass(frozen=True)
class Logged:
    """Lines stored now, the runner's highest number stored, the number missing at a gap, whether the log is full."""

    count: int
    acked: int
    expected: int | None
    truncated: bool


def log(job_id: str, lines: Sequence[LogLine], *, runner: Runner, now: datetime | None = None) -> Logged:
    """Append lines to the log of the running job that `runner` holds. Raises the fence's errors."""
    job, at = fence.hold(job_id, runner=runner, now=now)
    appended = journal.append(job, lines)
    claims.renew(job, at=at, progress=appended.count > 0)
    jobs.save(job)
    return Logged(appended.count, job.log_seq, appended.expected, job.log_closed)


def callback(message: Callback, *, runner: Runner, now: datetime | None = None) -> dict[str, Any]:
    """Record a callback's results and, when it is the last word, end the job; returns the answer as JSON.

    An identical repeat of the last word gets the same answer and changes nothing. Raises the fence's errors, and
    ForeignUnitError, after which nothing of the message is stored.
    """
    sent = units.read(message.results)
    watched = logins.watch(sent)
    job, at = fence.lock(message.job_id, now=now)
    digest = _digest(message)
    if message.status.ended and job.runner_id == runner.pk and job.final_digest == digest:
        return dict(job.final_answer or {})
    fence.check(job, runner=runner)
    with recording.together():
        recorded = _record(job, sent, named=message.results.data if message.results else ())
        for slug, reason in logins.count(watched, recorded.new).items():
            journal.say(job, LogLevel.ERROR, f"{slug}: {reason}", scraper=slug)
        claims.renew(job, at=at, progress=bool(recorded.new))
        left = recording.count_open(job)
        answer = _answer(job, message, recorded, left)
        if message.status.ended:
            job.final_digest, job.final_answer = digest, answer
            _end(job, message, left=left, at=at)
        else:
            jobs.save(job)
    return answer


def _record(job: ScrapeJob, sent: Sequence[Unit], *, named: Iterable[str]) -> Recorded:
    recorded = recording.record(job, sent, named=named)
    for unit in recorded.contradicting:
        text = _("{sku} × {scraper} was reported again and differently ({outcome}); the first report stands.")
        line = text.format(sku=unit.sku, scraper=unit.scraper, outcome=unit.ended)
        journal.say(job, LogLevel.WARNING, line, scraper=unit.scraper, sku=unit.sku)
    return recorded


def _answer(job: ScrapeJob, message: Callback, recorded: Recorded, left: int) -> dict[str, Any]:
    """`remaining` counts the root's open units; a completed job leaves none, whether reported or not."""
    job.done = max(0 if message.status.ended else job.done, job.total - left)
    answer = CallbackAnswer(
        success=True,
        recorded=len(recorded.new),
        remaining=0 if message.status == JobStatus.COMPLETED else left,
        cancel=True if job.cancel_requested_at and not message.status.ended else None,
    )
    return answer.model_dump(mode="json", exclude_none=True)


def _end(job: ScrapeJob, message: Callback, *, left: int, at: datetime) -> None:
    error = message.error_message or ""
    if message.status == JobStatus.COMPLETED:
        jobs.complete(job, error=error, at=at, left=left)
        return
    handed_back = message.reason == Reason.INTERRUPTED
    reason = Reason.INTERRUPTED if handed_back else Reason.ERROR
    jobs.fail(job, reason=reason, error=error, at=at, handed_back=handed_back)


def _digest(message: Callback) -> str:
    """What makes two last words identical: everything we read of them, in any key order."""
    text = json.dumps(message.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
