"""What needs a person, and why a job is where it is."""

from datetime import timedelta

import pytest
from django.utils import timezone

from scraping import attention, scrapers, why
from scraping.models import ScrapeJob
from tests import make

pytestmark = pytest.mark.django_db

LONG_AGO = timezone.now() - timedelta(minutes=10)


def words() -> list[tuple[str, str]]:
    return [(need.word, need.subject) for need in attention.needs()]


def test_nothing_needs_attention_while_all_is_well() -> None:
    make.scraper()
    make.key(make.runner())
    make.job()
    assert words() == []


def test_a_paused_scraper_says_why_it_is_paused() -> None:
    scraper = make.scraper()
    assert scrapers.pause(scraper, reason="Two logins were refused.")
    assert not scrapers.pause(scraper, reason="Another reason")
    (need,) = attention.needs()
    assert (need.word, need.sentence) == ("paused", "Two logins were refused.")
    assert scrapers.resume(scraper)
    assert attention.needs() == []


@pytest.mark.parametrize("outcome", ["layout_changed", "login_failed", "blocked"])
def test_trouble_with_a_site_is_named(outcome: str) -> None:
    make.scraper()
    job = make.running_job(make.runner(), skus=["1", "2"])
    make.result(job, sku="1", outcome=outcome)
    make.result(job, sku="2", outcome="not_found")
    assert words() == [(outcome.replace("_", " "), "acme")]


def test_a_runner_that_is_gone_with_a_job_is_the_worst() -> None:
    scrapers.pause(make.scraper(), reason="x")
    make.running_job(make.runner("office", last_seen=LONG_AGO))
    assert words() == [("runner gone", "office"), ("paused", "acme")]


def test_a_job_that_no_online_runner_may_take_is_named() -> None:
    make.key(make.runner("office"), scrapers=["bradley"])
    job = make.job(run_after=LONG_AGO)
    assert words() == [("waiting", f"job {job.short}")]


def test_a_waiting_job_says_what_it_waits_for() -> None:
    job = make.job()
    assert "No runner’s key allows acme" in why.sentence(job)
    runner = make.runner("office", last_seen=LONG_AGO)
    make.key(runner)
    assert why.sentence(job) == "No runner that may take it is online. Start one of: office."
    type(runner).objects.update(last_seen=timezone.now(), paused=True)
    assert why.sentence(job) == "Every runner that may take it is paused."
    type(runner).objects.update(paused=False)
    assert why.sentence(job) == "It waits for a runner to be free."
    scrapers.pause(make.scraper(), reason="x")
    assert why.sentence(job) == "It waits because acme is paused."


@pytest.mark.parametrize("reason", ["error", "interrupted", "cancelled", "unacknowledged", "timeout"])
def test_a_failed_job_has_a_sentence_for_every_reason(reason: str) -> None:
    job = make.running_job(make.runner("office"))
    ScrapeJob.objects.filter(pk=job.pk).update(
        status="failed", reason=reason, completed_at=timezone.now(), lease_expires_at=None
    )
    job.refresh_from_db()
    assert why.sentence(job).endswith(".")
