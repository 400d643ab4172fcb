"""The web process is killed while jobs are at work, and comes back later."""

import pytest

from scraping.models import ScrapeJob
from tests.faults import ledger
from tests.faults.fleet import Fleet
from tests.faults.waiting import until

pytestmark = pytest.mark.slow


def test_nothing_is_lost_or_run_twice_while_the_server_is_away(fleet: Fleet) -> None:
    """One runner goes on scraping; the other is killed meanwhile and started again with its spool."""
    runners = [fleet.runner(), fleet.runner()]
    gates = [fleet.hold(5), fleet.hold(6)]
    batch = fleet.batch(skus=12, jobs_=2)
    for runner in runners:
        runner.start()
    until(lambda: all(gate.reached.is_set() for gate in gates), otherwise=lambda: fleet.told(batch))
    until(lambda: ledger.recorded(batch) == 4, otherwise=lambda: fleet.told(batch))
    # as with the settings as they come: a lease outlasts the longest pause between two tries of a runner
    ScrapeJob.objects.filter(batch=batch).update(lease_seconds=30)
    fleet.web.kill()
    try:
        for gate in gates:
            gate.open.set()
        until(lambda: len(fleet.searched()) == 12, otherwise=lambda: fleet.told(batch))
        until(lambda: all(fleet.spooled(runner) >= 4 for runner in runners), otherwise=lambda: fleet.told(batch))
        runners[1].kill()
        runners[1].start()
        until(lambda: "waiting for the server" in runners[1].said, otherwise=lambda: fleet.told(batch))
    finally:
        fleet.web.start()
    fleet.finish(batch, seconds=60)
    jobs = ScrapeJob.objects.filter(batch=batch)
    assert [(job.status, job.retry_of) for job in jobs] == [("completed", None)] * 2, fleet.told(batch)
    assert set(fleet.searched().values()) == {1}
    for job in jobs:
        assert "6 of 6 units done" in " ".join(job.lines.values_list("message", flat=True)), fleet.told(batch)
