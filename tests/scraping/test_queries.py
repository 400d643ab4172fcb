"""Reads for pages."""

from datetime import timedelta

import pytest
from django.utils import timezone

from runners.protocol.words import Reason
from scraping import jobs, queries
from scraping.models import ScrapeJob
from tests import make

pytestmark = pytest.mark.django_db


def test_a_tally_counts_units_by_what_became_of_them() -> None:
    job = make.running_job(make.runner(), skus=["1", "2", "3"], scrapers=["acme", "bradley"])
    make.result(job, sku="1")
    make.result(job, sku="1", scraper="bradley", outcome="not_found")
    make.result(job, sku="2", outcome="network")
    tally = queries.tallies([job])[job.pk]
    assert (tally.found, tally.not_found, tally.trouble, tally.left) == (1, 1, 1, 3)
    assert tally.bars == [("ok", 0, 16.67), ("none", 16.67, 16.67), ("bad", 33.34, 16.67)]


def test_what_nobody_looked_up_is_no_trouble_and_no_speed() -> None:
    began = timezone.now()
    job = make.running_job(make.runner(), skus=["1", "2", "3"], scrapers=["acme"], started_at=began)
    make.result(job, sku="1")
    jobs.cancel(job.pk)
    job.refresh_from_db()
    jobs.fail(job, reason=Reason.CANCELLED, at=began + timedelta(minutes=1))
    [row] = queries.rows_of([job])
    assert (row.tally.done, row.tally.skipped, row.tally.trouble, row.tally.retriable) == (3, 2, 0, 2)
    assert row.per_minute == 1


def test_the_jobs_of_a_chain_add_up() -> None:
    lost = make.running_job(make.runner(), skus=["1", "2"], scrapers=["acme", "bradley"])
    make.result(lost, sku="1")
    make.result(lost, sku="1", scraper="bradley")
    make.result(lost, sku="2")
    jobs.fail(lost, reason=Reason.INTERRUPTED, at=timezone.now())
    heir = ScrapeJob.objects.get(retry_of=lost)
    make.result(heir, sku="2", scraper="bradley")
    tallies = queries.tallies([lost, heir])
    assert [(tally.done, tally.total, tally.before) for tally in tallies.values()] == [(3, 4, 0), (1, 1, 1)]


def test_lines_after_a_cursor_are_those_not_seen() -> None:
    job = make.running_job(make.runner())
    for number in range(5):
        make.line(job, f"line {number + 1}")
    lines = queries.lines_after(job, 2, limit=2)
    assert [line.position for line in lines.lines] == [3, 4]
    assert (lines.to, lines.head) == (4, 5)


def test_a_runner_that_fell_silent_is_offline() -> None:
    make.runner("quiet", last_seen=timezone.now() - timedelta(minutes=5))
    busy = make.runner("busy")
    make.running_job(busy)
    assert {card.runner.name: card.state for card in queries.runner_cards()} == {"quiet": "offline", "busy": "busy"}


def test_runner_cards_keep_their_places() -> None:
    """Whoever presses a button presses the one that was seen, also when another runner has spoken meanwhile."""
    for name in ("office", "attic", "warehouse"):
        make.runner(name)
    make.running_job(make.runner("basement"))
    assert [card.runner.name for card in queries.runner_cards()] == ["attic", "basement", "office", "warehouse"]


def test_a_batch_is_open_while_one_of_its_jobs_is() -> None:
    job = make.job()
    make.job(batch=job.batch, skus=["2"])
    make.job(skus=["3"], test_mode=True)
    (batch,) = queries.open_batches()
    assert (batch.pk, batch.open_jobs) == (job.batch_id, 2)
