"""What is committed rings, once, and nothing else does."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection, connections, transaction
from django.db.models import F
from django.utils import timezone

from runners import bell
from runners.models import Runner
from runners.protocol.messages import HeldJob
from scraping import beats, jobs
from scraping.models import ScrapeJob, ScrapeJobLog
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)
Rung = Callable[[], list[str]]


@pytest.fixture
def rung() -> Iterator[Rung]:
    """What has rung since it was last asked, in order."""
    parameters = connections["direct"].get_connection_params()
    parameters.pop("cursor_factory")
    parameters.pop("context")
    with psycopg.connect(**parameters, autocommit=True) as session:
        session.execute(f"LISTEN {bell.CHANNEL}")

        def heard() -> list[str]:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_notify(%s, 'the end')", [bell.CHANNEL])
            said: list[str] = []
            for notice in session.notifies(timeout=10):
                if notice.payload == "the end":
                    return said
                said.append(notice.payload)
            raise AssertionError("its own bell was not heard")

        heard()
        yield heard


@pytest.fixture
def runner(rung: Rung) -> Runner:
    made = make.runner()
    assert rung() == [f"runner:{made.pk}"]
    return made


@pytest.fixture
def job(rung: Rung, runner: Runner) -> ScrapeJob:
    made = make.running_job(runner, skus=["1", "2", "3"])
    rung()
    return made


def beat(job: ScrapeJob, **said: Any) -> None:
    assert job.runner is not None
    with transaction.atomic():
        beats.beat([HeldJob(job_id=str(job.pk), **said)], runner=job.runner)


def test_a_batch_and_its_jobs_ring_when_they_are_asked_for(rung: Rung, runner: Runner) -> None:
    make.scraper()
    make.key(runner)
    with transaction.atomic():
        made = jobs.create_batch(skus=["1", "2"], scrapers=["acme"], max_runners=2, context={}, by=None)
    assert made.batch is not None
    assert set(rung()) == {f"job:{job.pk}" for job in made.jobs} | {f"batch:{made.batch.pk}"}


def test_lines_ring_once_for_each_job_of_a_statement(rung: Rung, job: ScrapeJob) -> None:
    other = make.job()
    rung()
    lines = [ScrapeJobLog(job=of, position=at, level="info", message="-") for of in (job, other) for at in (1, 2)]
    ScrapeJobLog.objects.bulk_create(lines)
    assert sorted(rung()) == sorted([f"log:{job.pk}", f"log:{other.pk}"])


def test_copied_lines_ring_too(rung: Rung, job: ScrapeJob) -> None:
    columns = "job_id, position, level, message, created_at"
    copying = f"COPY scrape_job_logs ({columns}) FROM STDIN"
    with transaction.atomic(), connection.cursor() as cursor, cursor.copy(copying) as copy:
        for position in (1, 2):
            copy.write_row((job.pk, position, "info", "-", timezone.now()))
    assert rung() == [f"log:{job.pk}"]


def test_what_is_rolled_back_does_not_ring(rung: Rung, job: ScrapeJob) -> None:
    with transaction.atomic():
        make.line(job)
        transaction.set_rollback(True)
    assert rung() == []


def test_a_beat_that_only_renews_the_lease_does_not_ring(rung: Rung, job: ScrapeJob) -> None:
    beat(job)
    assert rung() == []


def test_a_beat_that_gets_on_rings(rung: Rung, job: ScrapeJob) -> None:
    for said in ({"step": "2 × acme"}, {"done": 1, "total": 3}):
        beat(job, **said)
        assert rung() == [f"job:{job.pk}"]


def test_a_log_that_grows_does_not_ring_for_its_job(rung: Rung, job: ScrapeJob) -> None:
    ScrapeJob.objects.filter(pk=job.pk).update(log_head=F("log_head") + 1)
    assert rung() == []


def test_a_job_that_is_cancelled_rings(rung: Rung, job: ScrapeJob) -> None:
    with transaction.atomic():
        jobs.cancel(job.pk)
    assert rung() == [f"job:{job.pk}"]


def test_a_runner_that_changes_rings(rung: Rung, runner: Runner) -> None:
    for change in ({"status": "draining"}, {"paused": True}, {"last_words": "no disk"}):
        Runner.objects.filter(pk=runner.pk).update(**change)
        assert rung() == [f"runner:{runner.pk}"]


def test_a_runner_rings_when_it_speaks_after_a_silence_and_not_with_every_word(rung: Rung, runner: Runner) -> None:
    now = timezone.now()
    for seen, expected in [
        (now + timedelta(seconds=10), []),
        (now + timedelta(seconds=90), [f"runner:{runner.pk}"]),
        (None, []),
        (now, [f"runner:{runner.pk}"]),
    ]:
        Runner.objects.filter(pk=runner.pk).update(last_seen=seen)
        assert rung() == expected
