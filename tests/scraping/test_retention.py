"""Old log lines are removed in steps, once, and with a word about it."""

import threading
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.utils import timezone

from scraping import queries, retention, tasks
from scraping.models import ScrapeJob, ScrapeJobLog, ScrapeLogTrim
from tests import make

pytestmark = pytest.mark.django_db
LATER = timezone.now() + timedelta(days=31)


def ended_job(lines: str = "dIWdEi") -> ScrapeJob:
    """A job that has ended; a letter is a line, of the level that begins with it."""
    job = make.running_job(make.runner(name=f"runner-{ScrapeJob.objects.count()}"))
    words = {"d": "debug", "i": "info", "w": "warning", "e": "error"}
    for letter in lines:
        make.line(job, level=words[letter.lower()])
    make.ended(job)
    return job


def left(job: ScrapeJob) -> list[int]:
    return list(job.lines.values_list("position", flat=True))


def trims(job: ScrapeJob) -> list[tuple[int, int, int]]:
    return list(job.trims.values_list("first", "last", "count"))


def test_warnings_and_errors_stay_where_they_were() -> None:
    job = ended_job()
    assert retention.work(now=LATER) == 4
    assert left(job) == [3, 5]
    assert trims(job) == [(1, 6, 4)]
    job.refresh_from_db()
    assert job.log_head == 6


def test_it_goes_in_steps_and_on_from_the_last_one() -> None:
    job = ended_job("iiiiiii")
    ScrapeLogTrim.objects.create(job=job, first=1, last=3, count=3)
    assert retention.work(now=LATER, step=3) == 4
    assert trims(job) == [(1, 3, 3), (4, 6, 3), (7, 7, 1)]


def test_a_second_time_there_is_nothing_to_do() -> None:
    job = ended_job("www")
    retention.work(now=LATER)
    assert retention.work(now=LATER) == 0
    assert trims(job) == [(1, 3, 0)]
    assert not retention.due(now=LATER).exists()


@pytest.mark.parametrize("now", [None, timezone.now() + timedelta(days=29)])
def test_what_is_younger_stays(now: datetime | None) -> None:
    job = ended_job()
    assert retention.work(now=now) == 0
    assert len(left(job)) == 6


def test_a_job_that_runs_keeps_every_line() -> None:
    job = make.running_job(make.runner())
    make.line(job)
    ScrapeJob.objects.filter(pk=job.pk).update(started_at=timezone.now() - timedelta(days=90))
    assert retention.work(now=LATER) == 0
    assert left(job) == [1]


def test_nobody_else_deletes_a_line() -> None:
    job = ended_job()
    with pytest.raises(IntegrityError, match="scrape_job_logs_retention"), transaction.atomic():
        ScrapeJobLog.objects.filter(job=job).delete()
    refused = pytest.raises(IntegrityError, match="scrape_job_logs_retention")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM scrape_job_logs WHERE job_id = %s", [job.pk])


def test_a_trim_is_never_changed() -> None:
    ended_job()
    retention.work(now=LATER)
    with pytest.raises(IntegrityError, match="scrape_log_trims_kept"), transaction.atomic():
        ScrapeLogTrim.objects.update(count=0)


def test_readers_are_told_how_many_lines_are_gone_and_which_is_the_first() -> None:
    job = ended_job("idwie")
    assert (queries.first_kept(job), queries.removed(job)) == (1, None)
    retention.work(now=LATER, step=2)
    gone = queries.removed(job)
    assert gone is not None
    assert (gone.count, queries.first_kept(job)) == (3, 3)
    assert gone.at <= timezone.now()


def test_the_chore_reads_the_databases_clock() -> None:
    job = ended_job()
    tasks.trim_logs(0)
    assert len(left(job)) == 6


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_remove_once() -> None:
    jobs = [ended_job("iiwiii") for _ in range(6)]
    start, removed = threading.Barrier(2), []

    def work() -> None:
        try:
            start.wait(timeout=30)
            removed.append(retention.work(now=LATER, step=2))
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    retention.work(now=LATER)
    assert sum(removed) <= 30
    for job in jobs:
        assert left(job) == [3]
        assert trims(job) == [(1, 2, 2), (3, 4, 1), (5, 6, 2)]
