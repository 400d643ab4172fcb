"""What needs a person, and why a job is where it is."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from runners.protocol.words import Reason
from scraping import attention, jobs, scrapers, why
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
    assert (need.word, need.sentence) == (
        "paused",
        "Two logins were refused. Jobs that need it wait until it is resumed.",
    )
    assert scrapers.resume(scraper)
    assert attention.needs() == []


@pytest.mark.parametrize("outcome", ["layout_changed", "login_failed", "blocked"])
def test_trouble_with_a_site_is_named(outcome: str) -> None:
    make.scraper(login_failures=1)
    job = make.running_job(make.runner(), skus=["1", "2"])
    make.result(job, sku="1", outcome=outcome)
    make.result(job, sku="2", outcome="not_found")
    assert words() == [(outcome.replace("_", " "), "acme")]


def test_trouble_is_settled_once_the_same_unit_ends_otherwise() -> None:
    make.scraper()
    make.result(make.running_job(make.runner(), skus=["1"]), outcome="layout_changed")
    make.result(make.running_job(make.runner("office"), skus=["1"]), outcome="found")
    assert words() == []


@pytest.mark.parametrize("outcome", ["skipped", "unreported"])
def test_a_unit_that_nobody_looked_up_settles_nothing(outcome: str) -> None:
    make.scraper()
    make.result(make.running_job(make.runner(), skus=["1"]), outcome="layout_changed")
    make.result(make.running_job(make.runner("office"), skus=["1"]), outcome=outcome)
    assert words() == [("layout changed", "acme")]


def test_a_refused_login_is_settled_by_one_that_works() -> None:
    scraper = make.scraper(login_failures=1)
    make.result(make.running_job(make.runner(), skus=["1"]), outcome="login_failed")
    assert words() == [("login failed", "acme")]
    scrapers.pause(scraper, reason="x")
    scrapers.resume(scraper)
    assert words() == []


def test_a_runner_that_is_gone_with_a_job_is_the_worst() -> None:
    scrapers.pause(make.scraper(), reason="x")
    make.running_job(make.runner("office", last_seen=LONG_AGO))
    assert words() == [("runner gone", "office"), ("paused", "acme")]


def test_a_runner_that_is_gone_for_want_of_a_key_says_so() -> None:
    runner = make.runner("office", last_seen=LONG_AGO)
    assert "no valid key" in attention.needs()[0].sentence
    make.key(runner)
    assert "Look at its machine" in attention.needs()[0].sentence


def test_a_job_that_no_online_runner_may_take_is_named() -> None:
    make.key(make.runner("office"), scrapers=["bradley"])
    job = make.job(run_after=LONG_AGO)
    assert words() == [("waiting", f"job {job.short}")]


def test_what_jobs_wait_for_is_one_thing_whoever_comes_and_goes() -> None:
    """Or an alert would leave, and one that it is over, each time a runner is added, renamed or goes away."""
    make.job(run_after=LONG_AGO)
    make.key(make.runner("office", last_seen=LONG_AGO))
    [key] = {need.key for need in attention.needs() if need.word == "waiting"}
    make.key(make.runner("cellar", paused=True))
    [need] = [need for need in attention.needs() if need.word == "waiting"]
    assert "cellar" in need.sentence
    assert need.key == key
    make.job(skus=["2"], run_after=LONG_AGO)
    assert [need.key for need in attention.needs() if need.word == "waiting"] == [key]


def test_a_waiting_job_says_what_it_waits_for() -> None:
    job = make.job()
    assert "No runner’s key allows acme" in why.sentence(job)
    runner = make.runner("office", last_seen=LONG_AGO)
    make.key(runner)
    assert why.sentence(job) == "No runner is online. Start one of: office."
    type(runner).objects.update(last_seen=timezone.now(), paused=True)
    assert why.sentence(job) == "Every runner that may take it is paused. Resume one of: office."
    type(runner).objects.update(paused=False)
    assert why.sentence(job) == "It waits for a runner to be free."
    scrapers.pause(make.scraper(), reason="x")
    assert why.sentence(job) == "It waits because acme is paused. Resume it, or cancel this job."


def test_a_runner_that_falls_silent_is_noticed_before_its_lease_ends() -> None:
    job = make.running_job(make.runner("office"))
    assert job.acknowledged_at
    now = job.acknowledged_at
    assert why.sentence(job, now=now + timedelta(seconds=20)) == "office works on it."
    assert why.sentence(job, now=now + timedelta(seconds=30)) == (
        "office last spoke of it 30 s ago. If it stays silent, a new job goes on in 15 s."
    )


def lost(reason: Reason = Reason.INTERRUPTED, *, handed_back: bool = False, **values: Any) -> ScrapeJob:
    """A job of office's that has failed with its one unit open."""
    job = make.running_job(make.runner("office"), skus=["1"], **values)
    jobs.fail(job, reason=reason, at=timezone.now(), handed_back=handed_back)
    job.refresh_from_db()
    return job


@pytest.mark.parametrize("reason", list(Reason))
def test_a_failed_job_has_a_sentence_for_every_reason(reason: Reason) -> None:
    assert why.sentence(lost(reason)).endswith(".")


def test_a_job_that_stood_still_says_since_when() -> None:
    moved = timezone.now() - timedelta(minutes=11)
    sentence = why.sentence(lost(Reason.TIMEOUT, progress_at=moved))
    assert f'It last got on <time datetime="{moved.isoformat()}"' in sentence
    assert "last spoke" not in sentence


def test_a_lost_job_says_what_was_in_hand_and_where_it_goes_on() -> None:
    job = lost(step="acme 1")
    successor = ScrapeJob.objects.get(retry_of=job)
    assert ", in hand: 1 at acme." in why.sentence(job)
    assert f"goes on in job {successor.short}" in why.sentence(job)


def test_the_last_job_of_a_chain_says_that_nobody_goes_on() -> None:
    assert "It was the last attempt" in why.sentence(lost(attempt=3))


def test_a_job_that_was_handed_back_blames_nobody() -> None:
    assert why.sentence(lost(final_digest="x", handed_back=True)).startswith("office was told to stop")
