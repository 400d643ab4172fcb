"""Heartbeats."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from runners.protocol.messages import HeldJob
from scraping import beats, jobs
from scraping.models import ScrapeJob
from tests import make

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_beat_renews_every_job_the_runner_holds() -> None:
    runner = make.runner()
    held = [make.running_job(runner), make.running_job(runner)]
    said = [HeldJob(job_id=str(job.pk)) for job in held]
    assert beats.beat(said, runner=runner, now=NOON).words == {str(job.pk): "ok" for job in held}
    leases = ScrapeJob.objects.values_list("heartbeat_at", "lease_expires_at")
    assert set(leases) == {(NOON, NOON + timedelta(seconds=45))}


def test_a_beat_acknowledges() -> None:
    runner = make.runner()
    job = make.running_job(runner)
    ScrapeJob.objects.update(acknowledged_at=None)
    beats.beat([HeldJob(job_id=str(job.pk))], runner=runner, now=NOON)
    assert ScrapeJob.objects.get().acknowledged_at == NOON


def test_a_beat_that_shows_progress_is_told_from_one_that_does_not() -> None:
    runner = make.runner()
    job = make.running_job(runner, skus=["a", "b"])
    said = HeldJob(job_id=str(job.pk), step="acme a", done=1, total=9)
    beats.beat([said], runner=runner, now=NOON)
    beats.beat([said], runner=runner, now=NOON + timedelta(seconds=10))
    job.refresh_from_db()
    assert (job.step, job.done, job.total) == ("acme a", 1, 2)
    assert (job.progress_at, job.heartbeat_at) == (NOON, NOON + timedelta(seconds=10))


def test_it_says_what_to_stop_and_what_is_lost() -> None:
    runner = make.runner()
    stopped, ended, others = make.running_job(runner), make.running_job(runner), make.running_job(make.runner("b"))
    jobs.cancel(stopped.pk)
    jobs.complete(ended, at=NOON)
    ids = [str(job.pk) for job in (stopped, ended, others)] + ["no-id"]
    said = beats.beat([HeldJob(job_id=job_id) for job_id in ids], runner=runner)
    assert list(said.words.values()) == ["cancel", "lost", "lost", "lost"]


def test_an_id_is_answered_as_it_was_written() -> None:
    runner = make.runner()
    job = make.running_job(runner)
    assert beats.beat([HeldJob(job_id=job.pk.hex.upper())], runner=runner).words == {job.pk.hex.upper(): "ok"}


@pytest.mark.django_db(transaction=True)
def test_a_beat_waits_for_nobody_who_writes_to_the_job() -> None:
    runner = make.runner()
    job = make.running_job(runner)
    locked, done = threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic():
            ScrapeJob.objects.select_for_update().get(pk=job.pk)
            locked.set()
            done.wait(5)
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    assert locked.wait(5)
    try:
        assert beats.beat([HeldJob(job_id=str(job.pk))], runner=runner).words == {str(job.pk): "ok"}
        assert writer.is_alive()
    finally:
        done.set()
        writer.join()
    job.refresh_from_db()
    assert job.heartbeat_at is None


def test_units_beyond_the_jobs_are_no_progress() -> None:
    runner = make.runner()
    job = make.running_job(runner, skus=["a"])
    said = HeldJob(job_id=str(job.pk), step="s" * 300, done=7, total=7)
    beats.beat([said], runner=runner, now=NOON)
    beats.beat([said], runner=runner, now=NOON + timedelta(seconds=10))
    job.refresh_from_db()
    assert (job.done, job.step, job.progress_at) == (1, "s" * 200, NOON)


def test_one_that_comes_late_renews_the_lease_and_nothing_else() -> None:
    runner = make.runner()
    job = make.running_job(runner, skus=["a", "b"])
    beats.beat([HeldJob(job_id=str(job.pk), step="acme b", done=1, seq=2)], runner=runner, now=NOON)
    later = NOON + timedelta(seconds=10)
    beats.beat([HeldJob(job_id=str(job.pk), step="acme a", seq=1)], runner=runner, now=later)
    job.refresh_from_db()
    assert (job.step, job.done, job.progress_at, job.heartbeat_at) == ("acme b", 1, NOON, later)


@pytest.mark.parametrize(("step", "working"), [("loading page 3", ["acme"]), ("acme a", ["acme"]), ("bradley a", [])])
def test_a_step_that_names_another_scraper_leaves_the_first(step: str, working: list[str]) -> None:
    runner = make.runner()
    make.scraper("acme", max_parallel_jobs=1)
    make.scraper("bradley", max_parallel_jobs=1)
    job = make.running_job(runner, scrapers=["acme", "bradley"])
    ScrapeJob.objects.update(working=["acme"])
    beats.beat([HeldJob(job_id=str(job.pk), step=step)], runner=runner)
    job.refresh_from_db()
    assert job.working == working
