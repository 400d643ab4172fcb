"""Lending jobs and taking them back."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.utils import timezone

from runners.models import Runner
from runners.protocol.words import JobStatus, Reason
from scraping import claims, scrapers
from scraping.claims import Asker
from scraping.models import ScrapeJob, ScrapeResult
from scraping.refusals import CancelledError, FinishedError, NotYoursError, UnknownJobError
from tests import make

pytestmark = pytest.mark.django_db

NOW = timezone.now() + timedelta(hours=1)  # later than anything a slow run of the tests writes
OURS = {"schema_version": 1, "capabilities": frozenset({"http"})}


def claim(runner: Runner, *, job_id: object = None, now: Any = NOW, **can: Any) -> ScrapeJob | None:
    return claims.claim_next(Asker(runner, **can), job_id=job_id, now=now)


class TestClaiming:
    @pytest.fixture(autouse=True)
    def _acme(self) -> None:
        make.scraper("acme")

    def test_it_lends_the_job_whose_turn_is_first(self) -> None:
        late = make.job(id=UUID(int=1), turn=NOW)
        early = make.job(id=UUID(int=2), turn=NOW - timedelta(hours=1))
        runner = make.runner()
        assert [claim(runner), claim(runner), claim(runner)] == [early, late, None]

    def test_a_claimed_job_is_held_for_a_lease(self) -> None:
        make.job()
        runner = make.runner()
        job = claim(runner)
        assert job is not None
        job.refresh_from_db()
        assert (job.status, job.runner, job.versions) == (JobStatus.RUNNING, runner, {"acme": 1})
        assert (job.started_at, job.lease_seconds) == (NOW, 45)
        assert job.lease_expires_at == NOW + timedelta(seconds=45)
        assert job.acknowledge_by == NOW + timedelta(seconds=15)
        assert job.acknowledged_at is None

    def test_a_plain_client_has_ten_minutes_and_one_to_acknowledge(self) -> None:
        make.job()
        job = claim(make.runner(), plain=True)
        assert job is not None
        assert job.lease_expires_at == NOW + timedelta(minutes=10)
        assert job.acknowledge_by == NOW + timedelta(minutes=1)

    def test_it_pins_the_newest_version(self) -> None:
        scraper = make.scraper("bradley")
        scrapers.save_version(scraper, make.definition_document(slug="bradley"), by=None)
        make.job(scrapers=["bradley", "acme"])
        job = claim(make.runner())
        assert job is not None
        assert job.versions == {"acme": 1, "bradley": 2}

    @pytest.mark.parametrize(
        ("allowed", "lent"), [(None, True), ([], False), (["acme"], False), (["acme", "bradley", "coastal"], True)]
    )
    def test_all_scrapers_of_a_job_must_be_allowed(self, allowed: list[str] | None, lent: bool) -> None:
        make.scraper("bradley")
        make.job(scrapers=["acme", "bradley"])
        assert bool(claim(make.runner(), allowed=allowed)) is lent

    def test_it_passes_over_a_job_that_is_not_allowed(self) -> None:
        make.scraper("bradley")
        make.job(scrapers=["bradley"], turn=NOW - timedelta(hours=1))
        mine = make.job()
        assert claim(make.runner(), allowed=["acme"]) == mine

    @pytest.mark.parametrize(
        ("definition", "can", "lent"),
        [
            ({"schema_version": 2}, OURS, False),
            ({"schema_version": 2}, OURS | {"schema_version": 2}, True),
            ({"engine": "browser"}, OURS, False),
            ({"engine": "http_then_browser"}, OURS, False),
            ({"engine": "http_then_browser"}, {"capabilities": frozenset({"http", "browser"})}, True),
            ({"engine": "browser", "schema_version": 2}, {"plain": True}, True),
        ],
    )
    def test_the_runner_must_read_the_definition_and_have_its_engine(
        self, definition: dict[str, Any], can: dict[str, Any], lent: bool
    ) -> None:
        make.scraper("bradley", definition=definition)
        make.job(scrapers=["bradley"])
        assert bool(claim(make.runner(), **can)) is lent

    def test_a_job_waits_while_one_of_its_scrapers_is_paused(self) -> None:
        paused = make.scraper("bradley")
        make.job(scrapers=["acme", "bradley"])
        scrapers.pause(paused, reason="site is down")
        runner = make.runner()
        assert claim(runner) is None
        scrapers.resume(paused)
        assert claim(runner) is not None

    def test_a_paused_runner_is_offered_nothing(self) -> None:
        make.job()
        assert claim(make.runner(paused=True)) is None

    def test_a_job_waits_until_its_time_unless_it_is_asked_for(self) -> None:
        job = make.job(run_after=NOW + timedelta(seconds=1))
        assert claim(make.runner()) is None
        assert claim(make.runner("other"), job_id=str(job.pk)) == job

    def test_a_job_asked_for_by_id_must_be_pending_and_allowed(self) -> None:
        make.job()
        wanted = make.job()
        runner = make.runner()
        assert claim(runner, job_id=str(wanted.pk), allowed=[]) is None
        assert claim(runner, job_id="not-an-id") is None
        assert claim(runner, job_id=str(wanted.pk)) == wanted
        assert claim(runner, job_id=str(wanted.pk)) is None


@pytest.mark.django_db(transaction=True)
def test_fifty_polls_at_once_claim_each_of_ten_jobs_once() -> None:
    make.scraper("acme")
    jobs = [make.job(skus=[str(number)]) for number in range(10)]
    runners = [make.runner(f"runner-{number}") for number in range(5)]

    def poll(number: int) -> ScrapeJob | None:
        try:
            with transaction.atomic(durable=True):
                return claim(runners[number % 5])
        finally:
            connection.close()

    with ThreadPoolExecutor(25) as pool:
        claimed = Counter(job.pk for job in pool.map(poll, range(50)) if job)
    assert claimed == Counter(job.pk for job in jobs)


@pytest.mark.django_db(transaction=True)
def test_a_poll_passes_over_a_job_that_another_is_claiming_just_now() -> None:
    make.scraper("acme")
    first, second = make.job(turn=NOW - timedelta(hours=1)), make.job(turn=NOW)
    runner = make.runner()

    def poll() -> ScrapeJob | None:
        try:
            with transaction.atomic(durable=True), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '2s'")
                return claim(runner)
        finally:
            connection.close()

    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        ScrapeJob.objects.select_for_update().get(pk=first.pk)
        assert pool.submit(poll).result() == second


class TestAcknowledging:
    def test_it_notes_the_first_time_and_renews_the_lease(self) -> None:
        runner = make.runner()
        job = make.running_job(runner)
        ScrapeJob.objects.filter(pk=job.pk).update(acknowledged_at=None)
        claims.acknowledge(str(job.pk), runner=runner, now=NOW)
        claims.acknowledge(str(job.pk), runner=runner, now=NOW + timedelta(seconds=5))
        job.refresh_from_db()
        assert job.acknowledged_at == NOW
        assert job.heartbeat_at == NOW + timedelta(seconds=5)
        assert job.lease_expires_at == NOW + timedelta(seconds=50)

    def test_it_refuses_what_is_not_this_runners(self) -> None:
        mine, other = make.runner(), make.runner("other")
        for job in (make.job(), make.running_job(other)):
            with pytest.raises(NotYoursError):
                claims.acknowledge(job.pk, runner=mine)
        with pytest.raises(UnknownJobError):
            claims.acknowledge("nonsense", runner=mine)

    @pytest.mark.parametrize(
        ("reason", "error"), [(Reason.INTERRUPTED, FinishedError), (Reason.CANCELLED, CancelledError)]
    )
    def test_it_says_how_a_job_ended(self, reason: Reason, error: type[Exception]) -> None:
        runner = make.runner()
        job = make.running_job(runner)
        values = {"status": "failed", "reason": reason, "completed_at": NOW, "lease_expires_at": None}
        ScrapeJob.objects.filter(pk=job.pk).update(**values)
        with pytest.raises(error):
            claims.acknowledge(job.pk, runner=runner)


class TestTakingBack:
    def overdue(self, **values: Any) -> list[Any]:
        return claims.overdue(now=NOW, **values)

    def held(self, **values: Any) -> ScrapeJob:
        job = make.running_job(make.runner(), skus=["a", "b"])
        ScrapeJob.objects.filter(pk=job.pk).update(**values)
        job.refresh_from_db()
        return job

    def test_a_job_whose_lease_ran_out_is_interrupted_and_goes_on(self) -> None:
        job = self.held(lease_expires_at=NOW - timedelta(seconds=1), heartbeat_at=NOW)
        make.result(job, sku="a")
        assert self.overdue() == [job.pk]
        ended = claims.expire(job.pk, now=NOW)
        assert ended is not None
        assert (ended.status, ended.reason, ended.runner) == ("failed", "interrupted", job.runner)
        assert "warehouse-1 fell silent" in ended.error
        assert ScrapeJob.objects.get(retry_of=job).skus == ["b"]
        assert ScrapeResult.objects.count() == 1

    def test_a_claim_nobody_acknowledged_in_time_is_given_on_uncharged(self) -> None:
        late = NOW - timedelta(seconds=1)
        job = self.held(acknowledged_at=None, acknowledge_by=late, lease_expires_at=NOW + timedelta(seconds=30))
        ended = claims.expire(job.pk, now=NOW)
        assert ended is not None
        assert ended.reason == Reason.UNACKNOWLEDGED
        assert ScrapeJob.objects.get(retry_of=job).attempt == 1

    def test_an_acknowledged_job_is_left_alone_within_its_lease(self) -> None:
        job = self.held(acknowledge_by=NOW - timedelta(minutes=1), lease_expires_at=NOW + timedelta(seconds=1))
        assert self.overdue() == []
        assert claims.expire(job.pk, now=NOW) is None

    def test_nothing_expires_within_a_lease_after_an_outage(self) -> None:
        job = self.held(lease_expires_at=NOW - timedelta(minutes=5))
        assert self.overdue(resumed_at=NOW - timedelta(seconds=44)) == []
        assert self.overdue(resumed_at=NOW - timedelta(seconds=46)) == [job.pk]

    @pytest.mark.parametrize(("claimed", "expected"), [(timedelta(seconds=29), True), (timedelta(seconds=31), False)])
    def test_a_claim_made_since_an_outage_has_no_longer_to_be_acknowledged(
        self, claimed: timedelta, expected: bool
    ) -> None:
        self.held(acknowledged_at=None, acknowledge_by=NOW - timedelta(seconds=1), started_at=NOW - claimed)
        assert bool(self.overdue(resumed_at=NOW - timedelta(seconds=30))) is expected
