"""The sweep."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from runners.protocol.messages import HeldJob
from scraping import beats, claims, sweep
from scraping.models import Presence, ScrapeJob
from tests import make

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def seconds(number: float) -> datetime:
    return NOON + timedelta(seconds=number)


def held_until(moment: datetime, *, spoke: datetime = NOON) -> ScrapeJob:
    job = make.running_job(make.runner(f"runner-{ScrapeJob.objects.count()}"))
    claimed = dict.fromkeys(["started_at", "acknowledged_at", "progress_at"], NOON)
    ScrapeJob.objects.filter(pk=job.pk).update(lease_expires_at=moment, heartbeat_at=spoke, **claimed)
    return job


class TestPresence:
    def test_it_is_noted_from_the_first_time_on(self) -> None:
        assert sweep.note_presence(now=NOON) == NOON
        assert sweep.note_presence(now=seconds(15)) == NOON
        assert Presence.objects.get().seen_at == seconds(15)

    @pytest.mark.parametrize("later", [15.1, 600, -1, -3600])
    def test_a_gap_or_a_clock_set_back_begins_it_anew(self, later: float) -> None:
        sweep.note_presence(now=NOON)
        assert sweep.note_presence(now=seconds(later)) == seconds(later)


class TestSweeping:
    def heard_until(self, last: float) -> None:
        """Runners were heard from noon to `last` without a gap."""
        Presence.objects.create(seen_at=seconds(last), resumed_at=NOON - timedelta(hours=1))

    def test_a_silent_runners_job_is_taken_back(self) -> None:
        self.heard_until(0)
        lost, kept = held_until(NOON), held_until(seconds(10))
        assert sweep.sweep(now=seconds(5)) == [lost]
        assert ScrapeJob.objects.get(retry_of=lost).status == "pending"
        kept.refresh_from_db()
        assert kept.status == "running"

    def test_it_is_taken_back_once(self) -> None:
        self.heard_until(0)
        held_until(NOON)
        assert len(sweep.sweep(now=seconds(5))) == 1
        assert sweep.sweep(now=seconds(10)) == []
        assert ScrapeJob.objects.count() == 2

    def test_after_an_outage_every_job_has_a_lease_to_be_heard_again(self) -> None:
        self.heard_until(0)
        job = held_until(seconds(30))
        assert sweep.sweep(now=seconds(600)) == []
        for later in range(605, 645, 10):
            assert sweep.sweep(now=seconds(later)) == []
        assert sweep.sweep(now=seconds(646)) == [job]

    def test_while_another_process_sweeps_it_does_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.heard_until(0)
        held_until(NOON)
        monkeypatch.setattr(sweep, "_is_mine", lambda: False)
        assert sweep.sweep(now=seconds(5)) == []


@pytest.mark.django_db(transaction=True)
def test_several_sweeps_at_once_make_one_successor_for_each_loss() -> None:
    Presence.objects.create(seen_at=NOON, resumed_at=NOON - timedelta(hours=1))
    lost = [held_until(NOON) for _ in range(5)]

    def run(_: int) -> int:
        try:
            return len(sweep.sweep(now=seconds(5)))
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(run, range(6))) == 5
    successors = ScrapeJob.objects.filter(retry_of__isnull=False)
    assert {job.retry_of for job in successors} == set(lost)
    assert len(successors) == 5


@pytest.mark.django_db(transaction=True)
def test_one_process_at_a_time_looks() -> None:
    def look() -> bool:
        try:
            with transaction.atomic():
                return sweep._is_mine()
        finally:
            connection.close()

    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        assert sweep._is_mine()
        assert pool.submit(look).result() is False


def test_a_process_that_shall_not_sweep_starts_no_thread(settings: Settings) -> None:
    settings.SWEEP_SECONDS = 0
    assert sweep.start() is None


def test_a_job_that_cannot_be_taken_back_keeps_no_other_waiting(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    Presence.objects.create(seen_at=NOON, resumed_at=NOON - timedelta(hours=1))
    first, second = sorted((held_until(NOON), held_until(NOON)), key=lambda job: job.pk)
    expire = claims.expire

    def stumble(job_id: Any, **values: Any) -> ScrapeJob | None:
        if job_id == first.pk:
            raise ValueError("poison")
        return expire(job_id, **values)

    monkeypatch.setattr(claims, "expire", stumble)
    assert sweep.sweep(now=seconds(5)) == [second]
    assert f"job {first.pk} could not be taken back" in caplog.text


class TestAStandstill:
    @pytest.fixture(autouse=True)
    def _heard(self) -> None:
        Presence.objects.create(seen_at=seconds(595), resumed_at=NOON - timedelta(hours=1))

    def test_a_job_that_is_renewed_but_stands_still_goes_on_with_another(self) -> None:
        job = held_until(seconds(640), spoke=seconds(599))
        assert sweep.sweep(now=seconds(600)) == []
        ScrapeJob.objects.filter(pk=job.pk).update(heartbeat_at=seconds(600))
        assert sweep.sweep(now=seconds(601)) == [job]
        job.refresh_from_db()
        assert (job.reason, job.error[:34]) == ("timeout", "runner-0 goes on speaking, but get")
        assert ScrapeJob.objects.get(retry_of=job).skus == job.skus

    def test_one_that_falls_silent_has_its_lease(self) -> None:
        """A plain client sends no beats; who says nothing is not told to stand still."""
        held_until(seconds(1800), spoke=seconds(56))
        Presence.objects.update(seen_at=seconds(1790))
        assert sweep.sweep(now=seconds(1799)) == []
        assert [job.reason for job in sweep.sweep(now=seconds(1801))] == ["interrupted"]

    def test_one_that_got_further_does_not(self) -> None:
        job = held_until(seconds(640), spoke=seconds(600))
        ScrapeJob.objects.filter(pk=job.pk).update(progress_at=seconds(2))
        assert sweep.sweep(now=seconds(601)) == []

    def test_time_without_a_server_is_not_counted(self) -> None:
        Presence.objects.update(resumed_at=seconds(500))
        job = held_until(seconds(640), spoke=seconds(600))
        assert sweep.sweep(now=seconds(601)) == []
        Presence.objects.update(seen_at=seconds(1095))
        ScrapeJob.objects.filter(pk=job.pk).update(lease_expires_at=seconds(1140))
        assert sweep.sweep(now=seconds(1101)) == [job]


HOUR = timedelta(hours=1)


class TestAClockThatSteps:
    """The database's clock is an hour ahead or behind from one moment to the next; nobody else's is."""

    @pytest.fixture(autouse=True)
    def _heard(self) -> None:
        Presence.objects.create(seen_at=NOON, resumed_at=NOON - 2 * HOUR)

    def sweeps(self, job: ScrapeJob, step: timedelta, *, alive: bool) -> float | None:
        """Seconds until `job` was taken back, of the 90 after the step."""
        for later in range(5, 95, 5):
            now = seconds(later) + step
            if alive and later % 10 == 0:
                assert job.runner is not None
                beats.beat([HeldJob(job_id=str(job.pk))], runner=job.runner, now=now)
            if sweep.sweep(now=now):
                return later
        return None

    @pytest.mark.parametrize("step", [HOUR, -HOUR])
    def test_a_runner_that_speaks_keeps_its_job(self, step: timedelta) -> None:
        assert self.sweeps(held_until(seconds(45)), step, alive=True) is None

    @pytest.mark.parametrize("step", [HOUR, -HOUR])
    def test_one_that_is_gone_loses_it_within_a_minute(self, step: timedelta) -> None:
        after = self.sweeps(held_until(seconds(45)), step, alive=False)
        assert after is not None
        assert after <= 60
        assert ScrapeJob.objects.get(status="failed").reason == "interrupted"

    def test_a_standstill_is_seen_after_a_step_back(self) -> None:
        job = held_until(seconds(45))
        self.sweeps(job, -HOUR, alive=True)
        job.refresh_from_db()
        assert job.progress_at is not None
        assert job.progress_at <= NOON - HOUR + timedelta(seconds=10)

    def test_a_job_made_before_a_step_back_can_be_claimed(self) -> None:
        make.scraper()
        job = make.job(created_at=NOON, run_after=seconds(4), turn=NOON)
        runner = make.runner()
        assert claims.claim_next(claims.Asker(runner), now=seconds(3)) is None
        assert claims.claim_next(claims.Asker(runner), now=seconds(3) - HOUR) == job
