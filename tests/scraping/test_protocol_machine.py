"""Everything that may happen between runners and the server, in any order, on a real database.

After every step the tables are held against the promises of the protocol; in the end one good runner finishes all.
"""

import os
import random
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test
from pytest_django import Settings

from runners.models import Runner, RunnerKey
from scraping import doors, jobs, leaks, retries, scrapers, sweep
from scraping.models import ScrapeBatch, ScrapeJob, Scraper
from scraping.refusals import BatchRefusedError
from tests.scraping.machine import numbers, slugs, whoever
from tests.scraping.machine_acts import act, happen, holder
from tests.scraping.machine_network import Network
from tests.scraping.machine_workers import Hand, Worker


class Protocol(Network):
    """What staff and time do."""

    @act(seconds=st.sampled_from([1, 6, 20, 50, 130]))
    def time_passes(self, seconds: int) -> None:
        self.pass_time(seconds)

    @act(seconds=st.sampled_from([1, 16, 50, 600]))
    def nobody_is_there(self, seconds: int) -> None:
        self.clock.move(seconds)

    @act(times=st.integers(1, 3))
    def several_sweep(self, times: int) -> None:
        for _ in range(times):
            sweep.sweep()

    @act(weight=2, who=whoever, times=st.integers(1, 5), how=st.sampled_from(["error", "interrupted", "silence"]))
    def a_chain_gets_nowhere(self, who: int, times: int, how: str) -> None:
        """A runner takes what there is and gives it up, or falls silent, as often as that."""
        worker = self.workers[who]
        for _ in range(times):
            self.pass_time(84)
            self.look()
            self.poll(worker)
            self.look()
            for hand in list(worker.held()):
                if how == "silence":
                    worker.drop(hand.job_id)
                else:
                    body = {"job_id": hand.job_id, "status": "failed", "reason": how}
                    self.send(worker, worker.message("callback", **body))

    @holder(hours=st.sampled_from([-1, 0, 1]))
    def who_beats_is_left_alone(self, worker: Worker, hand: Hand, hours: int) -> None:
        """Whatever the clock does, a runner that takes its job up, gets on and beats every ten seconds keeps it."""
        held = ScrapeJob.objects.filter(pk=hand.job_id, status="running", runner=worker.runner)
        if not held.exists() or worker.revoked:
            return
        for beat in range(7):
            hand.posts += 1
            line = {"message": f"plain {hand.posts}"}
            self.send(worker, worker.message("logs", job_id=hand.job_id, logs=[line]))
            self.clock.move(10 + (hours * 3600 if beat == 1 else 0))
            sweep.sweep()
            assert held.exists(), "a live runner was swept"

    @act(skus=st.integers(1, 4), which=st.sets(slugs, min_size=1), most=st.integers(1, 3))
    def staff_ask_for_more(self, skus: int, which: set[str], most: int) -> None:
        if len(self.state.open_jobs()) < 5:
            self.ask_for(skus, sorted(which), most)

    @act(number=numbers)
    def staff_cancel_a_job(self, number: int) -> None:
        known = sorted(self.state.jobs)
        with doors.transact():
            jobs.cancel(known[number % len(known)])

    @act(who=whoever)
    def staff_pause_or_resume_a_runner(self, who: int) -> None:
        runner = Runner.objects.get(pk=self.workers[who].runner.pk)
        Runner.objects.filter(pk=runner.pk).update(paused=not runner.paused)

    @act(slug=slugs)
    def staff_pause_or_resume_a_scraper(self, slug: str) -> None:
        scraper = Scraper.objects.get(slug=slug)
        with doors.transact():
            assert scrapers.pause(scraper, reason="why not") or scrapers.resume(scraper)

    @act(slug=slugs, limit=st.sampled_from([None, 1, 2]))
    def staff_limit_a_scraper(self, slug: str, limit: int | None) -> None:
        """Jobs that work there already may go on, but nobody joins them while they are too many."""
        Scraper.objects.filter(slug=slug).update(max_parallel_jobs=limit)
        self.allowance.pop(slug, None)
        if limit is not None:
            self.allowance[slug] = max(limit, self.users(slug))

    @act(who=whoever, hand_on=st.booleans())
    def staff_revoke_a_key_or_issue_one(self, who: int, hand_on: bool) -> None:
        worker = self.workers[who]
        if worker.revoked:
            worker.get_key()
            return
        for key in RunnerKey.objects.filter(runner=worker.runner, revoked_at=None):
            with doors.transact():
                leaks.revoke(key, hand_on=hand_on)
        worker.revoked = True

    @act(number=numbers)
    def staff_cancel_a_batch(self, number: int) -> None:
        known = list(ScrapeBatch.objects.order_by("created_at"))
        with doors.transact():
            jobs.cancel_batch(known[number % len(known)])

    @act(number=numbers, whole=st.booleans())
    def staff_retry(self, number: int, whole: bool) -> None:
        known = list(ScrapeJob.objects.order_by("id"))
        job = known[number % len(known)]
        if len(self.state.open_jobs()) >= 5:
            return
        with suppress(BatchRefusedError), doors.transact():
            retries.retry(job.batch if whole else job, outcomes=retries.USUAL, by=None)

    @rule(data=st.data())
    def something_happens(self, data: st.DataObject) -> None:
        happen(self, data)

    @invariant()
    def all_promises_hold(self) -> None:
        self.look()


@pytest.fixture(autouse=True)
def _short(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an example of some dozen steps can reach, and ids that are the same when it is repeated."""
    monkeypatch.setattr(os, "urandom", random.randbytes)
    settings.PLAIN_LEASE_SECONDS, settings.PLAIN_ACKNOWLEDGE_SECONDS = 80, 30
    settings.PROGRESS_SECONDS = 120
    settings.MAX_CHAIN = 5


def run(*, examples: int, steps: int, **how: Any) -> None:
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
        **how,
    )
    run_state_machine_as_test(Protocol, settings=chosen)


@pytest.mark.django_db
def test_no_order_of_events_loses_doubles_or_sticks_a_unit() -> None:
    run(examples=12, steps=60, derandomize=True, database=None)


@pytest.mark.slow
@pytest.mark.django_db
def test_no_order_of_many_more_events_does_either() -> None:
    """Other orders each time, but in CI, where a change is judged; a failure prints what reproduces it."""
    run(examples=15, steps=100, derandomize="CI" in os.environ)
