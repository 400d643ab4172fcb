"""PostgreSQL cuts its sessions, or ends and is started again, while it works on a claim or a callback."""

from collections.abc import Callable

import pytest

from scraping.models import Presence, ScrapeJob, Scraper, ScrapeResult
from tests import make
from tests.faults import breaking, ledger
from tests.faults.fleet import Fleet
from tests.faults.plain import Plain, Underway
from tests.faults.waiting import until

pytestmark = pytest.mark.slow
SERVES_AGAIN = 10.0
Break = Callable[[], None]


@pytest.fixture(params=[breaking.cut_sessions, breaking.restart_postgres])
def broken_by(request: pytest.FixtureRequest) -> Break:
    chosen: Break = request.param
    return chosen


@pytest.fixture
def plain(fleet: Fleet) -> Plain:
    return Plain(fleet.web.url, make.key(make.runner(f"{fleet.slug}-plain"), scrapers=[fleet.slug]))


def assert_it_serves_again(plain: Plain) -> None:
    """Requests and the sweep alike, without an error of ours."""
    seconds = until(lambda: plain.post("/api/scraper/v1/heartbeat", {"status": "idle"})[0] == 200, seconds=60)
    assert seconds <= SERVES_AGAIN
    assert {plain.post("/api/scraper/v1/heartbeat", {"status": "idle"})[0] for _ in range(20)} == {200}
    seen = Presence.objects.get().seen_at
    until(lambda: Presence.objects.get().seen_at > seen)


def test_a_claim_is_made_whole_or_not_at_all(fleet: Fleet, plain: Plain, broken_by: Break) -> None:
    batch = fleet.batch(skus=2)
    # whoever claims a job of a scraper with a limit locks the scraper first
    Scraper.objects.filter(slug=fleet.slug).update(max_parallel_jobs=1)
    with breaking.in_the_midst("scrapers", Scraper.objects.get(slug=fleet.slug).pk, broken_by):
        asked = Underway(plain.poll)
    status, said = asked.answer()
    assert (status, said and said["code"]) == (503, "unavailable"), fleet.told(batch)
    job = ScrapeJob.objects.get(batch=batch)
    assert (job.status, job.runner, job.lease_expires_at, job.versions) == ("pending", None, None, None)
    assert_it_serves_again(plain)
    status, said = plain.poll()
    assert (status, said["job"]["job_id"]) == (200, str(job.pk))
    assert plain.poll() == (200, {"job": None})


def test_a_callback_is_applied_whole_or_not_at_all(fleet: Fleet, plain: Plain, broken_by: Break) -> None:
    batch = fleet.batch(skus=2)
    job_id, skus = plain.poll()[1]["job"]["job_id"], [fleet.sku(1), fleet.sku(2)]
    job = ScrapeJob.objects.filter(pk=job_id)
    job.update(lease_seconds=60)
    assert plain.callback(job_id, "running", scraper=fleet.slug)[0] == 200
    with breaking.in_the_midst("scrape_jobs", job_id, broken_by):
        told = Underway(lambda: plain.callback(job_id, "completed", *skus, scraper=fleet.slug))
    status, said = told.answer()
    assert (status, said and said["code"]) == (503, "unavailable"), fleet.told(batch)
    assert (job.get().status, job.get().final_digest, ledger.recorded(batch)) == ("running", "", 0)
    assert_it_serves_again(plain)
    assert plain.callback(job_id, "completed", *skus, scraper=fleet.slug) == (
        200,
        {"success": True, "recorded": 2, "remaining": 0},
    )
    assert (job.get().status, ledger.faults(batch), ledger.outcomes(batch)) == ("completed", [], {"found": 2})


def test_what_was_answered_outlives_the_servers_end(fleet: Fleet, plain: Plain) -> None:
    batch = fleet.batch(skus=2)
    job_id = plain.poll()[1]["job"]["job_id"]
    plain.callback(job_id, "completed", fleet.sku(1), fleet.sku(2), scraper=fleet.slug)
    breaking.restart_postgres()
    assert ScrapeResult.objects.filter(job_id=job_id).count() == 2
    assert ledger.ended(batch)
    assert_it_serves_again(plain)
