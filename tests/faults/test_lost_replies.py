"""Replies that are lost, late or cut, requests that come twice: everything counts once."""

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from runners.agent.client import Client
from runners.agent.loop import Runner
from runners.agent.peers import PrivateHosts
from runners.agent.politeness import Politeness
from runners.agent.redact import Redactor
from runners.agent.scrape import Tools
from runners.agent.spool import Spool
from scraping.models import ScrapeJob, ScrapeJobLog
from tests import make
from tests.faults import ledger
from tests.faults.fleet import Fleet
from tests.faults.proxy import Exchange, Fault, either, next_ones
from tests.faults.waiting import until

pytestmark = pytest.mark.slow

HARMS = [Fault.DROP, Fault.RESET_AFTER_REQUEST, Fault.RESET_BEFORE_REPLY, Fault.CUT_REPLY, Fault.DUPLICATE, Fault.DELAY]


def test_each_first_reply_is_lost(fleet: Fleet) -> None:
    runner = fleet.runner()
    batch = fleet.batch(skus=4)
    paths = ("/job", "/logs", "/heartbeat", "/callback")
    last = next_ones("/callback", Fault.RESET_BEFORE_REPLY, holding=b'"completed"')
    lost = [next_ones(path, Fault.RESET_BEFORE_REPLY) for path in paths]
    results = next_ones("/callback", Fault.RESET_BEFORE_REPLY, holding=b'"items"')
    fleet.proxy.rule = either(last, results, *lost)
    runner.start()
    fleet.finish(batch)
    harmed = [exchange for exchange, fault in fleet.proxy.seen if fault]
    assert len([exchange for exchange in harmed if exchange.path.endswith("/callback")]) == 3
    job = ScrapeJob.objects.get(batch=batch)
    assert (job.status, job.done) == ("completed", 4)
    assert set(fleet.searched().values()) == {1}


def test_a_claim_whose_reply_is_lost_goes_on_at_no_cost(fleet: Fleet) -> None:
    runner = fleet.runner()
    fleet.proxy.rule = next_ones("/poll", Fault.RESET_BEFORE_REPLY)
    batch = fleet.batch(skus=2)
    runner.start()
    fleet.finish(batch)
    lost, done = ScrapeJob.objects.filter(batch=batch).order_by("created_at")
    assert (lost.status, lost.reason, lost.acknowledged_at) == ("failed", "unacknowledged", None)
    assert (done.status, done.attempt) == ("completed", 1)


def test_whatever_happens_to_one_exchange_in_four(fleet: Fleet) -> None:
    chance = random.Random(11)

    def rule(exchange: Exchange) -> Fault | None:
        return chance.choice(HARMS) if chance.random() < 1 / 4 else None

    fleet.proxy.rule = rule
    runners = [fleet.runner() for _ in range(3)]
    batch = fleet.batch(skus=30, jobs_=3, politeness={"delay_s": 0.1, "timeout_s": 30})
    for runner in runners:
        runner.start()
    fleet.finish(batch, seconds=90)
    assert {fault for _exchange, fault in fleet.proxy.seen} > set(HARMS)


@pytest.fixture
def small(fleet: Fleet, tmp_path: Path) -> Iterator[Runner]:
    """A runner in this process, whose spool holds a few lines."""
    key = make.key(make.runner(f"{fleet.slug}-small"), scrapers=[fleet.slug])
    client, spool = Client(fleet.proxy.url, key), Spool(tmp_path / "small.sqlite3", limit=40_000)
    runner = Runner(Tools(client, Redactor([key]), PrivateHosts("127.0.0.1"), Politeness(), spool), poll_seconds=0.2)
    thread = threading.Thread(target=runner.run, kwargs={"once": True})
    thread.start()
    yield runner
    runner.stop()
    runner.stop()
    thread.join(20)
    client.close()
    spool.close()


def test_lines_that_a_full_spool_dropped_leave_a_mark_in_their_place(fleet: Fleet, small: Runner) -> None:
    fleet.proxy.rule = next_ones("/logs", Fault.DROP, times=10_000)
    gate = fleet.hold(60)
    batch = fleet.batch(skus=60)
    until(gate.reached.is_set, otherwise=lambda: fleet.told(batch))
    fleet.proxy.rule = lambda exchange: None
    gate.open.set()
    fleet.finish(batch)
    lines = ScrapeJobLog.objects.filter(job__batch=batch)
    marks = [(line.seq or 0, line.through, line.message) for line in lines if line.through is not None]
    assert marks, fleet.told(batch)
    assert all(f"{through - seq + 1} line(s) dropped" in message for seq, through, message in marks)
    assert ledger.recorded(batch) == 60
