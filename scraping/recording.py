"""Stores how units ended, once per root, and tells whoever listens in the same transaction.

The caller holds the row lock of the root's one open job, so nobody else records units of that root.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from django.db import connection, transaction
from django.utils.translation import gettext as _

from runners import rows
from runners.protocol.words import Outcome
from scraping import outage, units
from scraping.models import ScrapeJob, ScrapeResult
from scraping.refusals import ForeignUnitError
from scraping.signals import results_recorded
from scraping.units import Repeat, Unit

logger = logging.getLogger(__name__)
MAX_MESSAGE = 2000
AT_ONCE = 500
_gathered: ContextVar[list[ScrapeResult] | None] = ContextVar("gathered", default=None)
_KNOWN = "SELECT * FROM scrape_results WHERE root_id = %s AND sku = ANY(%s::text[])"
_COUNT_OPEN = """
    SELECT cardinality(skus) * cardinality(scrapers) - (SELECT count(*) FROM scrape_results WHERE root_id = root.id)
    FROM scrape_jobs root WHERE id = %s
"""


@dataclass
class Recorded:
    """Units stored for the first time in the message's order, and those that said something else than before."""

    new: list[Unit] = field(default_factory=list)
    contradicting: list[Unit] = field(default_factory=list)


def record(job: ScrapeJob, sent: Sequence[Unit], *, named: Iterable[str] = ()) -> Recorded:
    """Store `sent` units: new ones, and what fuller repeats add. `named` are SKUs of which perhaps no unit was sent.

    Raises ForeignUnitError before anything is stored when one is not the job's.
    """
    _refuse_foreign(job, sent, named)
    first: dict[tuple[str, str], Unit] = {}
    for unit in sent:
        first.setdefault((unit.sku, unit.scraper), unit)
    added = _add(_row(job, unit) for unit in first.values())
    known = added if len(added) == len(first) else added | _known(job, first)
    recorded = Recorded(new=[unit for key, unit in first.items() if key in added])
    fuller = {}
    for unit in sent:
        key = (unit.sku, unit.scraper)
        if _is_fuller(known[key], unit, recorded):
            _fill(known[key], unit)
            fuller[key] = known[key]
    for row in fuller.values():
        rows.update(row, ["fields", "raw", "url", "outcome"])
    _tell((added | fuller).values(), silent=job.test_mode)
    return recorded


@contextmanager
def together() -> Iterator[None]:
    """Announce what is stored inside at the end, all of it at once.

    Who stores in several steps in one transaction needs it: listeners lock products in SKU order, and a second round
    that begins anew with a smaller SKU closes a ring with somebody else's first.
    """
    gathered: list[ScrapeResult] = []
    token = _gathered.set(gathered)
    try:
        yield
    finally:
        _gathered.reset(token)
    _announce_all(gathered)


def open_units(job: ScrapeJob) -> list[tuple[str, str]]:
    """(SKU, scraper) of the job's units that its root has no result for, in the job's order."""
    known = set(ScrapeResult.objects.filter(root_id=job.root_id).values_list("sku", "scraper"))
    return [(sku, scraper) for sku in job.skus for scraper in job.scrapers if (sku, scraper) not in known]


def count_open(job: ScrapeJob) -> int:
    """How many units of the job's root have no result; all of them are the open job's."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_OPEN, [job.root_id])
        return int(cursor.fetchone()[0])


def close(jobs: Sequence[ScrapeJob], outcome: Outcome, message: str) -> None:
    """Record every open unit of the jobs with `outcome`: nothing stays open once a chain has ended.

    All together, so that the products of several jobs too are locked in SKU order.
    """
    for test in (False, True):
        left = [(job, sku, scraper) for job in jobs if job.test_mode is test for sku, scraper in open_units(job)]
        closed = [_row(job, Unit(sku, scraper, outcome=outcome, message=message)) for job, sku, scraper in left]
        _tell(_add(closed).values(), silent=test)


def _refuse_foreign(job: ScrapeJob, sent: Sequence[Unit], named: Iterable[str]) -> None:
    skus, scrapers = set(job.skus), set(job.scrapers)
    for sku in (*named, *(unit.sku for unit in sent)):
        if sku not in skus:
            raise ForeignUnitError(_("SKU {sku} is not in this job.").format(sku=sku), sku=sku)
    for unit in sent:
        if unit.scraper not in scrapers:
            sentence = _("Scraper {scraper} is not in this job.").format(scraper=unit.scraper)
            raise ForeignUnitError(sentence, scraper=unit.scraper)


def _row(job: ScrapeJob, unit: Unit) -> ScrapeResult:
    return ScrapeResult(
        root_id=job.root_id,
        job=job,
        sku=unit.sku,
        scraper=unit.scraper,
        outcome=unit.ended,
        message=unit.message[:MAX_MESSAGE],
        fields=unit.fields,
        raw=unit.raw,
        url=unit.url,
        milliseconds=unit.milliseconds,
        version=(job.versions or {}).get(unit.scraper),
        scraped_at=unit.scraped_at,
    )


def _is_fuller(row: ScrapeResult, unit: Unit, recorded: Recorded) -> bool:
    relation = units.repeat(outcome=row.outcome, values=row.fields, unit=unit)
    if relation is Repeat.CONTRADICTS:
        recorded.contradicting.append(unit)
    return relation is Repeat.FULLER


def _fill(row: ScrapeResult, unit: Unit) -> None:
    row.fields = unit.fields | row.fields
    row.raw = unit.raw | row.raw
    row.url = row.url or unit.url
    if unit.outcome is None:
        row.outcome = units.outcome_of(row.fields)


def _add(results: Iterable[ScrapeResult]) -> dict[tuple[str, str], ScrapeResult]:
    """Insert those of `results` whose units have none yet; returns them by unit."""
    new = list(results)
    added = [
        row
        for start in range(0, len(new), AT_ONCE)
        for row in rows.insert(new[start : start + AT_ONCE], unique=["root_id", "sku", "scraper"])
    ]
    return {(row.sku, row.scraper): row for row in added}


def _known(job: ScrapeJob, units: Iterable[tuple[str, str]]) -> dict[tuple[str, str], ScrapeResult]:
    """What the root has of the units' SKUs, by unit."""
    skus = sorted({sku for sku, _scraper in units})
    return {(row.sku, row.scraper): row for row in ScrapeResult.objects.raw(_KNOWN, [job.root_id, skus])}


def _tell(stored: Iterable[ScrapeResult], *, silent: bool) -> None:
    """Announce what is stored, now or with what else is gathered; `silent` results, of test runs, to nobody."""
    gathered = _gathered.get()
    if silent:
        return
    if gathered is None:
        _announce_all(stored)
    else:
        gathered.extend(stored)


def _announce_all(results: Iterable[ScrapeResult]) -> None:
    """In SKU order, the order in which products are locked."""
    ordered = sorted(results, key=lambda row: (row.sku, row.scraper))
    if results_recorded.has_listeners(ScrapeResult):
        for start in range(0, len(ordered), AT_ONCE):
            _announce(ordered[start : start + AT_ONCE])


def _announce(results: Sequence[ScrapeResult]) -> None:
    """Let the listeners take units together, or one by one where that fails.

    A unit that fails alone costs itself alone, or its page would be resent for ever.
    """
    try:
        with transaction.atomic():
            results_recorded.send(sender=ScrapeResult, results=results)
    except Exception as error:
        if outage.is_outage(error):
            raise
        if len(results) == 1:
            [row] = results
            logger.exception("job %s: recording %s × %s failed", row.job_id, row.sku, row.scraper)
            _spoil(row)
            return
        for row in results:
            _announce([row])


def _spoil(row: ScrapeResult) -> None:
    """Keep what was read, out of the way, and say that the fault is ours."""
    row.raw = row.raw | {"fields": row.fields, "outcome": row.outcome}
    row.fields = {}
    row.outcome = Outcome.RUNNER_ERROR
    row.message = _("Recording this unit failed on our side; what was read is kept. Tell whoever looks after BayState.")
    rows.update(row, ["raw", "fields", "outcome", "message"])
