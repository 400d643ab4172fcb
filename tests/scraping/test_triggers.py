"""What the database itself refuses."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from runners.models import Runner
from runners.protocol.words import JobStatus
from scraping.models import ScrapeJob, ScrapeJobLog, ScraperVersion
from scraping.states import MOVES
from tests import make

pytestmark = pytest.mark.django_db

ALL_MOVES = [(old, new) for old in JobStatus for new in JobStatus if old != new]


def job_in(status: JobStatus) -> ScrapeJob:
    job = make.running_job(make.runner())
    if status == JobStatus.PENDING:
        return make.job(skus=["2"])
    if status.ended:
        ScrapeJob.objects.filter(pk=job.pk).update(**values_of(status))
    return job


def values_of(status: JobStatus) -> dict[str, Any]:
    now = timezone.now()
    values: dict[JobStatus, dict[str, Any]] = {
        JobStatus.PENDING: {"runner": None, "lease_expires_at": None, "completed_at": None, "reason": None},
        JobStatus.RUNNING: {
            "runner": Runner.objects.first(),
            "lease_expires_at": now,
            "started_at": now,
            "versions": {},
            "completed_at": None,
            "reason": None,
        },
        JobStatus.COMPLETED: {"lease_expires_at": None, "completed_at": now, "reason": None},
        JobStatus.FAILED: {"lease_expires_at": None, "completed_at": now, "reason": "cancelled"},
    }
    return {**values[status], "status": status}


@pytest.mark.parametrize(("old", "new"), ALL_MOVES)
def test_a_job_moves_only_as_the_table_says(old: JobStatus, new: JobStatus) -> None:
    job = job_in(old)
    changing = ScrapeJob.objects.filter(pk=job.pk)
    if new in MOVES[old]:
        assert changing.update(**values_of(new)) == 1
        return
    with pytest.raises(IntegrityError, match=r"never changes|not allowed|violates check"), transaction.atomic():
        changing.update(**values_of(new))


def test_a_job_is_born_pending() -> None:
    with pytest.raises(IntegrityError, match="cannot be born"), transaction.atomic():
        make.job(**values_of(JobStatus.COMPLETED))


@pytest.mark.parametrize("column", ["error", "step", "done", "skus"])
def test_an_ended_job_never_changes_also_in_raw_sql(column: str) -> None:
    job = job_in(JobStatus.COMPLETED)
    value = {"done": "7", "skus": "ARRAY['x']"}.get(column, "'changed'")
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE scrape_jobs SET {column} = {value} WHERE id = %s", [job.pk])


def test_a_violation_carries_the_constraints_name() -> None:
    job = job_in(JobStatus.COMPLETED)
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        ScrapeJob.objects.filter(pk=job.pk).update(error="changed")
    assert caught.value.__cause__.diag.constraint_name == "scrape_jobs_moves"  # type: ignore[union-attr]


def test_a_job_is_never_deleted() -> None:
    job = make.job()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM scrape_jobs WHERE id = %s", [job.pk])


def test_a_stored_line_never_changes() -> None:
    line = make.line(make.running_job(make.runner()))
    with pytest.raises(IntegrityError), transaction.atomic():
        ScrapeJobLog.objects.filter(pk=line.pk).update(message="changed")


def test_a_definition_never_changes() -> None:
    version = make.scraper().versions.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        ScraperVersion.objects.filter(pk=version.pk).update(definition={})


@pytest.mark.parametrize("missing", ["skus", "scrapers"])
def test_a_job_without_work_cannot_exist(missing: str) -> None:
    job = make.job()
    with pytest.raises(IntegrityError), transaction.atomic():
        ScrapeJob.objects.filter(pk=job.pk).update(**{missing: []})


def test_a_job_that_nobody_claimed_ends_only_as_cancelled() -> None:
    job = make.job()
    with pytest.raises(IntegrityError, match="scrape_jobs_unclaimed_only_cancelled"), transaction.atomic():
        ScrapeJob.objects.filter(pk=job.pk).update(**values_of(JobStatus.FAILED) | {"reason": "error"})
