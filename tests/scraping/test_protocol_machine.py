"""Everything that may happen between runners and the server, in any order, on a real database.

After every step the tables are held against the promises of the protocol; in the end one good runner finishes all.
"""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test
from pytest_django import Settings

from runners.models import Runner, RunnerKey
from scraping import doors, jobs, leaks, retries, scrapers, sweep
from scraping.models import ScrapeBatch, ScrapeJob, Scraper
from scraping.refusals import BatchRefusedError
from tests.scraping.machine import World, fates, numbers, slugs
from tests.scraping.machine_workers import Hand, Worker, begin, step_of

whoever = st.integers(min_value=0, max_value=3)


class Network(World):
    """What runners send, and what becomes of it on the way."""

    @rule(who=whoever, fate=fates)
    def asks_for_work(self, who: int, fate: str) -> None:
        self.poll(self.workers[who], fate)

    @rule(who=whoever, number=numbers)
    def asks_for_one_job(self, who: int, number: int) -> None:
        known = sorted(self.state.jobs)
        self.poll(self.workers[who], job_id=str(known[number % len(known)]))

    @precondition(lambda self: self.held())
    @rule(number=numbers, fate=fates)
    def acknowledges(self, number: int, fate: str) -> None:
        worker, hand = self.pick(number)
        self.send(worker, worker.message("job", job_id=hand.job_id), fate)

    @precondition(lambda self: self.held())
    @rule(number=numbers, all_of_them=st.booleans(), fate=fates)
    def beats(self, number: int, all_of_them: bool, fate: str) -> None:
        worker, hand = self.pick(number)
        if not worker.plain:
            self.beat(worker, list(worker.held()) if all_of_them else [hand], fate)

    @precondition(lambda self: self.held())
    @rule(number=numbers, slug=slugs, fate=fates)
    def begins_with_a_scraper(self, number: int, slug: str, fate: str) -> None:
        worker, hand = self.pick(number)
        if not worker.plain and hand.ready and slug in hand.scrapers:
            begin(hand, slug)
            self.beat(worker, [hand], fate)

    @precondition(lambda self: self.held())
    @rule(number=numbers, slug=slugs, fate=fates)
    def leaves_a_scraper(self, number: int, slug: str, fate: str) -> None:
        worker, hand = self.pick(number)
        if not worker.plain:
            hand.at_work.discard(slug)
            hand.wanted.discard(slug)
            self.beat(worker, [hand], fate)

    @precondition(lambda self: self.held())
    @rule(number=numbers, back=st.integers(-2, 3), count=st.integers(1, 4), through=st.booleans(), fate=fates)
    def writes_numbered_lines(self, number: int, back: int, count: int, through: bool, fate: str) -> None:
        """From `back` lines before the next one, or after it, which leaves a gap; the last one may stand for three."""
        worker, hand = self.pick(number)
        first = max(1, hand.lines + 1 - back)
        lines: list[dict[str, Any]] = [
            {"seq": seq, "level": "INFO", "message": f"line {seq}", "sku": hand.skus[seq % len(hand.skus)]}
            for seq in range(first, first + count)
        ]
        if through:
            lines[-1] |= {"through": lines[-1]["seq"] + 2, "message": "3 lines were dropped"}
        if back >= 0:
            hand.lines = max(hand.lines, lines[-1].get("through", lines[-1]["seq"]))
        self.send(worker, worker.message("logs", job_id=hand.job_id, logs=lines), fate)

    @precondition(lambda self: self.held())
    @rule(number=numbers, fate=fates)
    def writes_a_line_without_number(self, number: int, fate: str) -> None:
        worker, hand = self.pick(number)
        hand.posts += 1
        line = {"level": "warn", "message": f"plain {hand.posts}", "timestamp": "2026-11-26T01:00:00"}
        self.send(worker, worker.message("logs", job_id=hand.job_id, logs=[line]), fate)

    @precondition(lambda self: self.held())
    @rule(number=numbers, unit=numbers, word=st.sampled_from(["found", "not_found", "network"]), fate=fates)
    def reports_a_unit(self, number: int, unit: int, word: str, fate: str) -> None:
        worker, hand = self.pick(number)
        sku, slug = hand.units()[unit % len(hand.units())]
        hand.step, hand.done = step_of(sku, slug), hand.done + 1
        items = [{"sku": sku, "scraper": slug, "outcome": word, "fields": {"name": sku} if word == "found" else {}}]
        self._calls(worker, hand, "running", fate, results={"items": items})

    @precondition(lambda self: self.held())
    @rule(number=numbers, sku=numbers, name=st.sampled_from(["", "Fish", "Dog"]), brand=st.booleans(), fate=fates)
    def reports_flat(self, number: int, sku: int, name: str, brand: bool, fate: str) -> None:
        worker, hand = self.pick(number)
        values = {"title": name, "price": 3} | ({"brand": "Acme"} if brand else {})
        data = {hand.skus[sku % len(hand.skus)]: dict.fromkeys(hand.scrapers, values)}
        self._calls(worker, hand, "running", fate, results={"data": data})

    @precondition(lambda self: self.held())
    @rule(number=numbers, fate=fates)
    def reports_what_nobody_asked_for(self, number: int, fate: str) -> None:
        worker, hand = self.pick(number)
        items = [{"sku": sku, "scraper": hand.scrapers[0], "outcome": "found"} for sku in (hand.skus[0], "nobody")]
        self._calls(worker, hand, "running", fate, results={"items": items})

    @precondition(lambda self: self.held())
    @rule(number=numbers, how=st.sampled_from(["completed", "error", "interrupted"]), some=st.booleans(), fate=fates)
    def says_the_last_word(self, number: int, how: str, some: bool, fate: str) -> None:
        worker, hand = self.pick(number)
        items = [{"sku": hand.skus[-1], "scraper": slug, "outcome": "blocked"} for slug in hand.scrapers]
        also = {"results": {"items": items}} if some else {}
        if how == "completed":
            self._calls(worker, hand, "completed", fate, **also)
        else:
            self._calls(worker, hand, "failed", fate, reason=how, error_message="gave up", **also)

    def _calls(self, worker: Worker, hand: Hand, status: str, fate: str, **body: Any) -> None:
        self.send(worker, worker.message("callback", job_id=hand.job_id, status=status, **body), fate)

    @rule(who=whoever, number=numbers, path=st.sampled_from(["job", "logs", "callback", "heartbeat"]))
    def speaks_of_any_job(self, who: int, number: int, path: str) -> None:
        """Whosever it is: a wrong id, or somebody who tries."""
        worker, known = self.workers[who], sorted(self.state.jobs)
        job_id = str(known[number % len(known)])
        bodies: dict[str, dict[str, Any]] = {
            "job": {"job_id": job_id},
            "logs": {"job_id": job_id, "logs": [{"message": "not mine"}]},
            "callback": {"job_id": job_id, "status": "running"},
            "heartbeat": {"jobs": [{"job_id": job_id, "done": 1}]},
        }
        self.deliver(worker.message(path, **bodies[path]))

    @precondition(lambda self: self.late)
    @rule(number=numbers)
    def a_late_message_arrives(self, number: int) -> None:
        self.deliver(self.late.pop(number % len(self.late)))

    @precondition(lambda self: self.sent)
    @rule(back=st.integers(1, 30))
    def a_message_arrives_again(self, back: int) -> None:
        message = self.sent[-min(back, len(self.sent))]
        if message.path != "poll" or "holding" in message.body:
            self.deliver(message)

    @rule(who=whoever)
    def is_killed_and_started_again(self, who: int) -> None:
        """Its beats, its threads and its memory end; the spool says what it held."""
        worker = self.workers[who]
        worker.stop()
        holding = [hand.job_id for hand in worker.held()]
        if holding and not worker.plain:
            self.poll(worker, holding=holding)
            for hand in list(worker.held()):
                self.send(worker, worker.message("job", job_id=hand.job_id))

    @rule(who=whoever)
    def is_killed_for_good(self, who: int) -> None:
        self.workers[who].stop()
        for hand in self.workers[who].held():
            hand.over = True


class Protocol(Network):
    """What staff and time do."""

    @rule(seconds=st.sampled_from([1, 6, 20, 50, 130]))
    def time_passes(self, seconds: int) -> None:
        self.pass_time(seconds)

    @rule(seconds=st.sampled_from([1, 16, 50, 600]))
    def nobody_is_there(self, seconds: int) -> None:
        self.clock.move(seconds)

    @rule(times=st.integers(1, 3))
    def several_sweep(self, times: int) -> None:
        for _ in range(times):
            sweep.sweep()

    @precondition(lambda self: self.held())
    @rule(hours=st.sampled_from([-1, 0, 1]), number=numbers)
    def who_beats_is_left_alone(self, hours: int, number: int) -> None:
        """Whatever the clock does, a runner that takes its job up, gets on and beats every ten seconds keeps it."""
        worker, hand = self.pick(number)
        held = ScrapeJob.objects.filter(pk=hand.job_id, status="running", runner=worker.runner)
        if not held.exists() or worker.revoked:
            return
        for beat in range(7):
            if beat == 1:
                self.clock.move(hours * 3600)
            hand.posts += 1
            line = {"message": f"plain {hand.posts}"}
            self.send(worker, worker.message("logs", job_id=hand.job_id, logs=[line]))
            sweep.sweep()
            assert held.exists(), "a live runner was swept"
            self.clock.move(10)

    @precondition(lambda self: len(self.state.open_jobs()) < 5)
    @rule(skus=st.integers(1, 4), which=st.sets(slugs, min_size=1), most=st.integers(1, 3))
    def staff_ask_for_more(self, skus: int, which: set[str], most: int) -> None:
        self.ask_for(skus, sorted(which), most)

    @rule(number=numbers)
    def staff_cancel_a_job(self, number: int) -> None:
        known = sorted(self.state.jobs)
        with doors.transact():
            jobs.cancel(known[number % len(known)])

    @rule(who=whoever)
    def staff_pause_or_resume_a_runner(self, who: int) -> None:
        runner = Runner.objects.get(pk=self.workers[who].runner.pk)
        Runner.objects.filter(pk=runner.pk).update(paused=not runner.paused)

    @rule(slug=slugs)
    def staff_pause_or_resume_a_scraper(self, slug: str) -> None:
        scraper = Scraper.objects.get(slug=slug)
        with doors.transact():
            assert scrapers.pause(scraper, reason="why not") or scrapers.resume(scraper)

    @rule(slug=slugs, limit=st.sampled_from([None, 1, 2]))
    def staff_limit_a_scraper(self, slug: str, limit: int | None) -> None:
        """Jobs that work there already may go on, but nobody joins them while they are too many."""
        Scraper.objects.filter(slug=slug).update(max_parallel_jobs=limit)
        self.allowance.pop(slug, None)
        if limit is not None:
            self.allowance[slug] = max(limit, self.users(slug))

    @rule(who=whoever, hand_on=st.booleans())
    def staff_revoke_a_key_or_issue_one(self, who: int, hand_on: bool) -> None:
        worker = self.workers[who]
        if worker.revoked:
            worker.get_key()
            return
        for key in RunnerKey.objects.filter(runner=worker.runner, revoked_at=None):
            with doors.transact():
                leaks.revoke(key, hand_on=hand_on)
        worker.revoked = True

    @rule(number=numbers)
    def staff_cancel_a_batch(self, number: int) -> None:
        known = list(ScrapeBatch.objects.order_by("created_at"))
        with doors.transact():
            jobs.cancel_batch(known[number % len(known)])

    @precondition(lambda self: len(self.state.open_jobs()) < 5)
    @rule(number=numbers, whole=st.booleans())
    def staff_retry(self, number: int, whole: bool) -> None:
        known = list(ScrapeJob.objects.order_by("id"))
        job = known[number % len(known)]
        with suppress(BatchRefusedError), doors.transact():
            retries.retry(job.batch if whole else job, outcomes=retries.USUAL, by=None)

    @invariant()
    def all_promises_hold(self) -> None:
        self.look()


@pytest.fixture(autouse=True)
def _short(settings: Settings) -> None:
    """Durations and numbers that an example of some dozen steps can reach."""
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
    run(examples=20, steps=25, derandomize=True, database=None)


@pytest.mark.slow
@pytest.mark.django_db
def test_no_order_of_many_more_events_does_either() -> None:
    """Other orders each time; a failure prints what reproduces it."""
    run(examples=60, steps=50)
