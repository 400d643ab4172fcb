"""What goes on after a job."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from pytest_django import Settings

from runners.protocol.words import Outcome, Reason
from scraping import chains, jobs
from scraping.models import ScrapeJob, ScrapeResult
from tests import make

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def lose(job: ScrapeJob, *, reason: Reason = Reason.INTERRUPTED, handed_back: bool = False) -> ScrapeJob | None:
    return jobs.fail(job, reason=reason, at=NOON, handed_back=handed_back, chance=lambda: 0.5)


def test_a_lost_job_goes_on_as_a_new_one_with_its_open_skus() -> None:
    job = make.running_job(make.runner(), skus=["a", "b", "c"], context={"a": {"name": "A"}, "b": {"name": "B"}})
    make.result(job, sku="a")
    successor = lose(job)
    assert successor is not None
    assert (successor.skus, successor.context) == (["b", "c"], {"b": {"name": "B"}})
    assert (successor.root_id, successor.retry_of_id, successor.batch_id) == (job.pk, job.pk, job.batch_id)
    assert (successor.status, successor.turn, successor.done, successor.total) == ("pending", job.turn, 0, 2)


def test_a_sku_stays_open_until_all_its_units_are_recorded() -> None:
    job = make.running_job(make.runner(), skus=["a", "b"], scrapers=["acme", "bradley"])
    for sku, scraper in (("a", "acme"), ("b", "acme"), ("b", "bradley")):
        make.result(job, sku=sku, scraper=scraper)
    successor = lose(job)
    assert successor is not None
    assert (successor.skus, successor.done, successor.total) == (["a"], 1, 2)


def test_the_sku_in_hand_comes_last() -> None:
    job = make.running_job(make.runner(), skus=["a 1", "b", "c"], step="acme a 1")
    successor = lose(job)
    assert successor is not None
    assert successor.skus == ["b", "c", "a 1"]


def test_what_was_recorded_since_the_last_beat_is_no_longer_in_hand() -> None:
    job = make.running_job(make.runner(), skus=["a", "b"], step="acme a")
    make.line(job, sku="b")
    assert chains.in_hand(job) == ("acme", "a")
    make.result(job, sku="a")
    assert chains.in_hand(job) == (None, "b")


def test_the_last_log_line_about_a_sku_tells_what_a_plain_client_had_in_hand() -> None:
    job = make.running_job(make.runner(), skus=["a", "b"])
    make.line(job, sku="a")
    make.line(job, "thinking")
    assert chains.in_hand(job) == (None, "a")


@pytest.mark.parametrize(
    ("attempt", "recorded", "reason", "handed_back", "expected", "seconds"),
    [
        (1, False, Reason.INTERRUPTED, False, 2, 2.5),
        (2, False, Reason.ERROR, False, 3, 10),
        (3, True, Reason.ERROR, False, 1, 2.5),
        (3, False, Reason.UNACKNOWLEDGED, False, 3, 10),
        (2, False, Reason.INTERRUPTED, True, 2, 0),
    ],
)
def test_attempts_count_only_what_got_nowhere(
    attempt: int, recorded: bool, reason: Reason, handed_back: bool, expected: int, seconds: float
) -> None:
    job = make.running_job(make.runner(), skus=["a", "b"], attempt=attempt)
    if recorded:
        make.result(job, sku="a")
    successor = lose(job, reason=reason, handed_back=handed_back)
    assert successor is not None
    assert (successor.attempt, successor.run_after) == (expected, NOON + timedelta(seconds=seconds))


def test_after_three_attempts_open_units_are_recorded_as_unreported() -> None:
    job = make.running_job(make.runner(), skus=["a", "b"], attempt=3)
    assert lose(job) is None
    assert set(ScrapeResult.objects.values_list("sku", "outcome")) == {("a", "unreported"), ("b", "unreported")}


def test_a_chain_never_grows_beyond_twenty_jobs(settings: Settings) -> None:
    job = make.running_job(make.runner())
    for _ in range(settings.MAX_CHAIN - 1):
        make.job(root=job, batch=job.batch)
    assert lose(job, reason=Reason.UNACKNOWLEDGED) is None
    assert ScrapeResult.objects.get().outcome == Outcome.UNREPORTED


def test_nothing_goes_on_where_nothing_is_open() -> None:
    job = make.running_job(make.runner())
    make.result(job)
    assert lose(job) is None
    assert ScrapeJob.objects.count() == 1


def test_a_job_has_one_successor_at_most() -> None:
    job = make.running_job(make.runner())
    lose(job)
    with pytest.raises(IntegrityError, match="scrape_jobs_one_automatic_successor"), transaction.atomic():
        make.job(root=job, retry_of=job)
