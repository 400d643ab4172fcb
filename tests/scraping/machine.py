"""The protocol machine: runners, staff, a network that drops, delays and repeats, and a clock that is set by hand.

Messages go through the API's own doors. Each example runs inside a savepoint of the test's transaction and is undone.
"""

import copy
import uuid
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from django.db import connection, transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize

from runners.models import Runner
from scraping import doors, jobs, sweep
from scraping.models import ScrapeJob, Scraper
from scraping.refusals import BatchRefusedError
from tests import make
from tests.scraping import machine_checks as checks
from tests.scraping.machine_checks import State
from tests.scraping.machine_clock import DatabaseClock
from tests.scraping.machine_workers import OURS, Hand, Message, Worker, begin, step_of

SLUGS = ("acme", "bradley", "coastal")
numbers = st.integers(min_value=0, max_value=11)
slugs = st.sampled_from(SLUGS)
whoever = st.integers(min_value=0, max_value=3)
# most answers are heard
fates = st.sampled_from(["heard", "heard", "heard", "heard", "unheard", "twice", "late"])


class World(RuleBasedStateMachine):
    """What the rules act on; they stand in the classes below it."""

    def __init__(self) -> None:
        super().__init__()
        self.sound = False
        self.savepoint = transaction.savepoint()
        self.clock = DatabaseClock()
        for slug in SLUGS:
            make.scraper(slug, max_parallel_jobs=1 if slug == "acme" else None)
        self.allowance: dict[str, int] = {"acme": 1}
        self.workers = [
            Worker("ours", allowed=None),
            Worker("second", allowed=None),
            Worker("narrow", allowed=["acme", "bradley"]),
            Worker("plain", allowed=None, plain=True),
        ]
        self.sent: list[Message] = []
        self.late: list[Message] = []
        self.finals: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
        self.claimed: set[str] = set()
        self.sheets = 0
        self.state = State.now()

    @initialize()
    def two_runners_want_the_same_site(self) -> None:
        self.ask_for(9, SLUGS[:2], 3)
        self.look()
        for worker in self.workers[:2]:
            self.poll(worker)
            for hand in worker.held():
                self.begins(worker, hand, "acme", hand.skus[0])
            self.look()

    def teardown(self) -> None:
        try:
            if self.sound:
                self.finish()
        finally:
            connection.set_rollback(False)
            transaction.savepoint_rollback(self.savepoint)

    # what staff do

    def ask_for(self, skus: int, scrapers: Iterable[str], max_runners: int) -> None:
        Scraper.objects.filter(slug__in=scrapers).update(state="active")
        self.sheets += 1
        wanted = [f"{self.sheets}-{number}" for number in range(skus)]
        with suppress(BatchRefusedError), doors.transact():  # no key that may run all of them is left
            jobs.create_batch(skus=wanted, scrapers=list(scrapers), max_runners=max_runners, context={}, by=None)

    # the network

    def deliver(self, message: Message) -> tuple[int, dict[str, Any]]:
        """The server gets a message; what it may answer and write follows from the rows as they are."""
        before = State.now()
        expected = self._expected(before, message)
        status, answer = message.send()
        after = State.now()
        assert status == expected, answer
        if status not in {200, 416}:
            assert after == before, f"a message refused with {status} changed something"
        named = [message.job_id, *(job["job_id"] for job in message.body.get("jobs", []))]
        named += message.body.get("holding", [])
        keys = [uuid.UUID(job_id) for job_id in named if job_id]
        checks.only_touched(before, after, runner=message.runner.pk, job_ids=keys)
        if status == 200:
            self._accepted(before, after, message, answer)
        return status, answer

    def _expected(self, before: State, message: Message) -> int:
        if all(worker.revoked or message.client != worker.client for worker in self.workers):
            return 403
        if message.path in {"poll", "heartbeat"}:
            return 200
        job = before.jobs[uuid.UUID(message.job_id)]
        last = self.finals.get(str(job["id"]))
        if last and message.body == last[0] and job["runner_id"] == message.runner.pk:
            return 200
        if job["runner_id"] != message.runner.pk or job["status"] != "running":
            return 409
        numbered = [line["seq"] for line in message.body.get("logs", []) if "seq" in line]
        if numbered and min(numbered) > job["log_seq"] + 1:
            return 416
        return 400 if "nobody" in str(message.body.get("results")) else 200

    def _accepted(self, before: State, after: State, message: Message, answer: dict[str, Any]) -> None:
        if message.path == "poll":
            self._lent(before, after, message, answer)
        elif message.path == "heartbeat":
            for job_id, word in answer["jobs"].items():
                assert (word == "lost") == (not self._holds(before, job_id, message.runner))
                if word != "lost":
                    self._renewed(after, job_id)
        elif message.ends and str(message.job_id) in self.finals:
            assert answer == self.finals[str(message.job_id)][1], "a repeated last word got another answer"
            assert after == before, "a repeated last word changed something"
        elif message.ends:
            self.finals[str(message.job_id)] = (copy.deepcopy(message.body), answer)
        else:
            self._renewed(after, str(message.job_id))

    def _lent(self, before: State, after: State, message: Message, answer: dict[str, Any]) -> None:
        job = answer["job"]
        if job is None:
            return
        assert job["job_id"] not in self.claimed, "a job was lent twice"
        self.claimed.add(job["job_id"])
        row, was = after.jobs[uuid.UUID(job["job_id"])], before.jobs[uuid.UUID(job["job_id"])]
        worker = next(worker for worker in self.workers if worker.runner == message.runner)
        assert was["status"] == "pending"
        assert (row["status"], row["runner_id"], row["started_at"]) == ("running", worker.runner.pk, self.clock.now)
        assert worker.allowed is None or set(row["scrapers"]) <= set(worker.allowed)
        assert "job_id" in message.body or was["run_after"] <= self.clock.now or was["created_at"] > self.clock.now
        assert not Runner.objects.get(pk=worker.runner.pk).paused
        assert not Scraper.objects.filter(slug__in=row["scrapers"], state="paused").exists()

    def _holds(self, state: State, job_id: str, runner: Runner) -> bool:
        job = state.jobs.get(uuid.UUID(job_id))
        return job is not None and job["status"] == "running" and job["runner_id"] == runner.pk

    def _renewed(self, after: State, job_id: str) -> None:
        job = after.jobs[uuid.UUID(job_id)]
        assert (job["lease_expires_at"] - self.clock.now).total_seconds() == job["lease_seconds"]
        assert job["acknowledged_at"] is not None

    def send(self, worker: Worker, message: Message, fate: str = "heard") -> None:
        self.sent.append(message)
        if fate == "late":
            self.late.append(message)
            return
        status, answer = self.deliver(message)
        if fate == "twice":  # the first answer was lost: it is sent again, and that one is heard
            status, answer = self.deliver(message)
        if fate != "unheard":
            worker.hear(message, status, answer)

    # runners

    def held(self) -> list[tuple[Worker, Hand]]:
        return [(worker, hand) for worker in self.workers for hand in worker.held()]

    def pick(self, number: int) -> tuple[Worker, Hand] | None:
        """Somebody who believes to hold a job; mostly one that still is its own."""
        held = self.held()
        own = [pair for pair in held if self._holds(self.state, pair[1].job_id, pair[0].runner)]
        among = own if own and number % 4 else held
        return among[number % len(among)] if among else None

    def poll(self, worker: Worker, fate: str = "heard", **also: Any) -> None:
        self.send(worker, worker.message("poll", **({} if worker.plain and not also else OURS | also)), fate)

    def begins(self, worker: Worker, hand: Hand, slug: str, sku: str, fate: str = "heard") -> None:
        """As our runner begins with a scraper, having taken the job up."""
        if not hand.ready:
            self.send(worker, worker.message("job", job_id=hand.job_id))
        if hand.ready:
            begin(hand, slug)
            hand.step = step_of(sku, slug)
            self.beat(worker, [hand], fate)

    def beat(self, worker: Worker, hands: list[Hand], fate: str = "heard") -> None:
        said = [hand.progress() for hand in hands]
        self.send(worker, worker.message("heartbeat", status="busy", jobs=said), fate)

    # time

    def pass_time(self, seconds: float, *, every: float = 12) -> None:
        """The clock goes on and somebody sweeps, so that no outage is seen."""
        while seconds > 0:
            self.clock.move(min(seconds, every))
            seconds -= every
            sweep.sweep()

    # what must hold

    def look(self) -> None:
        self.sound = False
        after = State.now()
        checks.check(self.state, after)
        self.state = after
        for slug, most in self.allowance.items():
            users = self.users(slug)
            assert users <= most, f"{users} jobs work at {slug} at once"
            limit = Scraper.objects.get(slug=slug).max_parallel_jobs
            self.allowance[slug] = max(limit or 0, min(most, users))
        self.sound = True

    def users(self, slug: str) -> int:
        """Jobs whose runner really works with the scraper now, having asked for room, while the job is its own."""
        count = 0
        for worker, hand in self.held():
            asks = worker.plain or hand.limits.get(slug) is not None
            count += asks and slug in hand.at_work and self._holds(self.state, hand.job_id, worker.runner)
        return count

    def finish(self) -> None:
        """From any state time, sweeps and one good runner bring every job to its end."""
        for worker in self.workers:
            worker.stop()
        Scraper.objects.update(state="active", max_parallel_jobs=1)
        good = Worker("good", allowed=None)
        self.workers.append(good)
        for _ in range(40):
            self.pass_time(100)
            self.look()
            self.poll(good)
            self.look()
            for hand in list(good.held()):
                self.complete(good, hand)
            self.look()
            if not self.state.open_jobs():
                break
        assert not self.state.open_jobs(), "stuck"
        assert ScrapeJob.objects.count() == len(self.state.jobs)

    def complete(self, worker: Worker, hand: Hand) -> None:
        items = [{"sku": sku, "scraper": slug, "outcome": "not_found"} for sku, slug in hand.units()]
        body = {"job_id": hand.job_id, "status": "completed", "results": {"items": items}}
        self.send(worker, worker.message("callback", **body))
