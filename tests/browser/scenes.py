"""What the operations page may have to show: nothing at all, or a busy day with all that can go wrong."""

from datetime import timedelta

from django.utils import timezone

from runners.models import Runner
from runners.protocol.words import Reason
from scraping import jobs, scrapers
from scraping.models import ScrapeBatch, ScrapeJob, ScrapeResult
from tests import make

OUTCOMES = ["found"] * 14 + ["not_found"] * 4 + ["network", "layout_changed", "ambiguous", "blocked"]


def busy() -> list[ScrapeJob]:
    """A day of units at three scrapers, a batch at work, a job that waits, a runner gone, a scraper paused.

    Returns the jobs that run.
    """
    for slug in ("acme", "bradley", "coastal"):
        make.scraper(slug)
    scrapers.pause(make.scraper("phillips"), reason="Paused by maria.")
    details = {"version": "1.4.0", "capabilities": ["http", "browser"], "memory_mb": 1612, "status": "busy"}
    runners = [make.runner(name, **details) for name in ("warehouse-1", "warehouse-2")]
    make.runner("office", paused=True, status="draining", last_words="Handing back what is open.")
    gone = make.runner("store-back-office", last_seen=timezone.now() - timedelta(minutes=3), last_words="Timeout")
    for runner in runners:
        make.key(runner, scrapers=["acme", "bradley", "coastal"])
    batch = ScrapeBatch.objects.create(
        scrapers=["acme", "bradley", "coastal"],
        sku_count=200,
        max_runners=3,
        source="spring-feed.xlsx",
        requested_by=make.staff(name="josé"),
    )
    running = [_at_work(batch, runner, number) for number, runner in enumerate([*runners, gone])]
    make.job(skus=["W-1", "W-2"], scrapers=["phillips"], run_after=timezone.now() - timedelta(minutes=11))
    _day(runners[0])
    return running


def _at_work(batch: ScrapeBatch, runner: Runner, number: int) -> ScrapeJob:
    skus = [f"{number}-{n}" for n in range(60)]
    job = make.running_job(runner, batch=batch, skus=skus, scrapers=["acme", "bradley", "coastal"])
    step = f"searching for {skus[19]} on coastal"
    ScrapeJob.objects.filter(pk=job.pk).update(step=step, started_at=timezone.now() - timedelta(minutes=4))
    _record(job, 40 + 20 * number, ago=timedelta(minutes=4))
    return job


def _record(job: ScrapeJob, number: int, *, ago: timedelta) -> None:
    """`number` units of the job, spread evenly over the time since `ago`."""
    units = [(sku, scraper) for sku in job.skus for scraper in job.scrapers][:number]
    rows = ScrapeResult.objects.bulk_create(
        ScrapeResult(
            root_id=job.root_id,
            job=job,
            sku=sku,
            scraper=scraper,
            outcome=OUTCOMES[at * 7 % len(OUTCOMES)],
            milliseconds=300 + at * 37 % 2500 + 900 * len(scraper),
        )
        for at, (sku, scraper) in enumerate(units)
    )
    for at, row in enumerate(rows):
        row.recorded_at = timezone.now() - ago * (1 - at / len(rows))
    ScrapeResult.objects.bulk_update(rows, ["recorded_at"])


def _day(runner: Runner) -> None:
    """Two jobs that ended, with units from hours ago till now; one of them failed."""
    for name, hours in (("first", 20), ("second", 7)):
        job = make.running_job(runner, skus=[f"{name}-{n}" for n in range(70)], scrapers=["acme", "bradley", "coastal"])
        _record(job, 210, ago=timedelta(hours=hours))
        job.refresh_from_db()
        if name == "first":
            jobs.complete(job, at=timezone.now())
        else:
            jobs.cancel(job.pk)
            job.refresh_from_db()
            jobs.fail(job, reason=Reason.ERROR, error="disk full", at=timezone.now())
