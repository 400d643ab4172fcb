"""What the database itself refuses."""

from collections.abc import Callable
from typing import Any

import pgtrigger
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from psycopg.errors import CheckViolation

from runners.models import Runner
from runners.protocol.words import JobStatus
from scraping.models import ScrapeJob, ScrapeJobLog, ScraperVersion
from scraping.states import MOVES
from scraping.violations import IllegalMoveError, KeptRowError
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
    with pytest.raises(IllegalMoveError, match=r"never changes|not allowed"), transaction.atomic():
        changing.update(**values_of(new))
    assert ScrapeJob.objects.get(pk=job.pk).status == old  # and the transaction goes on


def test_the_moves_are_four() -> None:
    moves = [(old, new) for old, new in ALL_MOVES if new in MOVES[old]]
    assert sorted(moves) == [
        ("pending", "failed"),
        ("pending", "running"),
        ("running", "completed"),
        ("running", "failed"),
    ]


def by_save(job: ScrapeJob) -> None:
    job.error = "changed"
    job.save()


def by_update(job: ScrapeJob) -> None:
    ScrapeJob.objects.filter(pk=job.pk).update(error="changed")


def by_bulk_update(job: ScrapeJob) -> None:
    job.error = "changed"
    ScrapeJob.objects.bulk_update([job], ["error"])


def by_bulk_create(job: ScrapeJob) -> None:
    """As an upsert, of a row that might be born."""
    for name, value in (values_of(JobStatus.PENDING) | {"error": "changed"}).items():
        setattr(job, name, value)
    ScrapeJob.objects.bulk_create([job], update_conflicts=True, unique_fields=["id"], update_fields=["error"])


def by_sql(job: ScrapeJob) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE scrape_jobs SET error = 'changed' WHERE id = %s", [job.pk])


def by_going_back(job: ScrapeJob) -> None:
    ScrapeJob.objects.filter(pk=job.pk).update(**values_of(JobStatus.PENDING))


@pytest.mark.parametrize("status", [JobStatus.COMPLETED, JobStatus.FAILED])
@pytest.mark.parametrize("way", [by_save, by_update, by_bulk_update, by_bulk_create, by_sql, by_going_back])
def test_an_ended_job_never_changes_whichever_way(way: Callable[[ScrapeJob], None], status: JobStatus) -> None:
    job = job_in(status)
    with pytest.raises(IllegalMoveError, match="never changes"), transaction.atomic():
        way(job)
    assert ScrapeJob.objects.get(pk=job.pk).error == ""


@pytest.mark.parametrize("status", [JobStatus.RUNNING, JobStatus.COMPLETED, JobStatus.FAILED])
@pytest.mark.parametrize("in_bulk", [False, True])
def test_a_job_is_born_pending(status: JobStatus, in_bulk: bool) -> None:
    make.runner()
    born = make.job()
    values = values_of(status)
    again = ScrapeJob(batch=born.batch, skus=["1"], scrapers=["acme"], root=born, **values)
    with pytest.raises(IllegalMoveError, match="cannot be born"), transaction.atomic():
        ScrapeJob.objects.bulk_create([again]) if in_bulk else again.save(force_insert=True)
    assert ScrapeJob.objects.count() == 1


def test_a_copy_brings_in_no_ended_job() -> None:
    job = job_in(JobStatus.COMPLETED)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE copied AS SELECT * FROM scrape_jobs")
        cursor.execute("UPDATE copied SET id = gen_random_uuid(), root_id = %s, retry_of_id = NULL", [job.pk])
        with cursor.copy("COPY copied TO STDOUT") as out:
            rows = b"".join(bytes(row) for row in out)
    with pytest.raises(CheckViolation, match="cannot be born"), transaction.atomic(), connection.cursor() as cursor:  # noqa: SIM117
        with cursor.copy("COPY scrape_jobs FROM STDIN") as into:
            into.write(rows)
    assert ScrapeJob.objects.count() == 1


def test_a_copy_brings_in_a_pending_job() -> None:
    """The same road, open: what the test above meets is the trigger and not a copy that fails anyhow."""
    make.job()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE copied AS SELECT * FROM scrape_jobs")
        cursor.execute("UPDATE copied SET id = gen_random_uuid()")
        with cursor.copy("COPY copied TO STDOUT") as out:
            rows = b"".join(bytes(row) for row in out)
        with cursor.copy("COPY scrape_jobs FROM STDIN") as into:
            into.write(rows)
    assert ScrapeJob.objects.count() == 2


@pytest.mark.parametrize("column", ["error", "step", "done", "skus"])
def test_an_ended_job_never_changes_also_in_raw_sql(column: str) -> None:
    job = job_in(JobStatus.COMPLETED)
    value = {"done": "7", "skus": "ARRAY['x']"}.get(column, "'changed'")
    with pytest.raises(IllegalMoveError, match="never changes"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE scrape_jobs SET {column} = {value} WHERE id = %s", [job.pk])


def test_no_session_can_ask_to_be_let_past() -> None:
    job = job_in(JobStatus.COMPLETED)
    with pgtrigger.ignore(), pytest.raises(IllegalMoveError), transaction.atomic():
        ScrapeJob.objects.filter(pk=job.pk).update(error="changed")


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
    line.message = "changed"
    with pytest.raises(KeptRowError), transaction.atomic():
        ScrapeJobLog.objects.filter(pk=line.pk).update(message="changed")
    with pytest.raises(KeptRowError), transaction.atomic():
        line.save()
    with pytest.raises(KeptRowError), transaction.atomic():
        ScrapeJobLog.objects.bulk_update([line], ["message"])
    with pytest.raises(KeptRowError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE scrape_job_logs SET message = 'changed' WHERE id = %s", [line.pk])
    with pytest.raises(KeptRowError), transaction.atomic():
        ScrapeJobLog.objects.all().delete()
    assert ScrapeJobLog.objects.get().message == "searching"


def test_other_violations_keep_their_own_name() -> None:
    make.scraper()
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        make.scraper()
    assert type(caught.value) is IntegrityError


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


@pytest.mark.parametrize(
    ("status", "change", "rule"),
    [
        (JobStatus.PENDING, "runner_id = (SELECT id FROM scraper_runners LIMIT 1)", "pending_is_free"),
        (JobStatus.PENDING, "lease_expires_at = now()", "lease_while_running"),
        (JobStatus.PENDING, "completed_at = now()", "ended_when"),
        (JobStatus.PENDING, "reason = 'error'", "failed_why"),
        (JobStatus.RUNNING, "started_at = NULL", "running_is_held"),
        (JobStatus.RUNNING, "versions = NULL", "running_is_held"),
        (JobStatus.RUNNING, "lease_expires_at = NULL", "lease_while_running"),
        (JobStatus.RUNNING, "status = 'failed', completed_at = now(), lease_expires_at = NULL", "failed_why"),
        (JobStatus.RUNNING, "status = 'completed', lease_expires_at = NULL", "ended_when"),
    ],
)
def test_what_a_job_says_goes_together(status: JobStatus, change: str, rule: str) -> None:
    job, named = job_in(status), f"scrape_jobs_{rule}"
    with pytest.raises(IntegrityError, match=named), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE scrape_jobs SET {change} WHERE id = %s", [job.pk])


def test_a_job_is_born_whole() -> None:
    born = make.job()
    again = ScrapeJob(batch=born.batch, skus=["1"], scrapers=["acme"], root=born, runner=make.runner())
    with pytest.raises(IntegrityError, match="scrape_jobs_pending_is_free"), transaction.atomic():
        again.save(force_insert=True)


def test_a_job_that_ended_well_keeps_its_runner() -> None:
    job = job_in(JobStatus.RUNNING)
    for end in ({"status": "completed"}, {"status": "failed", "reason": "cancelled"}):
        with pytest.raises(IntegrityError, match="runner_id is set once"), transaction.atomic():
            ScrapeJob.objects.filter(pk=job.pk).update(
                **end, runner=None, lease_expires_at=None, completed_at=timezone.now()
            )
