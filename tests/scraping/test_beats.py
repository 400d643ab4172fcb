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
