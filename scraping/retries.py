"""Makes new jobs for units that ended badly, when staff ask for it."""

import uuid
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from runners.protocol.words import Outcome
from scraping import jobs
from scraping.models import ScrapeBatch, ScrapeJob, ScrapeResult
from scraping.refusals import BatchRefusedError

USUAL = frozenset(
    {
        *(Outcome.NETWORK, Outcome.BLOCKED, Outcome.LOGIN_FAILED, Outcome.LAYOUT_CHANGED),
        *(Outcome.RUNNER_ERROR, Outcome.SKIPPED, Outcome.UNREPORTED),
    }
)
"""Outcomes that another try may well change; the others are retried too where staff choose them."""


class Ended(NamedTuple):
    """How a unit of a root ended last."""

    root: uuid.UUID
    sku: str
    scraper: str
    outcome: Outcome


@dataclass(frozen=True)
class Retried:
    """The new jobs, and `{sku: why it was left out}`."""

    jobs: list[ScrapeJob] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)


def choices(of: ScrapeJob | ScrapeBatch) -> list[tuple[Outcome, int]]:
    """What can be retried of a job or a batch: every outcome but found, with its number of units, in the words' order.

    A unit that a later retry looked up again belongs to that retry.
    """
    counts = Counter(unit.outcome for unit in _units(of))
    return [(outcome, counts[outcome]) for outcome in Outcome if counts[outcome] and outcome is not Outcome.FOUND]


def retry(of: ScrapeJob | ScrapeBatch, *, outcomes: Collection[Outcome], by: User | None) -> Retried:
    """Put new jobs, each the root of a chain of its own, for the units that ended with one of `outcomes`.

    One per retried job and distinct set of scrapers. SKUs of open jobs, and those of a set that nobody can run, are
    left out. Raises BatchRefusedError while the job has not ended, and where no job at all was made. Needs a
    transaction.
    """
    if isinstance(of, ScrapeJob) and not of.ended:
        raise BatchRefusedError(_("This job has not ended yet."))
    jobs.take_turns()
    chosen = [unit for unit in _units(of) if unit.outcome in outcomes and unit.outcome is not Outcome.FOUND]
    if not chosen:
        raise BatchRefusedError(_("No unit is left to retry that ended so."))
    retried = Retried()
    for job, units in _by_job(of, chosen):
        _retry_job(job, units, by, retried)
    if not retried.jobs:
        raise BatchRefusedError(" ".join([_("Nothing was started."), *dict.fromkeys(retried.left_out.values())]))
    return retried


def _units(of: ScrapeJob | ScrapeBatch) -> list[Ended]:
    """The last result of each unit in the batch, as far as it is one of the job's own root and SKUs."""
    batch_id = of.batch_id if isinstance(of, ScrapeJob) else of.pk
    results = ScrapeResult.objects.filter(root__batch_id=batch_id)
    if isinstance(of, ScrapeJob):
        results = results.filter(sku__in=of.skus)
    last = results.order_by("sku", "scraper", "-id").distinct("sku", "scraper")
    rows = last.values_list("root_id", "sku", "scraper", "outcome")
    units = [Ended(root, sku, scraper, Outcome(word)) for root, sku, scraper, word in rows]
    return [unit for unit in units if isinstance(of, ScrapeBatch) or unit.root == of.root_id]


def _by_job(of: ScrapeJob | ScrapeBatch, units: list[Ended]) -> list[tuple[ScrapeJob, list[Ended]]]:
    """The job itself, or of each chain of the batch the last job, with its units."""
    if isinstance(of, ScrapeJob):
        return [(of, units)]
    roots = {unit.root for unit in units}
    chains: QuerySet[ScrapeJob] = of.jobs.filter(root_id__in=roots).order_by("root_id", "-created_at", "-id")
    return [(job, [unit for unit in units if unit.root == job.root_id]) for job in chains.distinct("root_id")]


def _retry_job(job: ScrapeJob, units: list[Ended], by: User | None, retried: Retried) -> None:
    scrapers: dict[str, set[str]] = {}
    for unit in units:
        scrapers.setdefault(unit.sku, set()).add(unit.scraper)
    busy = jobs.in_open_jobs(list(scrapers), test_of=job.batch if job.test_mode else None)
    retried.left_out.update(busy)
    groups: dict[tuple[str, ...], list[str]] = {}
    for sku in _in_order(job, scrapers):
        if sku not in busy:
            groups.setdefault(tuple(slug for slug in job.root.scrapers if slug in scrapers[sku]), []).append(sku)
    for slugs, skus in groups.items():
        try:
            jobs.refuse_unrunnable(slugs)
        except BatchRefusedError as refusal:
            retried.left_out.update(dict.fromkeys(skus, refusal.sentence))
        else:
            retried.jobs.append(_create(job, skus, slugs, by=by, number=len(retried.jobs)))


def _in_order(job: ScrapeJob, skus: Collection[str]) -> list[str]:
    return [sku for sku in job.root.skus if sku in skus]


def _create(job: ScrapeJob, skus: list[str], slugs: tuple[str, ...], *, by: User | None, number: int) -> ScrapeJob:
    """`turn` a microsecond apart, so that the first job made is the first one claimed."""
    context = job.root.context
    key = uuid.uuid4()
    return ScrapeJob.objects.create(
        id=key,
        batch_id=job.batch_id,
        root_id=key,
        retry_of=job,
        retried_by=by,
        skus=skus,
        scrapers=list(slugs),
        context={sku: context[sku] for sku in skus if sku in context},
        test_mode=job.test_mode,
        turn=Now() + timedelta(microseconds=number),
        total=len(skus) * len(slugs),
    )
