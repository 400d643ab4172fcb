"""SIGTERM: a runner hands back what it cannot finish, and another one goes on at once."""

import signal

import pytest

from scraping.models import ScrapeJob
from tests.faults import ledger
from tests.faults.fleet import Fleet
from tests.faults.waiting import until

pytestmark = pytest.mark.slow


def test_a_drained_runner_finishes_its_unit_and_hands_the_rest_back_at_once(fleet: Fleet) -> None:
    leaving, staying = fleet.runner(), fleet.runner()
    gate = fleet.hold(2)
    batch = fleet.batch(skus=4)
    leaving.start()
    until(gate.reached.is_set, otherwise=lambda: fleet.told(batch))
    leaving.signal(signal.SIGTERM)
    draining = ScrapeJob.objects.filter(batch=batch, runner__status="draining")
    until(draining.exists, otherwise=lambda: fleet.told(batch))
    gate.open.set()
    assert leaving.wait() == 0, leaving.said
    first, second = ScrapeJob.objects.filter(batch=batch).order_by("created_at")
    assert (first.status, first.reason, first.done) == ("failed", "interrupted", 2)
    assert (second.status, second.skus, second.run_after) == (
        "pending",
        [fleet.sku(3), fleet.sku(4)],
        first.completed_at,
    )
    assert fleet.spooled(leaving) == 0
    assert "Traceback" not in leaving.said
    staying.start()
    fleet.finish(batch)
    assert set(fleet.searched().values()) == {1}


def test_what_outlasts_its_grace_is_handed_back_uncharged(fleet: Fleet) -> None:
    leaving = fleet.runner("--grace", "0.2")
    gate = fleet.hold(1)
    batch = fleet.batch(skus=2)
    leaving.start()
    until(gate.reached.is_set, otherwise=lambda: fleet.told(batch))
    leaving.signal(signal.SIGTERM)
    assert leaving.wait() == 0, leaving.said
    first, second = ScrapeJob.objects.filter(batch=batch).order_by("created_at")
    assert (first.status, first.reason) == ("failed", "interrupted")
    assert (second.attempt, second.run_after, len(second.skus)) == (1, first.completed_at, 2)
    assert ledger.recorded(batch) == 0
    assert polls(fleet) == 1, "it claims nothing more"


def polls(fleet: Fleet) -> int:
    return sum(exchange.path.endswith("/poll") for exchange, _fault in fleet.proxy.seen)
