"""Runners that are killed, that stand still, and that only look as if they did."""

import signal
from pathlib import Path

import pytest
from django.db.models import F
from django.utils import timezone

from scraping.models import ScrapeJob, ScrapeJobLog, ScrapeResult
from tests.faults import ledger
from tests.faults.fleet import Fleet
from tests.faults.waiting import until

pytestmark = pytest.mark.slow

# Python runs a module of this name before anything else; every clock of the process but the monotonic one is moved.
MOVED_CLOCK = """
import datetime, time
OFFSET = {offset}
_time, _datetime = time.time, datetime.datetime
class Moved(_datetime):
    @classmethod
    def now(cls, tz=None):
        return _datetime.now(tz) + datetime.timedelta(seconds=OFFSET)
time.time = lambda: _time() + OFFSET
datetime.datetime = Moved
"""


def test_a_killed_runners_open_skus_go_on_with_another(fleet: Fleet) -> None:
    killed, other = fleet.runner(), fleet.runner()
    gate = fleet.hold(4)
    batch = fleet.batch(skus=6)
    killed.start()
    until(lambda: gate.reached.is_set() and ledger.recorded(batch) == 3, otherwise=lambda: fleet.told(batch))
    known = ScrapeJob.objects.filter(batch=batch, step__contains=fleet.sku(4))
    until(known.exists, otherwise=lambda: fleet.told(batch))
    other.start()
    killed.kill()
    gate.open.set()
    fleet.finish(batch)
    first, second = ScrapeJob.objects.filter(batch=batch).order_by("created_at")
    assert (first.status, first.reason, second.status) == ("failed", "interrupted", "completed")
    assert str(second.runner).endswith("runner-2")
    assert second.skus == [fleet.sku(5), fleet.sku(6), fleet.sku(4)], "the SKU in hand comes last"
    assert ScrapeResult.objects.filter(job=first).count() == ScrapeResult.objects.filter(job=second).count() == 3
    assert fleet.searched() == {fleet.sku(n): 2 if n == 4 else 1 for n in range(1, 7)}


def test_a_runner_that_stood_still_too_long_is_refused_and_goes_on_with_other_work(fleet: Fleet) -> None:
    stopped, other = fleet.runner(), fleet.runner()
    gate = fleet.hold(3)
    batch = fleet.batch(skus=4)
    stopped.start()
    until(lambda: gate.reached.is_set() and ledger.recorded(batch) == 2, otherwise=lambda: fleet.told(batch))
    stopped.signal(signal.SIGSTOP)
    gate.open.set()
    other.start()
    fleet.finish(batch)
    before = list(ScrapeResult.objects.filter(root__batch=batch).values_list("job_id", "sku").order_by("id"))
    stopped.signal(signal.SIGCONT)
    until(lambda: "is over for this runner" in stopped.said, otherwise=lambda: fleet.told(batch))
    assert list(ScrapeResult.objects.filter(root__batch=batch).values_list("job_id", "sku").order_by("id")) == before
    assert ledger.faults(batch) == []
    other.kill()
    again = fleet.another_batch(skus=2)
    fleet.finish(again)
    assert str(ScrapeJob.objects.get(batch=again).runner).endswith("runner-1")


def test_a_runner_that_stood_still_is_heard_while_nobody_has_its_job(fleet: Fleet) -> None:
    stopped = fleet.runner()
    gate = fleet.hold(3)
    batch = fleet.batch(skus=4)
    stopped.start()
    until(lambda: gate.reached.is_set() and ledger.recorded(batch) == 2, otherwise=lambda: fleet.told(batch))
    job = ScrapeJob.objects.filter(batch=batch)
    with ledger.nobody_sweeping():
        stopped.signal(signal.SIGSTOP)
        until(lambda: job.filter(lease_expires_at__lt=timezone.now()).exists())
        gate.open.set()
        stopped.signal(signal.SIGCONT)
        fleet.finish(batch)
    assert (job.get().status, job.get().log_counts.get("error", 0)) == ("completed", 0)


def test_a_live_runner_keeps_its_job_whatever_its_work_and_its_clock_do(fleet: Fleet, tmp_path: Path) -> None:
    gates = [fleet.hold(1), fleet.hold(2)]
    for offset in (3600, -3600):
        folder = tmp_path / f"clock{offset}"
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(MOVED_CLOCK.format(offset=offset))
        fleet.runner(PYTHONPATH=str(folder)).start()
    batch = fleet.batch(skus=4, jobs_=2, politeness={"delay_s": 0, "timeout_s": 60})
    until(lambda: all(gate.reached.is_set() for gate in gates), otherwise=lambda: fleet.told(batch))
    jobs = ScrapeJob.objects.filter(batch=batch)
    three_leases = F("progress_at") + 3 * fleet.lease
    until(lambda: jobs.filter(heartbeat_at__gt=three_leases).count() == 2, otherwise=lambda: fleet.told(batch))
    for gate in gates:
        gate.open.set()
    fleet.finish(batch)
    assert [job.status for job in jobs] == ["completed", "completed"]
    lines = ScrapeJobLog.objects.filter(job__batch=batch, seq__isnull=False)
    hours = {round((line.logged_at - line.created_at).total_seconds() / 3600) for line in lines if line.logged_at}
    assert hours == {-1, 1}
