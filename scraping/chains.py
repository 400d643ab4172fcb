"""What goes on after a job: a successor for its open units, or the last word on them."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from runners.protocol import step
from runners.protocol.words import Outcome, Reason
from scraping import recording
from scraping.models import ScrapeJob, ScrapeJobLog, ScrapeResult


@dataclass(frozen=True)
class Ending:
    """Why a chain's job failed, when, and whether its runner handed it back in good order."""

    reason: Reason
    at: datetime
    handed_back: bool = False


def go_on(job: ScrapeJob, ending: Ending, *, chance: Callable[[], float] = random.random) -> ScrapeJob | None:
    """Put a successor with the SKUs that have open units, or record those units when the chain ends here.

    `job` has just failed; `chance` gives a number in [0, 1) that spreads the successors' waits.
    """
    left = recording.open_units(job)
    if not left:
        return None
    if ending.reason is Reason.CANCELLED:
        skip([job])
        return None
    attempt = _attempt(job, ending)
    jobs = ScrapeJob.objects.filter(root_id=job.root_id).count()
    if attempt > settings.MAX_ATTEMPTS or jobs >= settings.MAX_CHAIN:
        recording.close([job], Outcome.UNREPORTED, _("Every attempt ended without a word about it."))
        return None
    wait = timedelta() if ending.handed_back else _wait(attempt, chance())
    return _successor(job, left, attempt=attempt, run_after=ending.at + wait)


def skip(cancelled: Sequence[ScrapeJob]) -> None:
    """Record what is open of cancelled jobs."""
    recording.close(cancelled, Outcome.SKIPPED, _("The job was cancelled."))


def in_hand(job: ScrapeJob) -> tuple[str | None, str] | None:
    """The scraper, where it is known, and the SKU that a runner worked on when it last spoke.

    As its beats say, unless that unit has been recorded since; else its last log line about a SKU.
    """
    said = step.read(job.step)
    if said and said[1] in job.skus and said not in _recorded(job, said[1]):
        return said
    lines = ScrapeJobLog.objects.filter(job=job, sku__isnull=False).order_by("-position")
    line = lines.first()
    return (line.scraper, line.sku) if line and line.sku else None


def _recorded(job: ScrapeJob, sku: str) -> list[tuple[str, str]]:
    return list(ScrapeResult.objects.filter(job=job, sku=sku).values_list("scraper", "sku"))


def _attempt(job: ScrapeJob, ending: Ending) -> int:
    """1 after a job that recorded a unit, else one more; one never taken up, or handed back, is not charged."""
    if ScrapeResult.objects.filter(job=job).exists():
        return 1
    return job.attempt + (0 if ending.handed_back or ending.reason is Reason.UNACKNOWLEDGED else 1)


def _wait(attempt: int, chance: float) -> timedelta:
    """0–5 s before the second attempt, or after progress; up to four times as long before each later one."""
    longest = min(settings.RETRY_SECONDS * 4.0 ** max(0, attempt - 2), settings.RETRY_LONGEST_SECONDS)
    return timedelta(seconds=longest * chance)


def _successor(job: ScrapeJob, left: list[tuple[str, str]], *, attempt: int, run_after: datetime) -> ScrapeJob:
    _site, last = in_hand(job) or (None, None)
    skus = sorted(dict.fromkeys(sku for sku, _scraper in left), key=lambda sku: sku == last)
    return ScrapeJob.objects.create(
        batch_id=job.batch_id,
        root_id=job.root_id,
        retry_of=job,
        attempt=attempt,
        skus=skus,
        scrapers=job.scrapers,
        context={sku: job.context[sku] for sku in skus if sku in job.context},
        test_mode=job.test_mode,
        turn=job.turn,
        run_after=run_after,
        total=len(skus) * len(job.scrapers),
        done=len(skus) * len(job.scrapers) - len(left),
    )
